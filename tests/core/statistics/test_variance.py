from __future__ import annotations

import numpy as np
import pytest

from pytest_biasruler.statistics.variance import estimate_variance_ratio

RNG = np.random.default_rng(5)
EXPERT = np.clip(RNG.normal(0.8, 0.1, 120), 0, 1)
GROUPS = ["a"] * 60 + ["b"] * 60


def test_a_reference_that_levels_scores_is_called_a_collapse():
    noise = RNG.normal(0, 0.01, 120)
    ratio = estimate_variance_ratio(0.9 + 0.3 * (EXPERT - 0.8) + noise, EXPERT, subgroups=GROUPS)
    assert ratio.low < ratio.value < ratio.high < 0.5**0.5
    assert ratio.is_collapse


def test_a_worse_mean_is_no_collapse_and_equal_spread_neither():
    assert not estimate_variance_ratio(
        0.7 + 0.3 * (EXPERT - 0.8), EXPERT, subgroups=GROUPS
    ).is_collapse
    same = estimate_variance_ratio(EXPERT, EXPERT, subgroups=GROUPS)
    assert (same.value, same.low, same.high, same.is_collapse) == (1.0, 1.0, 1.0, False)


def test_half_the_variance_not_half_the_spread_is_the_bound_of_a_collapse():
    def collapses(factor):
        automated = 0.95 + factor * (EXPERT - EXPERT.mean())
        return estimate_variance_ratio(automated, EXPERT, subgroups=GROUPS).is_collapse

    assert collapses(0.70)
    assert not collapses(0.71)


def test_differences_between_subgroups_are_no_spread():
    shifted = EXPERT + np.repeat([0.0, 5.0], 60)
    assert estimate_variance_ratio(shifted, EXPERT, subgroups=GROUPS).value == pytest.approx(1.0)


def test_swapping_the_columns_inverts_the_ratio_and_its_bounds():
    other = EXPERT**3
    there = estimate_variance_ratio(other, EXPERT, subgroups=GROUPS)
    back = estimate_variance_ratio(EXPERT, other, subgroups=GROUPS)
    assert (1 / back.value, 1 / back.high, 1 / back.low) == pytest.approx(
        (there.value, there.low, there.high)
    )


def test_bounds_equal_the_formula_worked_by_hand():
    y, e = np.array([0.1, 0.4, 0.2, 0.5]), np.array([0.0, 0.9, 0.3, 0.4])
    u, w = y - y.mean(), e - e.mean()
    q = 0.5 * (u**2 / np.mean(u**2) - w**2 / np.mean(w**2))
    reach = 2.353363 * np.std(q, ddof=1) / 2
    ratio = estimate_variance_ratio(y, e, subgroups=["a"] * 4)
    centre = 0.5 * np.log(np.mean(u**2) / np.mean(w**2))
    assert np.log([ratio.low, ratio.value, ratio.high]) == pytest.approx(
        [centre - reach, centre, centre + reach], abs=1e-6
    )


def test_nine_in_ten_two_sided_intervals_hold():
    rng, held = np.random.default_rng(11), 0
    for _ in range(200):
        common = rng.normal(size=80)
        e = common + 0.5 * rng.normal(size=80)
        a = 0.5 * (common + 0.5 * rng.normal(size=80))
        ratio = estimate_variance_ratio(a, e, subgroups=["a"] * 40 + ["b"] * 40)
        held += ratio.low <= 0.5 <= ratio.high
    assert held >= 165, f"{held} of 200, 180 expected"


def test_copies_inside_a_patient_add_no_evidence():
    once = estimate_variance_ratio(EXPERT**2, EXPERT, subgroups=GROUPS, patients=range(120))
    often = estimate_variance_ratio(
        np.tile(EXPERT**2, 3), np.tile(EXPERT, 3), subgroups=GROUPS * 3, patients=[*range(120)] * 3
    )
    assert (often.low, often.high) == pytest.approx((once.low, once.high))


@pytest.mark.filterwarnings("error")
def test_what_does_not_vary_has_no_bounds_and_never_collapses():
    flat = np.full(120, 0.5)
    level = estimate_variance_ratio(flat, EXPERT, subgroups=GROUPS)
    assert level.value == 0
    assert np.isnan(level.high)
    assert not level.is_collapse
    for automated, expert in ((EXPERT, flat), (np.full(120, np.nan), EXPERT)):
        ratio = estimate_variance_ratio(automated, expert, subgroups=GROUPS)
        assert np.isnan([ratio.value, ratio.low, ratio.high]).all()
    alone = estimate_variance_ratio(
        EXPERT[:2], EXPERT[:2] ** 2, subgroups=["a", "a"], patients=["p", "p"]
    )
    assert (alone.low, alone.high) == (0.0, np.inf)


def test_columns_of_different_length_are_refused():
    with pytest.raises(ValueError, match="shape"):
        estimate_variance_ratio([1.0], [1.0, 2.0], subgroups=["a", "b"])
