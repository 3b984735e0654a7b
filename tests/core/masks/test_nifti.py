from __future__ import annotations

import hashlib
import os
import re
import tracemalloc
from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.errors import CODES, BiasRulerError, Consequence, Limits
from pytest_biasruler.masks.file import digest_file
from pytest_biasruler.masks.mask import Mask
from pytest_biasruler.masks.reader import read_mask

from .broken_files import (
    FILES,
    GEOMETRY,
    HEADERS,
    N2,
    N,
    O,
    Q,
    R,
    Z,
    big_endian,
    extension,
    gz,
    mask,
    nii,
    put,
    stored,
)

ONE_LINE = re.compile(r"BR\d{3}: [^;\n]+; expected [^;\n]+\. [A-Z][^;\n]*\.")
DAMAGED = [row for row, (_, _, code) in FILES.items() if code.startswith(("BR10", "BR11"))]
REFUSED = [row for row, (_, _, code) in FILES.items() if code]
ACCEPTED = [row for row, (_, _, code) in FILES.items() if not code]

# Every number of a message after its code; no entry: no number.
NUMBERS = {
    "A2a": [0],
    "A2b": [0],
    "A8": [70],
    "A13": [1000, 1000, 1000, 2**28],
    "A14": [352 + 4**3],
    "A15a": [352 + 512 * 512 * 1000, 1032 * len(FILES["A15a"][1]) + 1024],
    "A15b": [64**3 - 32**3],
    "A16": [*[32767] * 3, 2**28],
    "A17": [*[32767] * 7, 2**28],
    "A18c": [2],  # of .bz2
    "B30a": [9999, 8],
    "B30b": [1, 8],
    "B30c": [8],
    "B30d": [64, 8],
    "B32": [3 * 8**3],
    "B33": [0, 16, 352, 352 + 2**20],
    "B34a": [100, 16, 352, 352 + 2**20],
    "B34b": [16, 352, 352 + 2**20],
    "B34c": [10**9, 16, 352, 352 + 2**20],
    "B34d": [353, 16, 352, 352 + 2**20],
    "B35a": [9, 2, 7],
    "B35b": [0, 2, 7],
    "B36": [0, 8, 8, 1],
    "B37": [-8, 8, 8, 1],
    "B38a": [4 * 8 * 8],
    "B38b": [352 + 16 * 32 * 32],
    "B41a": [8, 8, 8, 3],
    "B41b": [8, 8, 8, 1, 3],
    "B44c": [1, 0],
    "B45": [1, 0],
    "B46": [0, 1, 1, 0],
    "B47a": [0, 1, 0, 0.5],
    "B47b": [0, 1, 1, 2],
    "B50b": [-1],
    "B50c": [0],
    "B54": [12],
    "B55a": [12],
    "B55b": [12],
    "B56": [1],
    "C68": [512, 0.5],
    "C69": [27],
    "C70b": [-1, 0, 0, 2**31 - 1],
    "F99": [130, 0, 5],
}
# Foreground, labels beside 0, notes; no entry: the cube of 27 voxels, without a note.
READ = {
    **dict.fromkeys(["A9a", "A9b", "A22a"], (16388, [1], ())),
    "F100": (16388, [1], ("BR106",)),
    "B31": (27, [1], ("BR203",)),
    "B39": (9, [1], ("BR206",)),
    "B40a": (27, [1], ("BR206",)),
    "B40b": (27, [1], ("BR206",)),
    "B48": (64, [1], ("BR208",)),
    "B49a": (192, [1, 2, 4], ("BR208", "BR306")),
    "B49b": (64, [3], ("BR208",)),
    "B50a": (27, [1], ("BR209",)),
    "B51a": (27, [1], ("BR209",)),
    "B52": (27, [1], ("BR210",)),
    "B57": (27, [1], ("BR213",)),
    "B58a": (27, [1], ("BR210", "BR214")),
    **dict.fromkeys(["B65a", "B65b", "B66a", "B66b"], (27, [1], ("BR230",))),
    "B67a": (27, [1], ("BR231",)),
    "B67b": (27, [1], ("BR231",)),
    "C70a": (27, [255], ()),
    "C72": (512, [1], ()),
}


def write(folder, row):
    name, content, _ = FILES[row]
    path = folder / name
    path.write_bytes(content)
    return path


