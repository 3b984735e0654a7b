"""A slope along a number: by hand, its laws, and that no design makes it certain."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.statistics.leverage import freedom_of, largest_share
from pytest_biasruler.statistics.robust_slope import fit_slope
from pytest_biasruler.statistics.trend import estimate_trend
from pytest_biasruler.statistics.verdict import judge_bounds

law = settings(deadline=None, derandomize=True, max_examples=60)
seeds = st.integers(0, 10_000)

AGES = np.array([30.0, 40.0, 50.0, 60.0, 70.0, 80.0])
SCORES = np.array([0.90, 0.88, 0.85, 0.86, 0.80, 0.79])


def follow(scores, ages, *, patients=None, step=10.0, limit=0.05, support=None, alpha=0.05):
    scores = np.asarray(scores, dtype=float)
    return estimate_trend(
        scores,
        positions=ages,
        patients=np.arange(len(scores)) if patients is None else patients,
        step=step,
        limit=limit,
        support=support or (float(scores.min()), float(scores.max())),
        alpha=alpha,
    )


def drawn(seed, *, n_patients=50, slope=-0.03):
    """Return scores, ages and patients with one to four cases each."""
    rng = np.random.default_rng(seed)
    patients = np.repeat(np.arange(n_patients), rng.integers(1, 5, n_patients))
    ages = rng.integers(20, 90, n_patients)[patients].astype(float)
    own = 0.05 * rng.standard_normal(n_patients)[patients]
    scores = 0.9 + slope * (ages - 20) / 10 + own + 0.03 * rng.standard_normal(len(ages))
    return scores, ages, patients


def test_the_slope_of_six_points_is_that_of_a_hand():
    # Ages about their mean in decades: -2.5, -1.5, ..., 2.5; their squares sum to 17.5. Their
    # products with the scores: -2.25 - 1.32 - 0.425 + 0.43 + 1.2 + 1.975 = -0.39.
    trend = follow(SCORES, AGES)
    assert trend.slope == pytest.approx(-0.39 / 17.5)
    assert trend.value == pytest.approx(0.39 / 17.5)
    assert trend.center == pytest.approx((55.0, 5.08 / 6))
    # Residuals squared, each with its squared decade, times C / (C - 2) = 1.5.
    centred = np.arange(6) - 2.5
    residuals = SCORES - 5.08 / 6 + 0.39 / 17.5 * centred
    assert trend.se == pytest.approx(np.sqrt(1.5 * np.sum((centred * residuals) ** 2)) / 17.5)
    assert trend.leverage == pytest.approx(2.5**2 / 17.5)


def test_the_error_is_that_of_heteroskedastic_least_squares():
    # HC1 of one case each, from the sandwich written out.
    design = np.column_stack((np.ones(6), AGES / 10))
    bread = np.linalg.inv(design.T @ design)
    residuals = SCORES - design @ (bread @ design.T @ SCORES)
    sandwich = 6 / 4 * bread @ (design.T * residuals**2) @ design @ bread
    assert follow(SCORES, AGES).se == pytest.approx(np.sqrt(sandwich[1, 1]))


@given(seeds)
@law
def test_degrees_of_freedom_are_those_of_the_written_out_matrices(seed):
    _, ages, owners = drawn(seed, n_patients=8)
    if np.ptp(ages) == 0:
        return
    n = len(ages)
    design = np.column_stack((np.ones(n), ages - ages.mean()))
    bread = np.linalg.inv(design.T @ design)
    residual = np.eye(n) - design @ bread @ design.T
    own = [owners == patient for patient in range(8)]
    pulls = np.column_stack([residual[:, one] @ (design[one] @ bread[:, 1]) for one in own])
    found = []
    for errors in (np.eye(n), (owners[:, None] == owners[None]).astype(float)):
        square = pulls.T @ errors @ pulls
        found.append(np.trace(square) ** 2 / np.trace(square @ square))
    assert freedom_of(ages, owners) == pytest.approx(min(found), rel=1e-6)


@given(seeds, st.floats(-1000, 1000), st.floats(0.01, 100))
@law
def test_moving_or_scaling_the_ages_with_the_step_changes_nothing(seed, shift, factor):
    scores, ages, patients = drawn(seed)
    plain = follow(scores, ages, patients=patients)
    moved = follow(scores, ages + shift, patients=patients)
    scaled = follow(scores, ages * factor, patients=patients, step=10 * factor)
    for other in (moved, scaled):
        assert (other.slope, other.low, other.high, other.df) == pytest.approx(
            (plain.slope, plain.low, plain.high, plain.df), rel=1e-6, abs=1e-9
        )


@given(seeds)
@law
def test_turning_the_scores_around_turns_the_slope_and_keeps_its_size(seed):
    scores, ages, patients = drawn(seed)
    up, down = follow(scores, ages, patients=patients), follow(-scores, ages, patients=patients)
    assert up.slope == pytest.approx(-down.slope, abs=1e-12)
    assert (up.low, up.high) == pytest.approx((down.low, down.high), abs=1e-12)
    assert up.p_fail == pytest.approx(down.p_fail, abs=1e-12)


@given(seeds, st.integers(2, 5))
@law
def test_copies_of_cases_inside_their_patients_narrow_nothing(seed, n_copies):
    scores, ages, patients = drawn(seed)
    once = follow(scores, ages, patients=patients)
    often = follow(*(np.repeat(one, n_copies) for one in (scores, ages)),
                   patients=np.repeat(patients, n_copies))  # fmt: skip
    assert (often.low, often.high, often.se) == pytest.approx((once.low, once.high, once.se))


def test_cases_of_one_patient_are_not_independent():
    scores, ages, patients = drawn(1, n_patients=30)
    clustered = follow(scores, ages, patients=patients)
    alone = follow(scores, ages)
    assert clustered.se > 1.2 * alone.se
    assert clustered.df < alone.df


@given(seeds, st.lists(st.floats(0, 0.2), min_size=2, max_size=6))
@law
def test_a_wider_limit_never_turns_a_pass_into_a_fail(seed, limits):
    scores, ages, patients = drawn(seed)
    order = {"FAIL": 0, "INCONCLUSIVE": 1, "PASS": 2}
    verdicts = []
    for limit in sorted(limits):
        trend = follow(scores, ages, patients=patients, limit=limit)
        verdicts.append(order[judge_bounds(trend.low, trend.high, limit)])
    assert verdicts == sorted(verdicts)


@given(seeds)
@law
def test_the_bounds_hold_the_estimate_and_p_agrees_with_them(seed):
    scores, ages, patients = drawn(seed)
    trend = follow(scores, ages, patients=patients, limit=0.02)
    assert trend.low <= trend.value <= trend.high
    assert trend.bounds[0] <= trend.slope <= trend.bounds[1]
    assert (trend.low > 0.02) == (trend.p_fail < 0.05)


def test_a_perfect_line_is_no_certainty():
    trend = follow(0.9 - 0.01 * (AGES - 30) / 10, AGES, limit=0.005)
    assert trend.se == pytest.approx(0, abs=1e-12)
    assert trend.low < trend.value < trend.high
    assert judge_bounds(trend.low, trend.high, 0.0100001) == "INCONCLUSIVE"


def test_equal_values_have_a_slope_of_exactly_nothing():
    trend = follow(np.full(40, 0.1), np.arange(40.0))
    assert (trend.slope, trend.low, trend.high, trend.se) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("scores", "ages"),
    [([0.9, 0.8, 0.7], [50, 50, 50]), ([0.9, 0.8], [40, 50]), ([0.9], [40])],
    ids=["one age", "two patients", "one patient"],
)
def test_without_three_patients_and_two_ages_nothing_is_known(scores, ages):
    trend = follow(scores, ages)
    assert isnan(trend.slope)
    assert judge_bounds(trend.low, trend.high, 10.0) == "INCONCLUSIVE"
    assert trend.p_fail == 1


def test_one_far_patient_has_nearly_all_the_leverage():
    ages = np.r_[np.arange(50, 70), 500.0]
    assert largest_share(ages, np.arange(21)) > 0.94
    assert largest_share(np.arange(40.0), np.arange(40)) < 0.08


def test_a_phantom_at_its_place_on_the_line_moves_nothing():
    owners = np.arange(6)
    slope, se = fit_slope(AGES, SCORES, owners=owners)
    mean = AGES.mean(), SCORES.mean()
    assert fit_slope(AGES, SCORES, owners=owners, phantom=mean)[0] == pytest.approx(slope)
    pulled = fit_slope(AGES, SCORES, owners=owners, phantom=(80.0, 0.0))
    assert pulled[0] < slope
    assert pulled[1] > se


@pytest.mark.parametrize(
    ("wrong", "message"), [({"step": 0}, "step must be above 0"), ({"ages": [1.0]}, "positions")]
)
def test_what_is_no_slope_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        follow(SCORES, wrong.pop("ages", AGES), **wrong)
