from __future__ import annotations

import pytest

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.sentences import change_of, explanation_of, sentence_of
from pytest_biasruler.report.wording import (
    bounds_of,
    distance_of,
    patients_of,
    quantity_of,
    sign_of,
    told_estimate,
    value_of,
    word_of,
)

from .audit_example import gap_ethnicity, make_estimate, make_finding, make_group, ruler_age

METRICS = {"dice": {"direction": "higher"}, "hd95_mm": {"direction": "lower"}}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"statement": "S"}, "S; at least 0.071, limit 0.050."),
        ({"statement": "S.", "verdict": Verdict.PASS}, "S; at most 0.154, limit 0.050."),
        ({"statement": "S", "limit": 0.0625}, "S; at least 0.071, limit 0.0625."),
        (
            {"statement": "S", "verdict": Verdict.INCONCLUSIVE, "reason": "borderline"},
            "S; it may be anything from 0.071 to 0.154.",
        ),
        (
            {
                "statement": "S",
                "verdict": Verdict.INCONCLUSIVE,
                "estimate": make_estimate(0.1, 0.02, None),
            },
            "S; it may be anything from 0.020 upwards.",
        ),
        (
            {
                "statement": "S",
                "verdict": Verdict.INCONCLUSIVE,
                "estimate": make_estimate(0.1, None, 0.2),
            },
            "S; it may be anything up to 0.200.",
        ),
        ({"statement": "S", "estimate": None, "limit": None}, "S."),
        (
            {"statement": "S", "estimate": make_estimate(0.06, 0.05000001, 0.1)},
            "S; at least 0.05000001, limit 0.050.",
        ),
    ],
)
def test_a_finding_reads_as_a_sentence(changes, sentence):
    assert sentence_of(make_finding(**changes), METRICS) == sentence


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"by": (), "details": {"control": {"model": "careful"}}},
            "S; at least 30 percentage points, limit 10.",
        ),
        ({"by": (), "details": {"control": None}}, "S; at least 30 %, limit 10 %."),
        ({"by": ("age",)}, "S; at least 30 percentage points, limit 10."),
        (
            {"by": ("age",), "estimate": make_estimate(0.3, 0.1004, 0.5)},
            "S; at least 10.04 percentage points, limit 10.",
        ),
        (
            {"by": ("age",), "verdict": Verdict.INCONCLUSIVE},
            "S; it may be anything from 30 to 36 percentage points.",
        ),
    ],
)
def test_bounds_of_shares_are_told_in_the_unit_of_the_sentence(changes, sentence):
    own = {"statement": "S", "limit": 0.1, "estimate": make_estimate(0.33, 0.297, 0.363)}
    assert sentence_of(make_finding("echo", **own | changes), METRICS) == sentence


@pytest.mark.parametrize(
    ("check", "sentence"),
    [
        ("amplification", "S; amplification at most 0.154, limit 0.050."),
        ("transport", "S; a gap there is at most 0.154, limit 0.050."),
    ],
)
def test_a_bound_of_what_the_sentence_does_not_end_in_is_named(check, sentence):
    passed = make_finding(check, statement="S", verdict=Verdict.PASS)
    assert sentence_of(passed, METRICS) == sentence
    failed = make_finding(check, statement="S")
    assert sentence_of(failed, METRICS) == "S; at least 0.071, limit 0.050."


def test_where_small_is_bad_a_fail_tells_the_upper_bound():
    ratio = make_finding(
        "success", statement="S", limit=0.8, estimate=make_estimate(0.6, 0.5, 0.7)
    )
    difference = make_finding("success", statement="S", details={"statistic": "difference"})
    assert sentence_of(ratio, METRICS) == "S; at most 0.700, limit 0.800."
    assert sentence_of(difference, METRICS) == "S; at least 0.071, limit 0.050."


def test_a_floor_is_missed_from_below_for_dice_and_from_above_for_a_distance():
    dice = make_finding("floor", statement="S", limit=0.7, estimate=make_estimate(0.6, 0.5, 0.65))
    distance = make_finding(
        "floor",
        statement="S",
        metric="hd95_mm",
        unit="mm",
        limit=9.0,
        estimate=make_estimate(12.0, 10.5, 14.0),
    )
    assert sentence_of(dice, METRICS) == "S; at most 0.650, limit 0.700."
    assert sentence_of(distance, METRICS) == "S; at least 10.500, limit 9.000."


def test_an_undecided_finding_says_why_and_what_would_settle_it():
    assert explanation_of(gap_ethnicity()) == (
        "Undecided: there are too few patients for this limit. Even 10,000 more patients in "
        "caucasian would not settle it at this limit."
    )
    assert explanation_of(make_finding()) == ""


@pytest.mark.parametrize(
    ("changes", "sign", "word"),
    [
        ({}, "fail", "FAIL"),
        ({"verdict": Verdict.PASS, "outcome": "passed"}, "pass", "PASS"),
        (
            {"verdict": Verdict.INCONCLUSIVE, "outcome": "inconclusive"},
            "inconclusive",
            "INCONCLUSIVE",
        ),
        ({"outcome": "waived"}, "waived", "FAIL, waived"),
        ({"outcome": None}, "not-judged", "FAIL, not judged"),
        (
            {"verdict": Verdict.INCONCLUSIVE, "policy": "prove-safe"},
            "inconclusive",
            "INCONCLUSIVE, failed (not proven)",
        ),
        (
            {"verdict": Verdict.PASS, "policy": "point"},
            "pass",
            "PASS, failed (by the point estimate)",
        ),
    ],
)
def test_glyph_and_word_tell_verdict_and_outcome(changes, sign, word):
    finding = make_finding(**changes)
    assert (sign_of(finding), word_of(finding)) == (sign, word)


