from __future__ import annotations

import time
from dataclasses import asdict
from math import inf, isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pytest_biasruler.statistics.guard import estimate_mean
from pytest_biasruler.statistics.paired import cut_matrices
from pytest_biasruler.statistics.ranking import compare_rankings, rank_correlation

MODELS = ("a", "b", "c")


def rank(automated, expert, models=MODELS, **keys):
    (ranking,) = compare_rankings(automated, expert, models=models, **keys)
    return ranking


@pytest.fixture
def turned():
    """Return scores of 30 cases: c is first by the automated reference and last by the expert."""
    rng = np.random.default_rng(0)
    case = rng.normal(0.8, 0.05, (30, 1))
    noise = rng.normal(0, 0.01, (2, 30, 3))
    return case + [0.02, 0.01, 0.06] + noise[0], case + [0.03, 0.02, -0.06] + noise[1]


def test_the_worked_examples_of_tau_b():
    assert rank_correlation([1, 2, 3, 4], [1, 3, 2, 4]) == pytest.approx(0.666667, abs=1e-6)
    assert rank_correlation([1, 1, 2], [1, 2, 3]) == pytest.approx(0.816497, abs=1e-6)


columns = st.integers(1, 12).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 4), min_size=n, max_size=n)] * 2)
)


@given(columns)
@settings(deadline=None, derandomize=True, max_examples=100)
def test_tau_b_is_that_of_scipy_with_any_ties(pair):
    with np.errstate(all="ignore"):
        expected = stats.kendalltau(*pair).statistic if len(pair[0]) > 1 else nan
    got = rank_correlation(*pair)
    assert got == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_tau_b_of_a_constant_column_is_undefined():
    assert isnan(rank_correlation([1, 1, 1], [1, 2, 3]))


@pytest.mark.parametrize(("x", "y"), [([1, 2], [1]), ([1, nan], [1, 2]), ([[1]], [[1]])])
def test_tau_b_refuses_what_cannot_be_ordered(x, y):
    with pytest.raises(ValueError, match="flat, of one length, without NaN"):
        rank_correlation(x, y)


def test_a_model_that_leads_by_the_wrong_ruler_costs_its_distance_to_the_best(turned):
    automated, expert = turned
    found = rank(automated, expert)
    assert found.order_automated == ("c", "a", "b")
    assert found.order_expert == ("a", "b", "c")
    assert found.tau_b == pytest.approx(-1 / 3)
    regret = found.regret
    assert (regret.winner, regret.rival) == ("c", "a")
    assert regret.value == pytest.approx(expert[:, 0].mean() - expert[:, 2].mean(), abs=1e-12)
    assert 0 < regret.low < regret.value < regret.high
    assert regret.is_overturned
    assert {(f.better, f.worse, f.is_confirmed) for f in found.flips} == {
        ("c", "a", True),
        ("c", "b", True),
    }


def test_a_flip_is_as_sure_as_the_less_sure_of_its_two_sides(turned):
    automated, expert = turned
    flip = next(f for f in rank(automated, expert).flips if f.worse == "a")
    widest = np.ptp([automated, expert])
    sides = [
        estimate_mean(apart, support=(-widest, widest), limit=0.0).p_fail
        for apart in (automated[:, 2] - automated[:, 0], expert[:, 0] - expert[:, 2])
    ]
    assert flip.p == pytest.approx(max(sides), rel=1e-6, abs=0)
    assert flip.gap_automated == pytest.approx((automated[:, 2] - automated[:, 0]).mean())
    assert flip.gap_expert == pytest.approx((expert[:, 0] - expert[:, 2]).mean())


def test_holm_counts_every_ordered_pair_of_every_subgroup():
    rng = np.random.default_rng(1)
    automated, expert = 0.02 * np.eye(2)[:, None, ::-1] + rng.normal(0.8, 0.05, (2, 40, 2))
    alone = rank(automated, expert, MODELS[:2]).flips[0]
    assert alone.p_holm == pytest.approx(2 * alone.p)
    twice = compare_rankings(
        np.tile(automated, (2, 1)),
        np.tile(expert, (2, 1)),
        models=MODELS[:2],
        subgroups=["x"] * 40 + ["y"] * 40,
        judged=("x", "y"),
    )
    assert [ranking.subgroup for ranking in twice] == ["x", "y"]
    assert twice[0].flips[0].p == pytest.approx(alone.p)
    assert twice[0].flips[0].p_holm == pytest.approx(4 * alone.p)
    assert twice[0].regret.high == pytest.approx(rank(automated, expert, MODELS[:2]).regret.high)


