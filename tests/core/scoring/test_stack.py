from __future__ import annotations

import gzip
import tracemalloc

import nibabel
import numpy as np
import pytest

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.crop import crop_mask
from pytest_biasruler.masks.geometry import align_crop
from pytest_biasruler.masks.labels import accept_mask
from pytest_biasruler.masks.mask import Mask
from pytest_biasruler.masks.reader import read_mask
from pytest_biasruler.scoring.job import Entry, Job, Role
from pytest_biasruler.scoring.stack import read_stack

BULKY = (256, 256, 160)  # 84 MB of zeros as float64
MOST_BYTES = 16 * 2**20


def stored(shape, affine=None, *, end=None):
    """Return a gzip file of float64 zeros, cut at `end`."""
    image = nibabel.Nifti1Image(np.zeros((1, 1, 1)), np.eye(4) if affine is None else affine)
    image.header.set_data_shape(shape)
    image.header["vox_offset"] = 352
    head = image.header.binaryblock + bytes(4)
    return gzip.compress(head + bytes(8 * int(np.prod(shape))), 1, mtime=0)[:end]


def stack(path, reference, *, role=Role.MODEL):
    entries = (
        Entry(set="unet", role=role, source=path),
        Entry(set="expert", role=Role.EXPERT, source=accept_mask(reference)),
    )
    return read_stack(Job(case="c", entries=entries, metrics=()))[0]


@pytest.mark.parametrize("role", [Role.MODEL, Role.AUTOMATED])
@pytest.mark.parametrize("end", [None, -9])
def test_a_bulky_mask_of_another_shape_is_refused_before_it_is_inflated(tmp_path, cube, role, end):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(stored(BULKY, end=end))
    reference = Mask(voxels=cube((2, 2, 2)), affine=np.eye(4))
    tracemalloc.start()
    masks = stack(path, reference, role=role)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MOST_BYTES
    with pytest.raises(BiasRulerError) as caught:  # in the words of those who have seen it whole
        align_crop(
            crop_mask(Mask(voxels=np.zeros(BULKY, np.uint8), affine=np.eye(4))),
            reference,
            name=Entry(set="unet", role=role, source=path).title,
            reference_name="the reference",
        )
    assert str(masks["unet"]) == str(caught.value)
    assert masks["unet"].code == "BR220"


def test_a_bulky_mask_that_is_stored_in_another_order_is_read(tmp_path):
    path, turned = tmp_path / "a.nii.gz", np.eye(4)[[2, 1, 0, 3]]
    path.write_bytes(stored(BULKY, turned))
    reference = Mask(voxels=np.ones(BULKY[::-1], np.uint8), affine=np.eye(4))
    mask = stack(path, reference)["unet"]
    assert (mask.shape, mask.notes) == (BULKY[::-1], ("BR222",))


def test_damage_is_told_before_a_wrong_shape_unless_the_file_is_bulky(tmp_path, cube):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(stored((64, 64, 64), end=-9))
    assert stack(path, Mask(voxels=cube((2, 2, 2)), affine=np.eye(4)))["unet"].code == "BR104"


def test_a_bulky_mask_by_itself_is_read(tmp_path):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(stored(BULKY))
    assert read_mask(path).shape == BULKY
