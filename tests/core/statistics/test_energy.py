from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import energy_distance

from pytest_biasruler.statistics.energy import measure_energy, scale_features

laws = settings(deadline=None, derandomize=True, max_examples=40)
points = st.lists(st.floats(-9, 9, width=16), min_size=1, max_size=9)


def distances_of(values):
    column = np.asarray(values, dtype=float)[:, None]
    return np.abs(column - column.T)


def in_first(n_first, n_second):
    return np.repeat([True, False], [n_first, n_second])


def test_the_worked_example_is_reproduced():
    found = measure_energy(distances_of([0, 1, 2, 3]), in_first(2, 2))
    assert (found.distance, found.coefficient) == (3.0, 0.75)


@laws
@given(points, points)
def test_in_one_dimension_it_is_twice_the_squared_distance_of_scipy(a, b):
    found = measure_energy(distances_of(a + b), in_first(len(a), len(b)))
    assert found.distance == pytest.approx(energy_distance(a, b) ** 2, abs=1e-9)
    assert 0 <= found.coefficient <= 1


def test_equal_clouds_and_clouds_without_spread_have_no_distance():
    equal = measure_energy(distances_of([1, 2, 1, 2]), in_first(2, 2))
    flat = measure_energy(distances_of([1, 1, 1]), in_first(2, 1))
    assert (equal.distance, equal.coefficient) == (0.0, 0.0)
    assert (flat.distance, flat.coefficient) == (0.0, 0.0)


def test_an_empty_cloud_is_refused():
    with pytest.raises(ValueError, match="both clouds"):
        measure_energy(distances_of([1, 2]), in_first(2, 0))


def test_features_are_divided_by_their_range_or_what_stands_in_for_it():
    rows = [[0.0, 0.0, 3.0], [2.0, 0.0, 3.0], [4.0, 0.0, 3.0], [6.0, 0.0, 3.0], [8.0, 5.0, 3.0]]
    scaled = scale_features(rows)
    assert scaled[:, 0].tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]  # quartiles 2 and 6
    assert scaled[-1, 1] == pytest.approx(2.5)  # sd 2: a quartile range of 0
    assert scaled[:, 2].tolist() == [3.0] * 5
