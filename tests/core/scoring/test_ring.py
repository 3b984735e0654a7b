"""Rings of steps: complete, in order, and each step once."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.scoring.ring import list_rings, measure_steps

quick = settings(deadline=None, derandomize=True, max_examples=60)
sides_mm = st.sampled_from([0.1, 0.3, 0.7, 0.699999988079071, 1.0, 1.5, 2.5, 5.0])
spacings = st.lists(sides_mm, min_size=2, max_size=3).map(tuple)


def test_around_a_cube_come_its_faces_then_its_edges_then_its_corners():
    rings = list_rings((1.0, 1.0, 1.0))
    assert np.bincount(rings.numbers)[:5].tolist() == [1, 6, 12, 8, 6]
    assert rings.lengths_mm[:5].tolist() == [0, 1, np.sqrt(2), np.sqrt(3), 2]


def test_thick_slices_are_reached_late():
    rings = list_rings((0.5, 0.5, 2.0))
    assert rings.steps[:5].tolist() == [[0, 0, 0], [0, 1, 0], [0, -1, 0], [1, 0, 0], [-1, 0, 0]]
    first = np.flatnonzero(rings.steps[:, 2])[0]
    assert rings.lengths_mm[rings.numbers[first]] == 2.0
    assert np.count_nonzero(rings.lengths_mm[rings.numbers[:first]] > 2.0) == 0


@quick
@given(spacings, st.sampled_from([8, 100, 700]))
def test_no_step_is_missing_that_is_shorter_than_one_that_is_listed(spacing, n_steps):
    rings = list_rings(spacing, n_steps=n_steps)
    listed = list(map(tuple, rings.steps.tolist()))
    assert len(listed) == len(set(listed)), "a step is listed twice"
    longest_mm = rings.lengths_mm[-1]
    wider = [range(-int(longest_mm / mm) - 2, int(longest_mm / mm) + 3) for mm in spacing]
    every = np.array([*product(*wider)])
    shorter = every[measure_steps(every, spacing_mm=spacing) < longest_mm]
    assert set(map(tuple, shorter.tolist())) <= set(listed)


@quick
@given(spacings)
def test_a_ring_has_one_length_and_the_next_one_a_longer_one(spacing):
    rings = list_rings(spacing)
    lengths_mm = measure_steps(rings.steps, spacing_mm=spacing)
    assert (rings.lengths_mm[rings.numbers] == lengths_mm).all()
    assert all(one < two for one, two in pairwise(rings.lengths_mm.tolist()))
    assert np.abs(rings.steps).max(axis=0).tolist() == list(rings.reach)


@pytest.mark.parametrize(
    "spacing", [(1e-3, 5.0, 5.0), (1e-3, 1e-3, 50.0), (40.0, 1e-2), (1e-6, 1.0, 1.0)]
)
def test_needles_and_plates_of_voxels_make_no_endless_list(spacing):
    rings = list_rings(spacing)
    assert 3 <= len(rings.steps) <= 8 * 1024
    assert max(rings.reach) <= 1024


def test_steps_of_one_length_are_listed_in_one_order_on_every_call():
    again = list_rings.__wrapped__((0.7, 0.7, 1.4))
    assert again.steps.tolist() == list_rings((0.7, 0.7, 1.4)).steps.tolist()
