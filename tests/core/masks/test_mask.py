from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.affine import is_sheared, measure_displacement
from pytest_biasruler.masks.labels import accept_mask
from pytest_biasruler.masks.mask import Mask

CUBE = np.ones((2, 3, 4), dtype=bool)
OBLIQUE = np.array([[0, -3.0, 0, 5], [2, 0, 0, 6], [0, 0, 1, 7], [0, 0, 0, 1]])


def refusal(**given):
    with pytest.raises(BiasRulerError) as caught:
        Mask(**given)
    return caught.value.code


def test_the_voxel_size_is_that_of_the_affine():
    mask = Mask(voxels=CUBE, affine=OBLIQUE)
    assert mask.spacing_mm == (2, 3, 1)
    assert mask.voxel_ml == pytest.approx(0.006)
    assert mask.notes == ()


def test_the_affine_overrules_another_voxel_size_and_says_so():
    assert Mask(voxels=CUBE, affine=OBLIQUE, spacing_mm=(2, 3, 1.0005)).notes == ()
    mask = Mask(voxels=CUBE, affine=OBLIQUE, spacing_mm=(2, 3, 1.01))
    assert (mask.spacing_mm, mask.notes) == ((2, 3, 1), ("BR210",))


def test_without_anything_voxels_are_1_mm():
    mask = Mask(voxels=CUBE)
    assert (mask.affine, mask.spacing_mm, mask.voxel_ml) == (None, (1, 1, 1), 0.001)
    assert Mask(voxels=CUBE, spacing_mm=(1, 1, 2)).voxel_ml == 0.002


def test_a_sheared_voxel_has_the_volume_of_its_cell():
    affine = np.diag([2.0, 3, 4, 1])
    affine[0, 1] = 3  # the second axis leans over; the cell keeps base times height
    mask = Mask(voxels=CUBE, affine=affine)
    assert mask.is_sheared
    assert mask.voxel_ml == pytest.approx(0.024)


def test_a_slice_has_three_axes():
    mask = Mask(voxels=np.zeros((4, 5)), spacing_mm=(0.5, 0.25))
    assert (mask.shape, mask.spacing_mm, mask.notes) == ((4, 5, 1), (0.5, 0.25, 1), ("BR206",))
    assert Mask(voxels=np.zeros((4, 5, 6, 1, 1))).shape == (4, 5, 6)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"voxels": np.zeros(3)}, "BR206"),
        ({"voxels": np.zeros((2, 2, 2, 2))}, "BR206"),
        ({"voxels": np.zeros((2, 0, 2))}, "BR205"),
        ({"voxels": np.zeros((2, 2), complex)}, "BR202"),
        ({"voxels": np.array([["a"]])}, "BR202"),
        ({"voxels": np.array([[None]])}, "BR202"),
        ({"voxels": CUBE, "spacing_mm": (1, 1, 0)}, "BR209"),
        ({"voxels": CUBE, "spacing_mm": (1, 1, float("nan"))}, "BR209"),
        ({"voxels": CUBE, "spacing_mm": (1,)}, "BR209"),
        ({"voxels": CUBE, "affine": np.eye(3)}, "BR212"),
        ({"voxels": CUBE, "affine": np.ones((4, 4))}, "BR212"),
        ({"voxels": CUBE, "affine": np.diag([1, 0, 1, 1])}, "BR212"),
        ({"voxels": CUBE, "affine": np.diag([1, 1e300, 1, 1])}, "BR212"),
        ({"voxels": CUBE, "affine": np.diag([1, 1e-9, 1, 1])}, "BR212"),
        ({"voxels": CUBE, "affine": np.diag([1, np.nan, 1, 1])}, "BR212"),
    ],
)
def test_what_is_no_mask_cannot_be_made(given, code):
    assert refusal(**given) == code


def test_a_mask_shows_neither_voxels_nor_hashes():
    mask = Mask(voxels=CUBE, affine=OBLIQUE, sha256="a1", voxel_sha256="b2", notes=("BR231",))
    assert repr(mask) == "Mask(shape=(2, 3, 4), spacing_mm=(2.0, 3.0, 1.0))"


def test_a_mask_does_not_change():
    affine = OBLIQUE.copy()
    mask = Mask(voxels=CUBE, affine=affine)
    affine[0, 3] = 99
    assert mask.affine[0, 3] == 5, "the caller's array is the mask's own"
    with pytest.raises(ValueError, match="read-only"):
        mask.affine[0, 3] = 99
    with pytest.raises(FrozenInstanceError):
        mask.notes = ("BR231",)


def test_masks_are_told_apart_by_identity():
    mask = Mask(voxels=CUBE)
    assert mask == mask
    assert mask != Mask(voxels=CUBE), "comparing voxels would give an array, not an answer"
    assert len({mask, mask, Mask(voxels=CUBE)}) == 2


def test_a_mask_survives_a_process_pool():
    mask = Mask(voxels=CUBE, affine=OBLIQUE, notes=("BR231",))
    copy = pickle.loads(pickle.dumps(mask))
    assert np.array_equal(copy.voxels, mask.voxels)
    assert np.array_equal(copy.affine, mask.affine)
    assert (copy.spacing_mm, copy.notes) == (mask.spacing_mm, mask.notes)


def test_notes_are_kept_once():
    mask = replace(Mask(voxels=np.zeros((4, 5)), notes=("BR206", "BR231")), sha256="a")
    assert mask.notes == ("BR206", "BR231")


def test_arrays_with_another_grid_have_another_key():
    given = [
        Mask(voxels=CUBE),
        Mask(voxels=CUBE, spacing_mm=(1, 1, 2)),
        Mask(voxels=CUBE, affine=np.eye(4)),
        Mask(voxels=CUBE, affine=OBLIQUE),
        Mask(voxels=CUBE[::-1].copy() ^ CUBE),
        Mask(voxels=CUBE.astype(float)),
    ]
    accepted = [accept_mask(mask) for mask in given]
    assert len({mask.sha256 for mask in accepted}) == len(given)
    assert len({mask.voxel_sha256 for mask in accepted}) == 2
    assert accept_mask(Mask(voxels=CUBE, sha256="a1")).sha256 == "a1"


@pytest.mark.parametrize(("lean", "expected"), [(0.0009, False), (0.0011, True), (-0.5, True)])
def test_shear_begins_at_one_in_a_thousand(lean, expected):
    affine = np.diag([2.0, 3, 4, 1])
    affine[1, 2] = 4 * lean
    assert is_sheared(affine) is expected


def test_the_displacement_of_a_rotation_is_that_of_the_farthest_corner():
    quarter = np.array([[0, -1.0, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    # (3, 4) goes to (-4, 3): that is 5 * sqrt(2) away
    off = measure_displacement(quarter, np.eye(4), shape=(4, 5, 2))
    assert off == pytest.approx(5 * 2**0.5)
