"""Errors that a model shares with its labels, counted and inferred; bounds without an expert."""

from __future__ import annotations

from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.agreement import (
    Sizes,
    bound_iou,
    count_shared_errors,
    infer_shared_errors,
    iou_from_dice,
)
from pytest_biasruler.scoring.overlap import (
    Counts,
    count_voxels,
    dice,
    iou_of,
)

quick = settings(deadline=None, derandomize=True, max_examples=100)
triples = st.tuples(*[arrays(bool, (3, 4, 2), fill=st.nothing())] * 3)
unit = st.floats(0, 1)


def test_the_worked_example_shares_one_error_of_three():
    errors = infer_shared_errors(
        Sizes(model=5, automated=5, expert=4),
        model_automated=0.8,
        model_expert=8 / 9,
        automated_expert=2 / 3,
    )
    assert errors.n_shared == pytest.approx(1)
    assert errors.copy_rate == pytest.approx(1 / 3)
    assert errors.n_model == pytest.approx(1)
    assert errors.n_automated == pytest.approx(3)


def test_a_model_that_copies_the_labels_repeats_every_error():
    automated, expert = np.array([1, 1, 1, 0], bool), np.array([0, 1, 1, 1], bool)
    copied = count_shared_errors(automated, automated=automated, expert=expert)
    assert (copied.n_shared, copied.copy_rate) == (2, 1)
    correct = count_shared_errors(expert, automated=automated, expert=expert)
    assert (correct.n_shared, correct.copy_rate) == (0, 0)


def test_labels_without_error_have_no_copy_rate():
    expert = np.array([1, 1, 0], bool)
    errors = count_shared_errors(~expert, automated=expert, expert=expert)
    assert errors.n_shared == 0
    assert isnan(errors.copy_rate)


@quick
@given(triples)
def test_shared_errors_are_the_voxels_on_which_both_differ_from_the_expert(triple):
    model, automated, expert = triple
    errors = count_shared_errors(model, automated=automated, expert=expert)
    assert errors.n_shared == np.count_nonzero((model ^ expert) & (automated ^ expert))
    assert errors.n_model == np.count_nonzero(model ^ expert)
    assert errors.n_automated == np.count_nonzero(automated ^ expert)
    assert errors.n_apart == np.count_nonzero(model ^ automated)


@quick
@given(triples)
def test_sizes_and_dice_tell_the_same_errors_as_the_masks(triple):
    model, automated, expert = triple
    counted = count_shared_errors(model, automated=automated, expert=expert)
    inferred = infer_shared_errors(
        Sizes(model=int(model.sum()), automated=int(automated.sum()), expert=int(expert.sum())),
        model_automated=dice(model, automated),
        model_expert=dice(model, expert),
        automated_expert=dice(automated, expert),
    )
    assert inferred.n_shared == pytest.approx(counted.n_shared, abs=1e-9)
    assert inferred.n_automated == pytest.approx(counted.n_automated, abs=1e-9)
    if counted.n_automated:
        assert inferred.copy_rate == pytest.approx(counted.copy_rate, abs=1e-9)


def test_a_missing_dice_leaves_the_shared_errors_unknown():
    errors = infer_shared_errors(
        Sizes(model=5, automated=5, expert=4),
        model_automated=nan,
        model_expert=0.5,
        automated_expert=0.5,
    )
    assert isnan(errors.n_shared)
    assert isnan(errors.copy_rate)


def test_the_worked_example_bounds_iou_between_6_and_8_tenths():
    bounds = bound_iou(model_automated=0.9, automated_expert=0.7)
    assert (bounds.low, bounds.high) == (pytest.approx(0.6), pytest.approx(0.8))


@quick
@given(triples)
def test_the_bounds_hold_the_iou_that_the_expert_would_give(triple):
    model, automated, expert = triple
    if not (automated.any() and (model.any() or expert.any())):
        return
    bounds = bound_iou(
        model_automated=iou_of(count_voxels(model, automated)),
        automated_expert=iou_of(count_voxels(automated, expert)),
    )
    iou = iou_of(count_voxels(model, expert))
    assert bounds.low - 1e-12 <= iou <= bounds.high + 1e-12


@quick
@given(unit, unit)
def test_bounds_are_ordered_and_perfect_labels_close_them(model_automated, automated_expert):
    bounds = bound_iou(model_automated=model_automated, automated_expert=automated_expert)
    assert 0 <= bounds.low <= bounds.high + 1e-12 <= 1 + 1e-12
    closed = bound_iou(model_automated=model_automated, automated_expert=1.0)
    assert closed.low == pytest.approx(model_automated, abs=1e-12)
    assert closed.high == pytest.approx(model_automated, abs=1e-12)


@pytest.mark.parametrize(("first", "second"), [(nan, 0.5), (0.5, nan), (nan, 0.0)])
def test_an_unknown_iou_bounds_nothing(first, second):
    bounds = bound_iou(model_automated=first, automated_expert=second)
    assert isnan(bounds.low)
    assert isnan(bounds.high)


def test_dice_turns_into_iou():
    counts = Counts(n_model=120, n_reference=100, n_both=90)
    assert iou_from_dice(180 / 220) == pytest.approx(iou_of(counts))
    assert (iou_from_dice(0.0), iou_from_dice(1.0)) == (0, 1)
    assert isnan(iou_from_dice(nan))


def test_masks_of_different_shape_are_refused():
    mask = np.zeros((2, 2), bool)
    with pytest.raises(BiasRulerError, match="BR220"):
        count_shared_errors(mask, automated=mask, expert=np.zeros((2, 3), bool))
