"""Crowded surfaces: measured over the whole box, with the numbers a search would give."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import surface_distance.metrics as published
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from scipy import ndimage

from pytest_biasruler.scoring import crowded, distance
from pytest_biasruler.scoring.surface import extract_surface

quick = settings(deadline=None, derandomize=True, max_examples=80)
spacings = st.sampled_from([(1.0, 1.0, 1.0), (0.7, 0.7, 2.5), (0.703125, 1.3, 3.1)])


@st.composite
def noisy_pairs(draw, min_dims=3, max_dims=3):
    """Draw two masks of random voxels on one grid: from a few specks to a few holes."""
    shape = draw(array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=1, max_side=11))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shares = [draw(st.sampled_from([0.01, 0.1, 0.5, 0.9, 0.99])) for _ in range(2)]
    masks = [rng.random(shape) < share for share in shares]
    assume(all(mask.any() for mask in masks))
    return masks


def extract(masks, spacing, grid_shape=None):
    return [
        extract_surface(mask, spacing_mm=spacing[: mask.ndim], grid_shape=grid_shape)
        for mask in masks
    ]


def numbers(here, there, look):
    """Return area, mean, 95th percentile, farthest and share within 1 mm of one look."""
    distances_mm, areas_mm2 = look(here, there)
    side = distance.Side(distances_mm=distances_mm, areas_mm2=areas_mm2)
    both = distance.SurfaceDistances(first=side, second=side)
    return [
        float(side.areas_mm2.sum()),
        distance.assd(both),
        distance.hd95(both),
        distance.hd(both),
        distance.nsd(both, tolerance_mm=1.0001),
    ]


@quick
@given(noisy_pairs(), spacings)
def test_both_ways_to_look_give_the_same_numbers(masks, spacing):
    here, there = extract(masks, spacing)
    across = numbers(here, there, distance.look_across)
    assert across == pytest.approx(numbers(here, there, distance.look_around), rel=1e-9, abs=1e-12)


@quick
@given(noisy_pairs(min_dims=2, max_dims=2), spacings)
def test_both_ways_agree_in_the_plane(masks, spacing):
    here, there = extract(masks, spacing)
    across = numbers(here, there, distance.look_across)
    assert across == pytest.approx(numbers(here, there, distance.look_around), rel=1e-9, abs=1e-12)


@quick
@given(noisy_pairs(), st.sampled_from([1, 7, 40]), st.integers(0, 6))
def test_neither_slabs_nor_a_crop_change_a_bit(masks, slab, margin):
    spacing, grid = (0.7, 0.9, 2.5), (30, 30, 30)
    whole = extract([np.pad(mask, margin) for mask in masks], spacing, grid)
    expected = crowded.look_across(*extract(masks, spacing, grid))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crowded, "_SLAB", slab)
        found = crowded.look_across(*whole)
    assert [column.tolist() for column in found] == [column.tolist() for column in expected]


def test_a_distance_within_the_tolerance_is_so_by_either_way():
    # 3 * 0.1 is above 0.3 in binary: both ways count steps, so both come to the same number.
    masks = np.zeros((2, 1, 1, 12), bool)
    masks[0, ..., 0], masks[1, ..., 4] = True, True
    here, there = extract(masks, (1.0, 1.0, 0.1))
    found = [
        set(look(here, there)[0].tolist()) for look in (distance.look_around, distance.look_across)
    ]
    assert found[0] == found[1] == {3 * 0.1, 4 * 0.1}


@pytest.fixture
def looks(monkeypatch):
    """Count how often either way to look is taken."""
    taken = {"look_around": 0, "look_across": 0}

    def counting(name):
        look = getattr(distance, name)

        def wrapped(here, there):
            taken[name] += 1
            return look(here, there)

        return wrapped

    for name in taken:
        monkeypatch.setattr(distance, name, counting(name))
    return taken


def test_a_checkerboard_is_not_searched(looks, monkeypatch):
    monkeypatch.setattr("pytest_biasruler.scoring.surface.Surface.tree", property(lambda _: 1 / 0))
    monkeypatch.setattr(
        "pytest_biasruler.scoring.surface.Surface.corners", property(lambda _: 1 / 0)
    )
    board = np.indices((64, 64, 64)).sum(axis=0) % 2 == 1
    cube = np.zeros_like(board)
    cube[20:40, 20:40, 20:40] = True
    distances = distance.measure_surfaces(*extract([board, cube], (1.0, 1.0, 1.0)))
    assert looks == {"look_around": 0, "look_across": 2}
    assert distance.hd(distances) == pytest.approx(np.sqrt(3 * 24**2))
    steps = len(distances.first.distances_mm)
    assert steps < 65**3 / 5, "surfels that are as many steps away share an entry"


def test_a_large_smooth_mask_is_searched_as_ever(looks):
    x, y, z = np.ogrid[:160, :160, :160]
    balls = [(x - at) ** 2 + (y - 80) ** 2 + (z - 80) ** 2 < 74**2 for at in (78, 80)]
    surfaces = extract(balls, (1.0, 1.0, 1.0))
    assert sum(surface.n_surfels for surface in surfaces) > crowded.FEWEST_CROWDED
    distance.measure_surfaces(*surfaces)
    assert looks == {"look_around": 2, "look_across": 0}


def test_a_small_mask_of_noise_is_searched_as_ever(looks):
    noise = np.random.default_rng(0).random((2, 30, 30, 30)) < 0.5
    distance.measure_surfaces(*extract(noise, (1.0, 1.0, 1.0)))
    assert looks == {"look_around": 2, "look_across": 0}


def test_a_surface_holds_one_byte_for_each_corner_until_it_is_searched():
    noise = np.random.default_rng(0).random((30, 30, 30)) < 0.5
    (surface,) = extract([noise], (1.0, 1.0, 1.0))
    assert surface.n_surfels > 29**3
    assert surface.codes.nbytes == 31**3
    assert not {"cells", "corners", "tree", "field"} & vars(surface).keys()


@pytest.mark.parametrize("spacing", [(0.7, 0.7, 2.5), (0.6, 0.8)])
def test_noise_scores_as_in_the_reference_implementation(monkeypatch, spacing):
    monkeypatch.setattr(np, "Inf", np.inf, raising=False)  # names that numpy and scipy dropped
    morphology = SimpleNamespace(distance_transform_edt=ndimage.distance_transform_edt)
    filters = SimpleNamespace(correlate=ndimage.correlate)
    monkeypatch.setattr(
        published, "ndimage", SimpleNamespace(filters=filters, morphology=morphology)
    )
    monkeypatch.setattr(distance, "are_crowded", lambda *_: True)
    rng = np.random.default_rng(3)
    for share in (0.05, 0.5, 0.95):
        model, reference = rng.random((2, *(21, 17, 12)[: len(spacing)])) < share
        ours = distance.measure_surfaces(*extract([model, reference], spacing))
        theirs = published.compute_surface_distances(reference, model, spacing)
        found = [distance.nsd(ours, tolerance_mm=1.0), distance.hd95(ours), distance.hd(ours)]
        assert found == pytest.approx(
            [
                published.compute_surface_dice_at_tolerance(theirs, 1.0),
                published.compute_robust_hausdorff(theirs, 95),
                published.compute_robust_hausdorff(theirs, 100),
            ],
            rel=1e-9,
        )
