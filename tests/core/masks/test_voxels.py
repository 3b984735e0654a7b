"""A volume read tile by tile is the volume read at once."""

from __future__ import annotations

import gzip
import tracemalloc
from itertools import pairwise, product
from math import prod

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.errors import BiasRulerError, Limits
from pytest_biasruler.masks import voxels as tiles
from pytest_biasruler.masks.crop import crop_mask
from pytest_biasruler.masks.labels import check_labels
from pytest_biasruler.masks.mask import Mask
from pytest_biasruler.masks.reader import read_crop
from pytest_biasruler.masks.voxels import TILE_BYTES, cut_tiles

from .broken_files import put

KINDS = ("u1", "i1", "<i2", ">u2", "<i4", ">i8", "<u8", "<f4", ">f8")


def write(path, stored, *, slope=1.0, intercept=0.0):
    """Write values as they stand, with a scaling that nibabel would have applied."""
    made = nibabel.Nifti1Image(np.zeros((1, 1, 1)), np.eye(4)).header
    made.set_data_dtype(stored.dtype.newbyteorder("="))
    made.set_data_shape(stored.shape)
    made["vox_offset"] = 352
    head = put(made.binaryblock + bytes(4), 112, "2f", slope, intercept)
    order = stored.dtype.byteorder
    if order == ">":
        head = made.as_byteswapped(">").binaryblock + bytes(4)
    data = head + stored.tobytes(order="F")
    path.write_bytes(gzip.compress(data, 1, mtime=0) if path.suffix == ".gz" else data)
    return path


def read_at_once(stored, *, slope=1.0, intercept=0.0, **options):
    """Return what the whole volume in memory amounts to, or the words of its refusal."""
    try:
        made, notes = check_labels(stored, slope=slope, intercept=intercept, **options)
    except BiasRulerError as refused:
        return str(refused)
    return crop_mask(Mask(voxels=made)), notes


def read_in_tiles(path, **options):
    try:
        return read_crop(path, **options)
    except BiasRulerError as refused:
        return str(refused)


def assert_same(path, stored, *, slope=1.0, intercept=0.0, **options):
    expected = read_at_once(stored, slope=slope, intercept=intercept, **options)
    found = read_in_tiles(path, **options)
    if isinstance(expected, str) or isinstance(found, str):
        assert found == expected
        return
    crop, notes = expected
    assert np.array_equal(found.voxels, crop.voxels)
    assert (found.voxels.dtype, found.start) == (crop.voxels.dtype, crop.start)
    assert (found.shape, found.voxel_sha256) == (crop.shape, crop.voxel_sha256)
    assert found.notes == notes


values = st.sampled_from([0, 0, 0, 0, 1, 1, 2, 3, 200, 300, -1, 0.5, 1.0005, float("nan"), 2**31])


@given(
    shape=st.tuples(*[st.integers(1, 9)] * 3),
    picks=st.lists(st.tuples(st.integers(0, 728), values), max_size=6),
    kind=st.sampled_from(KINDS),
    scale=st.sampled_from([(1.0, 0.0), (1.0, 0.0), (2**-5, 0.0), (2**-5, 1.0), (2**-5, 0.5)]),
    labels=st.sampled_from([None, {"a": (1,)}, {"a": (1, 2, 3), "b": (200, 300)}]),
    tile=st.sampled_from([16, 40, 100, TILE_BYTES]),
    suffix=st.sampled_from(["nii", "nii.gz"]),
)
@settings(max_examples=400, deadline=None, derandomize=True)
def test_a_volume_read_in_tiles_is_the_volume_read_at_once(
    tmp_path_factory, shape, picks, kind, scale, labels, tile, suffix
):
    stored = np.zeros(shape, kind)
    slope, intercept = scale if not kind.startswith(">") else (1.0, 0.0)
    for at, value in picks:
        if slope != 1:
            value = value / slope
        if np.dtype(kind).kind != "f":
            value = int(np.clip(np.nan_to_num(value), 0 if "u" in kind else -1, 100))
        stored.flat[at % stored.size] = value
    path = tmp_path_factory.getbasetemp() / f"tiled.{suffix}"
    write(path, stored, slope=slope, intercept=intercept)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiles, "TILE_BYTES", tile)
        patch.setattr(tiles, "_ZEROS", bytes(tile))
        assert_same(path, stored, slope=slope, intercept=intercept, labels=labels)


