from __future__ import annotations

from dataclasses import replace

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_biasruler.audit import run_audit
from pytest_biasruler.audit.counts import count_checks
from pytest_biasruler.audit.numeric import check_numerics, recompute
from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model, Reference
from pytest_biasruler.report.accounting_line import accounting_line
from pytest_biasruler.report.html import render_html
from pytest_biasruler.report.markdown import write_markdown


@given(lost=st.sets(st.integers(0, 69), max_size=40))
@settings(
    deadline=None,
    derandomize=True,
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_expected_is_scored_plus_excluded_by_reason_and_by_subgroup(make_benchmark, lost):
    drop = tuple(f"case{number:03d}" for number in lost)
    accounting = run_audit(make_benchmark(("gap", {"limit": 0.05}), drop=drop)).accounting
    assert accounting["expected"] == 70
    assert accounting["scored"] == 70 - len(lost)
    for name, count in accounting["references"].items():
        assert count["expected"] == count["scored"] + count["n_excluded"]
        for attribute in (None, "age"):
            rows = [
                row
                for row in accounting["excluded"]
                if row["reference"] == name and row["attribute"] == attribute
            ]
            assert sum(row["n"] for row in rows) == count["n_excluded"]


def test_too_many_excluded_cases_withhold_a_pass(make_benchmark):
    few, many = (tuple(f"case{i:03d}" for i in range(n)) for n in (2, 3))
    passed = run_audit(make_benchmark(("gap", {"limit": 0.2}), drop=few)).findings[0]
    withheld = run_audit(make_benchmark(("gap", {"limit": 0.2}), drop=many)).findings[0]
    assert passed.verdict == "PASS"
    assert (withheld.verdict, withheld.reason) == ("INCONCLUSIVE", "missing values")
    assert withheld.details["counts"]["excluded"] == {"old": 3, "young": 0}


def test_a_scored_case_without_the_score_that_is_judged_is_told_by_metric():
    cases = [f"c{n:02d}" for n in range(80)]
    values = {"dice": [0.8 if n % 4 < 2 else None for n in range(80)], "iou": [0.7] * 80}
    table = pd.DataFrame({"case": cases, "model": "unet", "reference": "expert", **values})
    benchmark = Benchmark(
        name="halves",
        metadata=pd.DataFrame({"case": cases, "sex": ["F", "M"] * 40}),
        references=[Reference(name="expert", kind="expert")],
        models=[Model(name="unet")],
        attributes=[Attribute(name="sex")],
        scores=table,
        checks=[Check("gap", by="sex", metric=["dice", "iou"], limit=0.3)],
    )
    audit = run_audit(benchmark)
    line = accounting_line(audit.accounting, audit.findings, count_checks(audit))
    start = "80 of 80 cases scored, dice of unet undefined in 40; "
    assert line.startswith(start)
    assert "**Undefined scores:** `dice of unet` in 40 cases." in write_markdown(audit)
    assert "dice of unet is undefined in 40 cases" in render_html(audit)
    (note,) = [each for each in audit.warnings if each["code"] == "BR423"]
    assert note["text"].endswith("undefined: 40 of dice")
    public = run_audit(benchmark, public=True)
    assert "undefined in" not in public.to_json() + write_markdown(public) + render_html(public)


def test_columns_that_a_check_uses_count_as_named(make_benchmark):
    bmi = [20 + number % 13 for number in range(70)]

    def unasked(*checks):
        benchmark = make_benchmark(*checks)
        metadata = benchmark.metadata.assign(bmi=bmi, shoe_size=bmi)
        attributes = [
            *benchmark.attributes,
            Attribute(name="weight", column="bmi", bins=[0, 25, 99]),
        ]
        return run_audit(replace(benchmark, metadata=metadata, attributes=attributes)).unasked

    gap = ("gap", {"limit": 0.05})
    assert unasked(gap) == {"attributes": ["weight"], "n_other_columns": 1}
    by_bmi = ("difficulty", {"difficulty": ["bmi"], "limit": 0.05})
    assert unasked(gap, by_bmi) == {"attributes": [], "n_other_columns": 1}
    by_shoes = ("difficulty", {"difficulty": ["shoe_size"], "limit": 0.05})
    assert unasked(gap, by_shoes) == {"attributes": ["weight"], "n_other_columns": 0}


def test_the_worked_examples_agree_where_the_audit_runs():
    assert len(recompute()) == 12
    assert check_numerics() == "12 of 12 agree"
