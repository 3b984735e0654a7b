"""Masks that are made worse on purpose."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pytest_biasruler.scoring.alteration import Change, change_mask, copy_errors, finest_mm

QUICK = settings(deadline=None, derandomize=True, max_examples=30)
MASKS = arrays(np.bool_, (5, 6, 4))
SPACING = (1.0, 1.5, 2.0)


def change(voxels, how, size=1.0):
    return change_mask(voxels, how, size=size, spacing_mm=SPACING)


@QUICK
@given(MASKS)
def test_erosion_only_removes_and_dilation_only_adds(mask):
    eroded, dilated = change(mask, Change.ERODE), change(mask, Change.DILATE)
    assert not (eroded & ~mask).any()
    assert not (mask & ~dilated).any()


@QUICK
@given(MASKS)
def test_more_is_never_less(mask):
    assert not (change(mask, Change.ERODE, size=3) & ~change(mask, Change.ERODE, size=1)).any()
    assert not (change(mask, Change.DILATE, size=1) & ~change(mask, Change.DILATE, size=3)).any()


def test_a_cube_loses_one_layer_where_the_voxels_are_smallest():
    cube = np.zeros((7, 7, 7), bool)
    cube[1:6, 1:6, 1:6] = True
    # 1 mm: the layer at each end of the first axis goes; 1.5 and 2 mm away nothing does.
    assert np.argwhere(change(cube, Change.ERODE)).min(axis=0).tolist() == [2, 1, 1]
    assert np.argwhere(change(cube, Change.DILATE)).min(axis=0).tolist() == [0, 1, 1]


def test_a_shift_moves_along_the_first_axis_by_whole_voxels():
    mask = np.zeros((5, 2, 2), bool)
    mask[0] = True
    assert np.flatnonzero(change(mask, Change.SHIFT, size=2).any(axis=(1, 2))).tolist() == [2]
    coarse = change_mask(mask, Change.SHIFT, size=1, spacing_mm=(5.0, 1.0, 1.0))
    assert np.flatnonzero(coarse.any(axis=(1, 2))).tolist() == [1], "at least one voxel"
    assert not change(mask, Change.SHIFT, size=9).any(), "out of the image"


def test_a_mask_that_fills_its_image_is_not_eroded_from_outside():
    full = np.ones((3, 3, 3), bool)
    assert change(full, Change.ERODE).all()


def test_an_empty_mask_stays_empty():
    empty = np.zeros((3, 3, 3), bool)
    for how in (Change.ERODE, Change.DILATE, Change.SHIFT, Change.DROP):
        assert not change(empty, how).any()


def test_a_dropped_mask_is_empty():
    assert not change(np.ones((3, 3, 3), bool), Change.DROP).any()


def test_copying_needs_more_than_one_mask():
    with pytest.raises(ValueError, match="copy needs more than one mask"):
        change(np.ones((3, 3, 3), bool), Change.COPY)


def test_the_slice_of_a_2d_image_does_not_count_as_its_finest_axis():
    assert finest_mm((10, 10, 1), spacing_mm=(2.0, 3.0, 0.5)) == 2.0
    assert finest_mm((10, 10, 4), spacing_mm=(2.0, 3.0, 0.5)) == 0.5


@QUICK
@given(MASKS, MASKS, MASKS, st.floats(0, 1), st.floats(0, 1))
def test_what_a_smaller_share_copies_a_larger_one_copies_too(model, automated, expert, a, b):
    less, more = (
        copy_errors(model, automated=automated, expert=expert, share=share)
        for share in sorted((a, b))
    )
    assert ((less == automated) <= (more == automated))[automated != expert].all()
    agrees = automated == expert
    assert (more[agrees] == model[agrees]).all(), "without an error there is nothing to copy"


def test_all_or_no_errors_are_copied():
    generator = np.random.default_rng(1)
    model, automated, expert = (generator.random((6, 6)) < 0.5 for _ in range(3))
    keys = {"automated": automated, "expert": expert}
    assert (copy_errors(model, share=0.0, **keys) == model).all()
    copied = copy_errors(model, share=1.0, **keys)
    assert (copied[automated != expert] == automated[automated != expert]).all()