def test_equal_models_have_no_flip_and_no_regret():
    scores = np.tile(np.linspace(0.5, 0.9, 25)[:, None], (1, 3))
    found = rank(scores, scores * 0.9)
    assert found.flips == ()
    assert isnan(found.tau_b)
    assert (found.regret.value, found.regret.low, found.regret.high) == (0, 0, 0)
    assert not found.regret.is_overturned


def test_one_ruler_used_twice_never_turns_anything():
    scores = np.random.default_rng(2).beta(8, 2, (50, 3))
    found = rank(scores, scores)
    assert found.tau_b == pytest.approx(1)
    assert found.flips == ()
    assert (found.regret.value, found.regret.p_overturned) == (0, 1)


def test_a_tie_for_the_first_place_is_broken_against_the_automated_reference():
    automated = [[0.5, 0.5, 0.25]] * 3
    expert = [[0.75, 0.5, 0.25], [0.5, 0.5, 0.25], [0.75, 0.5, 0.5]]
    found = rank(automated, expert)
    assert found.order_automated == ("b", "a", "c")
    assert found.regret.winner == "b"
    assert found.regret.value == pytest.approx(0.5 / 3)


def test_differences_are_those_of_the_engine_with_patients_as_clusters():
    rng = np.random.default_rng(3)
    automated, expert = rng.normal(0.8, 0.1, (2, 60, 3))
    patients = rng.integers(0, 25, 60)
    regret = rank(automated, expert, patients=patients).regret
    rivals = [m for m in range(3) if MODELS[m] != regret.winner]
    best = MODELS.index(regret.winner)
    widest = np.ptp([automated, expert])
    known = {"patients": patients, "support": (-widest, widest)}
    engine = {MODELS[m]: estimate_mean(expert[:, m] - expert[:, best], **known) for m in rivals}
    assert regret.high == pytest.approx(max(0, *(e.high for e in engine.values())))
    shared = {
        m: estimate_mean(expert[:, m] - expert[:, best], **known, alpha=0.025).low for m in rivals
    }
    assert regret.low == pytest.approx(max(0, *shared.values()))
    of_rival = engine[regret.rival]
    assert regret.se == pytest.approx(of_rival.se)
    assert regret.df == of_rival.df == len(set(patients.tolist())) - 1
    assert regret.ci95 == pytest.approx(tuple(max(0, bound) for bound in of_rival.ci95))


def test_a_single_patient_proves_nothing():
    found = rank(np.eye(3), np.eye(3)[::-1], patients=["p"] * 3)
    assert found.n_patients == 1
    assert (found.regret.low, found.regret.high) == (0, inf)
    assert not found.regret.is_overturned


def test_incomplete_cases_are_left_out_of_both_references(turned):
    automated, expert = turned
    holed = automated.copy()
    holed[4, 1] = nan
    expert[7, 2] = inf
    kept = np.delete(np.arange(30), [4, 7])
    assert rank(holed, expert) == rank(automated[kept], expert[kept])
    assert rank(holed, expert).n_cases == 28


def test_a_subgroup_without_a_complete_case_is_passed_over():
    automated = np.array([[0.1, 0.2, 0.3], [nan, 0.2, 0.3]])
    found = compare_rankings(
        automated, automated, models=MODELS, subgroups=["x", "y"], judged=["y", "x", "z"]
    )
    assert [ranking.subgroup for ranking in found] == ["x"]
    nothing = compare_rankings(automated * nan, automated, models=MODELS)
    assert nothing == ()


@pytest.mark.parametrize(
    ("automated", "models", "keys", "message"),
    [
        (np.ones((2, 1)), ("a",), {}, "at least two"),
        (np.ones((2, 2)), ("a", "a"), {}, "different names"),
        (np.ones((2, 3)), ("a", "b"), {}, "2 columns"),
        (np.ones((3, 2)), ("a", "b"), {}, "one shape"),
        (np.ones((2, 2)), ("a", "b"), {"patients": ["p"]}, "patients must be"),
    ],
)
def test_wrong_matrices_are_refused(automated, models, keys, message):
    with pytest.raises(ValueError, match=message):
        compare_rankings(automated, np.ones((2, len(models))), models=models, **keys)


scores = st.integers(2, 12).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, 8), min_size=6, max_size=6), min_size=n, max_size=n)
)


