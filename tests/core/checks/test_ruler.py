from __future__ import annotations

import numpy as np
import pytest

from pytest_biasruler.audit.judging import judge_one
from pytest_biasruler.checks.finding import Verdict


def ask(evidence, check, **keys):
    (finding,) = judge_one(evidence, check, by="age", **keys)
    return finding


@pytest.fixture
def evidence(make_evidence, staircase):
    expert, automated, ages = staircase
    return make_evidence(
        {
            ("unet", "expert"): expert,
            ("unet", "automated"): automated,
            ("automated", "expert"): expert,
        },
        ages,
    )


def test_the_expert_gap_of_the_staircase_fails(evidence):
    finding = ask(evidence, "gap", limit=0.05)
    assert finding.verdict == Verdict.FAIL
    assert finding.estimate.value == pytest.approx(0.100, abs=1e-9)
    assert finding.estimate.low == pytest.approx(0.066045, abs=1e-6)
    assert finding.estimate.high == pytest.approx(0.127425, abs=1e-6)
    assert finding.p_fail == pytest.approx(0.003781, abs=1e-6)
    assert finding.statement == (
        "Dice differs by 0.100 between subgroups of age (best old: 0.875, worst young: 0.775)"
    )


def test_the_automated_gap_of_the_staircase_passes(evidence):
    finding = ask(evidence, "gap", limit=0.05, reference="automated")
    assert finding.verdict == Verdict.PASS
    assert finding.estimate.low == 0
    assert finding.estimate.high == pytest.approx(0.047425, abs=1e-6)
    assert finding.details["proven_by"] == "automated"


def test_the_distortion_of_the_staircase_masks_harm(evidence):
    finding = ask(evidence, "ruler", limit=0.02)
    assert finding.verdict == Verdict.FAIL
    assert finding.estimate.value == pytest.approx(0.080, abs=1e-9)
    assert finding.estimate.low == pytest.approx(0.068449, abs=1e-6)
    assert finding.estimate.high == pytest.approx(0.084194, abs=1e-6)
    details = finding.details
    assert (details["direction"], details["direction_confirmed"]) == ("masks", True)
    assert details["flip"] == "masked harm"
    assert details["strength"] == ["beyond limit"]
    assert details["ratio"]["value"] == pytest.approx(0.2, abs=1e-9)
    assert details["ratio"]["low"] == pytest.approx(-0.149250, abs=1e-6)
    assert details["ratio"]["high"] == pytest.approx(0.386453, abs=1e-6)
    assert details["hidden_share"] == pytest.approx(0.8, abs=1e-9)
    assert finding.statement == (
        "The automated reference hides 0.080 of the age gap (experts 0.100, automated 0.020)"
    )


def test_two_missed_cases_widen_every_bound_of_the_staircase(make_evidence, staircase):
    expert, automated, ages = staircase
    expert = expert.copy()
    expert[[45, 55]] = 0  # the 6th and the 16th young case
    evidence = make_evidence(
        {
            ("unet", "expert"): expert,
            ("unet", "automated"): automated,
            ("automated", "expert"): expert,
        },
        ages,
    )
    gap = ask(evidence, "gap", limit=0.05)
    assert (gap.estimate.value, gap.estimate.low, gap.estimate.high) == pytest.approx(
        (0.149167, 0.053760, 0.232124), abs=1e-6
    )
    assert gap.p_fail == pytest.approx(0.041078, abs=1e-6)
    against_old = ask(evidence, "gap", limit=0.05, baseline="old")
    assert against_old.estimate.low == pytest.approx(0.067875, abs=1e-6)
    assert against_old.p_fail == pytest.approx(0.020539, abs=1e-6)
    ruler = ask(evidence, "ruler", limit=0.02)
    assert (ruler.estimate.value, ruler.estimate.low, ruler.estimate.high) == pytest.approx(
        (0.129167, 0.028669, 0.205206), abs=1e-6
    )
    assert ruler.p_fail == pytest.approx(0.031738, abs=1e-6)


def test_a_reference_does_not_distort_itself(make_evidence, staircase):
    expert, _, ages = staircase
    evidence = make_evidence(
        {
            ("unet", "expert"): expert,
            ("unet", "automated"): expert,
            ("automated", "expert"): np.ones(70),
        },
        ages,
    )
    finding = ask(evidence, "ruler", limit=0.0001)
    assert finding.verdict == Verdict.PASS
    assert (finding.estimate.value, finding.estimate.low, finding.estimate.high) == (0, 0, 0)
    assert finding.details["direction"] == "none"
    assert finding.statement == "The two references show the same age gap to within 0.000"


