from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_biasruler.audit import run_audit
from pytest_biasruler.audit.numeric import check_numerics, recompute


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


def test_the_worked_examples_agree_where_the_audit_runs():
    assert len(recompute()) == 12
    assert check_numerics() == "12 of 12 agree"
