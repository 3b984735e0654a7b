"""The exact interval of a share."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from pytest_biasruler.statistics.binomial import exact_interval

QUICK = settings(deadline=None, derandomize=True, max_examples=40)


@QUICK
@given(st.integers(0, 60), st.integers(0, 60))
def test_the_interval_is_that_of_scipy(n_yes, n_no):
    n_trials = n_yes + n_no
    if n_trials == 0:
        assert exact_interval(0, 0) == (0.0, 1.0)
        return
    theirs = binomtest(n_yes, n_trials).proportion_ci(0.95, method="exact")
    assert exact_interval(n_yes, n_trials) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@QUICK
@given(st.floats(0.01, 0.99), st.integers(1, 40))
def test_the_interval_holds_the_truth_as_often_as_it_says(truth, n_trials):
    covered = sum(
        binom.pmf(n_yes, n_trials, truth)
        for n_yes in range(n_trials + 1)
        if exact_interval(n_yes, n_trials)[0] <= truth <= exact_interval(n_yes, n_trials)[1]
    )
    assert covered >= 0.95 - 1e-9


def test_yes_and_no_are_mirrored():
    low, high = exact_interval(3, 10)
    assert exact_interval(7, 10) == pytest.approx((1 - high, 1 - low))


@pytest.mark.parametrize(("n_yes", "n_trials"), [(-1, 3), (4, 3)])
def test_more_yes_than_trials_is_refused(n_yes, n_trials):
    with pytest.raises(ValueError, match="n_yes must lie between 0 and n_trials"):
        exact_interval(n_yes, n_trials)


def test_a_level_of_one_is_refused():
    with pytest.raises(ValueError, match="level must lie inside"):
        exact_interval(1, 2, level=1.0)
