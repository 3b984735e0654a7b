from __future__ import annotations

import json
import math

import numpy as np
import pytest

from pytest_biasruler.benchmark.declared import declare_one
from pytest_biasruler.checks.amplification import check_amplification
from pytest_biasruler.checks.finding import Verdict

AGES = ["old"] * 100 + ["young"] * 100
STEPS = 0.2 * np.tile((np.arange(100) - 49.5) / 100, 2)
OLD = np.array([True] * 100 + [False] * 100)
ALTERNATE = np.tile([0.01, -0.01], 100)  # its mean is 0 in both subgroups


def scores(old, young):
    """Return scores with exactly these subgroup means."""
    return np.where(OLD, old, young) + STEPS


def build(make_evidence, arms, ages=AGES, **keys):
    """Return evidence of models "a…" trained on automated and "e…" on expert labels.

    `arms` maps models to their scores by (expert, automated reference), or by the expert alone.
    """
    table, trained_on = {}, {}
    for model, columns in arms.items():
        by_expert, by_automated = columns if isinstance(columns, tuple) else (columns, None)
        table[model, "expert"] = by_expert
        if by_automated is not None:
            table[model, "automated"] = by_automated
        trained_on[model] = "automated" if model.startswith("a") else "expert"
    return make_evidence(table, ages, models=tuple(arms), trained_on=trained_on, **keys)


def ask(evidence, **keys):
    for trained in ("automated", "expert"):
        runs = [m.name for m in evidence.benchmark.models if m.trained_on == trained]
        keys.setdefault(f"{trained}_trained", runs)
    (declared,) = declare_one(evidence.benchmark, "amplification", by="age", **keys)
    return check_amplification(evidence, declared)


def no_nan(value):
    if isinstance(value, dict):
        return all(map(no_nan, value.values()))
    if isinstance(value, list | tuple):
        return all(map(no_nan, value))
    return not isinstance(value, float) or math.isfinite(value)


@pytest.fixture
def widened(make_evidence):
    return build(
        make_evidence,
        {
            "auto": (scores(0.850, 0.784) + ALTERNATE, scores(0.900, 0.874)),
            "expert_net": (scores(0.850, 0.810), scores(0.860, 0.830)),
        },
    )


def test_a_gap_that_training_widened_fails_and_is_told_with_its_growth(widened):
    finding = ask(widened, limit=0.01)
    assert finding.verdict == Verdict.FAIL
    assert finding.estimate.value == pytest.approx(0.026)
    assert finding.estimate.pair == ("old", "young")
    assert finding.estimate.low > 0.01
    assert finding.p_fail < 0.05
    assert finding.statement == (
        "For these two checkpoints, training on automated labels widened the age gap by 0.026, "
        "from 0.040 to 0.066 (+65 %)"
    )
    assert finding.details["proven_by"] == "expert"
    assert finding.details["claim"] == "checkpoints"
    assert finding.details["ratio"]["value"] == pytest.approx(1.65)
    assert "Bonferroni level 0.9750" in finding.estimate.method


def test_the_default_limit_is_two_hundredths_and_the_growth_is_symmetric(widened):
    finding = ask(widened)
    assert (finding.limit, finding.support) == (0.02, "symmetric")
    table = widened.scored.table
    width = np.ptp(table.loc[table["reference"] == "expert", "dice"])
    assert finding.details["support"] == pytest.approx([-width, width])


def test_a_smaller_growth_than_the_limit_passes(widened):
    finding = ask(widened, limit=0.05)
    assert (finding.verdict, finding.reason) == (Verdict.PASS, None)
    assert finding.estimate.high < 0.05


def test_every_ordered_pair_is_told_with_growth_and_gaps(widened):
    details = ask(widened).details
    there, back = details["theta"]
    assert (there["a"], there["b"], back["a"], back["b"]) == ("old", "young", "young", "old")
    assert there["growth"]["value"] == pytest.approx(0.026)
    assert there["gap_automated_trained"]["value"] == pytest.approx(0.066)
    assert there["gap_expert_trained"]["value"] == pytest.approx(0.040)
    assert there["theta"] == pytest.approx(0.026)
    assert back["theta"] == pytest.approx(-0.066)
    assert there["is_separated"]


def test_the_closed_loop_has_four_gaps_and_their_interaction(widened):
    loop = ask(widened).details["closed_loop"]
    gaps = {(cell["trained_on"], cell["judged_by"]): cell["value"] for cell in loop["cells"]}
    assert gaps == pytest.approx(
        {
            ("automated", "automated"): 0.026,
            ("automated", "expert"): 0.066,
            ("expert", "automated"): 0.030,
            ("expert", "expert"): 0.040,
        }
    )
    # The automated reference hides 0.040 of its own arm's gap and 0.010 of the other's.
    assert loop["interaction"]["value"] == pytest.approx(-0.030)
    assert loop["interaction"]["low"] <= -0.030 <= loop["interaction"]["high"]
    assert (loop["pair"], loop["n_cases"]) == (["old", "young"], 200)


