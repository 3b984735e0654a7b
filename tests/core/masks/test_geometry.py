from __future__ import annotations

from itertools import permutations, product

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.crop import crop_mask
from pytest_biasruler.masks.geometry import align_crop, check_right_angles
from pytest_biasruler.masks.labels import accept_mask
from pytest_biasruler.masks.mask import Mask
from pytest_biasruler.masks.reader import read_mask

VOXELS = np.zeros((16, 16, 16), "u1")
VOXELS[2:6, 4:9, 5:9] = 1
STRAIGHT = nibabel.affines.from_matvec(np.diag([0.7, 0.7, 2]), [-120.123456, -88.1, 33])
TURN = nibabel.eulerangles.euler2mat(0.4, -0.3, 0.2)
OBLIQUE = nibabel.affines.from_matvec(TURN) @ STRAIGHT
LABELS = {"core": (1,), "edema": (2, 3)}
NAMES = {"name": "prediction of unet", "reference_name": "reference expert"}


def shifted(affine, *by):
    return nibabel.affines.from_matvec(np.eye(3), by) @ affine


def store_otherwise(voxels, affine, *, axes, flips):
    """Return the same anatomy as another program would store it, by nibabel's own rules."""
    turn = np.array([[axis, -1 if flip else 1] for axis, flip in zip(axes, flips, strict=True)])
    moved = nibabel.orientations.apply_orientation(voxels, turn)
    return moved, affine @ nibabel.orientations.inv_ornt_aff(turn, voxels.shape)


def align(mask, reference, **options):
    return align_crop(crop_mask(mask), crop_mask(reference), **options).whole()


def refusal(mask, reference, **options):
    with pytest.raises(BiasRulerError) as caught:
        align(mask, reference, **NAMES, **options)
    return caught.value


def dice(one, other):
    one, other = one > 0, other > 0
    return 2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other))


@pytest.mark.parametrize("affine", [STRAIGHT, OBLIQUE], ids=["straight", "oblique"])
@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("B60", "BR220"),
        ("B60 slice", "BR220"),
        ("B61", "BR221"),
        ("B62", "BR221"),
        ("B63", ""),
        ("B64", ""),
    ],
)
def test_masks_on_different_grids_are_never_compared(affine, row, code):
    reference = Mask(voxels=VOXELS, affine=affine)
    mirror = np.diag([-1.0, 1, 1, 1])
    turned, its_affine = store_otherwise(
        VOXELS, affine, axes=(2, 1, 0), flips=(True, False, False)
    )
    mask = {
        "B60": Mask(voxels=VOXELS[:, :, :8], affine=affine),
        "B60 slice": Mask(voxels=VOXELS[:, :, :1], affine=affine),
        "B61": Mask(voxels=VOXELS, affine=shifted(affine, 0.35, 0, 0)),
        "B62": Mask(voxels=VOXELS, affine=mirror @ affine),
        "B63": Mask(voxels=turned, affine=its_affine),
        "B64": Mask(voxels=VOXELS, affine=shifted(affine, 1e-5, 0, 0)),
    }[row]
    if code:
        assert refusal(mask, reference).code == code
        return
    aligned = align(mask, reference)  # what is compared lies on the grid of the reference
    assert np.array_equal(aligned.affine, reference.affine)
    assert np.array_equal(aligned.voxels, VOXELS)


def test_a_refusal_tells_both_shapes_or_the_displacement():
    reference = Mask(voxels=VOXELS, affine=STRAIGHT)
    assert str(refusal(Mask(voxels=VOXELS[:, :, :8], affine=STRAIGHT), reference)) == (
        "BR220: prediction of unet has shape 16 x 16 x 8; expected 16 x 16 x 16, "
        "as reference expert has. Resample it beforehand."
    )
    off = Mask(voxels=VOXELS, affine=shifted(STRAIGHT, 0.35, 0, 0))
    assert str(refusal(off, reference)) == (
        "BR221: prediction of unet lies 0.35 mm off (0.5 voxel); expected at most 0.07 mm. "
        "Copy the reference's affine if the voxels agree."
    )
    mirrored = Mask(voxels=VOXELS, affine=np.diag([-1.0, 1, 1, 1]) @ STRAIGHT)
    # Flipped back, its first voxel lies at 120.123456 - 15 * 0.7 in place of -120.123456.
    assert "lies 230 mm off" in refusal(mirrored, reference).found


