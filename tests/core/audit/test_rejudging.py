"""Outcomes follow from what an audit holds, the policy and the date, and from nothing else."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.audit.counts import count_checks, count_gating, note_partial, refuse_part
from pytest_biasruler.audit.ratchet import note_missing
from pytest_biasruler.audit.rejudging import is_red, judge_again, list_reasons, undecided
from pytest_biasruler.checks.finding import Verdict
from tests.core.report.audit_example import ERROR, make_audit, make_finding, with_checks

TODAY = dt.date(2026, 11, 24)
POLICIES = ("point", "confident-fail", "prove-safe")
LAW = settings(deadline=None, derandomize=True, max_examples=60)


@st.composite
def audits(draw):
    """Give audits of up to four findings that differ in all that outcomes depend on."""
    findings = []
    for number in range(draw(st.integers(1, 4))):
        waive = draw(st.sampled_from([None, "2020-01-01", "2999-01-01"]))
        finding = make_finding(
            id=f"b.toml::gap[{number}]",
            verdict=draw(st.sampled_from(Verdict)),
            policy=draw(st.sampled_from(POLICIES)),
            waive={"reason": "x", "until": waive} if waive else None,
            outcome=draw(st.sampled_from([None, "passed", "failed"])),
            details=draw(st.sampled_from([{}, {"screen": True}, {"proven_by": "automated"}])),
        )
        findings.append(finding)
    return replace(make_audit(), findings=tuple(findings))


def outcomes(audit, policy, today=TODAY):
    return [finding.outcome for finding in judge_again(audit, policy=policy, today=today).findings]


@LAW
@given(audits(), st.sampled_from([None, *POLICIES]))
def test_judging_twice_is_judging_once(audit, policy):
    once = judge_again(audit, policy=policy, today=TODAY)
    assert judge_again(once, policy=policy, today=TODAY) == once
    assert judge_again(once, policy=None, today=TODAY).findings == once.findings


@LAW
@given(audits())
def test_what_fails_under_a_policy_fails_under_a_stricter_one(audit):
    mild, strict = (outcomes(audit, policy) for policy in ("confident-fail", "prove-safe"))
    assert all(b == "failed" for a, b in zip(mild, strict, strict=True) if a == "failed")
    assert all(a == "passed" for a, b in zip(mild, strict, strict=True) if b == "passed")


@LAW
@given(audits(), st.sampled_from(POLICIES))
def test_the_order_of_findings_changes_no_outcome(audit, policy):
    turned = replace(audit, findings=audit.findings[::-1])
    assert outcomes(turned, policy) == outcomes(audit, policy)[::-1]


@LAW
@given(audits(), st.sampled_from(POLICIES))
def test_verdicts_stay_and_what_was_not_judged_is_not_judged(audit, policy):
    again = judge_again(audit, policy=policy, today=TODAY)
    for before, after in zip(audit.findings, again.findings, strict=True):
        assert (after.verdict, after.estimate) == (before.verdict, before.estimate)
        assert (after.outcome is None) == (before.outcome is None)
    assert undecided(audit, again) == []


@pytest.mark.parametrize(
    ("until", "outcome"), [("2026-11-23", "failed"), ("2026-11-24", "waived")]
)
def test_a_waiver_holds_up_to_and_including_its_last_day(until, outcome):
    finding = make_finding(waive={"reason": "x", "until": until}, outcome="waived")
    assert outcomes(replace(make_audit(), findings=(finding,)), None) == [outcome]


def test_a_test_in_error_is_counted_once_however_many_errors_it_has():
    twice = [ERROR, {**ERROR, "code": "BR502"}]
    counts = count_checks(with_checks(make_audit(), errors=twice, declared=13, ran=12))
    assert (counts.n_in_error, counts.is_partial) == (1, False)
    assert note_partial(counts) == []


def test_a_part_notes_how_many_are_lacking():
    counts = count_checks(with_checks(make_audit(), declared=15))
    (note,) = note_partial(counts)
    assert (note["n"], note["text"]) == (3, "12 of 15 declared checks ran; expected all")
    assert refuse_part(counts, {"confident-fail"}, place="a") == []
    (problem,) = refuse_part(counts, {"confident-fail", "prove-safe"}, place="a")
    assert str(problem).startswith("BR601 a: 12 of 15 declared checks ran; expected all under")


def test_screens_count_for_no_demand():
    findings = (make_finding(), make_finding(id="x", details={"screen": True}))
    assert count_gating(findings) == 1


def reasons_of(audit, policy=None):
    return list_reasons(audit, audit, policy=policy, min_checks=None, place="a.json")


def test_a_part_is_red_for_a_check_that_did_not_run_and_asks_for_proof():
    part = with_checks(make_audit(), declared=20, policies=["confident-fail", "prove-safe"])
    assert reasons_of(part)[0].startswith("BR601 a.json: 12 of 20")
    assert reasons_of(part, "confident-fail") == []


def test_what_the_run_found_wrong_with_itself_is_told():
    broken = with_checks(make_audit(), missing=2, conflicts=["b.toml::gap[x]"])
    assert reasons_of(broken) == [
        "2 collected tests never reported",
        "one check gave two results: b.toml::gap[x]",
    ]


def test_a_first_run_without_an_earlier_audit_is_no_proof():
    audit = note_missing(make_audit(), path="old.json")
    assert reasons_of(audit) == []
    (reason,) = reasons_of(audit, "prove-safe")
    assert reason.startswith("BR603 a.json: no earlier audit at old.json; expected one under")


def test_an_error_is_red_though_every_finding_passes():
    audit = replace(make_audit(), findings=(make_finding(outcome="passed"),))
    assert not is_red(audit)
    assert is_red(with_checks(audit, errors=[ERROR]))
