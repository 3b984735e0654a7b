from __future__ import annotations

import json

import numpy as np
import pytest

from pytest_biasruler.audit.judging import judge_declared, judge_one
from pytest_biasruler.checks.finding import Status, Verdict
from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems

MODELS = ("ann", "bob", "cat")
AHEAD = np.array([0.3, 0.0, 0.0])


def ask(evidence, **keys):
    (finding,) = judge_one(evidence, "ranking", **keys)
    json.dumps(finding.details, allow_nan=False)
    return finding


def columns(automated, expert, models=MODELS):
    """Return scores by (model, reference) from two matrices of cases x models."""
    return {
        (model, reference): np.asarray(matrix)[:, m]
        for m, model in enumerate(models)
        for reference, matrix in (("automated", automated), ("expert", expert))
    }


@pytest.fixture
def turned():
    """Return matrices of 60 cases: cat is first by the automated reference, last by the expert."""
    rng = np.random.default_rng(0)
    case = rng.normal(0.7, 0.05, (60, 1))
    noise = rng.normal(0, 0.02, (2, 60, 3))
    return case + np.array([0.02, 0.00, 0.08]) + noise[0], case + np.array(
        [0.05, 0.04, -0.04]
    ) + noise[1]


@pytest.fixture
def ages():
    return ["old"] * 30 + ["young"] * 30


def test_a_model_that_only_the_automated_reference_likes_fails(make_evidence, turned, ages):
    automated, expert = turned
    finding = ask(make_evidence(columns(automated, expert), ages, models=MODELS))
    assert finding.verdict == Verdict.FAIL
    cost = expert[:, 0].mean() - expert[:, 2].mean()
    assert finding.estimate.value == pytest.approx(cost)
    assert finding.statement == (
        "The automated reference puts cat first; by the experts it is last and choosing it costs "
        f"{cost:.3f} Dice"
    )
    assert finding.p_fail < 0.001
    assert finding.estimate.low > 0.05
    assert finding.estimate.pair is None
    (ranking,) = finding.details["rankings"]
    assert ranking["order"] == {
        "automated": ["cat", "ann", "bob"],
        "expert": ["ann", "bob", "cat"],
    }
    assert ranking["means"]["expert"]["cat"] == pytest.approx(expert[:, 2].mean())
    assert [(f["better"], f["confirmed"]) for f in ranking["flips"]] == [("cat", True)] * 2
    (group,) = finding.groups
    assert (group.name, group.n_cases, group.status) == ("all", 60, Status.JUDGED)
    assert group.mean == pytest.approx(expert[:, 2].mean())


def test_a_fail_names_a_subgroup_that_is_surely_wrong_not_the_one_with_most_regret(make_evidence):
    rng, ages = np.random.default_rng(3), np.array(["old"] * 300 + ["young"] * 20)
    is_old = ages == "old"
    best = rng.uniform(0.6, 0.9, 320)
    behind = np.where(is_old, 0.04, 0.01) + rng.normal(0, 0.02, 320)
    behind[is_old.sum() :][:2] = 0.55  # two misses: a mean of about 0.06, far from sure
    expert = np.column_stack([best - behind, best])
    automated = np.column_stack([best + 0.05, best])
    names = ("wide", "well")
    evidence = make_evidence(columns(automated, expert, names), ages.tolist(), models=names)
    finding = ask(evidence, by="age")
    old, young = finding.details["rankings"]
    assert (old["regret"]["overturned"], young["regret"]["overturned"]) == (True, False)
    assert finding.estimate.value == young["regret"]["value"] > old["regret"]["value"]
    assert (finding.verdict, finding.details["subgroup"]) == (Verdict.FAIL, "old")
    assert finding.statement == (
        "In age old the automated reference puts wide first; by the experts it is last and "
        f"choosing it costs {old['regret']['value']:.3f} Dice (the largest regret, "
        f"{young['regret']['value']:.3f} in young, is not confirmed)"
    )


def test_the_same_winner_passes_only_if_it_is_surely_the_best(make_evidence, turned, ages):
    _, expert = turned
    sure = expert + AHEAD / 3
    finding = ask(make_evidence(columns(sure * 0.9, sure), ages, models=MODELS))
    assert finding.verdict == Verdict.PASS
    assert (finding.estimate.value, finding.estimate.high) == (0, 0)
    assert finding.statement == (
        "The model that the automated reference puts first, ann, is also first by the experts"
    )
    close = np.random.default_rng(1).normal(0.7, 0.1, (60, 3))
    undecided = ask(make_evidence(columns(close, close), ages, models=MODELS))
    assert undecided.estimate.value == 0
    assert (undecided.verdict, undecided.reason) == (Verdict.INCONCLUSIVE, "underpowered")
    assert undecided.details["needed"]["all"] > 0


