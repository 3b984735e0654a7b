from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.statistics.shrinkage import pool_effects, shrink_means

effects = st.lists(
    st.tuples(st.floats(-1, 1, width=32), st.floats(1e-4, 0.5)), min_size=2, max_size=8
)


@settings(deadline=None, derandomize=True, max_examples=80)
@given(effects)
def test_the_pooled_variance_solves_its_equation(rows):
    g, v = np.array(rows).T
    pooled = pool_effects(g, v)
    weights = 1 / (v + pooled.tau2)
    assert pooled.mean == pytest.approx(np.average(g, weights=weights))
    left = float(weights @ (g - pooled.mean) ** 2)
    if pooled.tau2:
        assert left == pytest.approx(len(g) - 1)
        assert pooled.q > len(g) - 1
    else:
        assert left == pytest.approx(pooled.q, abs=1e-12)
        assert left <= len(g) - 1 + 1e-9


def test_equal_errors_leave_the_variance_less_the_error():
    g = [0.0, 0.1, 0.0, 0.1, 0.05, 0.05]
    pooled = pool_effects(g, [1e-4] * 6)
    assert pooled.tau2 == pytest.approx(np.var(g, ddof=1) - 1e-4)
    assert (pooled.mean, pooled.q) == pytest.approx((0.05, 100.0))
    assert pool_effects(g, [1.0] * 6).tau2 == 0


def test_effects_without_error_differ_truly():
    pooled = pool_effects([0.0, 1.0], [0.0, 0.0])
    assert (pooled.tau2, pooled.q) == (pytest.approx(0.5), np.inf)
    assert pool_effects([0.5, 0.5], [0.0, 0.0]).tau2 == 0
    assert pool_effects([0.5, 0.5, 0.6], [0.0, 0.0, 9.0]).mean == 0.5
    assert pool_effects([0.5, 0.5, 0.6], [0.0, 0.0, 9.0]).q == pytest.approx(0.01 / 9)


@pytest.mark.parametrize(
    ("g", "v"), [([], []), ([1.0], [1.0, 2.0]), ([np.nan], [1.0]), ([1.0], [-1.0])]
)
def test_wrong_effects_are_refused(g, v):
    with pytest.raises(ValueError, match="effects"):
        pool_effects(g, v)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(effects, st.data())
def test_shown_means_lie_between_their_own_and_the_common_one(rows, data):
    g, v = np.array(rows).T
    counts = data.draw(st.lists(st.integers(1, 50), min_size=len(g), max_size=len(g)))
    shown = shrink_means(g, variances=v, n_patients=counts)
    if max(counts) == 1:
        assert [s.mean for s in shown] == g.tolist()
        return
    for own, s in zip(g, shown, strict=True):
        assert min(g) - 1e-9 <= s.mean <= max(g) + 1e-9
        assert s.sd >= 0
        assert abs(s.mean - own) <= np.ptp(g) + 1e-9


def test_small_subgroups_are_drawn_further():
    shown = shrink_means(
        [0.9, 0.5, 0.7, 0.8], variances=[0.001, 0.04, 0.001, 0.001], n_patients=[40, 2, 40, 40]
    )
    small, large = shown[1], shown[0]
    assert (small.mean - 0.5) / 0.3 > (0.9 - large.mean) / 0.15
    assert small.sd > large.sd


def test_shrinking_equals_the_formula_worked_by_hand():
    # within = (9 * .02 * 10 + 4 * .01 * 5) / 13; the subgroup of one patient borrows it.
    within = (9 * 0.02 * 10 + 4 * 0.01 * 5) / 13
    means, errors = [0.2, 0.9, 1.6], np.array([within / 10, within / 5, within])
    pooled = pool_effects(means, errors)
    shown = shrink_means(means, variances=[0.02, 0.01, np.inf], n_patients=[10, 5, 1])
    kept = pooled.tau2 / (pooled.tau2 + errors)
    assert [s.mean for s in shown] == pytest.approx(
        pooled.mean + kept * (np.array(means) - pooled.mean)
    )
    assert [s.sd for s in shown] == pytest.approx(np.sqrt(kept * errors))


def test_without_variance_means_stay_and_counts_are_checked():
    shown = shrink_means([0.5, 0.7], variances=[0.0, 0.0], n_patients=[5, 5])
    assert [s.mean for s in shown] == pytest.approx([0.5, 0.7])
    same = shrink_means([0.5, 0.5], variances=[0.0, 0.0], n_patients=[5, 5])
    assert [(s.mean, s.sd) for s in same] == [(0.5, 0.0)] * 2
    with pytest.raises(ValueError, match="at least 1"):
        shrink_means([0.5], variances=[0.1], n_patients=[0])
