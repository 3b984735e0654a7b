from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest

from pytest_biasruler.audit import load_schema, run_audit
from pytest_biasruler.audit.counts import count_checks
from pytest_biasruler.benchmark.split import Split
from pytest_biasruler.report.accounting import make_accounting
from pytest_biasruler.report.accounting_line import accounting_line


@pytest.fixture
def split_benchmark(make_benchmark):
    """The staircase, of which 20 old and 20 young patients are the test part."""

    def make(*checks):
        benchmark = make_benchmark(*checks)
        parts = ["test" if number % 40 < 20 else "train" for number in range(70)]
        metadata = benchmark.metadata.assign(part=parts)
        return replace(benchmark, metadata=metadata, split=Split(column="part", part="test"))

    return make


def test_an_audit_of_a_split_is_that_of_its_cases_alone(split_benchmark):
    benchmark = split_benchmark(("gap", {"limit": 0.05}), ("ruler", {"limit": 0.02}))
    inside = benchmark.metadata[benchmark.metadata["part"] == "test"]
    scores = benchmark.scores[benchmark.scores["case"].isin(inside["case"])]
    alone = replace(benchmark, metadata=inside, scores=scores, split=None)

    of_split, of_cases = run_audit(benchmark), run_audit(alone)

    assert [finding.estimate for finding in of_split.findings] == [
        finding.estimate for finding in of_cases.findings
    ]
    assert of_split.benchmark["hash"] == of_cases.benchmark["hash"]
    assert (of_split.accounting["expected"], of_split.accounting["scored"]) == (40, 40)


def test_cases_outside_are_counted_and_their_rows_are_no_mistake(split_benchmark):
    audit = run_audit(split_benchmark(("gap", {"limit": 0.05})))

    assert audit.accounting["split"] == {"name": "part = test", "n_outside": 30}
    assert [note["text"] for note in audit.warnings if note["code"] == "BR404"] == [
        "30 of 70 cases lie outside the split (part = test): left out"
    ]
    assert audit.unasked["n_other_columns"] == 0
    jsonschema.validate(json.loads(audit.to_json()), load_schema())


def test_report_and_terminal_say_which_part_was_audited(split_benchmark):
    audit = run_audit(split_benchmark(("gap", {"limit": 0.05})))

    texts = [getattr(block, "text", "") for block in make_accounting(audit)]
    audited = "Only cases of the split part = test were audited."
    assert f"{audited} 30 cases of the metadata lie outside it." in texts
    line = accounting_line(audit.accounting, audit.findings, count_checks(audit))
    assert line.startswith("40 of 40 cases scored, 30 outside the split (part = test);")


def test_a_public_audit_names_the_split_without_a_count(split_benchmark):
    audit = run_audit(split_benchmark(("gap", {"limit": 0.05})), public=True)

    assert audit.accounting["split"] == {"name": "part = test", "n_outside": None}
    assert "30 of 70" not in audit.to_json()
    texts = [getattr(block, "text", "") for block in make_accounting(audit)]
    assert "Only cases of the split part = test were audited." in texts