def refusal(path, **options):
    with pytest.raises(BiasRulerError) as caught:
        read_mask(path, **options)
    return caught.value


@pytest.mark.parametrize("row", DAMAGED)
def test_a_damaged_file_is_never_scored(tmp_path, row):
    assert refusal(write(tmp_path, row)).code == FILES[row][2]


@pytest.mark.parametrize("row", REFUSED)
def test_a_refusal_is_one_line_with_right_numbers_and_no_path(tmp_path, row):
    error = refusal(write(tmp_path, row), name="prediction of unet")
    assert error.code == FILES[row][2], f"{row}: {error}"
    assert CODES[error.code] is Consequence.UNREADABLE, f"{row} would stop the whole audit"
    assert ONE_LINE.fullmatch(str(error)), f"{row} is not told in the one shape: {error}"
    assert "prediction of unet" in error.found, f"{row} does not say which mask: {error}"
    assert str(tmp_path) not in str(error), f"{row} tells a path"
    said = f"{error.found}; {error.expected}; {error.fix}".replace("NIfTI-1 or NIfTI-2", "")
    numbers = [float(text) for text in re.findall(r"-?\b\d+(?:\.\d+)?|(?<=[a-z])\d+", said)]
    assert numbers == NUMBERS.get(row, []), f"{row}: {error}"


@pytest.mark.parametrize("row", ACCEPTED)
def test_an_untidy_file_is_read_right_and_noted(tmp_path, row):
    read = read_mask(write(tmp_path, row))
    n_foreground, labels, notes = READ.get(row, (27, [1], ()))
    assert np.count_nonzero(read.voxels) == n_foreground
    assert [value for value in np.unique(read.voxels).tolist() if value] == labels
    assert read.notes == notes
    assert read.voxels.dtype == np.uint8, "not the smallest type that holds the labels"
    assert read.is_sheared == (row == "B59")


@pytest.mark.parametrize("row", FILES)
def test_no_file_costs_more_than_its_voxels(tmp_path, row):
    path = write(tmp_path, row)
    tracemalloc.start()
    try:
        read_mask(path)
    except BiasRulerError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 2 * 2**20, f"{row} took {peak} bytes"


def test_the_numbers_and_counts_above_belong_to_rows():
    assert set(NUMBERS) <= set(REFUSED)
    assert set(READ) <= set(ACCEPTED)
    assert not set(HEADERS) & set(GEOMETRY)


@given(cut=st.integers(1, len(Z) - 1))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_gzip_file_cut_anywhere_is_never_scored(tmp_path_factory, cut):
    path = tmp_path_factory.getbasetemp() / "cut.nii.gz"
    path.write_bytes(Z[:cut])
    assert refusal(path).code == ("BR107" if cut == 1 else "BR104")


@pytest.mark.parametrize("head", [b"", R[:100], R[:348], R[:400]])
def test_a_gzip_stream_that_ends_in_order_but_early_lacks_a_header_or_data(tmp_path, head):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gz(head))
    assert refusal(path).code == ("BR201" if len(head) < 348 else "BR112")


def test_members_of_a_gzip_file_count_together_however_small(tmp_path):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(b"".join(gz(N[at : at + 7]) + gz(b"") for at in range(0, len(N), 7)))
    assert np.array_equal(read_mask(path).voxels, mask())


@pytest.mark.parametrize("tail", [b"\0\0\0x", b"\x1f", b"\x1f\x8b\x08", b"\0" * 9 + Z])
def test_what_follows_a_gzip_stream_is_never_overlooked(tmp_path, tail):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(Z + tail)
    error = refusal(path)
    assert error.code == ("BR104" if tail.startswith(b"\x1f\x8b") else "BR106")
    assert error.code == "BR104" or f"{len(tail)} unexpected bytes" in error.found


@pytest.mark.parametrize(("n_zeros", "is_read"), [(2**20, True), (2**20 + 1, False)])
def test_padding_behind_a_gzip_stream_has_an_end(tmp_path, n_zeros, is_read):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(Z)
    os.truncate(path, len(Z) + n_zeros)
    if is_read:
        assert read_mask(path).notes == ("BR106",)
        return
    with pytest.raises(BiasRulerError) as caught:
        read_mask(path, name="prediction of unet")
    assert str(caught.value) == (
        "BR106: 1048577 unexpected bytes follow the gzip stream of prediction of unet; expected "
        "the end of the file. Export it again."
    )