def test_shapes_are_told_as_the_reference_would_store_them():
    voxels, affine = store_otherwise(VOXELS[:, :, :8], STRAIGHT, axes=(2, 0, 1), flips=(0, 0, 0))
    assert voxels.shape != (16, 16, 8)
    error = refusal(Mask(voxels=voxels, affine=affine), Mask(voxels=VOXELS, affine=STRAIGHT))
    assert (error.code, "16 x 16 x 8;" in str(error)) == ("BR220", True)


STORAGES = [
    (axes, flips) for axes in permutations(range(3)) for flips in product([False, True], repeat=3)
]


@pytest.mark.parametrize("affine", [STRAIGHT, OBLIQUE], ids=["straight", "oblique"])
@given(shape=st.tuples(*[st.integers(1, 7)] * 3), seed=st.integers(0, 999))
@settings(max_examples=8, deadline=None, derandomize=True)
def test_reorientation_moves_voxels_and_changes_none(affine, shape, seed):
    voxels = np.random.default_rng(seed).integers(0, 4, shape, dtype="u1")
    voxels[0, 0, 0] = 1
    reference = accept_mask(Mask(voxels=voxels, affine=affine), labels=LABELS).whole()
    for axes, flips in STORAGES:
        moved, its_affine = store_otherwise(voxels, affine, axes=axes, flips=flips)
        stored = accept_mask(Mask(voxels=moved, affine=its_affine), labels=LABELS).whole()
        aligned = align(stored, reference)
        assert np.array_equal(aligned.voxels, voxels), (axes, flips)
        assert dice(aligned.voxels, reference.voxels) == 1
        assert np.array_equal(np.sort(aligned.voxels, axis=None), np.sort(moved, axis=None))
        volume = np.count_nonzero(aligned.voxels) * aligned.voxel_ml
        assert volume == pytest.approx(np.count_nonzero(moved) * stored.voxel_ml)
        assert aligned.voxel_sha256 == reference.voxel_sha256
        assert aligned.sha256 == stored.sha256
        assert np.array_equal(aligned.affine, reference.affine)
        assert aligned.spacing_mm == reference.spacing_mm
        is_same = axes == (0, 1, 2) and not any(flips)
        assert aligned.notes == (() if is_same else ("BR222",)), (axes, flips)


@given(
    shape=st.tuples(*[st.integers(1, 6)] * 3),
    sizes=st.tuples(*[st.floats(0.2, 5)] * 3),
    angles=st.tuples(*[st.floats(-3.1, 3.1)] * 3),
    origin=st.tuples(*[st.floats(-300, 300)] * 3),
    storage=st.sampled_from(STORAGES),
    seed=st.integers(0, 99),
)
@settings(max_examples=120, deadline=None, derandomize=True)
def test_the_same_anatomy_stored_otherwise_is_the_same_mask(
    shape, sizes, angles, origin, storage, seed
):
    voxels = np.random.default_rng(seed).integers(0, 4, shape, dtype="u1")
    turn = nibabel.eulerangles.euler2mat(*angles)
    affine = nibabel.affines.from_matvec(turn * sizes, origin)
    moved, its_affine = store_otherwise(voxels, affine, axes=storage[0], flips=storage[1])
    noise = 1e-5 * np.sin(np.arange(12)).reshape(3, 4)
    its_affine[:3] += noise
    aligned = align(Mask(voxels=moved, affine=its_affine), Mask(voxels=voxels, affine=affine))
    assert np.array_equal(aligned.voxels, voxels)


@pytest.mark.parametrize("affine", [STRAIGHT, OBLIQUE], ids=["straight", "oblique"])
def test_float_noise_is_no_difference(affine):
    reference = Mask(voxels=VOXELS, affine=affine)
    mask = Mask(voxels=VOXELS, affine=shifted(affine, 1e-5, -1e-5, 1e-5))
    aligned = align(mask, reference)
    assert aligned.notes == ()
    assert np.array_equal(aligned.voxels, VOXELS)


def test_a_spacing_that_drifts_is_seen_at_the_far_corner():
    reference = Mask(voxels=np.zeros((512, 4, 4), "u1"), affine=STRAIGHT)
    drifting = STRAIGHT.copy()
    drifting[0, 0] = 0.7003
    error = refusal(Mask(voxels=np.zeros((512, 4, 4), "u1"), affine=drifting), reference)
    assert "lies 0.153 mm off" in error.found  # 511 * 0.0003
    small = Mask(voxels=VOXELS, affine=drifting)
    assert align(small, Mask(voxels=VOXELS, affine=STRAIGHT)).notes == ()


