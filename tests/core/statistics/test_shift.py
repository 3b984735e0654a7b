from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import mannwhitneyu

from pytest_biasruler.statistics.shift import Delta, estimate_delta, is_beyond

LIMIT = 0.147
laws = settings(deadline=None, derandomize=True, max_examples=60)
numbers = st.lists(st.integers(-5, 5) | st.just(inf) | st.just(-inf), min_size=2, max_size=12)


def test_the_worked_example_is_reproduced():
    delta = estimate_delta([1, 2, 3, inf], [0, 1, 1, 2])
    assert delta.value == 0.6875
    assert delta.se == pytest.approx(0.284129, abs=1e-6)
    assert delta.bounds(0.975) == pytest.approx((-0.481226, 0.976264), abs=1e-6)


@laws
@given(numbers, numbers)
def test_delta_is_the_mean_sign_of_all_pairs(a, b):
    signs = [(x > y) - (x < y) for x in a for y in b]
    assert estimate_delta(a, b).value == pytest.approx(np.mean(signs), abs=1e-15)


@laws
@given(numbers, numbers, st.sampled_from([0.9, 0.95, 0.999]))
def test_bounds_hold_the_value_and_swapping_the_sides_mirrors_them(a, b, level):
    delta, mirrored = estimate_delta(a, b), estimate_delta(b, a)
    low, high = delta.bounds(level)
    assert -1 <= low <= delta.value <= high <= 1
    assert mirrored.bounds(level) == pytest.approx((-high, -low), abs=1e-12)
    assert mirrored.tail(LIMIT, side=-1) == pytest.approx(delta.tail(LIMIT), abs=1e-12)


@laws
@given(numbers, numbers)
def test_only_order_counts(a, b):
    cubed = [[x**3 for x in side] for side in (a, b)]
    assert estimate_delta(*cubed) == estimate_delta(a, b)
    assert estimate_delta(a[::-1], sorted(b)) == estimate_delta(a, b)


@laws
@given(numbers, numbers, st.floats(0.01, 0.9), st.sampled_from([0.9, 0.95, 0.995]))
def test_the_tail_is_the_error_at_which_the_near_bound_meets_the_limit(a, b, limit, level):
    delta = estimate_delta(a, b)
    low, high = delta.bounds(level)
    error = 1 - level
    for side, near in ((1, low), (-1, -high)):
        if abs(near - limit) > 1e-9:
            p = delta.tail(limit, side=side)
            assert (near > limit) == (p < error), "a bound and its p must agree"


def test_delta_is_what_the_rank_test_of_scipy_counts():
    rng = np.random.default_rng(3)
    a, b = rng.integers(0, 30, 40), rng.integers(3, 30, 25)
    counted = 2 * mannwhitneyu(a, b).statistic / (len(a) * len(b)) - 1
    assert estimate_delta(a, b).value == pytest.approx(counted, abs=1e-12)


def test_sides_that_never_mix_are_bounded_by_the_smaller_one():
    delta = estimate_delta(range(10, 30), range(5))
    share = 1 - 0.05**0.2
    assert (delta.value, delta.se) == (1.0, 0.0)
    assert delta.bounds(0.95) == pytest.approx((1 - 2 * share, 1.0))
    assert estimate_delta(range(5), range(10, 30)).bounds(0.95) == pytest.approx(
        (-1.0, 2 * share - 1)
    )
    assert delta.tail(1 - 2 * share) == pytest.approx(0.05)


def test_numbers_that_are_all_the_same_say_more_the_more_there_are():
    few, many = estimate_delta([1.0] * 10, [1.0] * 300), estimate_delta([1.0] * 20, [1.0] * 300)
    assert few.bounds(0.95) == pytest.approx((-(1 - 0.05**0.1), 1 - 0.05**0.1))
    assert few.bounds(0.95)[1] > LIMIT > many.bounds(0.95)[1]
    assert many.tail(LIMIT) == 1.0


def test_equal_thirds_are_not_taken_for_a_spread():
    """Means of equal thirds differ in the last digit; counts of pairs do not."""
    delta = estimate_delta([5.0] * 7, [1.0, 1.0, 1.0])
    assert (delta.value, delta.se) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("values", "told"),
    [([1.0], "at least 2"), ([], "at least 2"), ([1.0, nan], "NaN"), ([[1.0], [2.0]], "at least")],
)
def test_what_has_no_order_is_refused(values, told):
    with pytest.raises(ValueError, match=told):
        estimate_delta(values, [1.0, 2.0])


def test_more_patients_are_asked_for_the_closer_the_value_is_to_the_limit():
    def delta(value):
        return Delta(value=value, variance_first=0.2, variance_second=0.2, n_first=30, n_second=60)

    near, far = (delta(v).more_patients(LIMIT, level=0.95) for v in (0.13, 0.0))
    assert near[0] > far[0] > 0
    assert far[1] == pytest.approx(2 * far[0], abs=2)
    assert delta(LIMIT).more_patients(LIMIT, level=0.95) == (inf, inf)


def test_what_all_pairs_say_is_settled_by_a_known_number_of_patients():
    few = estimate_delta([1.0] * 10, [1.0] * 300)
    first, second = few.more_patients(LIMIT, level=0.95)
    enough = estimate_delta([1.0] * (10 + first), [1.0] * 300)
    short = estimate_delta([1.0] * (9 + first), [1.0] * 300)
    assert second == 0
    assert short.bounds(0.95)[1] > LIMIT > enough.bounds(0.95)[1]


def test_a_shift_can_be_found_at_the_size_that_is_called_detectable():
    delta = estimate_delta(np.arange(100.0) + 15.5, np.arange(100.0))
    excess = delta.detectable(LIMIT, level=0.95)
    assert 0.1 < excess < 0.3
    assert np.isnan(estimate_delta([1.0, 1.0], [1.0, 1.0]).detectable(LIMIT, level=0.95))


def test_a_limit_of_one_is_never_exceeded():
    assert estimate_delta([1, 2, 3, 5], [0, 2, 2, 4]).tail(1.0) == 1.0


def test_an_interval_is_beyond_a_limit_only_if_all_of_it_is():
    assert is_beyond((0.15, 0.9), LIMIT)
    assert is_beyond((-0.9, -0.15), LIMIT)
    assert not is_beyond((-0.9, 0.9), LIMIT)
    assert not is_beyond((0.147, 0.9), LIMIT)
    assert not is_beyond((nan, nan), LIMIT)


@pytest.mark.parametrize("sizes", [(40, 100), (25, 25)])
@pytest.mark.parametrize("truth", [LIMIT, 0.5])
def test_bounds_of_delta_err_no_more_than_they_say(sizes, truth):
    apart = np.sqrt(2) * ndtri((1 + truth) / 2)
    rng, n_worlds, too_low, too_high = np.random.default_rng(17), 1000, 0, 0
    for _ in range(n_worlds):
        low, high = estimate_delta(
            rng.normal(apart, 1, sizes[0]), rng.normal(0, 1, sizes[1])
        ).bounds(0.95)
        too_high += low > truth
        too_low += high < truth
    limit = 0.07 + 3 * np.sqrt(0.07 * 0.93 / n_worlds)
    assert too_high / n_worlds <= limit, f"lower bounds err in {too_high / n_worlds:.3f}"
    assert too_low / n_worlds <= limit, f"upper bounds err in {too_low / n_worlds:.3f}"
