from __future__ import annotations

import gzip
import time
import warnings
import zlib

import nibabel
import nrrd
import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.errors import CODES, BiasRulerError, Consequence, Limits
from pytest_biasruler.masks.crop import crop_mask
from pytest_biasruler.masks.geometry import align_crop
from pytest_biasruler.masks.mask import Mask
from pytest_biasruler.masks.reader import digest_mask, read_crop, read_mask
from pytest_biasruler.masks.texthead import parse_floats

SUFFIXES = ("nii.gz", "nrrd", "nhdr", "mha", "mhd")
KINDS = (
    "uint8",
    "int8",
    "uint16",
    "int16",
    "uint32",
    "int32",
    "uint64",
    "int64",
    "float32",
    "float64",
)
TURN = np.array([[0.8, -0.6, 0], [0.6, 0.8, 0], [0, 0, 1.0]])
GRIDS = {
    "straight": (np.eye(3), (0.7, 0.8, 2.5), (-12.5, 8.25, 33.0)),
    "oblique": (TURN, (0.7, 0.7, 2.0), (5.0, -6.0, 7.0)),
    "flipped": (np.diag([-1.0, 1.0, -1.0]), (1.0, 2.0, 3.0), (100.0, -50.0, 25.0)),
    "swapped": (np.eye(3)[[2, 0, 1]], (1.0, 2.0, 3.0), (1.0, 2.0, 3.0)),
}


def labels():
    voxels = np.zeros((7, 6, 5), "u1")
    voxels[1:4, 2:5, 1:3] = 1
    voxels[4:6, 1:3, 3:5] = 3
    return voxels


def image(grid="straight", kind="uint8"):
    turn, spacing, origin = GRIDS[grid]
    made = SimpleITK.GetImageFromArray(labels().T.astype(kind))
    made.SetDirection(turn.ravel().tolist())
    made.SetSpacing(spacing)
    made.SetOrigin(origin)
    return made


