from __future__ import annotations

import json

import pytest

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.forms import render_form
from pytest_biasruler.shell.exports import FORMS_OF_THEIR_OWN, KINDS
from pytest_biasruler.shell.marks import is_ours
from tests.core.report.audit_example import (
    ERROR,
    make_audit,
    make_finding,
    make_hostile_audit,
    with_checks,
)

FORMS = [*FORMS_OF_THEIR_OWN, *KINDS]
PASSED = make_finding(verdict=Verdict.PASS, outcome="passed")
AUDITS = {
    "whole": make_audit(),
    "hostile": make_hostile_audit(),
    "without findings": make_audit(findings=(), scores=()),
    "without models": make_audit(models={}),
    "passed": with_checks(make_audit(findings=(PASSED,)), declared=1, ran=1),
    "partial": with_checks(make_audit(), declared=40),
    "in error": with_checks(make_audit(findings=()), errors=[ERROR]),
}


@pytest.fixture
def judge(tmp_path):
    """Give a function that says of a text whether, as a file, it would be taken for ours."""

    def judge(text):
        path = tmp_path / "output"
        path.write_text(text, encoding="utf-8", newline="")
        return is_ours(path)

    return judge


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("audit", AUDITS.values(), ids=AUDITS.keys())
def test_what_a_run_wrote_the_next_one_knows_for_ours(judge, kind, audit):
    assert judge(render_form(kind, audit))


def test_a_code_quality_report_of_an_audit_that_passed_is_ours(judge):
    text = render_form("gitlab-codequality", AUDITS["passed"])
    assert json.loads(text) == []
    assert judge(text)


def own(kind):
    return render_form(kind, make_audit())


STRANGERS = {
    "another badge": '{"schemaVersion": 1, "label": "coverage", "message": "9 %", "color": "red"}',
    "a badge with a logo": json.dumps({**json.loads(own("badge")), "namedLogo": "pytest"}),
    "another quality report": '[{"check_name": "eslint/no-var", "fingerprint": "a"}]',
    "two tools' quality reports": json.dumps(
        [*json.loads(own("gitlab-codequality")), {"check_name": "eslint/no-var"}]
    ),
    "a list of numbers": "[1, 2]",
    "an empty list of another tool": "[\n]\n",
    "other metrics": "# TYPE memory_bytes gauge\nmemory_bytes 2\n# EOF\n",
    "metrics of two tools": own("gitlab-metrics").replace("# EOF", "memory_bytes 2\n# EOF"),
    "metrics cut off": own("gitlab-metrics").removesuffix("# EOF\n"),
    "metrics with a remark": f"# Monday\n{own('gitlab-metrics')}",
    "a model card": f"---\nlicense: mit\n{own('huggingface')}---\n# My model\n",
    "front matter": f"{own('huggingface')}license: mit\n",
    "other results": (
        'model-index:\n- name: "unet"\n  results:\n  - task: {"type": "x"}\n    metrics:\n'
        '    - {"type": "dice", "value": 0.9}\n'
    ),
    "results of two tools": own("huggingface") + '    - {"type": "dice", "value": 0.9}\n',
    "results begun": "model-index:\n",
    "a table": "outcome,verdict\nfailed,FAIL\n",
    "findings with remarks": own("csv-findings").replace("statement\n", "statement,done\n", 1),
    "a page that names us": (
        "# My project\nIts page generator runs pytest-biasruler.\n"
        '<meta name="generator" content="hugo"> <!-- pytest-biasruler -->\n'
    ),
    "a readme with a summary": f"# My project\n\n{own('markdown')}",
    "a summary with a remark": f"{own('markdown')}\nSeen by Ann.\n",
    "a summary quoted": "## How to\nend the file with\n\n    <!-- pytest-biasruler -->\n",
    "nothing": "",
    "an end": "# EOF\n",
}


@pytest.mark.parametrize("text", STRANGERS.values(), ids=STRANGERS.keys())
def test_a_file_of_somebody_else_is_not_taken_for_ours(judge, text):
    assert not judge(text)


def test_bytes_that_are_no_text_are_not_taken_for_ours(tmp_path):
    path = tmp_path / "output"
    path.write_bytes(b"outcome,verdict\xff")
    assert not is_ours(path)