@pytest.mark.parametrize("n_values", [2, 16, 17, 256, 257, 1000, 1001, 5000])
@pytest.mark.parametrize("part", [0, 0.25])
def test_different_values_are_counted_across_tiles(tmp_path, n_values, part):
    stored = np.zeros((64, 64, 40), "<f4")
    stored.flat[:: stored.size // n_values] = 1 + np.arange(
        len(stored.flat[:: stored.size // n_values])
    )
    stored[0, 0, -1] += np.float32(part)
    path = write(tmp_path / "a.nii.gz", stored)
    assert_same(path, stored)
    assert_same(path, stored, limits=Limits(max_labels=5000), labels={"a": (1,)})


@given(shape=st.tuples(*[st.integers(1, 70)] * 3), n_bytes=st.sampled_from([1, 2, 4, 8]))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_tiles_are_the_volume_in_the_order_of_the_file(shape, n_bytes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiles, "TILE_BYTES", 1024)
        cut = list(cut_tiles(shape, n_bytes=n_bytes))
    numbers = np.arange(prod(shape)).reshape(shape, order="F")
    told = []
    for start, lengths in cut:
        assert 0 < prod(lengths) * n_bytes <= 1024
        place = tuple(slice(at, at + n) for at, n in zip(start, lengths, strict=True))
        told += numbers[place].ravel(order="F").tolist()
    assert told == list(range(prod(shape)))


def test_tiles_are_few():
    for shape in [
        (448, 448, 160),
        (512, 512, 120),
        (1000, 1, 70000),
        (2**22, 1, 1),
        (3, 2, 10**6),
    ]:
        n_tiles = sum(1 for _ in cut_tiles(shape, n_bytes=1))
        assert n_tiles <= 2 * prod(shape) / TILE_BYTES + 1, shape


def test_a_row_longer_than_a_tile_is_cut(tmp_path):
    stored = np.zeros((30_000, 1, 2), "<f8")  # 240 kB a row
    stored[15_000:29_900, 0, 1] = 1
    assert_same(write(tmp_path / "a.nii.gz", stored), stored)


@pytest.mark.parametrize(("kind", "suffix"), [("u1", "nii.gz"), ("<f8", "nii.gz"), ("<f8", "nii")])
def test_background_takes_no_memory_whatever_its_type(tmp_path, kind, suffix):
    stored = np.zeros((256, 256, 64), kind)
    stored[100:110, 90:120, 30:40] = 1
    path = write(tmp_path / f"a.{suffix}", stored)
    tracemalloc.start()
    crop = read_crop(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert crop.n_foreground == 10 * 30 * 10
    assert peak < 2 * 2**20, f"{peak} bytes for a volume of {stored.nbytes}"


def test_what_is_refused_anyway_is_not_kept(tmp_path):
    stored = np.ones((128, 128, 128), "<f4")
    stored[0, 0, 0] = np.nan
    path = write(tmp_path / "a.nii.gz", stored)
    tracemalloc.start()
    told = read_in_tiles(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert told.startswith("BR302: 1 voxels of mask")
    assert peak < 2 * 2**20


@pytest.mark.parametrize("cut", [9, 5000])
def test_damage_is_told_before_what_the_voxels_are(tmp_path, cut):
    stored = np.random.default_rng(0).random((64, 64, 8)).astype("<f4")
    path = write(tmp_path / "a.nii.gz", stored)
    assert read_in_tiles(path).startswith("BR301")
    path.write_bytes(path.read_bytes()[:-cut])
    assert read_in_tiles(path).startswith("BR104")


def test_minus_zero_is_background(tmp_path):
    stored = np.full((4, 4, 4), -0.0, "<f4")
    stored[1, 1, 1] = 1
    path = write(tmp_path / "a.nii", stored)
    crop = read_crop(path)
    assert (crop.start, crop.n_foreground, crop.notes) == ((1, 1, 1), 1, ())


def test_every_start_of_a_tile_is_named_once():
    starts = [start for start, _ in cut_tiles((700, 700, 3), n_bytes=1)]
    assert len(starts) == len(set(starts))
    assert all(one[::-1] < other[::-1] for one, other in pairwise(starts))
    assert {start[2] for start in starts} == {0, 1, 2}
    assert set(starts) == set(product({0}, {start[1] for start in starts}, {0, 1, 2}))