def test_without_scores_by_the_automated_reference_the_loop_stays_half_open(make_evidence):
    evidence = build(make_evidence, {"auto": scores(0.85, 0.78), "expert_net": scores(0.85, 0.81)})
    loop = ask(evidence).details["closed_loop"]
    assert {cell["judged_by"] for cell in loop["cells"]} == {"expert"}
    assert loop["interaction"] is None


@pytest.mark.parametrize(
    ("expert", "automated", "told", "verdict"),
    [
        (
            (0.85, 0.75),
            (0.85, 0.80),
            "narrowed the age gap by 0.050, from 0.100 to 0.050 (−50 %)",
            "PASS",
        ),
        (
            (0.85, 0.75),
            (0.80, 0.80),
            "narrowed the age gap by 0.100, from 0.100 to 0.000 (−100 %)",
            "PASS",
        ),
        ((0.85, 0.75), (0.85, 0.75), "left the age gap at 0.100", "PASS"),
        (
            (0.90, 0.80),
            (0.80, 0.90),
            "turned the age gap around, from 0.100 in favour of old to 0.100 in favour of young",
            "FAIL",
        ),
        (
            (0.81, 0.80),
            (0.80, 0.81),
            "moved the age gap from 0.010 in favour of old to 0.010 in favour of young",
            "INCONCLUSIVE",
        ),
        ((0.80, 0.80), (0.80, 0.75), "widened the age gap by 0.050, from 0.000 to 0.050", "FAIL"),
    ],
)
def test_what_became_of_the_gap_is_said_in_plain_words(
    make_evidence, expert, automated, told, verdict
):
    evidence = build(make_evidence, {"auto": scores(*automated), "expert_net": scores(*expert)})
    finding = ask(evidence)
    assert finding.statement == f"For these two checkpoints, training on automated labels {told}"
    assert finding.verdict == Verdict(verdict)


def test_the_interval_of_a_gap_turned_around_is_that_of_the_new_gap(make_evidence):
    noise = 15 * ALTERNATE
    arms = {"auto": scores(0.80, 0.90) + noise, "expert_net": scores(0.85, 0.83)}
    estimate = ask(build(make_evidence, arms)).estimate
    assert estimate.value == pytest.approx(0.10), "the growth is 0.12"
    assert sum(estimate.ci95) / 2 == pytest.approx(0.10)


def test_a_percentage_needs_an_expert_gap_that_is_not_zero(make_evidence):
    noise = 15 * ALTERNATE
    evidence = build(
        make_evidence,
        {"auto": scores(0.75, 0.66) + noise, "expert_net": scores(0.75, 0.72) + noise},
    )
    finding = ask(evidence)
    assert finding.details["ratio"] == {
        "status": "undefined",
        "value": None,
        "low": None,
        "high": None,
    }
    assert "widened the age gap" in finding.statement
    assert "%" not in finding.statement


def test_equal_arms_pass_at_every_limit(make_evidence):
    column = scores(0.85, 0.75)
    evidence = build(make_evidence, {"auto": column, "expert_net": column})
    finding = ask(evidence, limit=1e-6)
    assert finding.verdict == Verdict.PASS
    assert (finding.estimate.value, finding.estimate.high) == (0, 0)
    assert finding.details["direction"] == "none"


def test_three_runs_per_arm_speak_of_training(make_evidence):
    arms = {f"a{run}": scores(0.85, young) for run, young in enumerate((0.75, 0.74, 0.76))}
    arms |= {f"e{run}": scores(0.85, young) for run, young in enumerate((0.80, 0.81, 0.82))}
    finding = ask(build(make_evidence, arms))
    assert finding.details["claim"] == "training"
    assert finding.estimate.value == pytest.approx(0.06)
    assert finding.statement == (
        "Training on automated labels widened the age gap by 0.060, from 0.040 to 0.100 (+150 %)"
    )
    assert finding.details["seeds"] == {
        "automated_trained": pytest.approx({"a0": 0.10, "a1": 0.11, "a2": 0.09}),
        "expert_trained": pytest.approx({"e0": 0.05, "e1": 0.04, "e2": 0.03}),
    }
    (declared,) = declare_one(
        build(make_evidence, {"a": arms["a0"], "e": arms["e1"]}).benchmark,
        "amplification",
        by="age",
    )
    single = check_amplification(
        build(make_evidence, {"a": arms["a0"], "e": arms["e1"]}), declared
    )
    assert single.estimate.value == pytest.approx(0.06)
    assert finding.estimate.low < single.estimate.low
    assert finding.estimate.high > single.estimate.high
    assert "variance between runs" in finding.estimate.method
    assert "variance between runs" not in single.estimate.method


