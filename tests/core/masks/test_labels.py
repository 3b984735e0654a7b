from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pytest_biasruler.errors import BiasRulerError, Limits
from pytest_biasruler.masks.crop import select_label
from pytest_biasruler.masks.labels import accept_mask, check_labels
from pytest_biasruler.masks.mask import Mask

from .broken_files import PROBABILITY, holes, mask

KINDS = ["?", "i1", "u1", "i2", ">u2", "i4", "u8", "f4", ">f8", "f2"]


def refusal(voxels, **options):
    with pytest.raises(BiasRulerError) as caught:
        check_labels(np.asarray(voxels), name="reference expert", **options)
    return caught.value


def column(*values, kind=None):
    return np.array(values, dtype=kind).reshape(-1, 1, 1)


@pytest.mark.parametrize(
    ("row", "voxels", "code"),
    [
        ("C68", PROBABILITY, "BR301"),
        ("C69", holes(), "BR302"),
        ("C70 255", mask() * 255, "BR303"),
        ("C70 -1", -1 * mask().astype("i2"), "BR303"),
        ("C70 none", mask() * 2, "BR303"),
    ],
)
def test_undeclared_labels_are_refused(row, voxels, code):
    for labels in ({"tumor": (1,)}, {"core": (1, 4), "edema": (3,)}):
        assert refusal(voxels, labels=labels).code == code, row


@pytest.mark.parametrize(
    ("labels", "expected", "fix"),
    [
        ({"tumor": (1,)}, "0, 1", "255"),
        ({"core": (1, 4), "edema": (2,)}, "0, 1, 2, 4", "255"),
    ],
)
def test_a_refusal_lists_the_labels_that_are_there_and_those_declared(labels, expected, fix):
    assert str(refusal(mask() * 255, labels=labels)) == (
        f"BR303: labels of reference expert are 0, 255; expected {expected}. "
        f"Save it with the labels of [labels], or name {fix} there."
    )
    assert check_labels(mask() * 255)[1] == ()


def test_a_declared_label_may_be_missing_and_0_needs_no_name():
    for voxels in (mask() * 0, mask() * 2, np.ones((2, 2, 2), "u1")):
        made, notes = check_labels(voxels, labels={"tumor": (1,), "edema": (2,)})
        assert np.array_equal(made, voxels)
        assert notes == ()


def test_a_list_of_labels_in_a_message_is_kept_short():
    error = refusal(column(*range(30)), labels={"tumor": (1,)})
    assert error.found == "labels of reference expert are 0, 1, 2, 3, 4, 5, 6, 7, and 22 more"


def test_a_probability_map_is_no_mask():
    error = refusal(np.linspace(0, 1, 512).reshape(8, 8, 8))
    assert error.code == "BR301"
    assert "512 different values" in error.found
    error = refusal(np.linspace(0, 1, 5000).reshape(10, 10, 50))
    assert "more than 1000 different values" in error.found


def test_nan_and_infinity_are_counted_before_anything_else_is_judged():
    error = refusal(holes())
    assert str(error) == (
        "BR302: 27 voxels of reference expert are NaN or infinite; expected none. Export it again."
    )
    big = np.full((60, 60, 60), 0.5, dtype="f4")
    big[::59, 0, 0] = np.inf
    big[0, 1, 0] = np.nan
    assert refusal(big).found.startswith("3 voxels")


@pytest.mark.parametrize(
    ("off", "is_accepted"), [(0.0009, True), (0.0011, False), (-0.0011, False)]
)
def test_floats_are_whole_to_a_thousandth(off, is_accepted):
    voxels = column(0, 1 + off, 2, kind="f8")
    if is_accepted:
        assert check_labels(voxels)[0].ravel().tolist() == [0, 1, 2]
    else:
        assert refusal(voxels).code == "BR301"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ((-1, 0), "BR303"),
        ((0, 2**31), "BR303"),
        ((0, 2**63), "BR303"),
        ((-1.0, 0.0), "BR303"),
        ((0.0, 1e300), "BR303"),
        (tuple(range(18)), "BR301"),
        (tuple(range(258)), "BR303"),
    ],
)
def test_what_cannot_be_labels_is_refused(values, code):
    kind = "u8" if max(values) == 2**63 else None
    assert refusal(column(*values, kind=kind)).code == code


def test_labels_are_limited_in_number():
    values = column(*range(301), kind="i4")
    named = {"all": tuple(range(301))}
    assert refusal(values, labels=named).expected == "at most 256"
    assert check_labels(values, labels=named, limits=Limits(max_labels=300))[0].dtype == np.uint16
    assert check_labels(column(*range(17)))[1] == ("BR306",), "16 values need no [labels]"


