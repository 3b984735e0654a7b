from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.statistics.cells import cut_cells
from pytest_biasruler.statistics.contrast import contrast_pairs
from pytest_biasruler.statistics.decomposition import decompose_strata
from pytest_biasruler.statistics.guard import guard_moments
from pytest_biasruler.statistics.moments import sum_cells
from pytest_biasruler.statistics.overlap import find_overlap

STRATA = [1] * 80 + [2] * 20 + [1] * 20 + [2] * 80
IS_A = [True] * 100 + [False] * 100
CASES = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from(["<b>", "NA", "007", ""]), st.booleans()),
    min_size=1,
    max_size=40,
)


def split_of(cases, **keys):
    column, strata, is_a = zip(*cases, strict=True)
    return decompose_strata(column, strata=strata, is_a=is_a, **keys)


def test_a_gap_of_pure_composition_is_explained_to_the_last_digit():
    column = [0.9] * 80 + [0.6] * 20 + [0.9] * 20 + [0.6] * 80
    split = decompose_strata(column, strata=STRATA, is_a=IS_A)
    assert split.gap == pytest.approx(0.18)
    assert split.explained == split.gap
    assert (split.unexplained, split.off_support, split.squared_error) == (0, 0, 0)


def test_a_gap_within_strata_is_not_explained_at_all():
    split = decompose_strata([0.8] * 100 + [0.7] * 100, strata=STRATA, is_a=IS_A)
    assert (split.gap, split.unexplained) == pytest.approx((0.1, 0.1))
    assert split.explained == 0


def test_the_error_is_that_of_the_weighted_cells():
    rng = np.random.default_rng(0)
    column = rng.random(200)
    split = decompose_strata(column, strata=STRATA, is_a=IS_A)
    cells = [column[:80], column[80:100], column[100:120], column[120:]]
    expected = sum(0.25 * np.var(cell, ddof=1) / len(cell) for cell in cells)
    assert split.squared_error == pytest.approx(expected)


def test_a_stratum_that_only_one_subgroup_has_is_left_out_and_counted():
    split = decompose_strata(
        [0.9, 0.8, 0.2, 0.7, 0.6], strata=list("xxyxx"), is_a=[True, True, True, False, False]
    )
    assert split.off_support == pytest.approx(1 / 5)
    assert (split.gap, split.explained) == pytest.approx((0.2, 0.0))


def test_without_a_common_stratum_nothing_is_compared():
    split = decompose_strata([0.9, 0.7], strata=["x", "y"], is_a=[True, False])
    assert split.off_support == 1
    assert np.isnan([split.gap, split.explained, split.unexplained, split.squared_error]).all()
    assert np.isnan(decompose_strata([], strata=[], is_a=[]).off_support)
    lost = decompose_strata([np.nan, np.inf], strata=["x", "x"], is_a=[True, False])
    assert np.isnan(lost.off_support)


def test_a_cell_of_one_patient_leaves_the_error_unknown():
    one = decompose_strata(
        [0.9, 0.8, 0.7, 0.6],
        strata=["x"] * 4,
        is_a=[True, True, False, False],
        patients=["p", "p", "q", "r"],
    )
    assert one.unexplained == pytest.approx(0.2)
    assert np.isnan(one.squared_error)


def test_a_patient_in_both_subgroups_pulls_on_both():
    rng = np.random.default_rng(1)
    column, names = rng.random(60), np.repeat(["a", "b"], 30)
    patients = [f"p{i % 30}" for i in range(60)]
    cells = list(cut_cells(column, subgroups=names, patients=patients).values())
    contrast = contrast_pairs(
        [guard_moments(cell.name, sum_cells(cell), support=None) for cell in cells],
        pairs=[(0, 1)],
        overlap=find_overlap(cells),
    )
    split = decompose_strata(column, strata=["x"] * 60, is_a=names == "a", patients=patients)
    assert split.squared_error == pytest.approx(contrast.for_low.se[0, 0] ** 2)


def test_arrays_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match=r"strata \(1,\)"):
        decompose_strata([0.1, 0.2], strata=["x"], is_a=[True, False])


@settings(deadline=None, derandomize=True, max_examples=60)
@given(CASES)
def test_the_parts_sum_to_the_difference_of_the_means_on_common_support(cases):
    split = split_of(cases)
    common = {s for _, s, a in cases if a} & {s for _, s, a in cases if not a}
    if not common:
        assert np.isnan(split.gap)
        return
    a, b = (
        np.mean([y for y, s, a in cases if a is side and s in common]) for side in (True, False)
    )
    assert split.gap == split.explained + split.unexplained
    assert split.gap == pytest.approx(a - b, abs=1e-12)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(CASES, st.randoms(use_true_random=False))
def test_swapping_the_subgroups_flips_the_sign_and_row_order_does_not_matter(cases, random):
    split = split_of(cases)
    other = [(y, s, not a) for y, s, a in cases]
    random.shuffle(other)
    swapped = split_of(other)
    assert (swapped.explained, swapped.unexplained) == pytest.approx(
        (-split.explained, -split.unexplained), abs=1e-12, nan_ok=True
    )
    assert swapped.squared_error == pytest.approx(split.squared_error, abs=1e-12, nan_ok=True)
    assert swapped.off_support == pytest.approx(split.off_support)
