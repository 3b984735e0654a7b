"""Surfaces of masks: their size, their place, and what neither crop nor memory order changes."""

from __future__ import annotations

from math import hypot, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from pytest_biasruler.scoring.shape import bounding_box
from pytest_biasruler.scoring.surface import extract_surface, flat_axis

SPACING = (0.7, 0.9, 2.5)

quick = settings(deadline=None, derandomize=True, max_examples=60)
volumes = arrays(bool, array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=5))


def as_dict(surface):
    return dict(zip(map(tuple, surface.corners.tolist()), surface.areas_mm2.tolist(), strict=True))


def test_one_voxel_has_eight_tips_around_it():
    surface = extract_surface(
        np.ones((2, 2, 2), bool)[:1, :1, :1], spacing_mm=(1.0, 1.0, 1.0), grid_shape=(2, 2, 2)
    )
    assert sorted(map(tuple, surface.corners.tolist())) == list(np.ndindex(2, 2, 2))
    assert surface.areas_mm2 == pytest.approx(np.full(8, sqrt(3) / 8))


def test_a_box_has_flat_faces_slanted_edges_and_eight_tips():
    mask = np.zeros((9, 9, 9), bool)
    mask[2:6, 3:6, 4:6] = True
    x, y, z = SPACING
    a, b, c = 3 * x, 2 * y, 1 * z  # between the centres of the outermost voxels
    tip = sqrt((y * z) ** 2 + (x * z) ** 2 + (x * y) ** 2) / 8
    expected = (
        2 * (a * b + a * c + b * c)
        + 4 * (a * hypot(y, z) / 2 + b * hypot(x, z) / 2 + c * hypot(x, y) / 2)
        + 8 * tip
    )
    assert extract_surface(mask, spacing_mm=SPACING).area_mm2 == pytest.approx(expected)


def test_a_mask_that_fills_the_image_is_closed_at_the_border():
    full = extract_surface(np.ones((4, 3, 2), bool), spacing_mm=SPACING)
    mask = np.zeros((8, 8, 8), bool)
    mask[1:5, 2:5, 3:5] = True
    inner = extract_surface(mask, spacing_mm=SPACING)
    assert full.area_mm2 == pytest.approx(inner.area_mm2)
    assert full.corners.min() == 0
    assert full.corners.max(axis=0).tolist() == [4, 3, 2]


def test_a_hole_has_a_surface_of_its_own():
    mask = np.ones((5, 5, 5), bool)
    whole = extract_surface(mask, spacing_mm=SPACING).area_mm2
    mask[2, 2, 2] = False
    voxel = extract_surface(~mask, spacing_mm=SPACING).area_mm2
    assert extract_surface(mask, spacing_mm=SPACING).area_mm2 == pytest.approx(whole + voxel)


def test_an_empty_mask_has_no_surfel():
    surface = extract_surface(np.zeros((4, 4, 4), bool), spacing_mm=SPACING)
    assert surface.is_empty
    assert surface.area_mm2 == 0
    assert surface.corners.shape == (0, 3)


@pytest.mark.parametrize("flat", [0, 1, 2])
def test_an_image_with_an_axis_of_length_1_has_a_contour(flat):
    plane = np.zeros((6, 7), bool)
    plane[1:4, 2:6] = True
    spacing = [mm for axis, mm in enumerate(SPACING) if axis != flat]
    thin = extract_surface(np.expand_dims(plane, flat), spacing_mm=SPACING)
    contour = extract_surface(plane, spacing_mm=spacing)
    assert as_dict(thin) == as_dict(contour)
    assert contour.area_mm2 == pytest.approx(
        2 * (2 * spacing[0] + 3 * spacing[1]) + 2 * hypot(*spacing)
    )


def test_a_lesion_in_one_slice_of_a_volume_is_not_flat():
    mask = np.zeros((6, 6, 6), bool)
    mask[1:4, 1:4, 3] = True
    crop = mask[:, :, 3:4]
    cropped = extract_surface(crop, spacing_mm=SPACING, offset=(0, 0, 3), grid_shape=mask.shape)
    assert as_dict(cropped) == as_dict(extract_surface(mask, spacing_mm=SPACING))
    assert extract_surface(crop, spacing_mm=SPACING).corners.shape[1] == 2


def test_the_last_of_several_axes_of_length_1_is_dropped():
    assert flat_axis((1, 5, 1)) == 2
    assert flat_axis((1, 5, 6)) == 0
    assert flat_axis((1, 5)) is None


@quick
@given(volumes)
def test_cropping_moves_no_surfel(mask):
    box = bounding_box(mask)
    if box is None:
        return
    cropped = extract_surface(
        mask[box],
        spacing_mm=SPACING,
        offset=[side.start for side in box],
        grid_shape=mask.shape,
    )
    assert as_dict(cropped) == as_dict(extract_surface(mask, spacing_mm=SPACING))


@quick
@given(volumes)
def test_memory_order_does_not_matter(mask):
    surface = extract_surface(mask, spacing_mm=SPACING)
    assert as_dict(extract_surface(np.asfortranarray(mask), spacing_mm=SPACING)) == as_dict(
        surface
    )


@quick
@given(volumes, st.permutations(range(3)))
def test_naming_the_axes_otherwise_keeps_the_area(mask, order):
    if 1 in mask.shape:
        mask = np.pad(mask, 1)
    turned = extract_surface(mask.transpose(order), spacing_mm=[SPACING[axis] for axis in order])
    assert turned.area_mm2 == pytest.approx(extract_surface(mask, spacing_mm=SPACING).area_mm2)


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((4,), {"spacing_mm": (1.0,)}),
        ((4, 4, 4, 4), {"spacing_mm": (1.0,) * 4}),
        ((4, 4, 4), {"spacing_mm": (1.0, 1.0)}),
        ((4, 4, 4), {"spacing_mm": (1.0,) * 3, "offset": (1, 1)}),
        ((4, 4, 4), {"spacing_mm": (1.0,) * 3, "grid_shape": (8, 8)}),
    ],
)
def test_arguments_that_do_not_fit_the_mask_are_refused(shape, options):
    with pytest.raises(ValueError, match="two or three axes, and spacing_mm, offset"):
        extract_surface(np.ones(shape, bool), **options)
