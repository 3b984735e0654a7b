"""Boxes and lesions."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.shape import (
    LesionCounts,
    bounding_box,
    count_lesions,
    lesion_f1,
    lesion_precision,
    lesion_recall,
)

quick = settings(deadline=None, derandomize=True, max_examples=80)
masks = arrays(bool, array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=6))
pairs = st.tuples(*[arrays(bool, (5, 6, 4), fill=st.nothing())] * 2)


@quick
@given(masks, st.sampled_from("CF"))
def test_the_box_is_the_smallest_that_holds_every_voxel(mask, order):
    places = np.argwhere(mask)
    box = bounding_box(np.array(mask, order=order))
    if len(places) == 0:
        assert box is None
    else:
        assert [side.start for side in box] == places.min(axis=0).tolist()
        assert [side.stop - 1 for side in box] == places.max(axis=0).tolist()


@quick
@given(pairs)
def test_the_box_of_two_masks_is_that_of_their_union(pair):
    assert bounding_box(*pair) == bounding_box(pair[0] | pair[1])


def test_the_box_of_a_view_is_in_the_frame_of_the_view():
    mask = np.zeros((8, 9), bool)
    mask[6, 2] = True
    assert bounding_box(mask[::-1].T) == (slice(2, 3), slice(1, 2))


def test_an_empty_mask_does_not_widen_the_box():
    mask, empty = np.ones((2, 2), bool), np.zeros((2, 2), bool)
    assert bounding_box(empty, mask, empty) == (slice(0, 2), slice(0, 2))
    assert bounding_box(empty) is None
    assert bounding_box() is None


def test_one_lesion_that_bridges_two_finds_both():
    reference = np.array([[1, 0, 1, 0, 0, 1, 0, 0]], bool)
    model = np.array([[1, 1, 1, 0, 0, 0, 0, 1]], bool)
    lesions = count_lesions(model, reference)
    assert lesions == LesionCounts(n_reference=3, n_model=2, n_found_reference=2, n_true_model=1)
    recall, precision = 2 / 3, 1 / 2
    assert lesion_recall(lesions) == recall
    assert lesion_precision(lesions) == precision
    assert lesion_f1(lesions) == pytest.approx(2 / (1 / recall + 1 / precision))


def test_lesions_beside_each_other_do_not_match():
    reference = np.array([[1, 0], [0, 0]], bool)
    model = np.array([[0, 1], [0, 0]], bool)
    lesions = count_lesions(model, reference)
    assert (lesions.n_found_reference, lesions.n_true_model) == (0, 0)
    assert lesion_recall(lesions) == lesion_precision(lesions) == lesion_f1(lesions) == 0


def test_where_nobody_sees_a_lesion_nothing_is_defined():
    lesions = count_lesions(np.zeros((3, 3), bool), np.zeros((3, 3), bool))
    assert lesions == LesionCounts(n_reference=0, n_model=0, n_found_reference=0, n_true_model=0)
    assert all(isnan(score(lesions)) for score in (lesion_recall, lesion_precision, lesion_f1))


def test_where_one_side_sees_no_lesion_f1_is_zero():
    mask, empty = np.ones((2, 2), bool), np.zeros((2, 2), bool)
    missed, invented = count_lesions(empty, mask), count_lesions(mask, empty)
    assert lesion_f1(missed) == lesion_f1(invented) == 0
    assert lesion_recall(missed) == lesion_precision(invented) == 0
    assert isnan(lesion_precision(missed))
    assert isnan(lesion_recall(invented))


@quick
@given(pairs)
def test_swapping_the_masks_swaps_recall_and_precision(pair):
    forth, back = count_lesions(*pair), count_lesions(*pair[::-1])
    assert (forth.n_reference, forth.n_found_reference) == (back.n_model, back.n_true_model)
    assert (forth.n_model, forth.n_true_model) == (back.n_reference, back.n_found_reference)
    assert lesion_f1(forth) == pytest.approx(lesion_f1(back), nan_ok=True)


@quick
@given(pairs)
def test_a_lesion_is_found_on_one_side_exactly_if_on_the_other(pair):
    lesions = count_lesions(*pair)
    assert (lesions.n_found_reference == 0) == (lesions.n_true_model == 0)
    assert (lesions.n_found_reference > 0) == bool((pair[0] & pair[1]).any())
    assert lesions.n_found_reference <= lesions.n_reference
    assert lesions.n_true_model <= lesions.n_model


def test_masks_of_different_shape_are_refused():
    with pytest.raises(BiasRulerError, match="BR220: the mask has shape 2 x 2; expected 2 x 3"):
        count_lesions(np.zeros((2, 2), bool), np.zeros((2, 3), bool))