def test_a_confirmed_flip_whose_cost_is_surely_within_the_limit_passes(
    make_evidence, turned, ages
):
    automated, expert = turned
    evidence = make_evidence(columns(automated, expert), ages, models=MODELS)
    loose = ask(evidence, limit=0.2)
    assert loose.details["rankings"][0]["regret"]["overturned"] is True
    assert loose.verdict == Verdict.PASS
    verdicts = [ask(evidence, limit=limit).verdict for limit in (0.001, 0.05, 0.15, 0.3)]
    assert verdicts == sorted(verdicts), "a higher limit never turns PASS into FAIL"


def test_a_distance_is_better_where_it_is_smaller(make_evidence, turned, ages):
    automated, expert = (10 - 10 * matrix for matrix in turned)
    finding = ask(
        make_evidence(columns(automated, expert), ages, models=MODELS, metric="hd95_mm"),
        metric="hd95_mm",
        limit=0.1,
    )
    assert finding.verdict == Verdict.FAIL
    assert finding.details["rankings"][0]["order"]["automated"][0] == "cat"
    assert finding.details["rankings"][0]["means"]["expert"]["cat"] == pytest.approx(
        expert[:, 2].mean()
    )
    assert finding.statement.endswith(f"costs {finding.estimate.value:.3f} mm of HD95")


@pytest.fixture
def turned_for_the_young(make_evidence, turned, ages):
    automated, expert = (matrix.copy() for matrix in turned)
    automated[:30] = expert[:30] = automated[:30] * [1, 1, 0.5]
    return make_evidence(columns(automated, expert), ages, models=MODELS)


def test_with_subgroups_the_worst_one_is_named(turned_for_the_young):
    finding = ask(turned_for_the_young, by="age")
    assert finding.verdict == Verdict.FAIL
    assert finding.details["subgroup"] == "young"
    assert finding.statement.startswith("In age young the automated reference puts cat first;")
    old, young = finding.details["rankings"]
    assert (old["subgroup"], young["subgroup"]) == ("old", "young")
    assert old["regret"]["value"] == 0
    assert old["flips"] == []
    assert finding.estimate.value == young["regret"]["value"]
    assert finding.estimate.high == max(old["regret"]["high"], young["regret"]["high"])
    assert finding.details["overall"]["n_cases"] == 60


def test_a_pass_needs_every_judged_subgroup(turned_for_the_young):
    young = ask(turned_for_the_young, by="age").details["rankings"][1]["regret"]["high"]
    assert ask(turned_for_the_young, by="age", limit=young * 1.001).verdict == Verdict.PASS
    at_the_bound = ask(turned_for_the_young, by="age", limit=young)
    assert at_the_bound.verdict == Verdict.FAIL


def test_the_order_by_gap_is_described_under_each_reference(turned_for_the_young):
    by_gap = ask(turned_for_the_young, by="age").details["by_gap"]
    for side in ("automated", "expert"):
        gaps = by_gap["gaps"][side]
        assert by_gap["order"][side] == sorted(gaps, key=gaps.get)
        assert all(gap >= 0 for gap in gaps.values())
    assert ask(turned_for_the_young).details["by_gap"] is None


def test_small_subgroups_are_told_and_not_judged(make_evidence, turned):
    automated, expert = turned
    sure = [matrix + AHEAD for matrix in (automated, expert)]
    cut = ["old"] * 50 + ["young"] * 10
    finding = ask(make_evidence(columns(*sure), cut, models=MODELS), by="age")
    assert [ranking["subgroup"] for ranking in finding.details["rankings"]] == ["old"]
    assert finding.verdict == Verdict.PASS
    assert finding.statement.endswith("; 1 of 2 subgroups are too small to judge: young")


def test_too_few_patients_judge_nothing(make_evidence, turned):
    automated, expert = (matrix[:12] for matrix in turned)
    evidence = make_evidence(columns(automated, expert), ["old"] * 12, models=MODELS)
    alone = ask(evidence)
    assert (alone.verdict, alone.reason) == (Verdict.INCONCLUSIVE, "thin evidence")
    assert alone.estimate is None
    assert alone.statement == "The models cannot be ranked"
    within = ask(evidence, by="age")
    assert (within.verdict, within.reason) == (Verdict.INCONCLUSIVE, "too few subgroups")


def test_no_complete_case_is_no_pair(make_evidence, turned, ages):
    automated, expert = turned
    even = np.arange(60)[:, None] % 2 == 0
    evidence = make_evidence(
        columns(np.where(even, automated, np.nan), np.where(even, np.nan, expert)),
        ages,
        models=MODELS,
    )
    finding = ask(evidence)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "no pairs")


