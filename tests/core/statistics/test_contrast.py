from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pytest_biasruler.statistics.cells import cut_cells
from pytest_biasruler.statistics.contrast import contrast_pairs, plain_interval
from pytest_biasruler.statistics.guard import guard_moments
from pytest_biasruler.statistics.moments import sum_cells
from pytest_biasruler.statistics.overlap import find_overlap
from pytest_biasruler.statistics.student import satterthwaite, student_quantile, student_tail

A = [0.90, 0.85, 0.80, 0.95, 0.88]
B = [0.70, 0.0, 0.65, 0.80, 0.60]


def contrasts_of(values, subgroups, support, patients=None, pairs=((0, 1),)):
    cells = list(cut_cells(values, subgroups=subgroups, patients=patients).values())
    guarded = [guard_moments(cell.name, sum_cells(cell), support=support) for cell in cells]
    return contrast_pairs(guarded, pairs=pairs, overlap=find_overlap(cells))


def test_welch_contrast_equals_the_worked_example():
    plain = contrasts_of(A + B, ["a"] * 5 + ["b"] * 5, (0.0, 0.95)).for_low
    assert plain.estimate[0, 0] == pytest.approx(0.326, abs=1e-6)
    assert plain.se[0, 0] == pytest.approx(0.143618, abs=1e-6)
    assert plain.df[0, 0] == pytest.approx(4.250155, abs=1e-6)


def test_guarded_bounds_equal_the_worked_example():
    contrasts = contrasts_of(A + B, ["a"] * 5 + ["b"] * 5, (0.0, 0.95))
    assert contrasts.lower_bounds(0.95)[0] == pytest.approx(-0.098847, abs=1e-6)
    assert contrasts.upper_bounds(0.95)[0] == pytest.approx(0.680609, abs=1e-6)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(
    st.lists(st.floats(0, 1, width=16), min_size=3, max_size=12, unique=True),
    st.lists(st.floats(0, 1, width=16), min_size=3, max_size=12, unique=True),
)
def test_plain_interval_and_p_are_those_of_scipys_welch_test(a, b):
    contrasts = contrasts_of(a + b, ["a"] * len(a) + ["b"] * len(b), None)
    test = stats.ttest_ind(a, b, equal_var=False)
    expected = test.confidence_interval(0.95)
    plain = contrasts.for_low
    got = plain_interval(plain.estimate[0, 0], se=plain.se[0, 0], df=plain.df[0, 0])
    assert got == pytest.approx((expected.low, expected.high), abs=1e-9)
    one_sided = stats.ttest_ind(a, b, equal_var=False, alternative="greater").pvalue
    assert contrasts.evidence(0.0)[0] == pytest.approx(one_sided, abs=1e-9)


def test_the_guard_never_narrows_the_plain_bounds():
    guarded = contrasts_of(A + B, ["a"] * 5 + ["b"] * 5, (0.0, 0.95))
    plain = contrasts_of(A + B, ["a"] * 5 + ["b"] * 5, None)
    assert guarded.lower_bounds(0.95)[0] < plain.lower_bounds(0.95)[0]
    assert guarded.upper_bounds(0.95)[0] >= plain.upper_bounds(0.95)[0]


def test_patients_in_both_subgroups_make_the_test_a_paired_one():
    a, b = np.array([0.9, 0.7, 0.8, 0.5]), np.array([0.8, 0.65, 0.7, 0.5])
    patients = ["p", "q", "r", "s"] * 2
    plain = contrasts_of([*a, *b], ["a"] * 4 + ["b"] * 4, None, patients=patients).for_low
    assert plain.estimate[0, 0] == pytest.approx((a - b).mean())
    assert plain.se[0, 0] == pytest.approx(np.std(a - b, ddof=1) / 2)
    assert plain.df[0, 0] == 3


def test_only_pairs_that_share_a_patient_are_paired():
    subgroups = ["a"] * 3 + ["b"] * 3 + ["c"] * 3
    patients = [*"pqr", *"psp", *"xyz"]
    values = np.array([0.9, 0.7, 0.8, 0.95, 0.6, 0.65, 0.5, 0.4, 0.45])
    pairs = [(0, 1), (0, 2)]
    crossed = contrasts_of(values, subgroups, None, patients, pairs).for_low
    apart = contrasts_of(values, subgroups, None, None, pairs).for_low
    assert crossed.se[0, 0] != pytest.approx(apart.se[0, 0])
    assert crossed.df[0, 0] == 1, "three patients in a, two in b"
    assert crossed.se[0, 1] == pytest.approx(apart.se[0, 1])
    assert crossed.df[0, 1] == pytest.approx(apart.df[0, 1])


def test_the_guard_of_a_crossing_pair_adds_the_growth_of_the_phantoms_subgroup():
    a, b = [0.9, 0.7, 0.8, 0.5], [0.8, 0.65, 0.7, 0.4]
    patients = ["p", "q", "r", "s"] * 2
    crossed = contrasts_of(a + b, ["a"] * 4 + ["b"] * 4, (0.0, 1.0), patients).for_low
    apart = contrasts_of(a + b, ["a"] * 4 + ["b"] * 4, (0.0, 1.0)).for_low
    growth = apart.se**2 - apart.se[0] ** 2
    assert crossed.se**2 == pytest.approx(crossed.se[0] ** 2 + growth)
    assert crossed.estimate == pytest.approx(apart.estimate)


def test_no_error_means_bounds_at_the_estimate_and_infinite_error_no_bounds():
    exact = contrasts_of([0.9, 0.9, 0.7, 0.7], list("aabb"), (0.9, 0.9))
    assert exact.for_low.se[0, 0] == 0
    assert exact.for_low.df[0, 0] == np.inf
    alone = contrasts_of([0.9, 0.7, 0.6], list("abb"), (0.0, 1.0))
    assert alone.lower_bounds(0.95)[0] == -np.inf
    assert alone.upper_bounds(0.95)[0] == np.inf
    assert alone.evidence(0.0)[0] == 1.0


def test_freedoms_do_not_underflow():
    assert satterthwaite(1e-200, 4.0, 1e-200, 4.0) == pytest.approx(8.0)


def test_levels_outside_zero_and_one_are_refused():
    with pytest.raises(ValueError, match="level"):
        student_quantile(1.0, 5.0)


def test_tails_know_infinite_freedom_and_nothing():
    assert student_tail(1.644853627, se=1.0, df=np.inf) == pytest.approx(0.05)
    assert student_tail(np.nan, se=1.0, df=3.0) == 1.0
    assert student_tail(-np.inf, se=np.nan, df=3.0) == 1.0
    assert student_tail(np.inf, se=np.nan, df=3.0) == 0.0
