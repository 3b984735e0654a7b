"""However a column is cut into parts, in whatever order they come, its moments are the same."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.statistics.accumulation import merge_totals, sum_totals, total_patients
from pytest_biasruler.statistics.cells import cut_cells
from pytest_biasruler.statistics.comparison import compare_groups
from pytest_biasruler.statistics.guard import guard_moments
from pytest_biasruler.statistics.moments import merge_sums, moments_of, sum_cells
from pytest_biasruler.statistics.verdict import judge_bounds

MODEST = settings(deadline=None, derandomize=True, max_examples=80)
N_PATIENTS = 9


@st.composite
def parts_of_a_column(draw):
    """Return values, the patient of each, and the part that each comes in."""
    n = draw(st.integers(2, 40))
    values = draw(st.lists(st.floats(0, 1, width=32), min_size=n, max_size=n))
    patients = draw(st.lists(st.integers(0, N_PATIENTS), min_size=n, max_size=n))
    parts = draw(st.lists(st.integers(0, 6), min_size=n, max_size=n))
    return np.array(values), np.array(patients), np.array(parts)


def whole(values, patients):
    cells = cut_cells(values, subgroups=["g"] * len(values), patients=patients)
    return sum_cells(cells["g"])


def in_parts(values, patients, parts, *, order):
    return [
        total_patients(values[parts == part], patients=patients[parts == part]) for part in order
    ]


def close(first, second):
    """Return whether two sums give the same moments, and the same extremes, to 1e-12."""
    for phantom in (None, 0.0, 1.0):
        a, b = moments_of(first, phantom=phantom), moments_of(second, phantom=phantom)
        assert a.df == b.df
        assert a.mean == pytest.approx(b.mean, rel=1e-12, abs=1e-15)
        assert a.variance == pytest.approx(b.variance, rel=1e-12, abs=1e-15)
    assert first.sd == pytest.approx(second.sd, rel=1e-12, abs=1e-8)
    assert (first.minimum, first.maximum) == (second.minimum, second.maximum)
    assert (first.n_patients, first.n_cases) == (second.n_patients, second.n_cases)


@MODEST
@given(parts_of_a_column(), st.permutations(range(7)))
def test_any_parts_in_any_order_give_the_moments_of_the_whole(column, order):
    values, patients, parts = column
    merged = reduce(merge_totals, in_parts(values, patients, parts, order=order))
    close(sum_totals(merged), whole(values, patients))


@MODEST
@given(parts_of_a_column())
def test_it_does_not_matter_what_is_merged_first(column):
    a, b, c, d, *_ = in_parts(*column, order=range(7))
    left = merge_totals(merge_totals(merge_totals(a, b), c), d)
    right = merge_totals(merge_totals(a, b), merge_totals(c, d))
    close(sum_totals(left), sum_totals(right))


@MODEST
@given(parts_of_a_column())
def test_parts_without_a_patient_in_common_merge_as_ten_numbers(column):
    values, patients, _ = column
    sums = [whole(values[patients == p], patients[patients == p]) for p in set(patients.tolist())]
    close(reduce(merge_sums, sums), whole(values, patients))


@MODEST
@given(parts_of_a_column(), parts_of_a_column(), st.floats(0.01, 0.5))
def test_the_verdict_is_that_of_the_whole(first, second, limit):
    support = (0.0, 1.0)
    wholes, merged = [], []
    for name, (values, patients, parts) in (("a", first), ("b", second)):
        totals = reduce(merge_totals, in_parts(values, patients, parts, order=range(7)))
        wholes.append(guard_moments(name, whole(values, patients), support=support))
        merged.append(guard_moments(name, sum_totals(totals), support=support))
    spreads = [compare_groups(groups, limit=limit, overlap=None) for groups in (wholes, merged)]
    verdicts = [judge_bounds(spread.low, spread.high, limit) for spread in spreads]
    is_close = any(
        abs(bound - limit) < 1e-9 for spread in spreads for bound in (spread.low, spread.high)
    )
    assert verdicts[0] == verdicts[1] or is_close, "a verdict hangs on how the column was cut"
    for bound in ("low", "high"):
        ours, theirs = (getattr(spread, bound) for spread in spreads)
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-12)


def test_a_patient_of_two_parts_counts_once():
    parts = [total_patients([0.2, 0.4], patients=["p", "q"])]
    parts.append(total_patients([0.6], patients=["p"]))
    sums = sum_totals(merge_totals(*parts))
    assert (sums.n_patients, sums.n_cases) == (2, 3)
    assert moments_of(sums).mean == pytest.approx(0.4)


def test_large_offsets_do_not_cancel():
    values = 1e9 + np.arange(8.0)
    parts = [total_patients(values[i : i + 2], patients=[i, i + 1]) for i in range(0, 8, 2)]
    variance = moments_of(sum_totals(reduce(merge_totals, parts))).variance
    assert variance == pytest.approx(np.var(np.arange(8.0), ddof=1) / 8, rel=1e-12)


def test_a_part_without_a_finite_value_adds_nothing():
    empty = total_patients([np.nan, np.inf], patients=["p", "r"])
    one = total_patients([0.5], patients=["q"])
    assert sum_totals(merge_totals(empty, one)) == sum_totals(one)
    assert np.isnan(moments_of(sum_totals(empty)).mean)


def test_lengths_that_differ_are_refused():
    with pytest.raises(ValueError, match="must be"):
        total_patients([0.5, 0.6], patients=["p"])
