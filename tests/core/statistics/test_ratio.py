from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.statistics.ratio import bound_ratio, fieller_ratio, mean_ratio

OLD = 0.80 + 0.15 * (np.arange(1, 41) - 0.5) / 40
YOUNG = 0.65 + 0.25 * (np.arange(1, 31) - 0.5) / 30
GROUPS = ["old"] * 40 + ["young"] * 30
EXPERT = np.concatenate([OLD, YOUNG])
AUTOMATED = np.concatenate([OLD + 0.01, YOUNG + 0.09])
PAIR = ("old", "young")


def test_staircase_ratio_equals_the_worked_example():
    ratio = fieller_ratio(AUTOMATED, EXPERT, subgroups=GROUPS, pair=PAIR)
    assert ratio.status == "bounded"
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx(
        (0.2, -0.149250, 0.386453), abs=1e-6
    )


def test_the_freedom_is_that_of_the_contrast_that_the_ratio_cancels():
    ratio = fieller_ratio(AUTOMATED**2, EXPERT, subgroups=GROUPS, pair=PAIR)
    rest = AUTOMATED**2 - ratio.value * EXPERT
    v_old, v_young = np.var(rest[:40], ddof=1) / 40, np.var(rest[40:], ddof=1) / 30
    expected = (v_old + v_young) ** 2 / (v_old**2 / 39 + v_young**2 / 29)
    assert ratio.df == pytest.approx(expected)


def test_equal_arms_have_ratio_one_and_a_stretched_arm_its_factor():
    for factor in (1.0, 1.4):
        ratio = fieller_ratio(factor * EXPERT, EXPERT, subgroups=GROUPS, pair=PAIR)
        assert (ratio.value, ratio.low, ratio.high) == pytest.approx((factor,) * 3, abs=1e-6)


def test_the_order_of_the_pair_does_not_matter():
    there = fieller_ratio(AUTOMATED, EXPERT, subgroups=GROUPS, pair=PAIR)
    back = fieller_ratio(AUTOMATED, EXPERT, subgroups=GROUPS, pair=PAIR[::-1])
    assert (back.value, back.low, back.high) == pytest.approx((there.value, there.low, there.high))


def test_a_gap_not_separated_from_zero_has_no_ratio():
    column = np.concatenate([OLD, OLD[:30] + 0.02])
    ratio = fieller_ratio(AUTOMATED, column, subgroups=GROUPS, pair=PAIR)
    assert ratio.status == "undefined"
    assert np.isnan([ratio.value, ratio.low, ratio.high]).all()
    flat = fieller_ratio(EXPERT, np.ones(70), subgroups=GROUPS, pair=PAIR)
    assert flat.status == "undefined"


def test_a_missing_subgroup_or_a_single_patient_has_no_ratio():
    assert fieller_ratio(EXPERT, EXPERT, subgroups=GROUPS, pair=("old", "NA")).status == (
        "undefined"
    )
    single = ["p"] * 40 + [f"q{i}" for i in range(30)]
    options = {"subgroups": GROUPS, "patients": single, "pair": PAIR}
    assert fieller_ratio(EXPERT, EXPERT, **options).status == "undefined"
    assert mean_ratio(EXPERT, **options).status == "undefined"


def test_cases_undefined_in_either_column_are_left_out_of_both():
    expert, automated = EXPERT.copy(), AUTOMATED.copy()
    expert[3], automated[50] = np.nan, np.inf
    keep = np.delete(np.arange(70), [3, 50])
    got = fieller_ratio(automated, expert, subgroups=GROUPS, pair=PAIR)
    assert got == fieller_ratio(
        AUTOMATED[keep], EXPERT[keep], subgroups=np.array(GROUPS)[keep], pair=PAIR
    )


def test_crossing_patients_are_paired():
    a, b = np.array([0.9, 0.7, 0.8, 0.6]), np.array([0.7, 0.52, 0.61, 0.4])
    subgroups, patients = ["a"] * 4 + ["b"] * 4, [*"pqrs", *"pqrs"]
    ratio = fieller_ratio(
        [*(1.5 * a), *(1.4 * b)], [*a, *b], subgroups=subgroups, patients=patients, pair=("a", "b")
    )
    top, bottom = 1.5 * a - 1.4 * b, a - b
    expected = bound_ratio(top.mean(), bottom.mean(), covariance=np.cov(top, bottom) / 4, df=3.0)
    assert (ratio.value, ratio.low, ratio.high, ratio.df) == pytest.approx(
        (expected.value, expected.low, expected.high, 3.0)
    )


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.floats(-2, 2), st.floats(0.5, 2), st.floats(0.01, 0.1), st.floats(0.01, 0.1),
    st.floats(-0.9, 0.9),
)  # fmt: skip
def test_at_the_ends_of_the_interval_the_ratio_is_just_rejected(top, bottom, s, u, rho):
    covariance = np.array([[s**2, rho * s * u], [rho * s * u, u**2]])
    ratio = bound_ratio(top, bottom, covariance=covariance, df=np.inf)
    assert ratio.low <= ratio.value <= ratio.high
    for end in (ratio.low, ratio.high):
        w = np.array([1.0, -end])
        z = (top - end * bottom) / np.sqrt(w @ covariance @ w)
        assert abs(z) == pytest.approx(1.959964, abs=1e-4)


def test_a_ratio_of_means_uses_both_errors():
    subgroups = ["a"] * 4 + ["b"] * 4
    ratio = mean_ratio(
        [0.3, 0.4, 0.5, 0.4, 0.8, 0.7, 0.9, 0.8], subgroups=subgroups, pair=("a", "b")
    )
    v = np.var([0.3, 0.4, 0.5, 0.4], ddof=1) / 4
    expected = bound_ratio(
        0.4, 0.8, covariance=np.diag([v, v]), df=(1.25 * v) ** 2 / (v**2 / 3 + (v / 4) ** 2 / 3)
    )
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx(
        (expected.value, expected.low, expected.high)
    )
    assert mean_ratio([1.0, 1.0, 0.0, 0.0], subgroups=list("aabb"), pair=("a", "b")).status == (
        "undefined"
    )


def test_columns_of_different_length_are_refused():
    with pytest.raises(ValueError, match="shape"):
        fieller_ratio([1.0], [1.0, 2.0], subgroups=["a", "b"], pair=("a", "b"))
