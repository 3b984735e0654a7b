"""Overlap from voxel counts: exact, symmetric, NaN where a ratio has no denominator."""

from __future__ import annotations

import csv
import gzip
import os
from itertools import combinations
from math import isnan
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.overlap import (
    Counts,
    count_voxels,
    dice,
    dice_of,
    iou_of,
    label_error_rate_of,
    precision_of,
    recall_of,
    relative_volume_error_of,
    signed_volume_error_of,
    volume_error_ml_of,
)

AUDIT = Counts(n_model=120, n_reference=100, n_both=90)
NOTHING = Counts(n_model=0, n_reference=0, n_both=0)
MISSED = Counts(n_model=0, n_reference=10, n_both=0)
INVENTED = Counts(n_model=10, n_reference=0, n_both=0)

quick = settings(deadline=None, derandomize=True, max_examples=100)


@st.composite
def counts(draw):
    both = draw(st.integers(0, 10**12))
    return Counts(
        n_model=both + draw(st.integers(0, 10**12)),
        n_reference=both + draw(st.integers(0, 10**12)),
        n_both=both,
    )


def test_the_label_audit_example_comes_out_as_worked_by_hand():
    assert (AUDIT.n_either, AUDIT.n_apart) == (130, 40)
    assert label_error_rate_of(AUDIT) == pytest.approx(0.307692, abs=1e-6)
    assert signed_volume_error_of(AUDIT) == pytest.approx(0.153846, abs=1e-6)
    assert iou_of(AUDIT) == pytest.approx(0.692308, abs=1e-6)
    assert dice_of(AUDIT) == pytest.approx(0.818182, abs=1e-6)
    assert (precision_of(AUDIT), recall_of(AUDIT)) == (0.75, 0.9)
    assert volume_error_ml_of(AUDIT, voxel_ml=0.5) == 10.0
    assert relative_volume_error_of(AUDIT) == 0.2


def test_voxels_are_counted_on_masks_of_any_memory_order():
    rng = np.random.default_rng(1)
    model, reference = rng.random((2, 7, 8, 9)) > 0.6
    expected = Counts(
        n_model=sum(model.ravel().tolist()),
        n_reference=sum(reference.ravel().tolist()),
        n_both=sum(a and b for a, b in zip(model.flat, reference.flat, strict=True)),
    )
    assert count_voxels(model, np.asfortranarray(reference)) == expected
    assert count_voxels(model[::-1], reference[::-1]) == expected


def test_counts_are_plain_integers_as_json_needs_them():
    found = count_voxels(np.ones((2, 2), bool), np.ones((2, 2), bool))
    assert {type(n) for n in (found.n_model, found.n_reference, found.n_both)} == {int}


def test_two_empty_masks_have_no_overlap_and_no_error():
    for ratio in (dice_of, iou_of, precision_of, recall_of, relative_volume_error_of):
        assert isnan(ratio(NOTHING)), f"{ratio.__name__} of two empty masks is a policy"
    assert signed_volume_error_of(NOTHING) == 0
    assert label_error_rate_of(NOTHING) == 0
    assert volume_error_ml_of(NOTHING, voxel_ml=1.0) == 0
    assert isnan(dice(np.zeros((3, 3), bool), np.zeros((3, 3), bool)))


def test_one_empty_mask_scores_nothing_in_either_role():
    for one_empty, sign in ((MISSED, -1), (INVENTED, 1)):
        assert (dice_of(one_empty), iou_of(one_empty)) == (0, 0)
        assert signed_volume_error_of(one_empty) == sign
        assert label_error_rate_of(one_empty) == 1
    assert isnan(precision_of(MISSED))
    assert recall_of(MISSED) == 0
    assert isnan(recall_of(INVENTED))
    assert isnan(relative_volume_error_of(INVENTED))


@quick
@given(counts())
def test_overlap_stays_in_its_range_and_iou_below_dice(case):
    assert 0 <= case.n_apart <= case.n_either
    if case.n_either:
        assert 0 <= iou_of(case) <= dice_of(case) <= 1
        assert label_error_rate_of(case) == pytest.approx(1 - iou_of(case), abs=1e-12)
        assert -1 <= signed_volume_error_of(case) <= 1
        assert abs(signed_volume_error_of(case)) <= label_error_rate_of(case)


@quick
@given(counts())
def test_swapping_the_masks_keeps_dice_and_turns_the_direction(case):
    swapped = Counts(n_model=case.n_reference, n_reference=case.n_model, n_both=case.n_both)
    if case.n_either:
        assert dice_of(swapped) == dice_of(case)
        assert signed_volume_error_of(swapped) == -signed_volume_error_of(case)
    if case.n_model:
        assert recall_of(swapped) == precision_of(case)


def test_masks_of_different_shape_are_refused_with_both_shapes():
    with pytest.raises(BiasRulerError) as caught:
        dice(np.zeros((64, 64, 20), bool), np.zeros((64, 64, 21), bool))
    assert str(caught.value) == (
        "BR220: the mask has shape 64 x 64 x 20; expected 64 x 64 x 21, as the reference has. "
        "Resample it beforehand."
    )


def test_label_numbers_are_not_taken_for_a_mask():
    labels = np.array([2, 1], np.uint8)
    with pytest.raises(TypeError, match="must be an array of bool, not of uint8"):
        count_voxels(labels != 0, labels)


def test_dice_equals_the_1830_published_values():
    if not (data := os.environ.get("BIASRULER_DATA")):
        pytest.skip("BIASRULER_DATA does not name the folder of real data")
    root = Path(data) / "chexmask_phys"
    published = {}
    for pair in combinations(("hybridgnet", "expert2", "expert1"), 2):
        table = (root / f"published_{'_vs_'.join(pair)}.csv").read_text()
        published |= {(row["case_id"], *pair): row for row in csv.DictReader(table.splitlines())}
    found, expected = {}, {}
    for organ in ("lungs", "heart"):
        for case in {case for case, *_ in published}:
            masks = {
                rater: _read(root / organ / rater / f"{case}.nii.gz")
                for rater in ("hybridgnet", "expert2", "expert1")
            }
            for model, reference in combinations(masks, 2):
                key = (case, model, reference)
                found[organ, *key] = dice(masks[model], masks[reference])
                expected[organ, *key] = float(published[key][f"Dice {organ.title()}"])
    assert len(found) == 1830
    assert found == pytest.approx(expected, abs=1e-9)


def _read(path):
    image = nib.Nifti1Image.from_bytes(gzip.decompress(path.read_bytes()))
    return np.asanyarray(image.dataobj) != 0
