from __future__ import annotations

from itertools import product
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, t

from pytest_biasruler.statistics.guarded_shift import guard_delta
from pytest_biasruler.statistics.shift import estimate_delta, is_beyond

LIMIT = 0.147
laws = settings(deadline=None, derandomize=True, max_examples=60)
numbers = st.lists(st.integers(-5, 5) | st.just(inf) | st.just(-inf), min_size=2, max_size=12)
levels = st.sampled_from([0.9, 0.95, 0.995])


def test_one_phantom_is_worked_out_by_hand():
    # All of a are 1; one of four b is 2. Rows say -1/4 each, columns 0 0 0 -1: delta -1/4 and
    # variances 0 and 1/4. The phantom of a weighs 2, that of b 2 (1 - 1/4 / (15/16 / 3)) = 0.4.
    guarded = guard_delta([1, 1, 1], [1, 1, 1, 2])
    assert guarded.plain.value == -0.25
    assert (guarded.plain.variance_first, guarded.plain.variance_second) == (0, 0.25)
    in_a, in_b = guarded.for_high[1:]
    # In a at 2 it says 3/4: (3 (-1/4) + 2 (3/4)) / 5; columns are 2/5 2/5 2/5 -3/5.
    assert in_a.value == pytest.approx(0.15)
    assert in_a.n_first == 5
    assert in_a.variance_first == pytest.approx((3 * 0.4**2 + 2 * 0.6**2) / 4)
    assert in_a.variance_second == pytest.approx((3 * 0.25**2 + 0.75**2) / 3)
    # In b at 1 it says 0, as three others do: rows are -1 / 4.4.
    assert in_b.n_second == pytest.approx(4.4)
    assert in_b.value == pytest.approx(-1 / 4.4)
    squares = 3.4 * (1 / 4.4) ** 2 + (3.4 / 4.4) ** 2
    assert in_b.variance_second == pytest.approx(squares / 3.4)
    assert in_b.variance_first == 0
    assert in_a.se == pytest.approx((0.3 / 5 + 0.25 / 4) ** 0.5)
    reach = t.ppf(0.95, in_a.df) * in_a.se / (1 - 0.15**2)
    assert guarded.bounds(0.95)[1] == pytest.approx(np.tanh(np.arctanh(0.15) + reach))


@laws
@given(numbers, numbers, levels)
def test_guarded_bounds_hold_the_plain_ones_and_swapping_the_sides_mirrors_them(a, b, level):
    guarded, mirrored = guard_delta(a, b), guard_delta(b, a)
    (low, high), (plain_low, plain_high) = (
        guarded.bounds(level),
        estimate_delta(a, b).bounds(level),
    )
    assert -1 <= low <= plain_low <= plain_high <= high <= 1
    assert mirrored.bounds(level) == pytest.approx((-high, -low), abs=1e-12)
    if guarded.plain.value:
        assert mirrored.tail(LIMIT) == pytest.approx(guarded.tail(LIMIT), abs=1e-12)


@laws
@given(numbers, numbers)
def test_only_order_counts(a, b):
    cubed = [[x**3 for x in side] for side in (a, b)]
    assert guard_delta(*cubed) == guard_delta(a, b)
    assert guard_delta(a[::-1], sorted(b)) == guard_delta(a, b)


@laws
@given(numbers, numbers, st.floats(0.01, 0.9), levels)
def test_the_tail_is_the_error_at_which_the_near_bound_meets_the_limit(a, b, limit, level):
    guarded = guard_delta(a, b)
    low, high = guarded.bounds(level)
    near = low if guarded.plain.value >= 0 else -high
    if abs(near - limit) > 1e-9:
        assert (near > limit) == (guarded.tail(limit) < 1 - level), "a bound and its p must agree"


@laws
@given(numbers, numbers)
def test_decision_bounds_are_strict_on_the_side_of_zero_and_plain_on_the_other(a, b):
    guarded = guard_delta(a, b)
    low, high = guarded.decision_bounds(strict=0.995, plain=0.95)
    (plain_low, plain_high), (strict_low, strict_high) = (
        guarded.bounds(level) for level in (0.95, 0.995)
    )
    assert strict_low <= low <= guarded.plain.value <= high <= strict_high
    assert is_beyond((low, high), LIMIT) == is_beyond((strict_low, strict_high), LIMIT)
    is_within = plain_low > -LIMIT and plain_high < LIMIT
    assert (low > -LIMIT and high < LIMIT) == is_within


def test_numbers_that_all_say_the_same_need_no_phantom():
    for a, b in (([1.0] * 5, [1.0] * 9), ([2.0, 3.0], [0.0, 1.0])):
        guarded = guard_delta(a, b)
        assert guarded.for_low == guarded.for_high == (guarded.plain,)
        assert guarded.bounds(0.95) == guarded.plain.bounds(0.95)


def test_a_feature_without_ties_is_hardly_guarded():
    first, second = np.arange(40.0) + 0.5, np.arange(40.0)
    guarded = guard_delta(first, second)
    for guarded_bound, plain in zip(guarded.bounds(0.95), guarded.plain.bounds(0.95), strict=True):
        assert guarded_bound == pytest.approx(plain, abs=0.002)
    shifted = guard_delta(np.arange(40.0) + 8, second)
    assert shifted.plain.value > 0.3
    assert shifted.bounds(0.95)[0] > shifted.plain.bounds(0.95)[0] - 0.03


@pytest.mark.parametrize("sizes", [(20, 300), (30, 30), (60, 100)])
def test_bounds_of_a_feature_of_two_values_err_no_more_than_they_may(sizes):
    """Exactly, by all tables that two rates can give; 7 % is allowed where a bound says 5 %."""
    most = [int(binom.ppf(1 - 1e-6, n, 0.2)) for n in sizes]  # more exceptions never happen
    guarded = {
        (a, b): guard_delta([1] * a + [0] * (sizes[0] - a), [1] * b + [0] * (sizes[1] - b))
        for a, b in product(*(range(n + 1) for n in most))
    }
    for level in (0.95, 0.975, 0.995):
        bounds = [each.bounds(level) for each in guarded.values()]
        for rates in ((0.02, 0.02), (0.05, 0.05), (0.05, 0.20), (0.20, 0.05), (0.0, 0.147)):
            chances = [
                binom.pmf(a, sizes[0], rates[0]) * binom.pmf(b, sizes[1], rates[1])
                for a, b in guarded
            ]
            truth = rates[0] - rates[1]
            too_high = [low > truth + 1e-12 for low, _ in bounds]
            too_low = [high < truth - 1e-12 for _, high in bounds]
            errors = np.dot(chances, too_high), np.dot(chances, too_low)
            assert max(errors) <= 1.4 * (1 - level), f"rates {rates}, level {level}"


def test_the_plain_bounds_fall_into_the_trap_that_the_guard_is_for():
    small, large = [0] * 20, [0] * 285 + [1] * 15
    assert estimate_delta(small, large).bounds(0.95)[1] < 0
    assert guard_delta(small, large).bounds(0.95)[1] > 0
