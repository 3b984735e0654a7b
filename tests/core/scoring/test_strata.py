"""Strata of equal difficulty: a crop gives what the whole grid gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pytest_biasruler.scoring import strata
from pytest_biasruler.scoring.strata import cut_strata


def plain_codes(expert, spacing_mm):
    """Strata by the definition alone: every voxel against every voxel of the other class."""
    kept = [axis for axis in range(expert.ndim) if not (expert.ndim == 3 and axis == flat(expert))]
    width = np.prod([spacing_mm[axis] for axis in kept]) ** (1 / len(kept))
    inside, outside = (np.argwhere(each) * spacing_mm for each in (expert, ~expert))
    codes = np.empty(expert.shape, int)
    for place in np.ndindex(expert.shape):
        others = outside if expert[place] else inside
        far = np.sqrt(((others - np.array(place) * spacing_mm) ** 2).sum(axis=1))
        steps = min(round(float(far.min()) / width), 8) if len(others) else 8
        codes[place] = 8 - steps if expert[place] else 9 + steps
    return codes


def flat(expert):
    return max((axis for axis, length in enumerate(expert.shape) if length == 1), default=None)


def crop(box, shape):
    return tuple(
        slice(min(start, length - 1), min(start, length - 1) + size)
        for (start, size), length in zip(box, shape, strict=True)
    )


@settings(deadline=None, derandomize=True, max_examples=80)
@given(
    st.data(),
    st.sampled_from([(1.0, 1.0, 1.0), (0.7, 0.7, 5.0), (2.0, 0.5, 1.0)]),
    st.tuples(st.integers(1, 24), st.integers(1, 7), st.integers(1, 7)),
)
def test_a_crop_gives_the_strata_of_the_whole_grid(data, spacing_mm, shape):
    """Masks at the border, grids smaller than the reach and larger ones, flat images."""
    corner = tuple(data.draw(st.integers(0, length - 1)) for length in shape)
    size = tuple(
        data.draw(st.integers(1, min(length - at, 3)))
        for at, length in zip(corner, shape, strict=True)
    )
    expert = np.zeros(shape, bool)
    box = tuple(slice(at, at + n) for at, n in zip(corner, size, strict=True))
    expert[box] = data.draw(arrays(bool, size))
    expected = plain_codes(expert, np.array(spacing_mm))
    wider = tuple(
        slice(data.draw(st.integers(0, side.start)), data.draw(st.integers(side.stop, length)))
        for side, length in zip(box, shape, strict=True)
    )
    strata = cut_strata(
        expert[wider],
        spacing_mm=spacing_mm,
        offset=[side.start for side in wider],
        grid_shape=shape,
    )
    np.testing.assert_array_equal(strata.codes, expected[wider])
    assert strata.n_voxels.tolist() == np.bincount(expected.ravel(), minlength=18).tolist()


def test_a_row_is_cut_by_hand():
    expert = np.zeros((1, 24), bool)
    expert[0, 10:14] = True
    codes = cut_strata(expert, spacing_mm=(1.0, 1.0)).codes[0].tolist()
    assert codes[10:14] == [7, 6, 6, 7], "one and two voxels deep"
    assert codes[:10] == [17, 17, 17, 16, 15, 14, 13, 12, 11, 10]
    assert codes[14:] == [10, 11, 12, 13, 14, 15, 16, 17, 17, 17]


def test_the_width_of_a_flat_image_is_that_of_its_plane():
    expert = np.zeros((1, 20, 1), bool)
    expert[0, :5] = True
    thin = cut_strata(expert, spacing_mm=(1.0, 1.0, 1.0), grid_shape=(4, 20, 1))
    thick = cut_strata(expert, spacing_mm=(1.0, 1.0, 50.0), grid_shape=(4, 20, 1))
    np.testing.assert_array_equal(thin.codes, thick.codes)
    assert thin.n_voxels.sum() == 80


def test_within_a_tall_voxel_both_classes_can_lie_at_distance_zero():
    """0.1 mm rounds to no width of 1 mm: only the class tells the two voxels apart."""
    expert = np.array([[[1], [0]]], bool)
    strata = cut_strata(expert, spacing_mm=(10.0, 0.1, 1.0), grid_shape=(1, 2, 3))
    assert strata.codes[0, :, 0].tolist() == [8, 9]


@pytest.mark.parametrize(("filled", "code"), [(True, 0), (False, 17)])
def test_a_mask_without_boundary_is_one_stratum(filled, code):
    strata = cut_strata(np.full((3, 4, 5), filled), spacing_mm=(1.0, 1.0, 1.0))
    assert set(strata.codes.ravel()) == {code}
    assert strata.n_voxels[code] == 60
    assert strata.n_voxels.sum() == 60


@pytest.mark.parametrize("slab", [1, 40, 300])
def test_strata_do_not_depend_on_how_many_voxels_are_measured_at_a_time(monkeypatch, slab):
    rng = np.random.default_rng(0)
    spacing = (0.7, 1.3, 2.5)
    experts = [rng.random((9, 7, 8)) < share for share in (0.02, 0.5, 0.98)]
    expected = [cut_strata(expert, spacing_mm=spacing) for expert in experts]
    monkeypatch.setattr(strata, "_SLAB", slab)
    for expert, whole in zip(experts, expected, strict=True):
        cut = cut_strata(expert, spacing_mm=spacing)
        assert cut.codes.tolist() == whole.codes.tolist()
        assert cut.codes.tolist() == plain_codes(expert, spacing).tolist()
