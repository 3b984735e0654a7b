from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.masks.box import find_box
from pytest_biasruler.masks.crop import Crop, crop_mask, find_union, hash_labels
from pytest_biasruler.masks.mask import Mask

OBLIQUE = np.array([[0, -3.0, 0, 5], [2, 0, 0, 6], [0, 0, 1, 7], [0, 0, 0, 1]])


def labels(shape=(6, 7, 8), at=(1, 2, 3), size=2, value=1, kind="u1"):
    voxels = np.zeros(shape, kind)
    voxels[tuple(slice(start, start + size) for start in at)] = value
    return voxels


def crop(voxels=None, **given):
    return crop_mask(Mask(voxels=labels() if voxels is None else voxels, **given))


def test_a_crop_holds_the_foreground_and_where_it_lies():
    made = crop()
    assert (made.start, made.voxels.shape, made.shape) == ((1, 2, 3), (2, 2, 2), (6, 7, 8))
    assert made.box == (slice(1, 3), slice(2, 4), slice(3, 5))
    assert (made.n_foreground, made.highest) == (8, 1)
    assert made.voxels.flags.f_contiguous


def test_a_crop_of_nothing_has_no_voxels():
    made = crop(np.zeros((3, 4, 5)))
    assert (made.start, made.voxels.shape, made.shape) == ((0, 0, 0), (0, 0, 0), (3, 4, 5))
    assert (made.n_foreground, made.highest, made.find(), made.find([1])) == (0, 0, None, None)
    assert not made.whole().voxels.any()
    assert not made.draw((slice(0, 2),) * 3).any()


def test_a_crop_keeps_no_more_than_its_own_voxels_alive():
    whole = np.zeros((100, 100, 100), np.uint8)
    whole[50, 50, 50] = 1
    assert crop(whole).voxels.base is None, "a view keeps the whole volume in memory"


@pytest.mark.parametrize("kind", ["?", "i1", "u1", ">i2", "u4", "i8", "f4", ">f8"])
@pytest.mark.parametrize("order", "CF")
def test_labels_are_kept_in_the_smallest_type_however_they_were_given(kind, order):
    made = crop(np.array(labels(), dtype=kind, order=order))
    assert made.voxels.dtype == np.uint8
    assert made.voxel_sha256 == crop().voxel_sha256
    assert crop(labels(value=300, kind="i4")).voxels.dtype == np.uint16


numbers = st.integers(0, 3)
volumes = st.tuples(*[st.integers(1, 5)] * 3).flatmap(
    lambda shape: st.lists(
        numbers, min_size=int(np.prod(shape)), max_size=int(np.prod(shape))
    ).map(lambda values: np.array(values, np.uint8).reshape(shape))
)


@given(voxels=volumes, is_sparse=st.booleans())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_a_crop_made_whole_again_is_the_mask(voxels, is_sparse):
    if is_sparse:
        voxels = voxels * (voxels == 3)
    mask = Mask(voxels=voxels, affine=OBLIQUE, notes=("BR231",), sha256="a1")
    made = crop_mask(mask)
    again = made.whole()
    assert np.array_equal(again.voxels, voxels)
    assert np.array_equal(again.affine, OBLIQUE)
    assert (again.spacing_mm, again.notes, again.sha256) == ((2, 3, 1), ("BR231",), "a1")
    assert again.voxel_ml == made.voxel_ml
    for axis in range(3):
        ends = np.take(made.voxels, [0, -1], axis) if made.voxels.size else np.ones((2, 2, 2))
        assert ends.any(axis=tuple({0, 1, 2} - {axis})).all(), "the box could be smaller"


@given(
    voxels=volumes,
    start=st.tuples(*[st.integers(0, 4)] * 3),
    size=st.tuples(*[st.integers(0, 5)] * 3),
    values=st.sampled_from([None, (1,), (2, 3), ()]),
)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_a_drawing_is_what_the_whole_mask_holds_in_the_box(voxels, start, size, values):
    made = crop(voxels)
    box = tuple(
        slice(min(at, whole), min(at + length, whole))
        for at, length, whole in zip(start, size, voxels.shape, strict=True)
    )
    expected = voxels > 0 if values is None else np.isin(voxels, values)
    drawn = made.draw(box, values=values)
    assert np.array_equal(drawn, expected[box])
    assert drawn.flags.c_contiguous
    assert made.find(values) == find_box(expected)


