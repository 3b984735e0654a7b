"""Looking around for the nearest surfel: exact whatever the shapes, and by a tree where dearer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from pytest_biasruler.scoring import search
from pytest_biasruler.scoring.ring import measure_steps
from pytest_biasruler.scoring.search import find_rings, look_around
from pytest_biasruler.scoring.surface import Surface, extract_surface

quick = settings(deadline=None, derandomize=True, max_examples=80)
spacings = st.sampled_from([(0.7, 0.7, 2.0), (1.0, 1.0, 1.0), (0.3, 5.0, 1.0), (0.1, 0.3, 0.2)])


@st.composite
def pairs(draw, n_axes=3):
    """Draw two surfaces of random voxels: specks, noise, or nearly all, near or far apart."""
    shapes = array_shapes(min_dims=n_axes, max_dims=n_axes, min_side=1, max_side=8)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    spacing = draw(spacings)[:n_axes]
    surfaces = []
    for _ in range(2):
        mask = rng.random(draw(shapes)) < draw(st.sampled_from([0.03, 0.2, 0.5, 0.95]))
        assume(mask.any())
        offset = draw(st.lists(st.sampled_from([0, 1, 3, 9, 60]), min_size=3, max_size=3))
        surfaces.append(
            extract_surface(
                mask, spacing_mm=spacing, offset=offset[:n_axes], grid_shape=(99,) * n_axes
            )
        )
    return surfaces


def by_brute_force(here, there):
    """Return the distance of every surfel of one surface to the nearest one of the other."""
    steps = here.corners[:, None] - there.corners[None]
    return measure_steps(steps, spacing_mm=here.spacing_mm).min(axis=1)


def areas_by_distance(distances_mm, areas_mm2):
    # A tree tells no two distances apart that differ by rounding alone.
    rounded, entries = np.unique(np.round(distances_mm, 9), return_inverse=True)
    return rounded.tolist(), np.bincount(entries, weights=areas_mm2)


def assert_as_by_brute_force(here, there):
    distances_mm, areas_mm2 = look_around(here, there)
    assert (np.diff(distances_mm) > 0).all(), "a distance comes twice, or not in order"
    assert (areas_mm2 > 0).all()
    found = areas_by_distance(distances_mm, areas_mm2)
    expected = areas_by_distance(by_brute_force(here, there), here.areas_mm2)
    assert found[0] == expected[0]
    assert found[1] == pytest.approx(expected[1], rel=1e-12)


@quick
@given(pairs())
def test_every_distance_is_that_of_brute_force(pair):
    assert_as_by_brute_force(*pair)


@quick
@given(pairs(n_axes=2))
def test_every_distance_in_the_plane_is_that_of_brute_force(pair):
    assert_as_by_brute_force(*pair)


@quick
@given(pairs(), st.sampled_from([1, 5, 2**13]), st.sampled_from([1, 40, 2**15]))
def test_rings_never_find_anything_but_the_exact_minimum(pair, block, looks):
    here, there = pair
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "_BLOCK", block)
        patch.setattr(search, "_LOOKS", looks)
        patch.setattr(search, "FREE_LOOKS", 4096)
        numbers = find_rings(here, there)
    lengths_mm = there.rings.lengths_mm
    nearest_mm = by_brute_force(here, there)
    is_found = numbers < len(lengths_mm)
    assert (lengths_mm[numbers[is_found]] == nearest_mm[is_found]).all(), "not to the last bit"
    assert (nearest_mm[~is_found] >= lengths_mm[-1]).all(), "a surfel in reach was overlooked"


@quick
@given(pairs(), st.sampled_from([0, 1, 7, 16]), st.sampled_from([1, 2, 5, 32]))
def test_where_a_tree_takes_over_and_of_what_changes_no_distance(pair, free, many):
    here, there = pair
    expected = areas_by_distance(*look_around(here, there))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "_MANY", many)
        patch.setattr(search, "FREE_LOOKS", free)
        patch.setattr(search, "LOOKS_FOR_FOUND", free)
        found = areas_by_distance(*look_around(here, there))
    assert found[0] == expected[0]
    assert found[1] == pytest.approx(expected[1], rel=1e-12)


def two_boxes(gap):
    """Return two boxes of 6 x 6 x 6 voxels, so many voxels apart along the first axis."""
    masks = np.zeros((2, 24 + gap, 12, 12), bool)
    masks[0, 2:8, 3:9, 3:9] = True
    masks[1, 8 + gap : 14 + gap, 3:9, 3:9] = True
    return [extract_surface(mask, spacing_mm=(1.0, 1.0, 1.0)) for mask in masks]


def test_near_surfaces_need_no_tree(monkeypatch):
    monkeypatch.setattr(Surface, "tree", property(lambda _: pytest.fail("a tree was built")))
    x, y, z = np.ogrid[:40, :40, :40]
    balls = [(x - at) ** 2 + (y - 20) ** 2 + (z - 20) ** 2 < 14**2 for at in (19, 22)]
    here, there = (extract_surface(ball, spacing_mm=(0.7, 0.7, 1.5)) for ball in balls)
    assert look_around(here, there)[0][-1] == pytest.approx(2.1)


def test_a_few_far_surfels_need_no_tree_of_the_whole_surface(monkeypatch):
    monkeypatch.setattr(Surface, "tree", property(lambda _: pytest.fail("it was built")))
    masks = np.zeros((2, 60, 50, 50), bool)
    masks[:, 2:40, 5:45, 5:45] = True
    masks[0, 58, 25, 25] = True  # 19 voxels above the block: no ring leads so far
    here, there = (extract_surface(mask, spacing_mm=(1.0, 1.0, 1.0)) for mask in masks)
    assert look_around(here, there)[0].tolist() == [0.0, 18.0, 19.0]


@pytest.mark.parametrize("gap", [8, 30, 500])
def test_surfaces_that_find_nothing_soon_give_up(monkeypatch, gap):
    looked = []
    walk = search._walk

    def count(places, there):
        looked.append(len(places))
        return walk(places, there)

    monkeypatch.setattr(search, "_walk", count)
    here, there = two_boxes(gap)
    numbers = find_rings(here, there)
    assert (numbers == len(there.rings.lengths_mm)).all()
    assert sum(looked) == 0, "surfels beyond every ring's reach looked around"
    assert look_around(here, there)[0][0] == gap


def test_a_surfel_of_a_thin_plate_looks_around_no_oftener_than_a_tree_is_worth():
    masks = np.zeros((2, 40, 40, 12), bool)
    masks[0, ..., 3], masks[1, ..., 7] = True, True  # in reach, but not among the first steps
    here, there = (extract_surface(mask, spacing_mm=(1.0, 1.0, 1.0)) for mask in masks)
    sizes = []
    take = np.ndarray.take

    class Counting(np.ndarray):
        def take(self, indices, **options):
            sizes.append(indices.size)
            return take(self, indices, **options).view(np.ndarray)

    there.__dict__["field"] = there.field.view(Counting)
    assert (find_rings(here, there) == len(there.rings.lengths_mm)).all()
    assert 0 < sum(sizes) <= search.FREE_LOOKS * len(here.corners)
