"""Audits that were kept when their schema was new can still be read, shown and judged."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys

import jsonschema
import pytest

from pytest_biasruler.audit import Audit, load_schema
from pytest_biasruler.audit.rejudging import judge_again
from pytest_biasruler.benchmark.questions import QUESTIONS
from pytest_biasruler.report.html import render_html

from .large_audit import GOLDEN_AUDIT, read_golden_text


@pytest.fixture(scope="module")
def audit():
    return Audit.from_json(read_golden_text())


def test_the_golden_audit_holds_every_check_and_verdict_and_is_small(audit):
    assert {finding.check for finding in audit.findings} == set(QUESTIONS)
    assert {str(f.verdict) for f in audit.findings} == {"PASS", "FAIL", "INCONCLUSIVE"}
    assert GOLDEN_AUDIT.stat().st_size < 300_000


def test_an_audit_of_the_first_schema_still_meets_it(audit):
    plain = json.loads(read_golden_text())
    assert plain["schema"] == "biasruler-audit/1"
    jsonschema.validate(plain, load_schema())
    assert json.loads(audit.to_json())["findings"] == plain["findings"]


def test_an_audit_of_the_first_schema_still_has_a_page(audit):
    page = render_html(audit)
    for finding in audit.findings:
        assert f'id="check-{finding.check}-' in page
        assert finding.id.rpartition("::")[2] in page


def test_an_audit_of_the_first_schema_is_judged_as_it_was(audit):
    again = judge_again(audit, policy=None, today=dt.date(2026, 11, 23))
    assert [(f.id, f.verdict, f.outcome) for f in again.findings] == [
        (f.id, f.verdict, f.outcome) for f in audit.findings
    ]


def test_the_same_audit_gives_the_same_bytes_in_processes_that_hash_differently():
    code = (
        "import gzip, sys; from pytest_biasruler.audit import Audit; "
        "from pytest_biasruler.report.html import render_html; "
        "text = gzip.decompress(open(sys.argv[1], 'rb').read()).decode(); "
        "sys.stdout.buffer.write(render_html(Audit.from_json(text)).encode())"
    )
    pages = {
        subprocess.run(
            [sys.executable, "-c", code, str(GOLDEN_AUDIT)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(pages) == 1
