from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.statistics.cells import cut_cells
from pytest_biasruler.statistics.moments import merge_sums, moments_of, sum_cells

MODEST = settings(deadline=None, derandomize=True, max_examples=60)
scores = st.lists(st.floats(0, 1, width=32), min_size=2, max_size=20)


def sums_of(values, patients=None):
    return sum_cells(cut_cells(values, subgroups=["g"] * len(values), patients=patients)["g"])


def test_moments_of_clustered_cases_equal_the_worked_example():
    moments = moments_of(sums_of([0.9, 0.8, 0.7, 0.6, 0.5, 0.0], list("112334")))
    assert moments.mean == pytest.approx(0.583333, abs=1e-6)
    assert moments.variance == pytest.approx(0.023807, abs=1e-6)
    assert moments.df == 3


def test_half_a_phantom_at_zero_equals_the_worked_example():
    moments = moments_of(sums_of([0.9, 0.8, 0.7, 0.6, 0.5, 0.0], list("112334")), phantom=0.0)
    assert moments.mean == pytest.approx(0.518519, abs=1e-6)
    assert moments.variance == pytest.approx(0.029566, abs=1e-6)
    assert moments.df == 3.5


@MODEST
@given(scores)
def test_without_clusters_the_variance_is_the_textbook_one(values):
    moments = moments_of(sums_of(values))
    assert moments.mean == pytest.approx(np.mean(values), abs=1e-12)
    assert moments.variance == pytest.approx(np.var(values, ddof=1) / len(values), abs=1e-12)


@MODEST
@given(scores, st.floats(-1, 1, width=32), st.data())
def test_sums_give_the_same_phantom_as_an_explicit_half_patient(values, phantom, data):
    patients = data.draw(
        st.lists(st.sampled_from("abcd"), min_size=len(values), max_size=len(values))
    )
    names = sorted(set(patients))
    sizes = np.array([patients.count(name) for name in names], dtype=float)
    totals = np.array(
        [sum(v for v, p in zip(values, patients, strict=True) if p == name) for name in names]
    )
    sizes = np.append(sizes, sizes.mean())
    totals = np.append(totals, phantom * sizes[-1])
    weights = np.append(np.ones(len(names)), 0.5)
    n_patients, n_cases = weights.sum(), weights @ sizes
    mean = weights @ totals / n_cases
    squares = weights @ (totals - sizes * mean) ** 2
    moments = moments_of(sums_of(values, patients), phantom=phantom)
    assert moments.df == n_patients - 1
    assert moments.mean == pytest.approx(mean, abs=1e-12)
    expected = n_patients / (n_patients - 1) * squares / n_cases**2
    assert moments.variance == pytest.approx(expected, abs=1e-12)


@MODEST
@given(scores, scores)
def test_merged_sums_are_those_of_all_patients_together(first, second):
    merged = merge_sums(sums_of(first), sums_of(second))
    together = sums_of(first + second)
    for phantom in (None, 0.0):
        got, expected = moments_of(merged, phantom=phantom), moments_of(together, phantom=phantom)
        assert got.mean == pytest.approx(expected.mean, abs=1e-12)
        assert got.variance == pytest.approx(expected.variance, abs=1e-12)
    assert merged.sd == pytest.approx(np.std(first + second, ddof=1), abs=1e-9)
    assert (merged.minimum, merged.maximum) == (together.minimum, together.maximum)


@MODEST
@given(scores, st.integers(2, 5))
def test_copying_every_case_of_a_patient_changes_nothing(values, copies):
    once = moments_of(sums_of(values, range(len(values))), phantom=0.0)
    often = moments_of(
        sums_of(np.repeat(values, copies), np.repeat(range(len(values)), copies)), phantom=0.0
    )
    assert often.mean == pytest.approx(once.mean, abs=1e-12)
    assert often.variance == pytest.approx(once.variance, abs=1e-12)
    assert often.df == once.df


def test_equal_scores_have_exactly_no_variance_however_odd_the_number():
    assert moments_of(sums_of([0.1] * 7, list("aabbbcd"))).variance == 0.0


def test_one_patient_has_infinite_variance_and_none_has_no_mean():
    assert moments_of(sums_of([0.2, 0.4], ["p", "p"])).variance == np.inf
    assert np.isnan(moments_of(sums_of([np.nan])).mean)
    assert np.isnan(sums_of([0.2]).sd)


def test_large_offsets_do_not_cancel():
    values = 1e9 + np.array([0.0, 1.0, 2.0, 3.0])
    assert moments_of(sums_of(values)).variance == pytest.approx(np.var([0, 1, 2, 3], ddof=1) / 4)


def test_undefined_values_leave_their_cases_out():
    cells = cut_cells(
        [0.5, np.nan, np.inf, 0.7], subgroups=["b", "b", "b", "a"], patients=["x", "y", "x", "z"]
    )
    assert list(cells) == ["a", "b"]
    assert cells["b"].values.tolist() == [0.5]
    assert cells["b"].rows.tolist() == [0]


def test_names_may_come_as_objects():
    objects = np.array(["q", "p", "q"], dtype=object)
    cells = cut_cells(
        [0.5, 0.6, 0.7], subgroups=np.array(["a"] * 3, dtype=object), patients=objects
    )
    assert cells["a"].sizes.tolist() == [1, 2]
    assert cells["a"].values.tolist() == [0.6, 0.5, 0.7]


def test_strange_names_stay_apart():
    names = ["<b>", "NA", "007", "", "7", " "]
    assert sorted(cut_cells(np.ones(6), subgroups=names)) == sorted(names)


@pytest.mark.parametrize(
    ("column", "subgroups", "patients", "message"),
    [
        ([1.0, 2.0], ["a"], None, "must be"),
        ([[1.0, 2.0]], [["a", "b"]], None, "must be"),
        ([1.0, 2.0], ["a", "b"], ["p"], "patients"),
    ],
)
def test_lengths_that_differ_are_refused(column, subgroups, patients, message):
    with pytest.raises(ValueError, match=message):
        cut_cells(column, subgroups=subgroups, patients=patients)
