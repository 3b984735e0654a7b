from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from pytest_biasruler.audit.judging import judge_one
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.checks.outcome import Outcome, outcome_of


@pytest.fixture
def finding(make_evidence, staircase):
    expert, _, ages = staircase
    evidence = make_evidence({("unet", "expert"): expert}, ages)
    return judge_one(evidence, "gap", by="age", limit=0.05)[0]


def with_verdict(finding, verdict, value, policy):
    estimate = replace(finding.estimate, value=value)
    return replace(finding, verdict=Verdict(verdict), estimate=estimate, policy=policy)


@pytest.mark.parametrize(
    ("verdict", "value", "point", "confident_fail", "prove_safe"),
    [
        ("FAIL", 0.10, "failed", "failed", "failed"),
        ("INCONCLUSIVE", 0.08, "failed", "inconclusive", "failed"),
        ("INCONCLUSIVE", 0.03, "passed", "inconclusive", "failed"),
        ("PASS", 0.01, "passed", "passed", "passed"),
    ],
)
def test_policies_are_those_of_the_worked_example(
    finding, verdict, value, point, confident_fail, prove_safe
):
    for policy, outcome in (
        ("point", point),
        ("confident-fail", confident_fail),
        ("prove-safe", prove_safe),
    ):
        assert outcome_of(with_verdict(finding, verdict, value, policy)) == outcome


def test_an_undefined_value_never_passes_the_point_policy(finding):
    assert outcome_of(with_verdict(finding, "PASS", None, "point")) == Outcome.INCONCLUSIVE


def test_a_pass_by_an_automated_reference_only_is_not_proven(finding):
    passed = with_verdict(finding, "PASS", 0.01, "prove-safe")
    by_automated = replace(passed, details={**passed.details, "proven_by": "automated"})
    assert outcome_of(by_automated) == Outcome.FAILED
    assert outcome_of(replace(by_automated, policy="confident-fail")) == Outcome.PASSED


def test_a_waiver_holds_through_its_last_day(finding):
    waived = replace(finding, waive={"reason": "relabelling", "until": "2027-03-31"})
    assert outcome_of(waived, today=dt.date(2027, 3, 31)) == Outcome.WAIVED
    assert outcome_of(waived, today=dt.date(2027, 4, 1)) == Outcome.FAILED
    assert outcome_of(waived) == Outcome.FAILED


def test_a_screen_is_never_gated(finding):
    screen = replace(finding, details={**finding.details, "screen": True})
    assert screen.verdict == Verdict.FAIL
    assert outcome_of(screen) == Outcome.PASSED