@given(scores, st.randoms(use_true_random=False))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_row_order_and_copies_of_a_patient_change_nothing(rows, random):
    values = np.array(rows) / 8
    automated, expert = values[:, :3], values[:, 3:]
    patients = np.arange(len(values)) // 2
    base = rank(automated, expert, patients=patients)
    order = list(range(len(values)))
    random.shuffle(order)
    shuffled = rank(automated[order], expert[order], patients=patients[order])
    # To the last bit; since Python 3.13 a dataclass that holds NaN differs from itself.
    np.testing.assert_equal(asdict(shuffled), asdict(base))
    np.testing.assert_equal(
        asdict(rank(automated[order], expert[order])), asdict(rank(automated, expert))
    )
    copied = rank(
        np.tile(automated, (3, 1)), np.tile(expert, (3, 1)), patients=np.tile(patients, 3)
    )
    assert copied.regret.high == pytest.approx(base.regret.high, abs=1e-12)
    assert copied.regret.p_overturned == pytest.approx(base.regret.p_overturned, abs=1e-9)


@given(scores)
@settings(deadline=None, derandomize=True, max_examples=60)
def test_bounds_enclose_the_regret_and_renaming_models_changes_names_only(rows):
    values = np.array(rows) / 8
    automated, expert = values[:, :3], values[:, 3:]
    base = rank(automated, expert)
    regret = base.regret
    assert 0 <= regret.low <= regret.value <= regret.high
    turned = rank(automated[:, ::-1], expert[:, ::-1], models=MODELS[::-1])
    assert (turned.regret.value, turned.regret.low) == pytest.approx((regret.value, regret.low))
    assert turned.regret.high == pytest.approx(regret.high)
    assert turned.regret.p_overturned == pytest.approx(regret.p_overturned)
    assert turned.order_automated == base.order_automated
    assert {(f.better, f.worse) for f in turned.flips} == {(f.better, f.worse) for f in base.flips}


def test_constant_differences_leave_only_the_doubt_of_a_case_not_drawn_yet():
    expert = np.linspace(0.25, 0.75, 9)[:, None] + np.array([[0.125, 0.0]])
    automated = expert[:, ::-1]
    found = rank(automated, expert, ("a", "b"))
    assert (found.regret.value, found.regret.se, found.regret.ci95) == (0.125, 0, (0.125, 0.125))
    # Half a patient at -0.625 or 0.625, the range of all scores, beside nine at 0.125.
    shifted = estimate_mean([0.125] * 9, support=(-0.625, 0.625))
    bounds = (found.regret.low, found.regret.high)
    assert bounds == pytest.approx((max(shifted.low, 0), shifted.high))
    assert found.flips[0].p == pytest.approx(shifted.p_fail)
    assert 0.05 < shifted.p_fail < 0.15


def _miss(rng, *, missing, n_cases, share):
    """Return scores of models that are nearly equal, but that one of them misses cases.

    The automated reference favours the first of them by 0.2 and sees no miss otherwise.
    """
    expert = rng.beta(30, 4, (n_cases, 1)) * 0.9 + rng.normal(0, 0.005, (n_cases, 2))
    expert[:, 1] += 0.01
    expert[rng.random(n_cases) < share, missing] = 0
    return expert + np.array([0.2, 0.0]), expert


@pytest.mark.parametrize(("n_cases", "share"), [(20, 0.02), (20, 0.08), (40, 0.05)])
def test_misses_that_were_not_drawn_seldom_make_a_choice_look_harmless(n_cases, share):
    # Plain bounds called a true regret of 0.03 to 0.08 smaller than 0.02 in 14 to 67 %.
    rng = np.random.default_rng(4)
    harmless = 0
    for _ in range(300):
        matrices = _miss(rng, missing=0, n_cases=n_cases, share=share)
        regret = rank(*matrices, ("chosen", "other")).regret
        harmless += regret.winner == "chosen" and regret.high < 0.02
    assert harmless / 300 <= 0.07


@pytest.mark.parametrize(("n_cases", "share"), [(20, 0.02), (20, 0.08), (40, 0.05)])
def test_misses_that_were_not_drawn_seldom_overturn_the_right_choice(n_cases, share):
    # By plain p-values the winner, truly the best by the experts, was overturned in 13 to 67 %.
    rng = np.random.default_rng(5)
    overturned = 0
    for _ in range(300):
        matrices = _miss(rng, missing=1, n_cases=n_cases, share=share)
        overturned += rank(*matrices, ("chosen", "other")).regret.is_overturned
    assert overturned / 300 <= 0.07


def test_matrices_without_cases_hold_nothing():
    assert cut_matrices([np.empty((0, 2))]) == {}


FIVE = ("m1", "m2", "m3", "m4", "m5")


def test_sixty_rankings_of_five_models_are_quick():
    rng = np.random.default_rng(0)
    automated, expert = rng.beta(8, 2, (2, 1500, 5))
    start = time.process_time()
    for _ in range(60):
        rank(automated, expert, FIVE)
    assert time.process_time() - start < 5
