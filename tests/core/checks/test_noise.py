from __future__ import annotations

import json

import numpy as np
import pytest

from pytest_biasruler.benchmark.declared import declare_one
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.checks.noise import check_noise
from pytest_biasruler.statistics.slope import fit_slopes, weigh_levels, widest_slope

LEVELS = {"clean": 0.0, "some": 0.2, "much": 0.5}
AGES = ["old"] * 40 + ["young"] * 30


def ask(evidence, **keys):
    (declared,) = declare_one(evidence.benchmark, "noise", by="age", **keys)
    finding = check_noise(evidence, declared)
    json.dumps(finding.details, allow_nan=False)
    return finding


def dose(make_evidence, costs, *, levels=LEVELS, **keys):
    """Return evidence in which each unit of noise costs the old and the young so much Dice."""
    rng = np.random.default_rng(0)
    start = rng.uniform(0.7, 0.9, 70)
    slopes = np.where(np.array(AGES) == "old", *costs) + 0.02 * rng.standard_normal(70)
    scores = {(model, "expert"): start - slopes * level for model, level in levels.items()}
    return make_evidence(scores, AGES, models=tuple(levels), **keys)


def test_slopes_are_those_of_least_squares():
    rng = np.random.default_rng(1)
    levels, table = [0.0, 0.1, 0.1, 0.7], rng.random((5, 4))
    known = [np.polyfit(levels, row, 1)[0] for row in table]
    assert fit_slopes(table, levels=levels) == pytest.approx(known)


@pytest.mark.parametrize("levels", [[], [0.5, 0.5], [0.0, np.nan]])
def test_levels_that_give_no_slope_are_refused(levels):
    with pytest.raises(ValueError, match="levels"):
        weigh_levels(levels)


def test_noise_that_costs_one_subgroup_more_fails(make_evidence):
    finding = ask(dose(make_evidence, (0.1, 0.3)), levels=LEVELS)
    assert finding.verdict == Verdict.FAIL
    assert finding.limit == 0.05
    assert finding.estimate.pair == ("old", "young")
    assert finding.estimate.value == pytest.approx(0.2, abs=0.02)
    slopes, value = finding.details["slopes"], finding.estimate.value
    assert finding.statement == (
        f"From label noise 0 to 0.5 Dice gets worse by {-0.5 * slopes['young']:.3f} for age young "
        f"and by {-0.5 * slopes['old']:.3f} for old; per unit of noise that is {value:.3f} more"
    )
    assert finding.details["slopes"]["young"] == pytest.approx(-0.3, abs=0.02)
    assert [entry["level"] for entry in finding.details["levels"]] == [0.0, 0.2, 0.5]


def test_noise_that_costs_all_the_same_passes(make_evidence):
    finding = ask(dose(make_evidence, (0.3, 0.3)), levels=LEVELS, limit=0.1)
    assert (finding.verdict, finding.reason) == (Verdict.PASS, None)


def test_the_guard_of_slopes_reaches_as_far_as_the_scores_do(make_evidence):
    evidence = dose(make_evidence, (0.3, 0.3))
    finding = ask(evidence, levels=LEVELS)
    width = np.ptp(evidence.scored.table["dice"])
    steepest = widest_slope(list(LEVELS.values()), width=width)
    assert finding.details["support"] == pytest.approx([-steepest, steepest])
    assert finding.verdict == Verdict.INCONCLUSIVE, "70 cases may hide a cost of 0.05"


def test_against_a_baseline_losing_more_is_positive(make_evidence):
    evidence = dose(make_evidence, (0.1, 0.3))
    assert ask(evidence, levels=LEVELS, baseline="old").estimate.value > 0.15
    other = ask(evidence, levels=LEVELS, baseline="young")
    assert other.estimate.value < -0.15
    assert other.verdict == Verdict.PASS
    assert " for age old and by " in other.statement
    assert other.statement.endswith(" less")


def test_models_that_do_not_change_have_no_cost_at_all(make_evidence):
    scores = np.random.default_rng(2).random(70)
    evidence = make_evidence({(m, "expert"): scores for m in LEVELS}, AGES, models=tuple(LEVELS))
    finding = ask(evidence, levels=LEVELS)
    assert finding.verdict == Verdict.PASS
    assert (finding.estimate.low, finding.estimate.high) == (0, 0)


