"""Outlines: drawn back into pixels they are the mask again."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.outline import MOST_CELLS, MOST_CHARACTERS, draw_outlines, pick_slice

quick = settings(deadline=None, derandomize=True, max_examples=100)
planes = arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9))

LOOP = re.compile(r"M(-?[\d.]+) (-?[\d.]+)((?:h-?[\d.]+v-?[\d.]+)*h-?[\d.]+)z")


def fill(outline, *, cell=(1.0, 1.0)):
    """Return the cells inside a path by the even-odd rule: each upright edge flips its right."""
    columns, rows = round(outline.width / cell[0]), round(outline.height / cell[1])
    inside = np.zeros((columns, rows), bool)
    assert LOOP.sub("", outline.path) == "", "loops of M, h, v and z, and nothing else"
    for x, y, steps in LOOP.findall(outline.path):
        start_y = at_y = round(float(y) / cell[1])
        at_x = float(x)
        edges = []
        for kind, length in re.findall(r"([hv])(-?[\d.]+)", steps):
            if kind == "h":
                at_x += float(length)
            else:
                to_y = round((at_y * cell[1] + float(length)) / cell[1])
                edges.append((at_x, at_y, to_y))
                at_y = to_y
        edges.append((at_x, at_y, start_y))
        assert edges[-1][0] == pytest.approx(float(x), abs=1e-6), "z closes the loop upright"
        for edge_x, from_y, to_y in edges:
            inside[round(edge_x / cell[0]) :, min(from_y, to_y) : max(from_y, to_y)] ^= True
    return inside


def draw_plane(*slices, spacing_mm=(1.0, 1.0)):
    volumes = [plane[:, :, None] for plane in slices]
    return draw_outlines(volumes, index=0, spacing_mm=(*spacing_mm, 1.0))


def test_a_rectangle_is_one_loop_of_three_strokes():
    mask = np.zeros((30, 40), bool)
    mask[5:25, 10:30] = True
    (outline,) = draw_plane(mask)
    assert outline.path == "M2 2h20v20h-20z"
    assert (outline.width, outline.height) == (24, 24)


def test_a_hole_is_a_loop_inside_a_loop():
    mask = np.ones((3, 3), bool)
    mask[1, 1] = False
    (outline,) = draw_plane(mask)
    assert outline.path == "M1 1h3v3h-3zM2 2h1v1h-1z"


def test_voxels_that_touch_by_a_corner_are_drawn_whole():
    mask = np.eye(2, dtype=bool)
    (outline,) = draw_plane(mask)
    assert (fill(outline)[1:-1, 1:-1] == mask).all()


@quick
@given(planes)
def test_filling_the_path_gives_the_mask_back(plane):
    (outline,) = draw_plane(plane)
    places = np.argwhere(plane)
    if len(places) == 0:
        assert (outline.path, outline.width, outline.height) == ("", 0, 0)
        return
    first, last = places.min(axis=0), places.max(axis=0) + 1
    drawn = fill(outline)[1:-1, 1:-1]  # boxes of up to ten voxels have a margin of one
    assert drawn.tolist() == plane[first[0] : last[0], first[1] : last[1]].tolist()


@quick
@given(planes.filter(np.any), st.sampled_from([(0.7, 2.5), (3.0, 1.0), (0.703125, 0.6)]))
def test_voxels_keep_their_physical_shape(plane, spacing):
    (square,), (scaled,) = draw_plane(plane), draw_plane(plane, spacing_mm=spacing)
    cell = np.array(spacing) / min(spacing)
    assert scaled.width == pytest.approx(square.width * cell[0], abs=0.01)
    assert scaled.height == pytest.approx(square.height * cell[1], abs=0.01)
    assert fill(scaled, cell=cell).tolist() == fill(square).tolist()


def test_masks_of_one_case_share_their_frame():
    left, right = np.zeros((2, 20, 10), bool)
    left[2, 3], right[17, 8] = True, True
    first, second = draw_plane(left, right)
    assert (first.width, first.height) == (second.width, second.height) == (16 + 4, 6 + 2)
    assert (first.path, second.path) == ("M2 1h1v1h-1z", "M17 6h1v1h-1z")


def test_an_empty_mask_beside_another_has_an_empty_path_in_the_same_frame():
    mask = np.ones((3, 3), bool)
    full, empty = draw_plane(mask, np.zeros((3, 3), bool))
    assert empty.path == ""
    assert (empty.width, empty.height) == (full.width, full.height) == (5, 5)


def test_a_large_mask_is_drawn_in_few_cells_and_loses_no_small_lesion():
    x, y = np.ogrid[:1000, :1000]
    disc = (x - 500) ** 2 + (y - 500) ** 2 < 450**2
    speck = np.zeros((1000, 1000), bool)
    speck[123, 456] = True
    large, small = draw_plane(disc, speck)
    assert len(large.path) < 1024
    assert fill(small, cell=(12, 12)).sum() == 1
    assert len(fill(large, cell=(12, 12))) <= MOST_CELLS
    drawn = 12**2 * fill(large, cell=(12, 12)).sum()
    assert disc.sum() <= drawn <= disc.sum() * 1.06


def board(side):
    return np.indices((side, side)).sum(axis=0) % 2 == 1


def noise(side):
    return np.random.default_rng(0).random((side, side)) < 0.5


def specks(side):
    return np.random.default_rng(0).random((side, side)) < 0.15


@pytest.mark.parametrize("side", [20, 79, 500])
@pytest.mark.parametrize("draw", [board, noise, specks])
@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.703125, 3.3)])
def test_the_path_of_noise_is_bounded(draw, side, spacing):
    mask = draw(side)
    (outline,) = draw_plane(mask, spacing_mm=spacing)
    assert 0 < len(outline.path) <= MOST_CHARACTERS
    assert LOOP.sub("", outline.path) == ""
    if side == 500:
        assert not outline.is_coarse, "merged for the frame it is one block"
    if side == 79:
        assert outline.is_coarse
    assert draw_plane(mask, spacing_mm=spacing) == (outline,)


def test_a_mask_that_is_drawn_coarsely_leaves_the_others_sharp():
    disc = np.hypot(*(axis - 40 for axis in np.ogrid[:80, :80])) < 25
    alone, beside = draw_plane(disc, disc | True), draw_plane(disc, board(80))
    assert beside[0] == alone[0]
    assert not alone[1].is_coarse
    assert beside[1].is_coarse
    assert (beside[1].width, beside[1].height) == (alone[1].width, alone[1].height)


def test_specks_that_are_drawn_coarsely_all_lie_inside():
    mask = specks(79)
    (outline,) = draw_plane(mask)
    places = np.argwhere(mask)
    framed = np.pad(mask[tuple(map(slice, places.min(axis=0), places.max(axis=0) + 1))], 8)
    cells = fill(outline, cell=(2, 2))
    drawn = np.kron(cells, np.ones((2, 2), bool))[: framed.shape[0], : framed.shape[1]]
    assert outline.is_coarse
    assert drawn[framed].all()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_slice_lies_across_the_named_axis(axis):
    plane = np.array([[1, 1, 0], [1, 0, 0]], bool)
    volume = np.zeros((2, 3, 4), bool)
    volume[:, :, 2] = plane
    turned = np.moveaxis(volume, 2, axis)
    spacing = [1.0, 1.0]
    spacing.insert(axis, 9.0)
    (outline,) = draw_outlines([turned], index=2, spacing_mm=spacing, axis=axis)
    assert fill(outline)[1:-1, 1:-1].tolist() == plane[:, :2].tolist()


def test_the_slice_with_most_differing_voxels_is_picked():
    model, reference = np.zeros((2, 4, 4, 5), bool)
    model[:, :, 1] = reference[:, :, 1] = True  # largest, but equal
    model[0, :2, 2] = True
    reference[1, :3, 4] = True
    assert pick_slice(model, reference) == 4
    assert pick_slice(model.T, reference.T, axis=0) == 4


def test_of_equal_masks_the_largest_slice_is_picked():
    mask = np.zeros((4, 4, 5), bool)
    mask[0, 0, 1] = mask[:2, 0, 3] = True
    assert pick_slice(mask, mask.copy()) == 3
    assert pick_slice(mask & False, mask & False) == 0


def test_masks_of_different_shape_are_refused():
    masks = [np.zeros((4, 4, 1), bool), np.zeros((4, 5, 1), bool)]
    with pytest.raises(BiasRulerError, match="BR220: the mask has shape 4 x 4 x 1"):
        draw_outlines(masks, index=0, spacing_mm=(1.0, 1.0, 1.0))
