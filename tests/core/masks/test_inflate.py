"""The two libraries that inflate give the same masks and the same refusals."""

from __future__ import annotations

import subprocess
import sys
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks import inflate
from pytest_biasruler.masks.reader import read_crop

from .broken_files import FILES, N, R, gz, nii

zlib_ng = pytest.importorskip("zlib_ng.zlib_ng", reason="zlib-ng comes with the extra [fast]")
PACKED = [row for row, (name, _, _) in FILES.items() if name.lower().endswith(".gz")]


def pack(data, *, level=6, window=31, strategy=zlib.Z_DEFAULT_STRATEGY, flush_every=0):
    packer = zlib.compressobj(level, zlib.DEFLATED, window, 9, strategy)
    step = flush_every or len(data)
    pieces = [
        packer.compress(data[at : at + step])
        + (packer.flush(zlib.Z_FULL_FLUSH) if flush_every else b"")
        for at in range(0, len(data), step)
    ]
    return b"".join([*pieces, packer.flush()])


def blob():
    voxels = np.zeros((200, 150, 12), "u1")
    voxels[30:90, 40:120, 3:9] = np.random.default_rng(1).random((60, 80, 6)) < 0.7
    return nii(voxels)


B = blob()
SOUND = {
    "small": gz(N),
    "noise": gz(R),
    "stored": gz(R, 0),
    "blob": pack(B),
    "quick": pack(B, level=1),
    "fixed codes": pack(B, strategy=zlib.Z_FIXED),
    "runs": pack(B, strategy=zlib.Z_RLE),
    "no matches": pack(B, strategy=zlib.Z_HUFFMAN_ONLY),
    "small window": pack(B, window=25),
    "flushed": pack(B, flush_every=5000),
    "members": b"".join(gz(B[at : at + 30000]) for at in range(0, len(B), 30000)),
    "padded": pack(B) + bytes(700),
    "by the other": (lambda packer: packer.compress(B) + packer.flush())(
        zlib_ng.compressobj(6, 8, 31)
    ),
}


def outcome(path, engine):
    """Return all that is known of a mask, or every word of its refusal."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inflate, "ENGINE", engine)
        try:
            crop = read_crop(path)
        except BiasRulerError as refused:
            return refused.code, str(refused)
    return crop.voxel_sha256, crop.sha256, crop.notes, crop.start, crop.shape, crop.spacing_mm


def assert_same(path):
    assert outcome(path, zlib_ng) == outcome(path, zlib)


@pytest.mark.parametrize("row", PACKED)
def test_every_packed_file_of_the_corpus_is_told_alike(tmp_path, row):
    name, content, code = FILES[row]
    (tmp_path / name).write_bytes(content)
    assert_same(tmp_path / name)
    assert outcome(tmp_path / name, zlib)[0] == code or not code


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_file_is_read_alike_however_it_was_packed(tmp_path, name):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(SOUND[name])
    assert_same(path)
    assert len(outcome(path, zlib)[0]) == 64, "was refused"


@pytest.mark.parametrize("name", SOUND)
@given(data=st.data())
@settings(max_examples=25, deadline=None, derandomize=True)
def test_a_file_cut_anywhere_is_told_alike(tmp_path_factory, name, data):
    path = tmp_path_factory.getbasetemp() / "cut-alike.nii.gz"
    path.write_bytes(SOUND[name][: data.draw(st.integers(1, len(SOUND[name]) - 1))])
    assert_same(path)


flips = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 7)), min_size=1, max_size=3)


@pytest.mark.parametrize("name", SOUND)
@given(flips=flips, is_near_an_end=st.booleans(), cut=st.integers(0, 40))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_file_with_bits_flipped_is_told_alike(
    tmp_path_factory, name, flips, is_near_an_end, cut
):
    path = tmp_path_factory.getbasetemp() / "flipped-alike.nii.gz"
    damaged = bytearray(SOUND[name])
    for at, bit in flips:
        at = at % 60 - 20 if is_near_an_end else at % len(damaged)  # head, checksum and length
        damaged[at] ^= 1 << bit
    path.write_bytes(damaged[: len(damaged) - cut])
    assert_same(path)


@pytest.mark.parametrize(
    "tail", [b"\0\0x", b"\x1f", b"\x1f\x8b", b"\x1f\x8b\x08", gz(b"")[:-1], gz(N)]
)
def test_what_follows_a_member_is_told_alike(tmp_path, tail):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(SOUND["blob"] + tail)
    assert_same(path)


def test_no_more_is_inflated_than_was_asked_for():
    for engine in (zlib, zlib_ng):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(inflate, "ENGINE", engine)
            member = inflate.Member()
            data, content = SOUND["blob"], b""
            for most in (1, 351, 4096, 100):
                piece, data = member.inflate(data, most=most)
                assert len(piece) == most, engine
                content += piece
            assert content == B[: len(content)]
            assert not member.has_ended


def test_the_end_of_a_member_leaves_what_follows_untouched():
    for engine in (zlib, zlib_ng):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(inflate, "ENGINE", engine)
            member = inflate.Member()
            assert member.inflate(gz(N) + b"more", most=10**6) == (N, b"")
            assert (member.has_ended, member.rest) == (True, b"more")


@pytest.mark.parametrize(("is_hidden", "expected"), [(True, "zlib"), (False, "zlib_ng.zlib_ng")])
def test_zlib_ng_is_taken_where_it_is_installed(is_hidden, expected):
    hide = "import sys; sys.modules['zlib_ng'] = None; " if is_hidden else ""
    say = "from pytest_biasruler.masks import inflate; print(inflate.ENGINE.__name__)"
    told = subprocess.run(
        [sys.executable, "-c", hide + say], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == [expected]