def test_a_bomb_behind_a_sound_mask_is_not_inflated(tmp_path):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gz(N + bytes(2**25)))
    tracemalloc.start()
    error = refusal(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert error.code == "BR111"
    assert peak < 2**20, f"took {peak} bytes to see one byte too many"


def test_limits_decide_what_is_too_large(tmp_path):
    path = tmp_path / "a.nii"
    path.write_bytes(N)
    assert read_mask(path, limits=Limits(max_voxels=512)).shape == (8, 8, 8)
    error = refusal(path, limits=Limits(max_voxels=511))
    assert (error.code, error.expected) == ("BR110", "at most 511")
    path.write_bytes(extension(32, 6, b"x"))
    assert read_mask(path, limits=Limits(max_extension_bytes=32)).shape == (8, 8, 8)
    assert refusal(path, limits=Limits(max_extension_bytes=31)).code == "BR204"


@pytest.mark.parametrize("image", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
def test_all_types_orders_and_versions_are_read_as_nibabel_reads_them(
    tmp_path, image, order, kind
):
    labels = np.random.default_rng(3).integers(0, 5, (5, 4, 3)).astype(kind)
    affine = nibabel.affines.from_matvec([[0, -0.7, 0], [0.8, 0, 0], [0, 0, 2.5]], [9, -8, 7])
    made = image(labels, affine, dtype=labels.dtype)
    made.set_qform(affine, 1)
    made = image(labels, affine, made.header.as_byteswapped(order), dtype=labels.dtype)
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gz(made.to_bytes()))
    read, authority = read_mask(path), nibabel.load(path)
    assert np.array_equal(read.voxels, authority.get_fdata())
    assert np.array_equal(read.affine, authority.affine)
    assert np.allclose(read.spacing_mm, authority.header.get_zooms(), rtol=1e-6)
    assert read.voxels.dtype == np.uint8
    assert read.voxels.flags.f_contiguous, "the layout on disk was given up"
    assert read.notes == ("BR306",)


unit = st.floats(-1, 1)


@given(
    quaternion=st.tuples(unit, unit, unit),
    sizes=st.tuples(*[st.floats(0.1, 9)] * 3),
    offset=st.tuples(*[st.floats(-500, 500)] * 3),
    handedness=st.sampled_from([-1, 0, 1]),
    is_second=st.booleans(),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_an_affine_from_the_qform_is_that_of_nibabel(
    tmp_path_factory, quaternion, sizes, offset, handedness, is_second
):
    length = sum(part * part for part in quaternion)
    b, c, d = (part / max(1, length) ** 0.5 * 0.999 for part in quaternion)
    if is_second:
        data = put(put(N2, 344, "2i", 1, 0), 352, "6d", b, c, d, *offset)
        data = put(data, 104, "4d", handedness, *sizes)
    else:
        data = put(put(N, 252, "2h", 1, 0), 256, "6f", b, c, d, *offset)
        data = put(data, 76, "4f", handedness, *sizes)
    path = tmp_path_factory.getbasetemp() / "qform.nii"
    path.write_bytes(data)
    read = read_mask(path)
    assert np.array_equal(read.affine, nibabel.load(path).affine)
    assert np.allclose(read.spacing_mm, sizes, rtol=1e-5)
    assert not read.is_sheared
    assert read.notes == ()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ((76, "f", 0.5), "BR212"),  # handedness: nibabel says 1, others go by the sign
        ((76, "f", float("nan")), "BR212"),
        ((80, "f", 1e30), "BR212"),
        ((256, "f", float("nan")), "BR212"),
        ((268, "f", float("inf")), "BR212"),
        ((268, "f", 1e10), "BR212"),
        ((252, "h", -1), "BR212"),
        ((88, "f", 0), "BR209"),
    ],
)
def test_a_qform_in_use_must_be_valid(tmp_path, fields, code):
    path = tmp_path / "a.nii"
    path.write_bytes(put(Q, *fields))
    assert refusal(path).code == code