def test_runs_that_disagree_leave_open_what_one_checkpoint_would_decide(make_evidence):
    arms = {f"a{run}": scores(0.85, young) for run, young in enumerate((0.84, 0.76, 0.68))}
    arms |= {f"e{run}": scores(0.85, young) for run, young in enumerate((0.80, 0.81, 0.82))}
    evidence = build(make_evidence, arms)
    assert ask(evidence).verdict == Verdict.INCONCLUSIVE
    assert ask(evidence, automated_trained=["a1"], expert_trained=["e1"]).verdict == Verdict.FAIL


def test_two_runs_in_one_arm_are_still_checkpoints(make_evidence):
    arms = {"a0": scores(0.85, 0.75), "a1": scores(0.85, 0.76), "e0": scores(0.85, 0.81)}
    finding = ask(build(make_evidence, arms))
    assert finding.details["claim"] == "checkpoints"
    assert finding.statement.startswith("For these 3 checkpoints, training on automated labels ")


@pytest.mark.parametrize("model", ["auto", "expert_net"])
def test_missing_predictions_of_either_arm_withhold_a_pass(make_evidence, model):
    status = {(model, "expert"): ["worst"] * 6 + ["scored"] * 194}
    column = scores(0.85, 0.82)
    evidence = build(make_evidence, {"auto": column, "expert_net": column}, status=status)
    finding = ask(evidence)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "missing values")
    assert finding.details["counts"]["undefined"] == {"old": 6, "young": 0}
    assert finding.statement.endswith("on the cases scored for every model")


def test_missing_predictions_do_not_excuse_a_fail(make_evidence):
    status = {("auto", "expert"): ["worst"] * 6 + ["scored"] * 194}
    evidence = build(
        make_evidence,
        {"auto": scores(0.85, 0.70), "expert_net": scores(0.85, 0.82)},
        status=status,
    )
    assert ask(evidence).verdict == Verdict.FAIL


def test_scores_that_are_not_numbers_withhold_a_pass(make_evidence):
    column = scores(0.85, 0.82)
    holes = np.where(np.arange(200) % 10 == 0, np.nan, column)
    arms = {"a0": column, "a1": holes, "e0": column}
    finding = ask(build(make_evidence, arms))
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "missing values")
    assert finding.details["counts"]["undefined"] == {"old": 10, "young": 10}
    assert finding.details["closed_loop"]["n_cases"] == 180


@pytest.mark.parametrize("model", ["auto", "expert_net"])
def test_wrong_pairing_of_either_arm_withholds_a_pass(make_evidence, model):
    column = scores(0.85, 0.82)
    arms = {"auto": column, "expert_net": column}
    finding = ask(build(make_evidence, arms, wrong_pairing=frozenset({(model, "expert", "")})))
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "wrong pairing")


def test_no_case_of_both_arms_is_no_pair(make_evidence):
    column = scores(0.85, 0.82)
    is_even = np.arange(200) % 2 == 0
    arms = {
        "auto": np.where(is_even, column, np.nan),
        "expert_net": np.where(is_even, np.nan, column),
    }
    finding = ask(build(make_evidence, arms))
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "no pairs")
    assert (finding.estimate, finding.p_fail, finding.details["theta"]) == (None, None, [])
    assert finding.statement == (
        "The automated-trained and the expert-trained model cannot be compared between subgroups "
        "of age"
    )


@pytest.mark.parametrize("baseline", [None, "young"])
def test_too_few_judged_subgroups_decide_nothing(make_evidence, baseline):
    ages = ["old"] * 190 + ["young"] * 10
    evidence = build(make_evidence, {"auto": STEPS + 0.5, "expert_net": STEPS + 0.6}, ages=ages)
    finding = ask(evidence, baseline=baseline)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "too few subgroups")
    assert finding.details["closed_loop"] is None


def test_scores_that_are_all_equal_decide_without_a_number_that_is_none(make_evidence):
    flat = np.full(200, 0.8)
    finding = ask(build(make_evidence, {"auto": flat, "expert_net": flat}))
    assert finding.verdict == Verdict.PASS
    assert finding.details["ratio"]["status"] == "undefined"
    assert finding.statement.endswith("left the age gap at 0.000")
    json.dumps(dict(finding.details), allow_nan=False)