@given(
    shape=st.lists(st.sampled_from([0, 1, 2, 3, 8, 16]), min_size=2, max_size=3).map(tuple),
    seed=st.integers(0, 99),
    kind=st.sampled_from(["?", "u1", "u2", "u4"]),
    order=st.sampled_from("CF"),
    step=st.sampled_from([1, 2, -1]),
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_the_box_is_that_of_all_places_that_are_not_0(shape, seed, kind, order, step):
    drawn = np.random.default_rng(seed)
    voxels = np.zeros(shape, kind, order=order)[::step]
    for _ in range(min(seed % 4, voxels.size)):
        voxels[tuple(drawn.integers(0, voxels.shape))] = 2**31 if kind == "u4" else 1
    places = np.argwhere(voxels)
    expected = (
        tuple(map(slice, places.min(axis=0), places.max(axis=0) + 1)) if len(places) else None
    )
    assert find_box(voxels) == expected, (voxels.shape, voxels.strides)


def test_a_union_holds_every_crop_and_no_more():
    one, other = crop(labels(at=(0, 1, 2))), crop(labels(at=(3, 0, 5), value=2))
    nothing = crop(np.zeros((6, 7, 8)))
    assert find_union([one, other]) == (slice(0, 5), slice(0, 3), slice(2, 7))
    assert find_union([nothing, other]) == other.box
    assert find_union([one, other], values=(2,)) == other.box
    assert find_union([one, other], values=(3,)) is None
    assert find_union([nothing]) is find_union([]) is None


def test_a_sheared_voxel_has_the_volume_of_its_cell_in_a_crop_too():
    affine = np.diag([2.0, 3, 4, 1])
    affine[0, 1] = 3
    made = crop(affine=affine)
    assert made.is_sheared
    assert made.voxel_ml == pytest.approx(0.024)


def test_a_crop_survives_a_process_pool_and_travels_without_its_background():
    made = crop(np.pad(labels(), 100), affine=OBLIQUE, notes=("BR231",), sha256="a1")
    packed = pickle.dumps(made)
    assert len(packed) < 2000, "nine million voxels of background travel along"
    again = pickle.loads(packed)
    assert np.array_equal(again.voxels, made.voxels)
    assert again.voxels.flags.f_contiguous
    assert np.array_equal(again.affine, made.affine)
    for field in ("start", "shape", "spacing_mm", "notes", "sha256", "voxel_sha256", "is_sheared"):
        assert getattr(again, field) == getattr(made, field), field


def test_a_crop_shows_neither_voxels_nor_hashes_and_does_not_change():
    made = crop(sha256="a1")
    assert repr(made) == "Crop(shape=(6, 7, 8), spacing_mm=(1.0, 1.0, 1.0))"
    with pytest.raises(FrozenInstanceError):
        made.notes = ("BR231",)
    assert made != crop(), "comparing voxels would give an array, not an answer"


def test_the_hash_follows_labels_place_and_grid_alone():
    base = crop().voxel_sha256
    others = [
        crop(labels(at=(1, 2, 4))),
        crop(labels(value=2)),
        crop(labels(shape=(6, 7, 9))),
        crop(labels(shape=(6, 8, 7), at=(1, 3, 2))),
        crop(labels()[::-1]),
        crop(labels(size=1)),
        crop(labels(value=0)),
        crop(labels(shape=(6, 7, 9), value=0)),
    ]
    assert len({base, *(other.voxel_sha256 for other in others)}) == len(others) + 1
    same = [crop(affine=OBLIQUE), crop(sha256="a1"), crop(np.asfortranarray(labels()))]
    assert {each.voxel_sha256 for each in same} == {base}


def test_the_hash_is_the_same_on_every_machine():
    big = labels(value=300, kind="u2")[1:3, 2:4, 3:5]
    told = {
        hash_labels(big.astype(kind), start=(1, 2, 3), shape=(6, 7, 8)) for kind in ("<u2", ">u2")
    }
    assert told == {crop(labels(value=300, kind="i4")).voxel_sha256}


def test_a_crop_has_a_grid():
    made = crop(affine=OBLIQUE)
    assert isinstance(made, Crop)
    assert (made.shape, made.spacing_mm) == ((6, 7, 8), (2, 3, 1))