def test_a_quaternion_too_large_to_square_is_refused_without_a_warning(tmp_path):
    path = tmp_path / "a.nii"
    path.write_bytes(put(put(N2, 344, "2i", 1, 0), 352, "3d", 1e200, 1e200, 0))
    assert "quaternion" in refusal(path).found


@pytest.mark.parametrize(
    ("row", "kind"),
    [("B30a", "code 9999"), ("B30b", "1-bit"), ("B30c", "RGB"), ("B30d", "complex64")],
)
def test_a_voxel_type_that_is_refused_is_named(tmp_path, row, kind):
    assert refusal(write(tmp_path, row)).found == f"voxel type of mask is {kind}"


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_pixdim_is_compared_with_the_sform_along_every_axis_of_the_file(tmp_path, axis):
    path = tmp_path / "a.nii"
    for voxels in (mask(), mask()[:, :, 3]):
        path.write_bytes(put(nii(voxels), 80 + 4 * axis, "f", 1.01))
        is_compared = axis < voxels.ndim
        assert ("BR210" in read_mask(path).notes) == is_compared, f"{voxels.ndim} axes"


def test_a_qform_beside_an_sform_that_cannot_be_computed_is_a_note(tmp_path):
    path = tmp_path / "a.nii"
    path.write_bytes(put(put(N, 252, "h", 1), 256, "3f", 2, 2, 2))
    assert read_mask(path).notes == ("BR214",)


def test_a_slice_needs_no_thickness(tmp_path):
    path = tmp_path / "a.nii"
    for codes in [(0, 0), (1, 0)]:
        data = put(nii(mask()[:, :, 3]), 252, "2h", *codes)
        path.write_bytes(put(data, 80, "3f", 0.5, 0.25, 0))
        assert read_mask(path).spacing_mm == (0.5, 0.25, 1)


def test_without_an_affine_the_voxel_size_is_that_of_pixdim(tmp_path):
    path = tmp_path / "a.nii"
    path.write_bytes(put(O, 80, "3f", 0.5, 0.25, 4))
    read = read_mask(path)
    assert read.affine is None
    assert read.spacing_mm == (0.5, 0.25, 4)
    assert read.notes == ("BR213",)


def test_equal_labels_have_one_hash_however_they_are_stored(tmp_path):
    makers = {
        "u1.nii": nii(),
        "f8.nii": nii(mask().astype("f8")),
        "big.nii": big_endian(),
        "scaled.nii": nii(mask().astype("f4"), scl_slope=np.nan),
        "packed.nii.gz": gz(nii(mask().astype("i4"))),
        "flat.nii": nii(mask().reshape(8, 64, 1)),
        "turned.nii": nii(mask()[::-1]),
    }
    hashes = {}
    for name, content in makers.items():
        (tmp_path / name).write_bytes(content)
        hashes[name] = read_mask(tmp_path / name).voxel_sha256
    other = {hashes.pop("flat.nii"), hashes.pop("turned.nii")}
    assert len(set(hashes.values())) == 1, "storage changed the hash"
    assert len(other | set(hashes.values())) == 3, "shape or voxels did not change the hash"


def test_the_hash_of_the_file_is_that_of_its_bytes(tmp_path):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(Z + bytes(100_000))
    expected = hashlib.sha256(path.read_bytes()).hexdigest()
    assert read_mask(path).sha256 == digest_file(path) == expected


def test_labels_are_those_of_the_benchmark(tmp_path):
    path = tmp_path / "a.nii"
    path.write_bytes(nii(mask() * 255))
    error = refusal(path, labels={"tumor": (1,)})
    assert str(error) == (
        "BR303: labels of mask are 0, 255; expected 0, 1. "
        "Save it with the labels of [labels], or name 255 there."
    )
    assert read_mask(path, labels={"tumor": (255,)}).notes == ()


def read_npz(path):
    with np.load(path, allow_pickle=False) as archive:
        return Mask(voxels=archive["mask"], spacing_mm=(1, 1, 3), sha256="claimed")