def test_a_gap_of_the_other_sign_is_told_with_both_signs_until_it_is_sure(make_evidence):
    rng = np.random.default_rng(3)
    ages = ["old"] * 60 + ["young"] * 60
    expert = np.clip(rng.normal(0.80, 0.1, 120), 0, 1)
    expert[:60] += 0.005
    automated = expert + np.array([0.0] * 60 + [0.04] * 60)
    evidence = make_evidence(
        {
            ("unet", "expert"): expert,
            ("unet", "automated"): automated,
            ("automated", "expert"): expert,
        },
        ages,
    )
    finding = ask(evidence, "ruler", limit=0.02)
    gap_expert = finding.details["pair_gaps"]["expert"]
    gap_automated = finding.details["pair_gaps"]["automated"]
    assert gap_expert >= 0 > gap_automated
    assert finding.details["direction"] == "reverses"
    assert not finding.details["direction_confirmed"]
    assert "moves the age gap by 0.040" in finding.statement
    assert "turns" not in finding.statement


def test_a_missing_prediction_is_undefined_to_a_ruler_and_withholds_a_pass(
    make_evidence, staircase
):
    expert, _, ages = staircase
    status = ["worst"] * 4 + ["scored"] * 66
    evidence = make_evidence(
        {
            ("unet", "expert"): expert,
            ("unet", "automated"): expert,
            ("automated", "expert"): expert,
        },
        ages,
        status=status,
    )
    finding = ask(evidence, "ruler", limit=0.02)
    assert finding.details["counts"]["undefined"] == {"old": 4, "young": 0}
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "missing values")


def test_no_case_under_both_references_is_no_pair(make_evidence, staircase):
    expert, _, ages = staircase
    half = np.where(np.arange(70) % 2 == 0, expert, np.nan)
    other = np.where(np.arange(70) % 2 == 1, expert, np.nan)
    evidence = make_evidence(
        {
            ("unet", "expert"): half,
            ("unet", "automated"): other,
            ("automated", "expert"): half,
        },
        ages,
    )
    finding = ask(evidence, "ruler", limit=0.02)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "no pairs")


def test_leakage_is_said_when_the_model_was_trained_on_its_judge(make_evidence, staircase):
    expert, automated, ages = staircase
    columns = {
        ("unet", "expert"): expert,
        ("unet", "automated"): automated,
        ("automated", "expert"): expert,
    }
    for teacher, found in (("automated", True), ("expert", False)):
        evidence = make_evidence(columns, ages, trained_on=teacher)
        assert ask(evidence, "ruler", limit=0.02).details["leakage"]["found"] is found


def test_near_identical_labels_collapse_the_variance(make_evidence):
    rng = np.random.default_rng(0)
    ages = ["old"] * 60 + ["young"] * 60
    expert = np.clip(rng.normal(0.85, 0.06, 120), 0, 1)
    automated = 0.97 + (expert - expert.mean()) * 0.2
    evidence = make_evidence(
        {
            ("unet", "expert"): expert,
            ("unet", "automated"): automated,
            ("automated", "expert"): expert,
        },
        ages,
    )
    details = ask(evidence, "ruler", limit=0.02).details
    assert details["sd_ratio"]["value"] == pytest.approx(0.2, abs=0.02)
    assert details["variance_collapse"] is True
    assert details["near_twins"] is True


def test_false_confidence_decides_what_the_expert_leaves_open(make_evidence):
    rng = np.random.default_rng(1)
    ages = ["old"] * 30 + ["young"] * 30
    expert = np.clip(rng.normal(0.80, 0.12, 60), 0, 1)
    automated = 0.96 + 0.02 * (expert - expert.mean())
    evidence = make_evidence(
        {
            ("unet", "expert"): expert,
            ("unet", "automated"): automated,
            ("automated", "expert"): expert,
        },
        ages,
    )
    details = ask(evidence, "ruler", limit=0.02).details
    assert details["gap_expert"]["verdict"] == "INCONCLUSIVE"
    assert details["gap_automated"]["verdict"] == "PASS"
    assert details["flip"] == "unproven pass"
    assert details["false_confidence"] is True