def test_a_case_without_all_levels_has_no_slope(make_evidence):
    evidence = dose(make_evidence, (0.3, 0.3))
    table = evidence.scored.table
    one = (table["model"] == "much") & table["case"].isin(["case0000", "case0069"])
    table.loc[one, "dice"] = np.nan
    rebuilt = make_evidence(
        {
            (model, "expert"): part["dice"].to_numpy()
            for model, part in table.groupby("model", sort=False)
        },
        AGES,
        models=tuple(LEVELS),
    )
    finding = ask(rebuilt, levels=LEVELS, limit=0.1)
    assert finding.details["counts"]["undefined"] == {"old": 1, "young": 1}
    assert finding.verdict == Verdict.PASS
    assert sum(group.n_cases for group in finding.groups) == 68


def test_a_level_that_nobody_scored_leaves_no_pairs(make_evidence):
    scores = {(model, "expert"): np.full(70, 0.8) for model in LEVELS}
    scores["much", "expert"] = np.full(70, np.nan)
    finding = ask(make_evidence(scores, AGES, models=tuple(LEVELS)), levels=LEVELS)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "no pairs")
    assert finding.statement == (
        "The cost of label noise cannot be compared between subgroups of age"
    )


def test_any_model_that_is_wrongly_paired_withholds_a_pass(make_evidence):
    pairing = frozenset({("some", "expert", "")})
    evidence = dose(make_evidence, (0.3, 0.3), wrong_pairing=pairing)
    finding = ask(evidence, levels=LEVELS, limit=0.1)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "wrong pairing")


def test_metric_bounds_as_support_are_the_steepest_slopes(make_evidence):
    finding = ask(dose(make_evidence, (0.1, 0.3)), levels=LEVELS, support="bounds")
    # Levels 0, 0.2, 0.5 lie -0.2333, -0.0333, 0.2667 from their mean; squares sum to 0.126667.
    assert finding.details["support"] == pytest.approx([-0.266667 / 0.126667, 2.105263], abs=1e-4)


@pytest.fixture
def scores(staircase):
    expert, automated, _ = staircase
    return {
        ("unet", "expert"): expert,
        ("unet", "automated"): automated,
        ("automated", "expert"): np.repeat([0.95, 0.80], [40, 30]),
    }


def test_a_distortion_beyond_the_tipping_point_undoes_the_verdict(make_evidence, scores):
    finding = ask(make_evidence(scores, AGES), gap_limit=0.05)
    # Gap by A: 0.020, high 0.047425 (worked example); distortion 0.080, low 0.068449.
    assert finding.limit == pytest.approx(0.05 - 0.047425, abs=1e-6)
    assert finding.verdict == Verdict.FAIL
    assert finding.estimate.value == pytest.approx(0.08)
    assert finding.estimate.low == pytest.approx(0.068449, abs=1e-6)
    assert finding.p_fail < 1e-6
    assert finding.details["gap_automated"]["verdict"] == "PASS"
    assert finding.statement == (
        "By the automated labels the age gap is a PASS; label errors that differ by 0.003 Dice "
        "between subgroups of age would undo that PASS; they differ by 0.080"
    )


def test_a_verdict_that_bears_the_measured_label_error_passes(make_evidence, scores):
    finding = ask(make_evidence(scores, AGES), gap_limit=0.3)
    assert finding.verdict == Verdict.PASS
    assert finding.limit == pytest.approx(0.252575, abs=1e-6)
    assert finding.estimate.high < finding.limit
    assert finding.p_fail == 1


def test_a_fail_can_be_undone_too(make_evidence, scores):
    turned = {**scores, ("unet", "automated"): scores["unet", "expert"]}
    turned["unet", "expert"] = scores["unet", "automated"]
    finding = ask(make_evidence(turned, AGES), gap_limit=0.05)
    # Now the automated reference shows 0.100, low 0.066045, which is 0.016045 above the limit.
    assert finding.limit == pytest.approx(0.016045, abs=1e-6)
    assert finding.verdict == Verdict.FAIL
    assert "would undo that FAIL; they differ by 0.080" in finding.statement