def test_infinite_distances_are_undefined(make_evidence):
    distance = 100 * (1 - scores(0.85, 0.82))
    holes = np.where(np.arange(200) < 20, np.inf, distance)
    evidence = build(make_evidence, {"auto": holes, "expert_net": distance}, metric="hd95_mm")
    finding = ask(evidence, metric="hd95_mm", limit=5)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "missing values")


def test_a_longer_distance_is_the_worse_one(make_evidence):
    arms = {"auto": 10 - scores(0, 4), "expert_net": 10 - scores(0, 1)}  # young: 6 and 9 mm
    evidence = build(make_evidence, arms, metric="hd95_mm")
    finding = ask(evidence, metric="hd95_mm", limit=1)
    assert finding.estimate.pair == ("young", "old")
    assert finding.estimate.value == pytest.approx(3)
    assert "widened the age gap by 3.000 mm, from 1.000 to 4.000 (+300 %)" in finding.statement
    means = {group.name: group.mean for group in finding.groups}
    assert means["young"] == pytest.approx(-3)


def test_with_a_baseline_only_its_lead_can_be_amplified(make_evidence):
    arms = {"auto": scores(0.85, 0.75), "expert_net": scores(0.85, 0.81)}
    evidence = build(make_evidence, arms)
    assert ask(evidence, baseline="old").verdict == Verdict.FAIL
    other = ask(evidence, baseline="young")
    assert other.verdict == Verdict.PASS
    assert other.estimate.value == pytest.approx(-0.10)
    assert "widened the age gap by 0.060, from 0.040 to 0.100" in other.statement
    assert other.details["gap_pair"] == ["old", "young"]
    gap = other.details["gaps"]["automated_trained"]
    assert gap["value"] == pytest.approx(0.10)
    assert 0 < gap["low"] < 0.10 < gap["high"]


def test_of_three_subgroups_the_pair_is_named(make_evidence):
    ages = ["old"] * 70 + ["<b>"] * 60 + ["007"] * 70
    ends = np.repeat([0.0, 0.0, -0.05], [70, 60, 70])
    steps = np.concatenate([np.linspace(-0.1, 0.1, n) for n in (70, 60, 70)])
    arms = {"auto": 0.8 + steps + 2 * ends, "expert_net": 0.8 + steps + ends}
    finding = ask(build(make_evidence, arms, ages=ages))
    told = "widened the age gap between <b> and 007 by 0.050, from 0.050 to 0.100"
    assert told in finding.statement
    assert len(finding.details["theta"]) == 6


def test_of_three_subgroups_a_gap_turned_around_is_told_with_its_pair_once(make_evidence):
    ages = ["old"] * 70 + ["mid"] * 60 + ["young"] * 70
    ends = np.repeat([0.0, -0.02, -0.06], [70, 60, 70])
    steps = np.concatenate([np.linspace(-0.1, 0.1, n) for n in (70, 60, 70)])
    arms = {"auto": 0.8 + steps - ends, "expert_net": 0.8 + steps + ends}
    assert ask(build(make_evidence, arms, ages=ages)).statement == (
        "For these two checkpoints, training on automated labels turned the age gap around, "
        "from 0.060 in favour of old to 0.060 in favour of young"
    )


def test_small_subgroups_are_named_beside_a_pass(make_evidence):
    ages = ["old"] * 95 + ["tiny"] * 5 + ["young"] * 100
    column = scores(0.85, 0.82)
    finding = ask(build(make_evidence, {"auto": column, "expert_net": column}, ages=ages))
    assert finding.verdict == Verdict.PASS
    assert finding.statement.endswith("; 1 of 3 subgroups are too small to judge: tiny")


def test_the_bounds_of_the_metric_are_the_stricter_support(widened):
    observed, strict = ask(widened, limit=0.01), ask(widened, limit=0.01, support="bounds")
    assert strict.details["support"] == [-1.0, 1.0] != observed.details["support"]
    assert strict.estimate.low < observed.estimate.low
    assert strict.estimate.high > observed.estimate.high


@pytest.mark.parametrize("limit", [0.001, 0.01, 0.0258, 0.027, 0.05])
def test_a_higher_limit_never_turns_a_pass_into_a_fail(widened, limit):
    order = [Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS]
    verdicts = [order.index(ask(widened, limit=x).verdict) for x in (limit, 2 * limit)]
    assert verdicts == sorted(verdicts)


def test_details_are_plain_and_hold_no_number_that_is_none(widened):
    finding = ask(widened)
    assert no_nan(dict(finding.details))
    json.dumps(dict(finding.details), allow_nan=False)