def test_a_distortion_that_hides_is_told_as_negative_with_mirrored_bounds():
    finding = ruler_age()
    assert told_estimate(finding) == (-0.081, -0.1151, -0.0491)
    assert value_of(finding) == "−0.081"
    assert bounds_of(finding) == "[−0.115, −0.049]"


def test_a_negative_number_too_shows_its_side_of_the_limit():
    finding = make_finding(
        "ruler",
        limit=0.03,
        estimate=make_estimate(0.0300001, 0.02, 0.04, pair=("a", "b")),
        details={"distortion_signed": {"value": -0.0300001}},
    )
    assert value_of(finding) == "−0.0300001"


@pytest.mark.parametrize(
    ("value", "text"), [(0.112, "0.062 above"), (0.038, "0.012 below"), (0.05, "at the limit")]
)
def test_the_distance_to_the_limit_has_a_side(value, text):
    assert distance_of(make_finding(estimate=make_estimate(value, 0.0, 1.0))) == text


def test_a_distance_too_small_to_print_is_not_printed_as_zero():
    finding = make_finding(estimate=make_estimate(0.0500004, 0.0, 1.0))
    assert distance_of(finding) == "0.0000004 above"


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (
            0.071,
            0.154,
            "With these data a limit above about 0.154 is a PASS, below about 0.071 a FAIL.",
        ),
        (
            0.0,
            0.154,
            "With these data a limit above about 0.154 is a PASS, and no limit is a FAIL.",
        ),
        (None, 0.154, ""),
    ],
)
def test_it_is_said_at_which_limit_the_verdict_would_change(low, high, text):
    assert change_of(make_finding(estimate=make_estimate(0.1, low, high)), METRICS) == text


def test_an_undecided_finding_about_evidence_says_which_criterion_is_open():
    criterion = {"criterion": "d", "text": "subgroups too small", "number": 1.0, "limit": 0.0}
    undecided = make_finding(
        verdict=Verdict.INCONCLUSIVE,
        reason="thin evidence",
        details={"criteria": [{**criterion, "verdict": "INCONCLUSIVE"}]},
    )
    assert explanation_of(undecided) == (
        "Undecided: the evidence is thin: subgroups too small (1, limit 0)."
    )


def test_three_subgroups_are_listed_with_one_and():
    needed = {"needed": {"A": 3, "B": 1, "C": 2}}
    undecided = make_finding(verdict=Verdict.INCONCLUSIVE, reason="underpowered", details=needed)
    assert explanation_of(undecided).endswith(
        "About 3 more patients in A, 1 more patient in B and 2 more patients in C would settle it."
    )


def test_what_no_limit_and_no_patient_would_change_is_not_promised():
    needed = {"needed": {"0–40": 10}}
    undecided = {"verdict": Verdict.INCONCLUSIVE, "details": needed}
    crowded = make_finding(reason="multiplicity", **undecided)
    assert change_of(crowded, METRICS) == "With these data a limit above about 0.154 is a PASS."
    assert "would settle it" not in explanation_of(crowded)
    withheld = make_finding(reason="missing values", **undecided)
    assert change_of(withheld, METRICS) == ""
    assert "would settle it" not in explanation_of(withheld)
    borderline = make_finding(reason="borderline", **undecided)
    assert explanation_of(borderline).endswith("About 10 more patients in 0–40 would settle it.")


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (1, "About 1 more patient in"),
        (2.0, "About 2 more patients in"),
        (None, "Even 10,000 more patients in 0–40 would not settle it at this limit."),
    ],
)
def test_a_number_of_patients_reads(n, text):
    finding = make_finding(
        verdict=Verdict.INCONCLUSIVE, reason="underpowered", details={"needed": {"0–40": n}}
    )
    assert text in explanation_of(finding)


def test_patients_are_those_of_the_pair_else_of_the_judged_subgroups():
    finding = make_finding()
    assert patients_of(finding, ("56–120", "0–40")) == "152/41"
    assert patients_of(finding, None) == "41/107/152"
    many = make_finding(groups=tuple(make_group(str(n), n, 0.5, 0.1) for n in range(20, 26)))
    assert patients_of(many, None) == "20/21/22/23/…"


@pytest.mark.parametrize(
    ("finding", "quantity"),
    [
        (make_finding(), "gap"),
        (make_finding(unit="mm"), "gap, mm"),
        (make_finding("ruler"), "distortion"),
        (make_finding("success"), "ratio of rates"),
        (make_finding("success", details={"statistic": "difference"}), "difference of rates"),
        (make_finding("provenance", estimate=None), "evidence"),
        (make_finding("amplification", details={"direction": "widens"}), "growth of the gap"),
        (make_finding("amplification", details={"direction": "reverses"}), "gap turned around"),
        (make_finding("amplification", details={"direction": "narrows"}), "amplification"),
        (make_finding("echo", by=()), "share of mistakes repeated"),
        (
            make_finding("echo", by=(), details={"control": {"model": "careful"}}),
            "mistakes beyond the control's",
        ),
        (make_finding("echo"), "difference in mistakes repeated"),
    ],
)
def test_the_quantity_has_a_name(finding, quantity):
    assert quantity_of(finding) == quantity