def test_an_undecided_gap_has_nothing_to_undo(make_evidence, scores):
    finding = ask(make_evidence(scores, AGES), gap_limit=0.04)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "nothing to undo")
    assert finding.limit is None
    assert finding.p_fail is None
    assert finding.estimate.value == pytest.approx(0.08)
    assert finding.statement.endswith(
        "undecided, so there is no verdict to undo; label errors differ by 0.080"
    )


def test_equal_references_pass_whatever_the_tipping_point(make_evidence, scores):
    equal = {**scores, ("unet", "automated"): scores["unet", "expert"]}
    finding = ask(make_evidence(equal, AGES), gap_limit=0.05)
    assert finding.verdict == Verdict.PASS
    assert (finding.estimate.low, finding.estimate.high) == (0, 0)


def test_a_withheld_automated_pass_is_nothing_to_undo(make_evidence, scores):
    evidence = make_evidence(scores, AGES, wrong_pairing=frozenset({("unet", "automated", "")}))
    assert ask(evidence, gap_limit=0.3).reason == "nothing to undo"


def test_without_expert_scores_only_bounds_are_known(make_evidence, scores):
    del scores["unet", "expert"]
    finding = ask(make_evidence(scores, AGES), gap_limit=0.3)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "no pairs")
    assert finding.limit == pytest.approx(0.252575, abs=1e-6)
    assert finding.estimate is None
    assert finding.details["iou_bounds"]["pair"] == ["old", "young"]
    assert "not measured: it takes expert scores of the model" in finding.statement
    assert "by the overlaps alone the expert gap (old − young) is −" in finding.statement


def test_bounds_of_iou_are_those_of_the_worked_example(make_evidence):
    scores = {
        ("unet", "automated"): np.repeat([0.9, 0.5], [40, 30]),
        ("automated", "expert"): np.repeat([0.7, 1.0], [40, 30]),
    }
    finding = ask(make_evidence(scores, AGES, metric="iou"), metric="iou", gap_limit=0.05)
    groups = finding.details["iou_bounds"]["groups"]
    assert (groups["old"]["low"], groups["old"]["high"]) == pytest.approx((0.6, 0.8))
    assert (groups["young"]["low"], groups["young"]["high"]) == pytest.approx((0.5, 0.5))
    assert finding.details["iou_bounds"]["low"] == pytest.approx(0.1)
    assert finding.details["iou_bounds"]["high"] == pytest.approx(0.3)


def test_real_masks_keep_to_the_bounds_of_their_dice(make_evidence):
    rng = np.random.default_rng(3)
    model, automated, expert = rng.random((3, 70, 40)) < rng.random((3, 70, 1)) * 0.5 + 0.4

    def dice(first, second):
        return 2 * (first & second).sum(axis=1) / (first.sum(axis=1) + second.sum(axis=1))

    scores = {
        ("unet", "automated"): dice(model, automated),
        ("automated", "expert"): dice(automated, expert),
    }
    bounds = ask(make_evidence(scores, AGES), gap_limit=0.05).details["iou_bounds"]
    truth = dice(model, expert)
    means = {age: truth[np.array(AGES) == age].mean() for age in ("old", "young")}
    for age, mean in means.items():
        assert bounds["groups"][age]["low"] <= mean <= bounds["groups"][age]["high"], age
    first, second = bounds["pair"]
    assert bounds["low"] <= means[first] - means[second] <= bounds["high"]


def test_other_metrics_have_no_such_bounds(make_evidence, scores):
    evidence = make_evidence(scores, AGES, metric="nsd")
    assert ask(evidence, metric="nsd", gap_limit=0.05).details["iou_bounds"] is None


def test_one_subgroup_alone_has_no_gap(make_evidence, scores):
    finding = ask(make_evidence(scores, ["old"] * 70), gap_limit=0.05)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "too few subgroups")
    assert finding.statement == "Dice cannot be compared between subgroups of age"


def test_experts_of_few_cases_withhold_a_pass(make_evidence, scores):
    scores["unet", "expert"] = np.where(np.arange(70) % 10 < 8, scores["unet", "expert"], np.nan)
    finding = ask(make_evidence(scores, AGES), gap_limit=0.3)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "missing values")
