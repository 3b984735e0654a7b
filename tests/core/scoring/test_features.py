"""Shape features, by hand and by law."""

from __future__ import annotations

from math import isnan, log, pi, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pytest_biasruler.scoring.component import find_components
from pytest_biasruler.scoring.features import FEATURES, measure_shape
from pytest_biasruler.scoring.surface import extract_surface

small = arrays(bool, st.tuples(*[st.integers(1, 5)] * 3)).filter(lambda mask: mask.any())
quick = settings(deadline=None, derandomize=True, max_examples=50)


def shape_of(mask, spacing_mm=(1.0, 1.0, 1.0), **options):
    given_surface = extract_surface(mask, spacing_mm=spacing_mm, grid_shape=(9,) * mask.ndim)
    return measure_shape(
        mask,
        spacing_mm=spacing_mm,
        voxel_ml=float(np.prod(spacing_mm)) / 1000,
        surface=options.get("surface", given_surface),
        n_components=find_components(mask).n,
    )


def ball(radius, spacing_mm=(1.0, 1.0, 1.0)):
    axes = [np.arange(-int(radius / mm) - 1, int(radius / mm) + 2) * mm for mm in spacing_mm]
    return sum(at**2 for at in np.meshgrid(*axes, indexing="ij")) <= radius**2


def test_a_box_has_the_volume_and_the_elongation_of_its_sides():
    shape = shape_of(np.ones((8, 4, 2), bool), (1.0, 1.0, 1.0))
    assert shape.volume_ml == 0.064
    assert shape.log_volume_ml == log(0.064)
    # the variance of n places one millimetre apart is (n^2 - 1) / 12
    assert shape.elongation == pytest.approx(sqrt((4**2 - 1) / (8**2 - 1)), abs=1e-12)
    assert shape.n_components == 1


def test_a_box_lies_in_millimetres_not_in_voxels():
    shape = shape_of(np.ones((4, 8, 2), bool), (3.0, 1.0, 1.0))
    assert shape.elongation == pytest.approx(sqrt((8**2 - 1) / 9 / (4**2 - 1)), abs=1e-12)


def test_elongation_does_not_depend_on_the_way_a_mask_lies():
    mask = np.zeros((9, 9, 1), bool)
    mask[np.arange(9), np.arange(9), 0] = True  # a diagonal is a line too
    assert shape_of(mask).elongation == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (0.8, 0.8, 1.6)])
def test_a_large_ball_is_nearly_as_round_as_can_be(spacing_mm):
    """Facets of binary voxels lean to no more than three axes: their surface is a tenth larger."""
    shape = shape_of(ball(12, spacing_mm), spacing_mm)
    assert shape.sphericity == pytest.approx(0.9, abs=0.03)
    assert shape.elongation == pytest.approx(1, abs=0.01)
    assert shape.surface_to_volume == pytest.approx(3 / 12, rel=0.15)


def test_the_smallest_mask_looks_rounder_than_a_ball():
    """One voxel is an octahedron of surface sqrt(3) around a volume of 1."""
    shape = shape_of(np.ones((1, 1, 1), bool))
    assert shape.sphericity == pytest.approx(pi ** (1 / 3) * 6 ** (2 / 3) / sqrt(3), rel=1e-12)
    assert shape.surface_to_volume == pytest.approx(sqrt(3), rel=1e-12)
    assert isnan(shape.elongation)


def test_a_flat_image_is_measured_in_its_plane():
    mask = np.zeros((31, 31, 1), bool)
    mask[..., 0] = ball(14, (1.0, 1.0))[:31, :31]
    flat = extract_surface(mask, spacing_mm=(1.0, 1.0, 7.0))
    shape = shape_of(mask, (1.0, 1.0, 7.0), surface=flat)
    area = int(mask.sum())
    assert shape.volume_ml == pytest.approx(area * 7 / 1000)
    assert shape.sphericity == pytest.approx(2 * sqrt(pi * area) / flat.area_mm2, rel=1e-12)
    assert shape.sphericity == pytest.approx(1, abs=0.1)
    assert shape.surface_to_volume == pytest.approx(2 / 14, rel=0.1), "perimeter over area"


def test_an_empty_mask_has_no_shape():
    shape = shape_of(np.zeros((3, 3, 3), bool))
    assert all(isnan(getattr(shape, name)) for name in FEATURES)
    assert shape.to_plain() == dict.fromkeys(FEATURES)


def test_without_a_surface_size_and_pieces_are_known_all_the_same():
    mask = np.array([[[1, 0, 1]]], bool)
    shape = shape_of(mask, surface=None)
    assert (shape.volume_ml, shape.n_components) == (0.002, 2)
    plain = shape.to_plain()
    assert [name for name in FEATURES if plain[name] is None] == [
        "sphericity",
        "elongation",
        "surface_to_volume",
    ]


@quick
@given(small, st.permutations(range(3)))
def test_shape_does_not_depend_on_the_order_of_axes(mask, order):
    spacing = (1.0, 1.5, 2.0)
    turned = np.transpose(mask, order)
    one = shape_of(mask, spacing)
    other = shape_of(turned, tuple(spacing[axis] for axis in order))
    for name in FEATURES:
        assert getattr(one, name) == pytest.approx(getattr(other, name), nan_ok=True, abs=1e-7)


@quick
@given(small, st.sampled_from([0.5, 2.0, 3.0]))
def test_only_size_changes_with_scale(mask, factor):
    one, other = shape_of(mask), shape_of(mask, (factor,) * 3)
    assert other.volume_ml == pytest.approx(one.volume_ml * factor**3)
    assert other.surface_to_volume == pytest.approx(one.surface_to_volume / factor)
    for name in ("sphericity", "elongation", "n_components"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), nan_ok=True, abs=1e-7)


@quick
@given(small)
def test_elongation_is_that_of_the_list_of_voxels(mask):
    spacing = (1.0, 1.5, 2.5)
    if mask.sum() < 2:
        return
    places = np.argwhere(mask) * spacing
    variances = np.linalg.eigvalsh(np.cov(places.T, bias=True))[::-1]
    expected = sqrt(max(variances[1], 0) / variances[0])
    assert shape_of(mask, spacing).elongation == pytest.approx(expected, abs=1e-7)