def test_a_reader_of_another_format_is_checked_like_any_file(tmp_path):
    path = tmp_path / "a.NPZ"
    assert refusal(path, readers={".npz": read_npz}).code == "BR101"
    np.savez(path.with_suffix(".npz"), mask=mask().astype("f8"))
    path.with_suffix(".npz").rename(path)
    read = read_mask(path, readers={".npz": read_npz})
    assert np.array_equal(read.voxels, mask())
    assert read.voxels.dtype == np.uint8
    assert (read.spacing_mm, read.sha256) == ((1, 1, 3), digest_file(path))
    assert refusal(path).code == "BR114", "without that reader the file is opened nevertheless"
    error = refusal(path, readers={".npz": read_npz}, labels={"tumor": (2,)})
    assert error.code == "BR303"


@pytest.mark.parametrize("suffix", [".doe", ".1971-02-03", ".nii.doe", "nii", ".gz"])
def test_the_end_of_a_name_is_not_repeated_unless_it_is_a_format(tmp_path, suffix):
    path = tmp_path / f"jane{suffix}"
    path.write_bytes(N)
    error = refusal(path)
    assert error.code == "BR113"
    assert not re.search("jane|doe|1971", str(error)), f"may name a person: {error}"


BASES = [
    ("a.nii", N),
    ("a.nii", Q),
    ("a.nii", N2),
    ("a.nii", big_endian()),
    ("a.nii", nii(mask().astype("f4"))),
    ("a.nii", stored([0, 1, 2], "u1")),
    ("a.nii", extension(32, 6, b"hello")),
    ("a.nii.gz", gz(N)),
    ("a.nii.gz", Z),
]
byte = st.one_of(st.sampled_from([0, 1, 127, 128, 255]), st.integers(0, 255))
place = st.one_of(st.integers(0, 351), st.integers(0, 10**6))
edits = st.lists(st.tuples(place, byte), min_size=1, max_size=8)


def read_independently(name, whole, data):
    """Return voxels and affine as nibabel has them."""
    if name.endswith(".gz"):  # the checksum held, so it is the mask that was packed
        data = N if whole != Z else R
    is_second = b"n+2" in data[:8]
    data = put(data, 540 if is_second else 348, "b", 0)  # nibabel trips over extensions
    oracle = (nibabel.Nifti2Image if is_second else nibabel.Nifti1Image).from_bytes(data)
    return np.rint(np.asanyarray(oracle.dataobj).astype("f8")), oracle.affine


@given(base=st.sampled_from(BASES), edits=edits, cut=st.one_of(st.none(), st.integers(0, 10**6)))
@settings(max_examples=500, deadline=None, derandomize=True)
def test_an_edited_file_is_refused_by_name_or_read_right(tmp_path_factory, base, edits, cut):
    name, whole = base
    data = bytearray(whole)
    for at, value in edits:
        data[at % len(data)] = value
    data = bytes(data[: cut % len(data)] if cut else data)
    path = tmp_path_factory.getbasetemp() / f"edited-{name}"
    path.write_bytes(data)
    try:
        read = read_mask(path)
    except BiasRulerError as error:  # nothing else may escape
        refused = error
    else:
        refused = None
    if refused is not None:
        assert refused.code in CODES
        assert ONE_LINE.fullmatch(str(refused)), str(refused)
        return
    voxels, affine = read_independently(name, whole, data)
    assert np.array_equal(voxels.reshape(read.shape, order="F"), read.voxels)
    assert read.affine is None or np.allclose(affine, read.affine, rtol=1e-5, atol=1e-6)


def data_folder(name):
    root = os.environ.get("BIASRULER_DATA")
    if not root or not (Path(root) / name).is_dir():
        pytest.skip(f"BIASRULER_DATA names no folder with {name}")
    return Path(root) / name


@pytest.mark.parametrize(("name", "n_files"), [("lidc", 880), ("chexmask_phys", 1830)])
def test_published_masks_are_read_as_nibabel_reads_them(name, n_files):
    folder = data_folder(name)
    sums = (line.split("  ./") for line in (folder / "SHA256SUMS").read_text().splitlines())
    published = {place: digest for digest, place in sums}
    paths = sorted(folder.rglob("*.nii.gz"))
    assert len(paths) == n_files
    for path in paths[::29]:
        read, authority = read_mask(path), nibabel.load(path)
        assert np.array_equal(read.voxels, authority.get_fdata()), path
        assert np.array_equal(read.affine, authority.affine), path
        assert read.sha256 == published[path.relative_to(folder).as_posix()]
        assert read.notes == ()