@pytest.mark.parametrize(("by", "is_accepted"), [(0.069, True), (0.071, False)])
def test_the_tolerance_is_a_share_of_the_smallest_voxel_size(by, is_accepted):
    reference = Mask(voxels=VOXELS, affine=STRAIGHT)
    mask = Mask(voxels=VOXELS, affine=shifted(STRAIGHT, 0, 0, by))
    if is_accepted:
        assert align(mask, reference).shape == (16, 16, 16)
    else:
        assert refusal(mask, reference).code == "BR221"
    assert refusal(mask, reference, tolerance=0.05).expected == "at most 0.035 mm"


def test_grids_that_run_between_each_others_axes_are_refused():
    # Two axes of the one lie nearest to the same axis of the other.
    turn = nibabel.affines.from_matvec(nibabel.eulerangles.euler2mat(0.9, 0.9, 0))
    mask = Mask(voxels=VOXELS, affine=turn)
    reference = Mask(voxels=VOXELS, affine=np.diag([1.0, 1, 4, 1]))
    error = refusal(mask, reference)
    assert (error.code, error.expected) == ("BR221", "the same axes")


def test_a_mask_without_orientation_is_compared_with_its_like_alone():
    bare, placed = Mask(voxels=VOXELS), Mask(voxels=VOXELS, affine=np.eye(4))
    assert align(bare, bare).notes == ("BR213",)
    assert str(refusal(bare, placed)) == (
        "BR213: prediction of unet stores no orientation, reference expert does; "
        "expected both or none. Copy the reference's header."
    )
    assert refusal(placed, bare).found.startswith("reference expert stores no orientation")


def test_without_orientation_shape_and_voxel_size_must_agree():
    reference = Mask(voxels=VOXELS, spacing_mm=(1, 1, 2))
    nearly = Mask(voxels=VOXELS, spacing_mm=(1, 1, 2.0019))
    assert align(nearly, reference).notes == ("BR213",)
    error = refusal(Mask(voxels=VOXELS, spacing_mm=(1, 1, 2.0021)), reference)
    assert (error.code, error.expected) == ("BR213", "1 x 1 x 2 mm, as reference expert has")
    assert refusal(Mask(voxels=VOXELS[1:], spacing_mm=(1, 1, 2)), reference).code == "BR220"


def test_shear_is_refused_for_distances_only():
    affine = np.eye(4)
    affine[0, 1] = 0.5
    sheared = Mask(voxels=VOXELS, affine=affine)
    assert align(sheared, sheared).is_sheared
    check_right_angles(crop_mask(Mask(voxels=VOXELS, affine=OBLIQUE)))
    with pytest.raises(BiasRulerError) as caught:
        check_right_angles(crop_mask(sheared), name="prediction of unet")
    assert str(caught.value) == (
        "BR215: grid of prediction of unet is sheared; expected right angles for distances in mm."
        " Use overlap metrics or resample beforehand."
    )


@pytest.mark.parametrize(("is_own", "is_of_grid"), [*product((False, True), repeat=2)])
def test_a_mask_is_sheared_as_stored_or_as_the_grid_it_is_laid_on(is_own, is_of_grid):
    slight = np.eye(4)
    slight[0, 1] = 1.2e-3  # less than the tolerance of the grid
    mask, grid = (
        crop_mask(Mask(voxels=VOXELS, affine=slight if is_sheared else np.eye(4)))
        for is_sheared in (is_own, is_of_grid)
    )
    assert align_crop(mask, grid).is_sheared == (is_own or is_of_grid)


def test_a_mask_written_back_to_front_is_read_as_the_same_mask(tmp_path):
    backwards = store_otherwise(VOXELS, OBLIQUE, axes=(0, 1, 2), flips=(True, False, False))
    for case, (voxels, affine) in {"plain": (VOXELS, OBLIQUE), "turned": backwards}.items():
        nibabel.save(nibabel.Nifti1Image(voxels, affine), tmp_path / f"{case}.nii.gz")
    plain, turned = (read_mask(tmp_path / f"{case}.nii.gz") for case in ("plain", "turned"))
    assert dice(plain.voxels, turned.voxels) < 0.5
    aligned = align(turned, plain)
    assert aligned.voxel_sha256 == plain.voxel_sha256
    assert aligned.notes == ("BR222",)
