from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pytest_biasruler.statistics.multiplicity import (
    adjust_benjamini_hochberg,
    adjust_holm,
    draw_maxima,
    judge_together,
)

p_lists = st.lists(st.floats(0, 1), min_size=1, max_size=12)
MODEST = settings(deadline=None, derandomize=True, max_examples=60)


def all_pairs(k):
    return list(permutations(range(k), 2))


def test_holm_and_benjamini_hochberg_equal_the_worked_example():
    p = [0.01, 0.04, 0.03, 0.005]
    assert adjust_holm(p) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert adjust_benjamini_hochberg(p) == pytest.approx([0.02, 0.04, 0.04, 0.02])


@MODEST
@given(p_lists)
def test_benjamini_hochberg_agrees_with_scipy(p):
    assert adjust_benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))


@MODEST
@given(p_lists, st.integers(0, 5))
def test_findings_that_could_not_be_computed_count_as_ones(p, n_missing):
    whole = adjust_holm([*p, *[1.0] * n_missing])[: len(p)]
    assert adjust_holm(p, n_tests=len(p) + n_missing) == pytest.approx(whole)
    whole = adjust_benjamini_hochberg([*p, *[1.0] * n_missing])[: len(p)]
    assert adjust_benjamini_hochberg(p, n_tests=len(p) + n_missing) == pytest.approx(whole)


@pytest.mark.parametrize("p", [[0.5, np.nan], [-0.1], [1.1], [[0.5]]])
def test_what_is_not_a_list_of_p_values_is_refused(p):
    with pytest.raises(ValueError, match="p_values"):
        adjust_holm(p)


def test_a_family_smaller_than_its_members_is_refused():
    with pytest.raises(ValueError, match="n_tests must be at least 2"):
        adjust_holm([0.1, 0.2], n_tests=1)


def test_known_levels_need_no_draws():
    assert judge_together([1.0, 2.0], pairs=[(0, 1)]).level == 0.95
    assert judge_together([1.0, 2.0], pairs=all_pairs(2)).level == 0.975
    crossing = judge_together([1.0] * 3, pairs=all_pairs(3), crosses=True)
    assert crossing.level == pytest.approx(1 - 0.05 / 6)
    assert crossing.maxima is None
    unknown = judge_together([1.0, 1.0, np.inf], pairs=all_pairs(3))
    assert unknown.level == pytest.approx(1 - 0.05 / 6)


@pytest.mark.parametrize("k", [3, 4, 6])
def test_equal_variances_give_tukeys_level(k):
    level = judge_together([1.0] * k, pairs=all_pairs(k)).level
    tukey = stats.norm.cdf(stats.studentized_range.ppf(0.95, k, np.inf) / np.sqrt(2))
    assert level == pytest.approx(tukey, abs=0.0008), "20,000 draws are that exact"


def test_a_reference_group_without_error_gives_sidaks_level():
    level = judge_together([0.0, 1.0, 1.0, 1.0], pairs=[(0, 1), (0, 2), (0, 3)], baseline=0).level
    assert level == pytest.approx(0.95 ** (1 / 3), abs=0.0015)


def test_both_orders_of_a_reference_group_are_stricter_than_one():
    one = judge_together([1.0] * 3, pairs=[(0, 1), (0, 2)], baseline=0).level
    both = judge_together([1.0] * 3, pairs=[(0, 1), (0, 2), (1, 0), (2, 0)], baseline=0).level
    assert 0.95 < one < both < 1 - 0.05 / 4


@MODEST
@given(st.permutations(range(4)))
def test_names_of_subgroups_do_not_change_the_level(order):
    variances = np.array([0.4, 0.1, 0.3, 0.2])
    level = judge_together(variances[list(order)], pairs=all_pairs(4)).level
    assert level == judge_together(variances, pairs=all_pairs(4)).level


def test_draws_belong_to_ranks_a_reference_group_first():
    maxima = draw_maxima([1.0, 4.0, 9.0], pairs=[(0, 1), (0, 2)], baseline=0)
    normals = stats.norm.ppf(
        (np.right_shift(np.random.PCG64(0).random_raw(60_000), 11) + 0.5) / 2**53
    ).reshape(-1, 3)
    g0, g2, g1 = (normals * [1.0, 3.0, 2.0]).T
    expected = np.maximum((g0 - g1) / np.sqrt(5), (g0 - g2) / np.sqrt(10))
    assert maxima == pytest.approx(expected)


def test_p_fail_lies_between_the_smallest_p_and_bonferroni():
    family = judge_together([1.0] * 4, pairs=all_pairs(4))
    for smallest in (0.0, 1e-9, 1e-3, 0.02, 0.4, 1.0):
        p_fail = family.combine([smallest, *[1.0] * 11])
        assert smallest <= p_fail <= min(1.0, 12 * smallest)
    assert family.combine([1e-3]) == pytest.approx(
        (1 + np.count_nonzero(family.maxima >= stats.norm.isf(1e-3))) / 20_001
    )
    assert judge_together([1.0, 1.0], pairs=all_pairs(2)).combine([0.03, 0.9]) == 0.06


def test_p_fail_and_the_level_decide_alike():
    family = judge_together([1.0, 2.0, 3.0], pairs=all_pairs(3))
    assert family.combine([1 - family.level - 1e-5]) <= 0.05 + 1e-4
    assert family.combine([1 - family.level + 1e-4]) >= 0.05


def test_chance_in_the_draws_never_makes_the_level_stricter_than_bonferroni():
    pairs = [(0, 1), (0, 2)]
    maxima = draw_maxima([0.0, 1.0, 1.0], pairs=pairs, baseline=0)
    assert stats.norm.cdf(np.quantile(maxima, 0.99)) > 1 - 0.01 / 2, "these draws would"
    level = judge_together([0.0, 1.0, 1.0], pairs=pairs, baseline=0, alpha=0.01).level
    assert level == 1 - 0.01 / 2