def test_incomplete_cases_are_counted_and_withhold_a_pass(make_evidence, turned, ages):
    automated, expert = (matrix + AHEAD for matrix in turned)
    automated[:3, 1] = np.nan
    finding = ask(make_evidence(columns(automated, expert), ages, models=MODELS), by="age")
    assert finding.details["counts"]["undefined"] == {"old": 3, "young": 0}
    assert finding.details["incomplete"]["bob"] == {"automated": 3, "expert": 0}
    assert finding.estimate.high == 0
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "missing values")
    automated[1:3, 1] = 0.7
    one_lost = ask(make_evidence(columns(automated, expert), ages, models=MODELS), by="age")
    assert one_lost.verdict == Verdict.PASS


def test_a_missing_prediction_counts_with_its_worst_score(make_evidence, turned, ages):
    automated, expert = (matrix + AHEAD for matrix in turned)
    automated[:30, 0] = expert[:30, 0] = 0.0
    status = ["worst"] * 30 + ["scored"] * 30
    finding = ask(make_evidence(columns(automated, expert), ages, models=MODELS, status=status))
    (ranking,) = finding.details["rankings"]
    assert ranking["n_cases"] == 60
    assert ranking["order"]["expert"][0] == "bob"


def test_one_wrongly_paired_model_withholds_a_pass(make_evidence, turned, ages):
    automated, expert = (matrix + AHEAD for matrix in turned)
    evidence = make_evidence(
        columns(automated, expert),
        ages,
        models=MODELS,
        wrong_pairing=frozenset({("bob", "automated", "")}),
    )
    finding = ask(evidence)
    assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, "wrong pairing")


def test_chosen_models_are_ranked_and_no_others(make_evidence, turned, ages):
    evidence = make_evidence(columns(*turned), ages, models=MODELS)
    finding = ask(evidence, models=["ann", "bob"])
    assert finding.details["models"] == ["ann", "bob"]
    assert finding.details["rankings"][0]["order"]["expert"] == ["ann", "bob"]
    with pytest.raises(BiasRulerProblems, match="models names 1; expected at least 2"):
        ask(evidence, models=["ann"])


def test_a_model_without_scores_is_refused(make_evidence, turned, ages):
    scores = columns(*turned)
    del scores["bob", "automated"]
    with pytest.raises(BiasRulerError, match="no case has a score of bob against automated"):
        ask(make_evidence(scores, ages, models=MODELS))


def test_equal_models_are_no_finding(make_evidence, ages):
    same = np.tile(np.linspace(0.5, 0.9, 60)[:, None], (1, 3))
    finding = ask(make_evidence(columns(same, same), ages, models=MODELS))
    assert finding.verdict == Verdict.PASS
    assert finding.details["rankings"][0]["tau_b"] is None
    assert finding.p_fail == 1


def test_copies_of_a_patient_add_no_evidence(make_evidence, turned, ages):
    automated, expert = turned
    once = ask(make_evidence(columns(automated, expert), ages, models=MODELS))
    copied = columns(np.tile(automated, (4, 1)), np.tile(expert, (4, 1)))
    patients = [f"p{number}" for number in range(60)] * 4
    four = ask(make_evidence(copied, ages * 4, models=MODELS, patients=patients))
    assert four.estimate.high == pytest.approx(once.estimate.high, abs=1e-12)
    assert four.p_fail == pytest.approx(once.p_fail, rel=1e-6)


def test_a_fail_must_stand_among_all_checks_of_a_file(make_evidence, turned, ages):
    automated, expert = turned
    expert = expert - expert.mean(axis=0) + np.array([0.71, 0.69, 0.69])  # cat costs 0.020
    checks = [("ranking", {}), *(("ranking", {"models": ["ann", "bob"]}) for _ in range(9))]
    evidence = make_evidence(columns(automated, expert), ages, models=MODELS)
    alone = ask(evidence)
    assert alone.verdict == Verdict.FAIL
    assert 0.005 < alone.p_fail <= 0.05
    many = make_evidence(columns(automated, expert), ages, models=MODELS, checks=checks)
    first = judge_declared(many)[0].unwrap()
    assert (first.verdict, first.reason) == (Verdict.INCONCLUSIVE, "multiplicity")
    assert first.p_fail == alone.p_fail


def test_names_of_subgroups_do_not_decide_what_could_be_detected(make_evidence, turned):
    _, expert = turned
    sure = expert + AHEAD
    found = [
        ask(make_evidence(columns(sure, sure), ages, models=MODELS), by="age")
        for ages in (["a"] * 25 + ["b"] * 35, ["b"] * 25 + ["a"] * 35)
    ]
    assert [f.estimate.high for f in found] == [0, 0]
    assert found[0].min_detectable == found[1].min_detectable
