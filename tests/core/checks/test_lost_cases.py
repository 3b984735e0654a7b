"""Cases that drop out must never make a verdict look better than it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pytest_biasruler.audit import run_audit
from pytest_biasruler.audit.judging import judge_one
from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Defaults, Model, Reference
from pytest_biasruler.checks.finding import Status, Verdict


def ask(evidence, check, **keys):
    return judge_one(evidence, check, by="age", **keys)[0]


def from_table(scores, ages, *, check, both_empty="score", volumes=None, **keys):
    cases = [f"c{number:03d}" for number in range(len(ages))]
    rows = []
    for (model, reference), dice in scores.items():
        part = pd.DataFrame({"case": cases, "model": model, "reference": reference, "dice": dice})
        sizes = (volumes or {}).get((model, reference), (np.ones(len(ages)),) * 2)
        part["n_model"], part["n_reference"] = sizes
        rows.append(part)
    benchmark = Benchmark(
        name="lost",
        metadata=pd.DataFrame({"case": cases, "age": ages}),
        case="case",
        references=[
            Reference(name="expert", kind="expert"),
            Reference(name="automated", kind="automated"),
        ],
        models=[Model(name="unet")],
        attributes=[Attribute(name="age")],
        scores=pd.concat(rows),
        defaults=Defaults(both_empty=both_empty),
        checks=[Check(check, by="age", **keys)],
    )
    return run_audit(benchmark).findings[0]


def missed_by_both(n_missed):
    """Return scores and sizes: model and automated label miss the same cases of the young."""
    rng = np.random.default_rng(0)
    ages = ["old"] * 100 + ["young"] * 100
    missed = np.zeros(200, bool)
    missed[100 : 100 + n_missed] = True
    good = rng.uniform(0.8, 0.9, 200)
    by_expert = np.where(missed, 0.0, good)
    by_automated = np.where(missed, np.nan, good)
    sizes = {("unet", "automated"): (np.where(missed, 0, 9), np.where(missed, 0, 9))}
    scores = {
        ("unet", "expert"): by_expert,
        ("unet", "automated"): by_automated,
        ("automated", "expert"): by_expert,
    }
    return scores, ages, sizes


def test_cases_that_model_and_automated_label_both_miss_bend_the_ruler():
    scores, ages, sizes = missed_by_both(34)
    finding = from_table(scores, ages, check="ruler", volumes=sizes)
    assert finding.verdict == Verdict.FAIL
    assert finding.details["counts"]["undefined"] == {"old": 0, "young": 0}


def test_left_out_by_option_they_withhold_the_pass():
    scores, ages, sizes = missed_by_both(34)
    finding = from_table(scores, ages, check="ruler", volumes=sizes, both_empty="exclude")
    assert finding.details["counts"]["undefined"] == {"old": 0, "young": 34}
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "missing values")


@pytest.mark.parametrize("check", ["gap", "floor", "success"])
def test_a_subgroup_that_lost_every_score_withholds_the_pass(make_evidence, check):
    scores = np.r_[np.full(60, 0.9), np.full(30, np.nan)]
    ages = ["a"] * 30 + ["c"] * 30 + ["b"] * 30
    limit = {"gap": 0.05, "floor": 0.5, "success": 0.8}[check]
    finding = ask(make_evidence({("unet", "expert"): scores}, ages), check, limit=limit)
    status = {group.name: group.status for group in finding.groups}
    assert status["b"] == Status.EMPTY
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "missing values")


def test_a_small_subgroup_that_lost_every_score_is_named(make_evidence):
    scores = np.r_[np.full(60, 0.9), np.full(5, np.nan)]
    ages = ["a"] * 30 + ["c"] * 30 + ["b"] * 5
    finding = ask(make_evidence({("unet", "expert"): scores}, ages), "gap", limit=0.05)
    assert finding.verdict == Verdict.PASS
    assert finding.statement.endswith("1 of 3 subgroups are too small to judge: b")


def test_bounds_as_support_are_never_narrower_than_what_was_seen(make_evidence):
    rng = np.random.default_rng(2)
    expert = rng.uniform(2, 8, 80)
    automated = expert + rng.normal(0, 20, 80).clip(-2)
    evidence = make_evidence(
        {
            ("unet", "expert"): expert,
            ("unet", "automated"): automated,
            ("automated", "expert"): expert,
        },
        ["old"] * 40 + ["young"] * 40,
        metric="hd95_mm",
    )
    plain = ask(evidence, "ruler", metric="hd95_mm", limit=3.0, gap_limit=3.0)
    strict = ask(evidence, "ruler", metric="hd95_mm", limit=3.0, gap_limit=3.0, support="bounds")
    assert strict.estimate.high >= plain.estimate.high
    assert strict.estimate.low <= plain.estimate.low


def test_the_direction_of_labels_does_not_ask_a_second_expert(make_evidence):
    ages = ["old"] * 40 + ["young"] * 40
    evidence = make_evidence(
        {
            ("automated", "expert"): np.full(80, 0.8),
            ("second", "expert"): np.full(80, 0.8),
            ("automated", "second"): np.full(80, 0.8),
        },
        ages,
        references=("expert", "second", "automated"),
    )
    evidence.scored.table["signed_volume_error"] = np.tile(
        np.r_[np.full(40, -0.2), np.full(40, 0.0)], 3
    )
    evidence.__post_init__()
    keys = {"metric": "signed_volume_error", "limit": 0.05, "reference": "expert"}
    alone, beside = (
        ask(evidence, "labels", **keys),
        ask(evidence, "labels", **keys, second_expert="second"),
    )
    assert alone.verdict == beside.verdict == Verdict.FAIL
    assert beside.statement == alone.statement


def test_rows_of_empty_cells_are_no_expert_labels(make_evidence):
    scores = np.r_[np.full(10, 0.9), np.full(70, np.nan)]
    evidence = make_evidence(
        {("unet", "expert"): scores},
        ["old"] * 40 + ["young"] * 40,
        status=["scored"] * 10 + ["undefined"] * 70,
    )
    finding = ask(evidence, "provenance", min_expert_share=0.5)
    numbers = {row["criterion"]: row["number"] for row in finding.details["criteria"]}
    assert numbers["g"] == pytest.approx(10 / 80)


def test_masks_that_the_automated_reference_lacks_are_exclusions_too(make_evidence):
    lost = {f"case{number:04d}": "BR101" for number in range(40, 60)}
    evidence = make_evidence(
        {("unet", "expert"): np.full(80, 0.9), ("unet", "automated"): np.full(80, 0.9)},
        ["old"] * 40 + ["young"] * 40,
        excluded={"automated": lost},
    )
    finding = ask(evidence, "provenance")
    verdicts = {row["criterion"]: row["verdict"] for row in finding.details["criteria"]}
    assert verdicts["c"] == "FAIL"


def test_the_sweep_of_a_difference_is_judged_as_a_difference(make_evidence):
    scores = [0.9] * 30 + [0.5] * 70 + [0.9] * 22 + [0.5] * 78
    evidence = make_evidence({("unet", "expert"): scores}, ["old"] * 100 + ["young"] * 100)
    finding = ask(evidence, "success", statistic="difference", limit=0.3, sweep=[0.7, 0.8])
    assert finding.verdict == Verdict.PASS
    assert {row["verdict"] for row in finding.details["sweep"]} == {"PASS"}


def test_a_floor_looks_at_the_images_of_judged_cases_alone(make_evidence):
    distances = np.r_[np.linspace(2, 4, 30), np.linspace(2, 4, 30), np.full(4, 3.0)]
    evidence = make_evidence(
        {("unet", "expert"): distances},
        ["old"] * 30 + ["young"] * 30 + ["teen"] * 4,
        metric="hd95_mm",
    )
    evidence.scored.table["diagonal_mm"] = np.r_[np.full(60, 50.0), np.full(4, 5000.0)]
    evidence.__post_init__()
    finding = ask(evidence, "floor", metric="hd95_mm", limit=10.0)
    assert finding.verdict == Verdict.PASS
    assert finding.estimate.high < 10


def test_gaps_behind_a_ruler_do_not_pass_on_the_cases_that_are_left():
    rng = np.random.default_rng(4)
    ages = ["old"] * 100 + ["young"] * 100
    expert = rng.uniform(0.8, 0.9, 200)
    expert[100:134] = 0.0
    automated = np.where(expert == 0, np.nan, expert)
    automated[134:] -= 0.15
    scores = {
        ("unet", "expert"): expert,
        ("unet", "automated"): automated,
        ("automated", "expert"): expert,
    }
    details = from_table(scores, ages, check="ruler", limit=0.02).details
    assert details["gap_expert"]["verdict"] == "INCONCLUSIVE"
    assert details["gap_expert"]["reason"] == "missing values"
    assert details["flip"] == "unproven alarm"


def test_a_subgroup_left_out_by_option_is_named():
    ages = ["a"] * 30 + ["b"] * 30 + ["c"] * 30
    dice = np.full(90, 0.9)
    sizes = {("unet", "expert"): (np.r_[np.ones(60), np.zeros(30)],) * 2}
    finding = from_table(
        {("unet", "expert"): np.r_[dice[:60], np.ones(30)]},
        ages,
        check="gap",
        limit=0.05,
        volumes=sizes,
        both_empty="exclude",
    )
    assert finding.verdict == Verdict.PASS
    assert finding.statement.endswith("1 of 3 subgroups are too small to judge: c")


def test_both_empty_is_known_without_an_overlap_metric():
    cases = [f"c{number:03d}" for number in range(60)]
    table = pd.DataFrame(
        {
            "case": cases,
            "model": "unet",
            "reference": "expert",
            "nsd": np.r_[np.full(40, 0.9), np.ones(20)],
            "n_model": np.r_[np.ones(40), np.zeros(20)],
            "n_reference": np.r_[np.ones(40), np.zeros(20)],
        }
    )
    benchmark = Benchmark(
        name="nsd",
        metadata=pd.DataFrame({"case": cases, "age": ["old", "young"] * 30}),
        case="case",
        references=[Reference(name="expert", kind="expert")],
        models=[Model(name="unet")],
        attributes=[Attribute(name="age")],
        scores=table,
        defaults=Defaults(both_empty="exclude"),
        checks=[Check("gap", by="age", metric="nsd", limit=0.05)],
    )
    finding = run_audit(benchmark).findings[0]
    assert finding.details["agreed_absent"] == {"old": 10, "young": 10}
    assert sum(group.n_cases for group in finding.groups) == 40


def test_rates_of_zero_have_a_difference(make_evidence):
    evidence = make_evidence({("unet", "expert"): [0.1] * 80}, ["old"] * 40 + ["young"] * 40)
    finding = ask(evidence, "success", statistic="difference", limit=0.3)
    assert finding.verdict == Verdict.PASS
    assert "(difference 0.000)" in finding.statement


def test_bounds_of_label_errors_are_wide_on_both_sides(make_evidence):
    errors = np.r_[np.full(40, -0.6), np.full(40, -0.5)]
    evidence = make_evidence(
        {("automated", "expert"): errors},
        ["old"] * 40 + ["young"] * 40,
        metric="signed_volume_error",
    )
    keys = {"metric": "signed_volume_error", "limit": 0.05, "support": "bounds"}
    low, high = ask(evidence, "labels", **keys).details["support"]
    assert (low, high) == (-1, 1)


def test_empty_cells_of_the_automated_reference_are_exclusions_too(make_evidence):
    automated = np.full(80, 0.9)
    automated[40:60] = np.nan
    evidence = make_evidence(
        {("unet", "expert"): np.full(80, 0.9), ("unet", "automated"): automated},
        ["old"] * 40 + ["young"] * 40,
    )
    finding = ask(evidence, "provenance")
    verdicts = {row["criterion"]: row["verdict"] for row in finding.details["criteria"]}
    assert verdicts["c"] == "FAIL"


def test_missing_values_of_a_crossing_are_judged_if_those_that_have_some_say_so():
    cases = [f"c{number:03d}" for number in range(120)]
    sexes = ["F", "M"] * 30 + [""] * 60
    dice = np.r_[np.full(60, 0.9), np.full(60, 0.6)]

    def verdict(*, judge_missing):
        benchmark = Benchmark(
            name="crossing",
            metadata=pd.DataFrame({"case": cases, "sex": sexes, "ward": "north"}),
            case="case",
            references=[Reference(name="expert", kind="expert")],
            models=[Model(name="unet")],
            attributes=[
                Attribute(name="sex", judge_missing=judge_missing),
                Attribute(name="ward"),
            ],
            scores=pd.DataFrame(
                {"case": cases, "model": "unet", "reference": "expert", "dice": dice}
            ),
            checks=[Check("gap", by=[["sex", "ward"]], limit=0.05)],
        )
        return run_audit(benchmark).findings[0].verdict

    assert verdict(judge_missing=True) == Verdict.FAIL
    assert verdict(judge_missing=False) == Verdict.PASS


def test_two_references_that_agree_on_what_is_left_say_on_what():
    scores, ages, sizes = missed_by_both(34)
    finding = from_table(scores, ages, check="ruler", volumes=sizes, both_empty="exclude")
    assert finding.statement.endswith(" on the cases scored under both")


def test_a_second_expert_who_agrees_less_is_told_with_a_true_minus(make_evidence):
    evidence = make_evidence(
        {
            ("automated", "expert"): np.r_[np.full(40, 6.0), np.full(40, 5.0)],
            ("second", "expert"): np.full(80, 2.0),
            ("automated", "second"): np.full(80, 3.0),
        },
        ["old"] * 40 + ["young"] * 40,
        metric="hd95_mm",
        references=("expert", "second", "automated"),
    )
    keys = {"metric": "hd95_mm", "limit": 5.0, "reference": "expert"}
    assert ask(evidence, "labels", **keys, second_expert="second").statement == (
        "The automated labels fall further behind a second expert for age old than for young, by "
        "1.000 mm HD95 (second expert minus automated: −4.000 against −3.000)"
    )
