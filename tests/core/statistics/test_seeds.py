from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.statistics.contrast import Contrasts, Differences
from pytest_biasruler.statistics.seeds import (
    RunError,
    estimate_run_error,
    widen_contrasts,
    widen_error,
)

AUTOMATED, EXPERT = [0.06, 0.07, 0.08], [0.03, 0.05, 0.04]
GAPS = st.lists(st.floats(-1, 1), min_size=2, max_size=6)


def test_the_worked_example_of_two_arms_with_three_runs():
    arms = [estimate_run_error(AUTOMATED), estimate_run_error(EXPERT)]
    se, df = widen_error(0.01, 50.0, runs=arms)
    assert float(se) == pytest.approx(0.012910, abs=1e-6)
    assert float(df) == pytest.approx(21.186, abs=1e-3)


def test_a_single_run_shows_no_error_of_its_own():
    one = estimate_run_error([[0.1, 0.2]])
    assert one.variance.tolist() == [0.0, 0.0]
    se, df = widen_error([0.01, 0.02], [5.0, 6.0], runs=[one, one])
    assert (se.tolist(), df.tolist()) == ([0.01, 0.02], [5.0, 6.0])


def test_equal_runs_change_neither_error_nor_freedom():
    se, df = widen_error(0.3, 7.5, runs=[estimate_run_error([0.1, 0.1])])
    assert (float(se), float(df)) == (0.3, 7.5)


def test_runs_alone_bear_the_error_where_patients_have_none():
    se, df = widen_error(0.0, np.inf, runs=[estimate_run_error([0.0, 0.2])])
    assert float(se) == pytest.approx(0.1)
    assert float(df) == pytest.approx(1.0)


@pytest.mark.parametrize("se", [np.inf, np.nan])
def test_an_error_that_is_not_known_does_not_become_known(se):
    wider, _ = widen_error(se, 3.0, runs=[estimate_run_error(AUTOMATED)])
    np.testing.assert_equal(float(wider), se)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(se=st.floats(1e-6, 1), df=st.floats(1, 500), gaps=GAPS)
def test_runs_never_make_an_error_smaller_nor_surer_than_its_parts(se, df, gaps):
    run = estimate_run_error(gaps)
    wider, freedom = widen_error(se, df, runs=[run])
    assert wider >= se
    assert min(df, run.df) * (1 - 1e-9) <= freedom <= (df + run.df) * (1 + 1e-9)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(gaps=GAPS, seed=st.integers(0, 9))
def test_the_order_of_the_runs_does_not_matter(gaps, seed):
    shuffled = np.random.default_rng(seed).permutation(gaps)
    there, back = (float(estimate_run_error(one).variance) for one in (gaps, shuffled))
    assert there == pytest.approx(back, abs=1e-15)


def test_every_variant_of_the_guard_is_widened():
    se = np.array([[3.0], [4.0], [5.0]])
    one = Differences(estimate=np.zeros((3, 1)), se=se, df=np.full((3, 1), 9.0))
    two = Differences(estimate=np.zeros((3, 1)), se=2 * se, df=np.full((3, 1), 9.0))
    wider = widen_contrasts(
        Contrasts(for_low=one, for_high=two),
        runs=[RunError(variance=np.array([16.0]), df=2.0)],
    )
    assert wider.for_low.se[:, 0] == pytest.approx(np.sqrt([25.0, 32.0, 41.0]))
    assert wider.for_high.se[:, 0] == pytest.approx(np.sqrt([52.0, 80.0, 116.0]))
    assert (wider.for_low.df < 9).all()


def test_an_error_scales_with_the_square_of_its_factor():
    run = estimate_run_error(AUTOMATED)
    assert float(run.scaled(-2.0).variance) == pytest.approx(4 * float(run.variance))


@pytest.mark.parametrize("gaps", [[], 0.1])
def test_no_run_is_refused(gaps):
    with pytest.raises(ValueError, match="at least one run"):
        estimate_run_error(gaps)
