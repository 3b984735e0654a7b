from __future__ import annotations

from math import inf, isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.statistics.challenge import challenge_score, cut_ages

OLD_YOUNG = ["old"] * 3 + ["young"] * 2


def test_the_worked_example_of_the_method_page():
    score = challenge_score(
        [0.8, 0.8, 0.8, 0.7, 0.7], [15, 15, 15, 30, 30], variables={"age": OLD_YOUNG}
    )
    assert (score.mean_dice, score.mean_norm_hd) == pytest.approx((0.76, 0.14))
    assert (score.performance, score.fairness, score.ranking) == pytest.approx((0.81, 0.90, 0.855))


def test_fairness_is_the_mean_over_variables_and_one_subgroup_is_fair():
    score = challenge_score(
        [0.8, 0.8, 0.8, 0.7, 0.7],
        [15, 15, 15, 30, 30],
        variables={"age": OLD_YOUNG, "density": ["a"] * 5},
    )
    assert score.fairness_by == pytest.approx({"age": 0.9, "density": 1.0})
    assert score.fairness == pytest.approx(0.95)


def test_two_empty_masks_count_dice_0_and_distance_0_as_published():
    score = challenge_score([1.0, 0.5], [0.0, 75.0], variables={}, both_empty=[True, False])
    assert (score.mean_dice, score.mean_norm_hd) == (0.25, 0.25)
    ours = challenge_score([1.0, 0.5], [0.0, 75.0], variables={})
    assert ours.mean_dice == 0.75
    unknown = challenge_score([nan, 0.5], [nan, 75.0], variables={}, both_empty=[True, False])
    assert (unknown.n_cases, unknown.performance) == (2, score.performance)


def test_an_infinite_distance_counts_1_and_a_large_one_is_not_clipped():
    score = challenge_score([0.0, 0.5], [inf, 300.0], variables={})
    assert score.mean_norm_hd == pytest.approx((1 + 2) / 2)


def test_without_a_variable_there_is_performance_and_nothing_else():
    score = challenge_score([0.8], [15.0], variables={})
    assert score.performance == pytest.approx(0.85)
    assert isnan(score.fairness)
    assert isnan(score.ranking)


def test_a_case_without_a_number_is_left_out_of_everything():
    holed = challenge_score(
        [0.8, nan, 0.7, 0.6], [15, 30, nan, 30], variables={"age": ["a", "b", "b", "a"]}
    )
    assert holed == challenge_score([0.8, 0.6], [15, 30], variables={"age": ["a", "a"]})
    nothing = challenge_score([nan], [nan], variables={"age": ["a"]})
    assert nothing.n_cases == 0
    assert isnan(nothing.ranking)


@pytest.mark.parametrize(
    ("dice", "distance", "variables", "message"),
    [
        ([0.5, 0.5], [1.0], {}, "one length"),
        ([0.5], [1.0], {"age": ["a", "b"]}, "one length"),
        ([0.5], [-1.0], {}, "negative"),
    ],
)
def test_wrong_columns_are_refused(dice, distance, variables, message):
    with pytest.raises(ValueError, match=message):
        challenge_score(dice, distance, variables=variables)


def test_ages_are_cut_right_closed_as_published():
    ages = [0, 0.5, 40, 41, 50, 60, 70, 71, 100, 100.5, nan]
    assert cut_ages(ages) == [
        *("unknown", "(0, 40]", "(0, 40]", "(40, 50]", "(40, 50]", "(50, 60]", "(60, 70]"),
        *("(70, 100]", "(70, 100]", "unknown", "unknown"),
    ]


@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.floats(0, 150), st.sampled_from("xyz")),
        min_size=1,
        max_size=20,
    )
)
@settings(deadline=None, derandomize=True, max_examples=60)
def test_scores_lie_between_0_and_1_and_the_order_of_cases_does_not_matter(rows):
    dice, distance, of = zip(*rows, strict=True)
    score = challenge_score(dice, distance, variables={"v": of})
    for part in (score.performance, score.fairness, score.ranking):
        assert -1e-12 <= part <= 1 + 1e-12
    turned = challenge_score(dice[::-1], distance[::-1], variables={"v": of[::-1]})
    assert turned.ranking == pytest.approx(score.ranking)
    assert score.ranking == pytest.approx(np.mean([score.performance, score.fairness]))