def affine(grid):
    """Worked from the definition: columns are steps in LPS, of which two signs turn."""
    turn, spacing, origin = GRIDS[grid]
    found = np.eye(4)
    found[:3, :3] = turn * spacing
    found[:3, 3] = origin
    return np.diag([-1.0, -1, 1, 1]) @ found


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("is_packed", [True, False])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_one_mask_is_the_same_in_every_format(tmp_path, suffix, is_packed, grid):
    path = tmp_path / f"mask.{suffix}"
    SimpleITK.WriteImage(image(grid), str(path), useCompression=is_packed)
    read = read_mask(path)
    assert np.array_equal(read.voxels, labels())
    assert np.abs(read.affine - affine(grid)).max() < 1e-6 * (1 if suffix != "nii.gz" else 10)
    assert np.allclose(read.spacing_mm, GRIDS[grid][1], rtol=1e-6)
    assert read.notes in ((), ("BR306",), ("BR210", "BR306"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suffix", SUFFIXES[1:])
def test_every_type_of_number_is_read(tmp_path, suffix, kind):
    path = tmp_path / f"mask.{suffix}"
    SimpleITK.WriteImage(image(kind=kind), str(path))
    assert np.array_equal(read_mask(path).voxels, labels())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("endian", ["little", "big"])
@pytest.mark.parametrize("encoding", ["raw", "gzip"])
@pytest.mark.parametrize("suffix", ["nrrd", "nhdr"])
def test_what_pynrrd_writes_is_read(tmp_path, suffix, encoding, endian, kind):
    path = tmp_path / f"mask.{suffix}"
    header = {
        "space": "right-anterior-superior",
        "space directions": (TURN * (1.0, 2.0, 3.0)).T,
        "space origin": [4.0, 5.0, 6.0],
        "encoding": encoding,
        "endian": endian,
    }
    stored = labels().astype(np.dtype(kind).newbyteorder("<" if endian == "little" else ">"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # how pynrrd asks for the time
        nrrd.write(str(path), stored, header)
    read = read_mask(path)
    assert np.array_equal(read.voxels, labels())
    assert np.allclose(read.affine[:3, :3], TURN * (1.0, 2.0, 3.0))
    assert read.affine[:3, 3].tolist() == [4, 5, 6]


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_masks_of_two_formats_meet_on_one_grid(tmp_path, suffix, grid):
    SimpleITK.WriteImage(image(grid), str(tmp_path / f"a.{suffix}"))
    nibabel.save(nibabel.Nifti1Image(labels()[::-1], affine(grid) @ flip(7)), tmp_path / "b.nii")
    one, other = read_crop(tmp_path / f"a.{suffix}"), read_crop(tmp_path / "b.nii")
    aligned = align_crop(one, other)
    assert aligned.voxel_sha256 == other.voxel_sha256


def flip(length):
    found = np.diag([-1.0, 1, 1, 1])
    found[0, 3] = length - 1
    return found


@pytest.mark.parametrize("suffix", ["nii", "nrrd", "mha"])
def test_a_slice_is_one_slice_in_every_format(tmp_path, suffix):
    made = SimpleITK.GetImageFromArray(labels()[:, :, 1].T)
    made.SetSpacing((0.5, 0.25))
    made.SetOrigin((3.0, 4.0))
    path = tmp_path / f"a.{suffix}"
    SimpleITK.WriteImage(made, str(path))
    read = read_mask(path)
    assert np.array_equal(read.voxels[:, :, 0], labels()[:, :, 1])
    assert np.allclose(
        read.affine, [[-0.5, 0, 0, -3], [0, -0.25, 0, -4], [0, 0, 1, 0], [0, 0, 0, 1]]
    )
    assert "BR206" in read.notes


HEAD = (
    b"NRRD0004\ntype: uchar\ndimension: 3\nspace: left-posterior-superior\nsizes: 7 6 5\n"
    b"space directions: (1,0,0) (0,1,0) (0,0,2)\nkinds: domain domain domain\nencoding: raw\n"
    b"space origin: (0,0,0)\n"
)
DATA = labels().tobytes(order="F")
META = (
    b"ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
    b"CompressedData = False\nTransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = 0 0 0\n"
    b"ElementSpacing = 1 1 2\nDimSize = 7 6 5\nElementType = MET_UCHAR\n"
)
LOCAL = b"ElementDataFile = LOCAL\n"


def nhead(old=b"", new=b"", data=DATA):
    assert old in HEAD
    return HEAD.replace(old, new) + b"\n" + data


def mhead(old=b"", new=b"", data=DATA, at=LOCAL):
    assert old in META
    return META.replace(old, new) + at + data


FOUR = HEAD.replace(b"dimension: 3", b"dimension: 4").replace(b"(1,0,0) (0", b"none (1,0,0) (0")
FOUR = FOUR.replace(b"kinds: d", b"kinds: list d")
PLAIN = HEAD.replace(b"space: left-posterior-superior\n", b"").replace(
    b"space origin: (0,0,0)\n", b""
)
PLAIN = PLAIN.replace(b"space directions: (1,0,0) (0,1,0) (0,0,2)\n", b"")

# name: (file, content, code; "" for accepted), notes beside BR306
FILES = {
    "sound nrrd": ("a.nrrd", nhead(), ""),
    "lines end in CR LF": ("a.nrrd", HEAD.replace(b"\n", b"\r\n") + b"\r\n" + DATA, ""),
    "one layer": ("a.nrrd", FOUR.replace(b"sizes: ", b"sizes: 1 ") + b"\n" + DATA, ""),
    "two layers": ("a.nrrd", FOUR.replace(b"sizes: ", b"sizes: 2 ") + b"\n" + DATA * 2, "BR206"),
    "three colours": (
        "a.nrrd",
        PLAIN.replace(b"sizes: 7", b"sizes: 3").replace(b"kinds: domain", b"kinds: RGB-color")
        + b"\n"
        + DATA[: 3 * 6 * 5],
        "BR206",
    ),
    "Slicer's words": ("a.seg.nrrd", HEAD + b"Segment0_Name:=Doe\n\n" + DATA, ""),
    "spacing alone": ("a.nrrd", PLAIN + b"spacings: 1 1 2\n\n" + DATA, ""),
    "no size": ("a.nrrd", PLAIN + b"\n" + DATA, ""),
    "no space": ("a.nrrd", nhead(b"space: left-posterior-superior\n"), "BR212"),
    "left-handed": ("a.nrrd", nhead(b"left-posterior-superior", b"3D-left-handed"), "BR212"),
    "scanner": ("a.nrrd", nhead(b"left-posterior-superior", b"scanner-xyz"), ""),
    "spacing 0": ("a.nrrd", PLAIN + b"spacings: 1 0 2\n\n" + DATA, "BR209"),
    "spacing nan": ("a.nrrd", PLAIN + b"spacings: 1 nan 2\n\n" + DATA, "BR209"),
    "direction nan": ("a.nrrd", nhead(b"(0,1,0)", b"(0,nan,0)"), "BR212"),
    "direction 0": ("a.nrrd", nhead(b"(0,1,0)", b"(0,0,0)"), "BR212"),
    "direction 1e300": ("a.nrrd", nhead(b"(0,1,0)", b"(0,1e300,0)"), "BR212"),
    "direction of 2": ("a.nrrd", nhead(b"(0,1,0)", b"(0,1)"), "BR201"),
    "metres": ("a.nrrd", nhead(b"kinds", b'space units: "m" "m" "m"\nkinds'), "BR211"),
    "millimetres": ("a.nrrd", nhead(b"kinds", b'space units: "mm" "mm" "mm"\nkinds'), ""),
    "text": ("a.nrrd", nhead(b"raw", b"ascii"), "BR113"),
    "hex": ("a.nrrd", nhead(b"raw", b"hex"), "BR113"),
    "bzip2": ("a.nrrd", nhead(b"raw", b"bzip2"), "BR113"),
    "encoding": ("a.nrrd", nhead(b"raw", b"zip"), "BR201"),
    "block": ("a.nrrd", nhead(b"uchar", b"block"), "BR202"),
    "type": ("a.nrrd", nhead(b"uchar", b"char"), "BR201"),
    "no endian": ("a.nrrd", nhead(b"uchar", b"short", DATA * 2), "BR201"),
    "byte skip": ("a.nrrd", nhead(b"kinds", b"byte skip: -1\nkinds"), "BR204"),
    "sizes twice": ("a.nrrd", nhead(b"kinds", b"sizes: 7 6 5\nkinds"), "BR201"),
    "size 0": ("a.nrrd", nhead(b"sizes: 7", b"sizes: 0"), "BR205"),
    "size -7": ("a.nrrd", nhead(b"sizes: 7", b"sizes: -7"), "BR205"),
    "dimension 99": ("a.nrrd", nhead(b"dimension: 3", b"dimension: 99"), "BR205"),
    "huge": ("a.nrrd", nhead(b"7 6 5", b"99999 99999 99999"), "BR110"),
    "digits": ("a.nrrd", nhead(b"7 6 5", b"9" * 5000 + b" 6 5"), "BR201"),
    "one byte more": ("a.nrrd", nhead(data=DATA + b"\0"), "BR111"),
    "one byte less": ("a.nrrd", nhead(data=DATA[:-1]), "BR112"),
    "packed": ("a.nrrd", nhead(b"raw", b"gzip", gzip.compress(DATA)), ""),
    "packed, padded": ("a.nrrd", nhead(b"raw", b"gz", gzip.compress(DATA) + bytes(9)), ""),
    "packed, followed": ("a.nrrd", nhead(b"raw", b"gz", gzip.compress(DATA) + b"x"), "BR106"),
    "packed, cut": ("a.nrrd", nhead(b"raw", b"gzip", gzip.compress(DATA)[:-4]), "BR104"),
    "packed, damaged": (
        "a.nrrd",
        nhead(b"raw", b"gzip", gzip.compress(DATA)[:-5] + bytes(5)),
        "BR105",
    ),
    "not packed": ("a.nrrd", nhead(b"raw", b"gzip"), "BR107"),
    "packed, a bomb": ("a.nrrd", nhead(b"raw", b"gzip", gzip.compress(bytes(2**22))), "BR111"),
    "packed, too little": ("a.nrrd", nhead(b"raw", b"gzip", gzip.compress(DATA[:9])), "BR112"),
    "no end": ("a.nrrd", HEAD, "BR201"),
    "no NRRD": ("a.nrrd", b"PNG" + nhead(), "BR201"),
    "a pointer": ("a.nrrd", b"version https://git-lfs.github.com/spec/v1\n", "BR108"),
    "endless": ("a.nrrd", HEAD + b"# x\n" * 300_000 + b"\n" + DATA, "BR204"),
    "elsewhere": ("a.nrrd", HEAD + b"data file: a.raw\n", "BR201"),
    "elsewhere, ended": ("a.nrrd", HEAD + b"data file: a.raw\n\n", "BR113"),
    "sound mha": ("a.mha", mhead(), ""),
    "lines of mha end in CR LF": ("a.mha", (META + LOCAL).replace(b"\n", b"\r\n") + DATA, ""),
    "zlib": (
        "a.mha",
        mhead(b"CompressedData = False", b"CompressedData = True", zlib.compress(DATA)),
        "",
    ),
    "zlib of gzip": ("a.mha", mhead(b"dData = False", b"dData = True", gzip.compress(DATA)), ""),
    "zlib, cut": (
        "a.mha",
        mhead(b"dData = False", b"dData = True", zlib.compress(DATA)[:-2]),
        "BR104",
    ),
    "zlib, damaged": (
        "a.mha",
        mhead(b"dData = False", b"dData = True", zlib.compress(DATA)[:-4] + b"abcd"),
        "BR105",
    ),
    "zlib, followed": (
        "a.mha",
        mhead(b"dData = False", b"dData = True", zlib.compress(DATA) + b"x"),
        "BR106",
    ),
    "zlib, a bomb": (
        "a.mha",
        mhead(b"dData = False", b"dData = True", zlib.compress(bytes(2**22))),
        "BR111",
    ),
    "mha, one byte more": ("a.mha", mhead(data=DATA + b"\0"), "BR111"),
    "mha, one byte less": ("a.mha", mhead(data=DATA[:-1]), "BR112"),
    "mha, text": ("a.mha", mhead(b"BinaryData = True", b"BinaryData = False"), "BR113"),
    "mha, channels": (
        "a.mha",
        mhead(b"NDims", b"ElementNumberOfChannels = 3\nNDims", DATA * 3),
        "BR206",
    ),
    "mha, array": ("a.mha", mhead(b"MET_UCHAR", b"MET_UCHAR_ARRAY"), "BR202"),
    "mha, scaled": (
        "a.mha",
        mhead(b"NDims", b"ElementToIntensityFunctionSlope = 2\nNDims"),
        "BR208",
    ),
    "mha, skip": ("a.mha", mhead(b"NDims", b"HeaderSize = -1\nNDims"), "BR204"),
    "mha, huge": ("a.mha", mhead(b"7 6 5", b"99999 99999 99999"), "BR110"),
    "mha, size 0": ("a.mha", mhead(b"7 6 5", b"7 0 5"), "BR205"),
    "mha, no size": ("a.mha", mhead(b"DimSize = 7 6 5\n", b""), "BR201"),
    "mha, cm": ("a.mha", mhead(b"NDims", b"DistanceUnits = cm\nNDims"), "BR211"),
    "mha, spacing 0": ("a.mha", mhead(b"1 1 2", b"1 0 2"), "BR209"),
    "mha, singular": ("a.mha", mhead(b"1 0 0 0 1 0 0 0 1", b"1 0 0 1 0 0 0 0 1"), "BR212"),
    "mha, several": ("a.mha", mhead(at=b"ElementDataFile = LIST\na.raw\n"), "BR113"),
    "mha, pattern": ("a.mha", mhead(at=b"ElementDataFile = a%02d.raw 1 3 1\n"), "BR113"),
    "mha, elsewhere": ("a.mha", mhead(at=b"ElementDataFile = a.raw\n"), "BR113"),
    "mha, nothing known": ("a.mha", b"x" * 5000, "BR201"),
    "mha, twice": ("a.mha", mhead(b"NDims = 3", b"NDims = 3\nndims = 3"), "BR201"),
}
NOTES = {
    "one layer": ("BR206",),
    "Slicer's words": ("BR231",),
    "spacing alone": ("BR213",),
    "no size": ("BR213", "BR216"),
    "packed, padded": ("BR106",),
}


def refusal(path, **options):
    with pytest.raises(BiasRulerError) as caught:
        read_mask(path, **options)
    return caught.value


@pytest.mark.parametrize("row", FILES)
def test_a_file_is_read_right_or_refused_by_name(tmp_path, row):
    file, content, code = FILES[row]
    path = tmp_path / file
    path.write_bytes(content)
    if not code:
        read = read_mask(path)
        assert np.array_equal(read.voxels, labels())
        assert read.notes == (*NOTES.get(row, ()), "BR306")
        assert read.is_sheared == (row == "no size")
        assert read.sha256 == digest_mask(path)
        return
    error = refusal(path, name="prediction of unet")
    assert error.code == code, f"{row}: {error}"
    assert CODES[code] is Consequence.UNREADABLE
    assert "prediction of unet" in error.found
    assert "Doe" not in str(error)


def pair(folder, name, *, form="mhd"):
    (folder / "v.raw").write_bytes(DATA)
    path = folder / f"a.{form}"
    key = b"ElementDataFile = " if form == "mhd" else b"data file: "
    path.write_bytes((META if form == "mhd" else HEAD) + key + name.encode() + b"\n")
    return path


@pytest.mark.parametrize("form", ["mhd", "nhdr"])
@pytest.mark.parametrize(
    "name", ["../v.raw", "/etc/passwd", "sub/v.raw", "..", "c:v.raw", "sub\\v.raw"]
)
def test_a_header_names_no_file_elsewhere(tmp_path, form, name):
    (tmp_path / "inner" / "sub").mkdir(parents=True)
    (tmp_path / "v.raw").write_bytes(DATA)
    (tmp_path / "inner" / "sub" / "v.raw").write_bytes(DATA)
    error = refusal(pair(tmp_path / "inner", name, form=form))
    assert error.code == "BR113"
    assert name not in str(error), "the header's own words are repeated"


@pytest.mark.parametrize("form", ["mhd", "nhdr"])
def test_a_file_of_voxels_is_held_to_the_rules_of_files(tmp_path, form):
    path = pair(tmp_path, "v.raw", form=form)
    data = tmp_path / "v.raw"
    assert np.array_equal(read_mask(path).voxels, labels())
    data.rename(tmp_path / "w.raw")
    assert refusal(path).code == "BR101"
    data.symlink_to(tmp_path / "w.raw")
    assert refusal(path, limits=Limits(allow_symlinks=True)).code == "BR402"
    data.unlink()
    data.mkdir()
    assert refusal(path).code == "BR103"
    data.rmdir()
    data.write_bytes(b"")
    assert refusal(path).code == "BR102"
    data.write_bytes(DATA + b"x")
    assert refusal(path).code == "BR111"


@pytest.mark.parametrize("form", ["mhd", "nhdr"])
def test_other_voxels_beside_the_same_header_are_another_mask(tmp_path, form):
    path = pair(tmp_path, "v.raw", form=form)
    before = digest_mask(path)
    assert read_mask(path).sha256 == before
    (tmp_path / "v.raw").write_bytes(bytes(len(DATA)))
    assert digest_mask(path) != before
    assert read_mask(path).sha256 == digest_mask(path)


@pytest.mark.parametrize("form", ["mhd", "nhdr"])
def test_a_refused_header_is_hashed_alone_and_refused_in_the_same_words(tmp_path, form):
    path = pair(tmp_path, "missing.raw", form=form)
    path.write_bytes(path.read_bytes().replace(b"7 6 5", b"0 6 5"))
    assert len(digest_mask(path)) == 64
    assert refusal(path).code == "BR205"


BASES = [
    ("a.nrrd", nhead()),
    ("a.nrrd", nhead(b"raw", b"gzip", gzip.compress(DATA, mtime=0))),
    ("a.mha", mhead()),
    ("a.mha", mhead(b"dData = False", b"dData = True", zlib.compress(DATA))),
]
byte = st.one_of(st.sampled_from([0, 10, 32, 48, 57, 45, 40, 255]), st.integers(0, 255))
edits = st.lists(st.tuples(st.integers(0, 320), byte), min_size=1, max_size=6)


@given(base=st.sampled_from(BASES), edits=edits, cut=st.one_of(st.none(), st.integers(1, 600)))
@settings(max_examples=400, deadline=None, derandomize=True)
def test_an_edited_file_is_refused_by_name_or_has_as_many_voxels_as_it_says(
    tmp_path_factory, base, edits, cut
):
    name, whole = base
    data = bytearray(whole)
    for at, value in edits:
        data[at % len(data)] = value
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(bytes(data[:cut]) or b"x")
    try:
        read = read_mask(path)
    except BiasRulerError as refused:
        is_told = refused.code in CODES and refused.code != "BR899"
    else:
        is_told = None
    if is_told is not None:
        assert is_told
        return
    assert read.voxels.size == labels().size, "the size is that of the data"
    assert np.isfinite(read.spacing_mm).all()
    if read.affine is not None:
        itk_image = attempt_itk(path)
        if itk_image is not None and itk_image.GetDimension() == 3:
            assert itk_image.GetSize() == read.shape


def attempt_itk(path):
    try:
        return SimpleITK.ReadImage(str(path))
    except RuntimeError:  # it refuses more than we do
        return None


def test_scores_do_not_depend_on_the_format(tmp_path):
    moved = Mask(voxels=np.roll(labels(), 1, axis=0), affine=affine("oblique"))
    found = []
    for suffix in SUFFIXES:
        path = tmp_path / f"a.{suffix}"
        SimpleITK.WriteImage(image("oblique"), str(path))
        aligned = align_crop(read_crop(path), crop_mask(moved))
        found.append(aligned.voxel_sha256)
    assert len(set(found)) == 1


def test_a_long_line_that_is_no_number_is_refused_at_once():
    start = time.process_time()
    assert parse_floats("1" * 100_000 + "x") is None
    assert time.process_time() - start < 5, "time grows with the square of the length"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.nii.gz", "a NIfTI file"),
        ("a.nrrd", "an NRRD file"),
        ("a.nhdr", "an NRRD file"),
        ("a.mha", "a MetaImage file"),
        ("A.PNG", "a PNG file"),
        ("a.dcm", "a DICOM file"),
        ("a.npz", "a file with content"),
    ],
)
def test_an_empty_file_is_refused_as_one_of_its_own_format(tmp_path, name, expected):
    (tmp_path / name).write_bytes(b"")

    with pytest.raises(BiasRulerError) as caught:
        read_mask(tmp_path / name)

    assert (caught.value.code, caught.value.expected) == ("BR102", expected)


def test_a_key_behind_the_data_file_is_refused_since_itk_does_not_read_it(tmp_path):
    SimpleITK.WriteImage(image(), str(tmp_path / "mask.mhd"))
    head = (tmp_path / "mask.mhd").read_text()
    assert read_mask(tmp_path / "mask.mhd").spacing_mm == pytest.approx((0.7, 0.8, 2.5))
    spacing = next(line for line in head.splitlines() if line.startswith("ElementSpacing"))
    (tmp_path / "mask.mhd").write_text(head.replace(f"{spacing}\n", "") + f"{spacing}\n")
    with pytest.raises(BiasRulerError, match=r"BR201.*ElementDataFile.*is not its last line"):
        read_mask(tmp_path / "mask.mhd")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b"NRRD0004", b"NRRD0004 and more", "no valid NRRD header"),
        (b"space origin: (", b"space origin: ((", "space origin"),
        (b"space origin: (", b"space origin: ", "space origin"),
    ],
)
def test_what_no_other_reader_takes_for_nrrd_is_refused(tmp_path, old, new, told):
    SimpleITK.WriteImage(image(), str(tmp_path / "mask.nrrd"))
    data = (tmp_path / "mask.nrrd").read_bytes()
    assert old in data
    (tmp_path / "mask.nrrd").write_bytes(data.replace(old, new))
    with pytest.raises(BiasRulerError, match=f"BR201.*{told}"):
        read_mask(tmp_path / "mask.nrrd")
