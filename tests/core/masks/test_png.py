from __future__ import annotations

import io
import struct
import sys
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pytest_biasruler.errors import CODES, BiasRulerError, Limits
from pytest_biasruler.masks.geometry import align_crop, check_right_angles
from pytest_biasruler.masks.png import _PASSES as PASSES
from pytest_biasruler.masks.reader import read_crop, read_mask


def labels():
    pixels = np.zeros((6, 9), "u1")
    pixels[1:4, 2:7] = 1
    pixels[4, 5:8] = 2
    return pixels


def png(image, **options):
    stream = io.BytesIO()
    image.save(stream, "PNG", **options)
    return stream.getvalue()


def chunk(kind, content):
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def raw(bits, colour, rows, *, columns=8, palette=b""):
    """A file written by hand; each row is its packed bytes."""
    head = struct.pack(">IIBBBBB", columns, len(rows), bits, colour, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    pieces = [chunk(b"IHDR", head), chunk(b"IDAT", data), chunk(b"IEND", b"")]
    if palette:
        pieces.insert(1, chunk(b"PLTE", palette))
    return b"\x89PNG\r\n\x1a\n" + b"".join(pieces)


def coloured():
    image = Image.new("P", (9, 6))
    image.putdata(labels().ravel().tolist())
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0] + [0] * 759)
    return image


GREY = png(Image.fromarray(labels()))
SOUND = {
    "8 bits": (GREY, labels()),
    "16 bits": (png(Image.fromarray(labels().astype("u2") * 300)), labels().astype("u2") * 300),
    "1 bit": (png(Image.fromarray(labels() > 0)), labels() > 0),
    "0 and 255": (png(Image.fromarray((labels() > 0).astype("u1") * 255)), (labels() > 0) * 255),
    "palette": (png(coloured()), labels()),
    "palette of 2 bits": (png(coloured(), bits=2), labels()),
    "2 bits": (raw(2, 0, [b"\x1b\x1b"]), np.array([[0, 1, 2, 3] * 2])),
    "4 bits": (raw(4, 0, [b"\x01\x23\x45\x6f"]), np.array([[0, 1, 2, 3, 4, 5, 6, 15]])),
}
REFUSED = {
    "RGB": (png(Image.new("RGB", (9, 6))), "BR206"),
    "RGBA": (png(Image.new("RGBA", (9, 6))), "BR206"),
    "grey with alpha": (png(Image.new("LA", (9, 6))), "BR206"),
    "several": (
        png(
            Image.fromarray(labels()),
            save_all=True,
            append_images=[Image.fromarray(labels() * 2)],
        ),
        "BR206",
    ),
    "cut": (GREY[:-20], "BR104"),
    "damaged": (GREY[:50] + bytes([GREY[50] ^ 1]) + GREY[51:], "BR105"),
    "followed": (GREY + b"x", "BR106"),
    "no PNG": (b"GIF89a" + GREY, "BR201"),
    "no pixels": (GREY[:33] + chunk(b"IEND", b""), "BR201"),
    "too few rows": (
        GREY[:33] + chunk(b"IDAT", zlib.compress(bytes(10))) + chunk(b"IEND", b""),
        "BR112",
    ),
    "no deflate": (GREY[:33] + chunk(b"IDAT", b"abcd") + chunk(b"IEND", b""), "BR105"),
    "bomb": (raw(8, 0, [b"\0"], columns=2**31 - 1), "BR110"),
    "too many rows": (raw(8, 0, [bytes(8), bytes(8), bytes(9)]), "BR111"),
    "no width": (raw(8, 0, [b"\0"], columns=0), "BR205"),
    "pointer": (b"version https://git-lfs.github.com/spec/v1\n", "BR108"),
}


def write(folder, content):
    path = folder / "a.png"
    path.write_bytes(content)
    return path


def refusal(path, **options):
    with pytest.raises(BiasRulerError) as caught:
        read_mask(path, **options)
    return caught.value


@pytest.mark.parametrize("row", SOUND)
def test_every_way_to_store_labels_is_read_in_rows_and_columns(tmp_path, row):
    content, expected = SOUND[row]
    read = read_mask(write(tmp_path, content))
    assert read.shape == (*expected.shape, 1), "the first axis is not that of rows"
    assert np.array_equal(read.voxels[:, :, 0], expected)
    assert "BR216" in read.notes


@pytest.mark.parametrize("row", REFUSED)
def test_what_is_no_slice_of_labels_is_refused_by_name(tmp_path, row):
    content, code = REFUSED[row]
    error = refusal(write(tmp_path, content), name="reference expert")
    assert error.code == code, str(error)
    assert "reference expert" in error.found


def test_woven_rows_are_counted_right(tmp_path):
    passes = [labels()[y::down, x::right] for x, y, right, down in PASSES]
    rows = b"".join(b"\0" + row.tobytes() for part in passes if part.size for row in part)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 9, 6, 8, 0, 0, 0, 1))
    woven = GREY[:8] + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    assert np.array_equal(read_mask(write(tmp_path, woven)).voxels[:, :, 0], labels())


def test_a_mask_larger_than_the_limit_is_not_decoded(tmp_path):
    assert refusal(write(tmp_path, GREY), limits=Limits(max_voxels=53)).code == "BR110"


def test_text_in_a_file_is_noted_and_not_copied(tmp_path):
    content = GREY[:33] + chunk(b"tEXt", b"Comment\0Doe") + GREY[33:]
    assert "BR231" in read_mask(write(tmp_path, content)).notes


def test_without_a_voxel_size_there_is_no_distance_in_mm(tmp_path):
    crop = read_crop(write(tmp_path, GREY))
    with pytest.raises(BiasRulerError, match="stores no voxel size") as caught:
        check_right_angles(crop, name="prediction of unet")
    assert caught.value.code == "BR216"


def test_a_turned_mask_is_refused_and_one_alike_is_not(tmp_path):
    one = read_crop(write(tmp_path, GREY))
    assert align_crop(one, one).voxel_sha256 == one.voxel_sha256
    turned = read_crop(write(tmp_path, png(Image.fromarray(labels().T))))
    with pytest.raises(BiasRulerError, match="9 x 6 x 1"):
        align_crop(turned, one)


def test_without_pillow_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    error = refusal(write(tmp_path, GREY))
    assert error.code == "BR113"
    assert 'pip install "pytest-biasruler[png]"' in error.fix


edits = st.lists(st.tuples(st.integers(0, len(GREY) - 1), st.integers(0, 255)), max_size=6)


@given(edits=edits, cut=st.one_of(st.none(), st.integers(1, len(GREY))), is_mended=st.booleans())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_an_edited_file_is_refused_by_name_or_has_its_own_size(
    tmp_path_factory, edits, cut, is_mended
):
    data = bytearray(GREY)
    for at, value in edits:
        data[at] = value
    if is_mended:  # a checksum that is right hides nothing
        data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    path = write(tmp_path_factory.getbasetemp(), bytes(data[:cut]))
    rows, columns = struct.unpack_from(">II", bytes(data), 16)[::-1]
    try:
        read = read_mask(path)
    except BiasRulerError as refused:
        found = refused.code
    else:
        found = read.shape
    assert found in CODES or found == (rows, columns, 1)
    assert found != "BR899"
