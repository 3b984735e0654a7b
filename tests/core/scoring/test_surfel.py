"""The surfel of every neighbour code, against geometry and against the reference's table."""

from __future__ import annotations

from itertools import permutations
from math import sqrt

import numpy as np
import pytest
from surface_distance import lookup_tables

from pytest_biasruler.scoring.surfel import measure_surfels

SPACINGS = [(1.0, 1.0, 1.0), (0.7, 0.7, 2.5), (0.31, 1.7, 4.9), (5.0, 0.4, 0.9)]


def code_of(corners):
    """Return the code of corners given by their places, such as (0, 1, 1)."""
    return sum(1 << sum(bit << axis for axis, bit in enumerate(corner)) for corner in corners)


def corners_of(code, *, n_axes):
    places = np.ndindex((2,) * n_axes)
    return [place for place in places if code >> sum(b << a for a, b in enumerate(place)) & 1]


@pytest.mark.parametrize("spacing", SPACINGS)
def test_all_256_areas_equal_the_reference_table(spacing):
    reference = lookup_tables.create_table_neighbour_code_to_surface_area(spacing)
    weights = lookup_tables.ENCODE_NEIGHBOURHOOD_3D_KERNEL
    areas = measure_surfels(spacing)
    assert areas.shape == (256,)
    for code in range(256):
        theirs = sum(int(weights[corner]) for corner in corners_of(code, n_axes=3))
        assert areas[code] == pytest.approx(reference[theirs], rel=1e-12), f"code {code:08b}"


@pytest.mark.parametrize("spacing", SPACINGS)
def test_all_16_lengths_equal_the_reference_table(spacing):
    reference = lookup_tables.create_table_neighbour_code_to_contour_length(spacing[1:])
    weights = lookup_tables.ENCODE_NEIGHBOURHOOD_2D_KERNEL
    lengths = measure_surfels(spacing[1:])
    assert lengths.shape == (16,)
    for code in range(16):
        theirs = sum(int(weights[corner]) for corner in corners_of(code, n_axes=2))
        assert lengths[code] == pytest.approx(reference[theirs], rel=1e-12), f"code {code:04b}"


def test_the_seven_shapes_have_the_areas_of_their_polygons():
    areas = measure_surfels((1.0, 1.0, 1.0))
    tip = [(0, 0, 0)]
    edge = [*tip, (1, 0, 0)]
    corner_l = [*edge, (0, 1, 0)]
    face = [*corner_l, (1, 1, 0)]
    tripod = [*corner_l, (0, 0, 1)]
    path = [(0, 1, 1), (1, 1, 1), (1, 1, 0), (1, 0, 0)]
    assert areas[code_of(tip)] == pytest.approx(sqrt(3) / 4 * 0.5), "triangle of side 1/sqrt(2)"
    assert areas[code_of(edge)] == pytest.approx(sqrt(0.5)), "rectangle of 1 by 1/sqrt(2)"
    trapezium = (sqrt(2) + sqrt(0.5)) / 2 * (sqrt(3) * sqrt(0.5) / 2)  # half the hexagon
    assert areas[code_of(corner_l)] == pytest.approx(0.5 + trapezium)
    assert areas[code_of(face)] == pytest.approx(1)
    assert areas[code_of(tripod)] == pytest.approx(1.5 * sqrt(3) * 0.5), "hexagon, 1/sqrt(2)"
    assert areas[code_of(path)] == pytest.approx(0.5 * sqrt(3) + 2 * 0.25 * sqrt(2))


def test_pieces_that_do_not_hang_together_add_up():
    areas = measure_surfels((0.7, 0.9, 2.5))
    tip, far_tip = code_of([(0, 0, 0)]), code_of([(1, 1, 1)])
    assert areas[tip | far_tip] == pytest.approx(areas[tip] + areas[far_tip])


@pytest.mark.parametrize("spacing", [*SPACINGS, (0.7, 2.5)])
def test_inside_and_outside_share_one_surface(spacing):
    sizes = measure_surfels(spacing)
    assert sizes == pytest.approx(sizes[::-1])
    assert (sizes[1:-1] > 0).all(), "a cell that is neither inside nor outside has a surfel"
    assert sizes[0] == sizes[-1] == 0


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_naming_the_axes_otherwise_changes_no_area(order):
    spacing = (0.7, 0.9, 2.5)
    areas = measure_surfels(spacing)
    turned = measure_surfels(tuple(spacing[axis] for axis in order))
    for code in range(256):
        corners = corners_of(code, n_axes=3)
        renamed = code_of([[corner[axis] for axis in order] for corner in corners])
        assert turned[renamed] == pytest.approx(areas[code], rel=1e-12), f"code {code:08b}"


def test_the_kept_table_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        measure_surfels((1.0, 1.0))[0] = 1.0
