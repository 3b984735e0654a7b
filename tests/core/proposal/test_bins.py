from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_biasruler.benchmark.bins import bin_of
from pytest_biasruler.proposal.bins import count_patients, propose_bins

numbers = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=40)


def by_patient(values):
    return {f"p{n}": [value] for n, value in enumerate(values)}


@example([5e-324, 0.0], 2)
@example([1e308, -1e308], 2)
@example([1e300, 1e300], 2)
@given(numbers, st.integers(1, 5))
@settings(deadline=None, derandomize=True, max_examples=200)
def test_bins_rise_and_hold_every_value(values, min_patients):
    edges = propose_bins(by_patient(values), min_patients=min_patients)
    if edges is None:
        return
    assert len(edges) >= 3
    assert all(a < b for a, b in pairwise(edges))
    assert all(bin_of(value, edges=edges) is not None for value in values)
    assert sum(count_patients(by_patient(values), edges)) == len(values)


@given(st.lists(st.integers(0, 119), min_size=60, max_size=200), st.integers(5, 15))
@settings(deadline=None, derandomize=True, max_examples=100)
def test_ages_have_whole_edges_and_enough_patients_where_two_halves_would(ages, least):
    edges = propose_bins(by_patient(map(float, ages)), min_patients=least, is_age=True)
    middle = sorted(ages)[len(ages) // 2]
    if edges is None:
        assert len(set(ages)) == 1
        return
    assert all(edge.is_integer() for edge in edges)
    assert (edges[0], edges[-1]) == (0, 120), "the youngest and the oldest are nobody's business"
    can_be_halved = min(sum(a < middle for a in ages), sum(a >= middle for a in ages)) >= least
    assert not can_be_halved or min(count_patients(by_patient(ages), edges)) >= least


def test_the_outer_edges_do_not_tell_the_smallest_and_the_largest_value():
    weights = by_patient([51.5 + n / 2 for n in range(100)])
    assert propose_bins(weights, min_patients=20) == (50.0, 65.0, 80.0, 110.0)


def test_a_patient_of_many_cases_counts_once():
    values = {f"p{n}": [float(n)] * 5 for n in range(30)}
    assert count_patients(values, (0, 10, 29)) == [10, 20]
    assert propose_bins(values, min_patients=16) is not None


def test_too_few_patients_are_halved_anyway():
    edges = propose_bins(by_patient([30.0, 40.0, 50.0, 60.0]), min_patients=20, is_age=True)
    assert edges == (0.0, 50.0, 120.0)


@pytest.mark.parametrize("ages", [[-1.0, 40.0], [30.0, 200.0], [40.0], []])
def test_ages_that_nobody_has_get_no_bins(ages):
    assert propose_bins(by_patient(ages), min_patients=1, is_age=True) is None
