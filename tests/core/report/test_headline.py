from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.clauses import tell
from pytest_biasruler.report.headline import count_outcomes, order_findings, write_headline

from .audit_example import (
    ERROR,
    gap_age,
    gap_ethnicity,
    make_audit,
    make_estimate,
    make_finding,
    ruler_age,
    with_checks,
)


def told(*findings, **checks):
    audit = replace(make_audit(), findings=findings)
    n = len(findings) + len(checks.get("errors", ()))
    counts = {"declared": n, "ran": len(findings), **checks}
    headline = write_headline(with_checks(audit, **counts))
    return f"{headline.word}: {headline.rest}"


def passed(name="a"):
    return make_finding(id=name, verdict=Verdict.PASS, outcome="passed")


def test_the_surest_failure_names_the_sentence():
    assert told(gap_age(), ruler_age()) == (
        "FAIL: 2 of 2 checks. The automated reference hides an age gap."
    ), "0.0012 comes before 0.002"
    assert told(gap_age(), passed()) == (
        "FAIL: 1 of 2 checks. Dice is worse for age 0–40 than for 56–120."
    )


def test_an_undecided_audit_names_the_smaller_subgroup():
    assert told(gap_ethnicity(), passed()) == (
        "INCONCLUSIVE: 1 of 2 checks cannot be decided with 24 patients in ethnicity african "
        "american."
    )


def test_an_audit_passes_only_if_every_check_does():
    assert told(passed("a"), passed("b")) == "PASS: all 2 checks are within their limits."
    assert told(passed()) == "PASS: the one check is within its limit."
    waived = make_finding(id="w", outcome="waived")
    assert told(passed(), waived) == "PASS: 1 of 2 checks are within their limits; 1 waived."


def screened(verdict):
    return make_finding(
        id=f"s{verdict}", verdict=verdict, outcome="passed", details={"screen": True}
    )


def test_a_screen_neither_passes_nor_fails_an_audit():
    screens = [screened(verdict) for verdict in Verdict]
    assert told(passed("a"), passed("b"), *screens) == (
        "PASS: all 2 checks are within their limits. 3 checks only screened, gating nothing: "
        "1 FAIL, 1 INCONCLUSIVE."
    )
    assert told(screened(Verdict.FAIL)) == (
        "NOTHING JUDGED: no check was judged. 1 check only screened, gating nothing: 1 FAIL."
    )
    assert told(screened(Verdict.PASS)).endswith(
        "1 check only screened, gating nothing: all PASS."
    )


def test_nothing_judged_is_never_a_pass():
    assert told() == "NOTHING JUDGED: no check was judged."
    assert told(make_finding(outcome="waived")) == (
        "NOTHING JUDGED: no check was judged (1 waived)."
    )
    assert told(make_finding(outcome=None)) == (
        "NOTHING JUDGED: no check was judged (1 not judged)."
    )


def test_a_check_that_could_not_run_comes_before_every_verdict():
    assert told(gap_age(), passed(), errors=[ERROR]) == (
        "ERROR: 1 of 3 checks could not run. Of the others: 1 FAIL."
    )


def test_a_check_that_never_reported_comes_first_of_all():
    assert told(passed(), errors=[ERROR], missing=2, declared=4) == (
        "INCOMPLETE: 1 of 4 declared checks ran; 2 checks never reported."
    )


def test_missing_checks_may_be_told_by_their_ids():
    audit = with_checks(make_audit(), missing=["a", "b"])
    assert count_outcomes(audit).missing == 2


def test_a_partial_audit_says_so_before_its_verdict():
    assert told(passed(), declared=6, deselected=5) == (
        "PARTIAL: 1 of 6 declared checks ran. PASS: the one check is within its limit."
    )


def test_a_red_run_is_never_headed_as_a_pass():
    few = ["2 checks ran, fewer than --biasruler-min-checks 9"]
    assert told(passed("a"), passed("b"), reasons=few) == (
        "NOT ACCEPTED: 2 checks ran, fewer than --biasruler-min-checks 9. "
        "PASS: all 2 checks are within their limits."
    )
    assert told(passed(), reasons=["one", "two", "three"]).startswith(
        "NOT ACCEPTED: one and 2 more reasons. PASS: "
    )
    assert told(passed(), declared=6, reasons=["all must run"]) == (
        "PARTIAL: 1 of 6 declared checks ran. NOT ACCEPTED: all must run. "
        "PASS: the one check is within its limit."
    )
    assert told(gap_ethnicity(), reasons=few).startswith("NOT ACCEPTED: ")
    assert told(make_finding(outcome="waived"), reasons=few).startswith("NOT ACCEPTED: ")
    assert told(gap_age(), reasons=few).startswith("FAIL: 1 of 1 check."), "a FAIL says more"
    assert told(passed(), errors=[ERROR], reasons=few).startswith("ERROR: ")


def test_a_part_is_known_by_its_note_where_the_numbers_add_up():
    # One of two tests ran and is in error, too; the other was left out.
    note = {"code": "BR601", "set": "audit", "n": 1, "text": "1 of 2 declared checks ran"}
    audit = with_checks(make_audit(), declared=2, ran=1, errors=[ERROR])
    assert not count_outcomes(audit).is_partial
    assert count_outcomes(replace(audit, warnings=(note,))).is_partial


def test_findings_are_told_failed_first_and_passed_last():
    outcomes = ["passed", None, "waived", "inconclusive", "failed"]
    findings = [make_finding(id=str(o), outcome=o) for o in outcomes]
    assert [finding.outcome for finding in order_findings(findings)] == [
        "failed",
        "inconclusive",
        "waived",
        "passed",
        None,
    ]


def ruler(**details):
    return make_finding("ruler", details={"direction_confirmed": True, **details})


@pytest.mark.parametrize(
    ("finding", "sentence"),
    [
        (ruler(direction="masks"), "The automated reference hides an age gap."),
        (ruler(direction="inflates"), "The automated reference adds to the age gap."),
        (ruler(direction="reverses"), "The automated reference turns the age gap around."),
        (
            ruler(direction="masks", direction_confirmed=False),
            "The automated reference moves the age gap.",
        ),
        (
            ruler(direction="masks", false_confidence=True),
            "The automated reference makes the undecided age gap look certain.",
        ),
        (
            make_finding("labels"),
            "The automated labels are worse for age 0–40 than for 56–120.",
        ),
        (
            make_finding("labels", metric="signed_volume_error"),
            "The automated labels are drawn larger for age 56–120 than for 0–40.",
        ),
        (
            make_finding("gap", metric="signed_volume_error"),
            "Predictions are drawn larger for age 56–120 than for 0–40.",
        ),
        (
            make_finding("success"),
            "Fewer of age 0–40 than of 56–120 reach a good enough Dice.",
        ),
        (
            make_finding("floor", estimate=make_estimate(0.5, 0.4, 0.6), details={"worst": "F"}),
            "Dice of age F misses its floor.",
        ),
        (
            make_finding("provenance", metric=None, estimate=None),
            "The evidence by age is not good enough to judge.",
        ),
        (
            make_finding(policy="point"),
            "Dice is worse for age 0–40 than for 56–120 (point estimate, uncontrolled).",
        ),
        (
            make_finding(policy="prove-safe", verdict=Verdict.INCONCLUSIVE),
            "Dice by age is not proven to be within its limit.",
        ),
    ],
)
def test_a_failure_is_told_in_plain_words(finding, sentence):
    assert tell(finding) == sentence