@pytest.mark.parametrize(
    ("highest", "kind"),
    [(0, "u1"), (1, "u1"), (255, "u1"), (256, "u2"), (2**16, "u4"), (2**31 - 1, "u4")],
)
def test_the_type_is_the_smallest_that_holds_the_labels(highest, kind):
    for given_kind in ("i8", "f8"):
        made, _ = check_labels(column(0, highest, kind=given_kind))
        assert made.dtype == np.dtype(kind)
        assert made.ravel().tolist() == [0, highest]


def test_labels_of_every_piece_of_a_large_mask_are_seen():
    voxels = np.zeros((100, 100, 40), dtype="u1", order="F")
    voxels[-1, -1, -1] = 3
    voxels[0, 0, 0] = 2
    assert refusal(voxels, labels={"tumor": (3,)}).found.endswith("are 0, 2, 3")
    assert refusal(voxels, labels={"tumor": (2,)}).found.endswith("are 0, 2, 3")


@pytest.mark.parametrize("slope", [1 / 255, 4 / 255, 3 / 65535, 0.05])
def test_scaled_labels_are_rounded_within_half_a_step(slope):
    stored = np.rint(column(0, 1, 2, 3) / slope).astype("u4")
    made, notes = check_labels(stored, labels={"all": (1, 2, 3)}, slope=slope)
    assert made.ravel().tolist() == [0, 1, 2, 3]
    assert notes == ("BR208",)
    far = stored + np.uint32(max(1, 0.02 // slope))  # more than half a step away
    assert refusal(far[1:], slope=slope).code == "BR301"


def test_a_scaling_that_overflows_is_refused_not_warned_about():
    assert refusal(column(0, 1, kind="f8"), slope=0.05, intercept=1.7e308).code == "BR303"
    huge = column(0, 1.7e308, kind="f8")
    assert refusal(huge, slope=0.09, intercept=1.79e308).code == "BR302"


labelled = arrays(np.uint8, st.tuples(*[st.integers(1, 5)] * 3), elements=st.integers(0, 1))


@given(voxels=labelled, kind=st.sampled_from(KINDS), order=st.sampled_from("CF"))
@settings(max_examples=80, deadline=None, derandomize=True)
def test_storage_never_changes_labels(voxels, kind, order):
    stored = voxels.astype(kind, order=order)
    made, notes = check_labels(stored)
    assert np.array_equal(made, voxels)
    assert made.dtype == np.uint8
    assert notes == ()
    accepted = accept_mask(Mask(voxels=stored))
    assert np.array_equal(accepted.whole().voxels, voxels)
    assert accepted.voxel_sha256 == accept_mask(voxels).voxel_sha256


def test_labels_in_their_final_form_are_not_copied():
    voxels = np.asfortranarray(mask())
    assert np.shares_memory(check_labels(voxels)[0], voxels)


def test_a_label_is_a_region_of_its_values():
    voxels = column(0, 1, 2, 4, kind="u1")
    for holder, values, expected in [
        (voxels, None, [0, 1, 1, 1]),
        (voxels, (1, 2, 4), [0, 1, 1, 1]),
        (voxels, [4], [0, 0, 0, 1]),
        (voxels, (3,), [0, 0, 0, 0]),
        (voxels, (300,), [0, 0, 0, 0]),
        (voxels, (), [0, 0, 0, 0]),
    ]:
        selected = select_label(holder, values)
        assert selected.dtype == np.bool_
        assert selected.ravel().tolist() == expected, values


def test_a_selection_is_a_new_array():
    voxels = np.ones((2, 2, 2), dtype=bool)
    selected = select_label(voxels)
    selected[:] = False
    assert voxels.all()


def test_an_array_given_in_code_is_checked_like_a_file():
    accepted = accept_mask(np.eye(3) * 7, labels={"tumor": (7,)})
    assert (accepted.shape, accepted.notes) == ((3, 3, 1), ("BR206",))
    assert len(accepted.sha256) == len(accepted.voxel_sha256) == 64
    with pytest.raises(BiasRulerError, match="BR303: labels of prediction of unet are 0, 7;"):
        accept_mask(np.eye(3) * 7, name="prediction of unet", labels={"tumor": (1,)})
    with pytest.raises(BiasRulerError, match="BR110: prediction of unet has 9 voxels"):
        accept_mask(np.eye(3), name="prediction of unet", limits=Limits(max_voxels=8))


def test_accepting_twice_changes_nothing():
    once = accept_mask(Mask(voxels=mask().astype("f4"), affine=np.eye(4)))
    twice = accept_mask(once.whole())
    assert (twice.sha256, twice.voxel_sha256, twice.notes) == (
        once.sha256,
        once.voxel_sha256,
        once.notes,
    )
