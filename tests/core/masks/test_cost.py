"""What hostile masks cost: work is counted and memory measured, but not time."""

from __future__ import annotations

import sys

import pytest

from benchmarks.bombs import MOST_MIB, measure
from benchmarks.fuzzing.hostile import BOMBS, header, inflating
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks import file as stored
from pytest_biasruler.masks import stream
from pytest_biasruler.masks.inflate import Member
from pytest_biasruler.masks.reader import read_mask
from pytest_biasruler.masks.voxels import TILE_BYTES

MASKS = {name: bomb for name, bomb in BOMBS.items() if bomb.reader == "mask"}


class Counting:
    """Counts what is inflated from one member."""

    def __init__(self, inflated):
        self._member = Member()
        self._inflated = inflated

    def inflate(self, data, *, most):
        piece, rest = self._member.inflate(data, most=most)
        self._inflated.append(len(piece))
        return piece, rest

    def __getattr__(self, name):
        return getattr(self._member, name)


@pytest.fixture
def work(monkeypatch):
    """Return lists of bytes read from files and bytes inflated, which grow with the reading."""
    done = {"read": [], "inflated": []}

    read = stored.StoredFile.read

    def count(self, *size):
        piece = read(self, *size)
        done["read"].append(len(piece))
        return piece

    monkeypatch.setattr(stream, "Member", lambda _: Counting(done["inflated"]))
    monkeypatch.setattr(stored.StoredFile, "read", count)
    return done


@pytest.fixture(scope="module")
def imports():
    """Return what a process costs that reads nothing."""
    return measure("mask")


@pytest.mark.parametrize("name", [name for name in MASKS if "10 GB" not in name])
def test_a_hostile_mask_is_refused_before_its_bulk_is_touched(tmp_path, work, name):
    bomb = MASKS[name]
    path = bomb.write(tmp_path)
    if bomb.code:
        with pytest.raises(BiasRulerError, match=f"^{bomb.code}"):
            read_mask(path)
    else:
        assert read_mask(path).shape == (4, 4, 4)
    assert sum(work["inflated"]) <= 352 + 64 + TILE_BYTES, "inflated more than was declared"
    if bomb.code:
        assert sum(work["read"]) <= 2 * stored.PIECE_BYTES, "read on after it was known"
    else:
        assert sum(work["read"]) == path.stat().st_size, "read something twice, or not all"


@pytest.mark.parametrize("mib", [1, 40])
def test_a_bomb_costs_the_same_however_large_it_is(tmp_path, work, mib):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(b"".join(inflating(header(4, 4, 4), mib=mib)))
    with pytest.raises(BiasRulerError) as refused:
        read_mask(path)
    assert refused.value.code == "BR111"
    assert sum(work["inflated"]) == 352 + 64 + 1, "more than the one byte that tells"


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is that of Linux")
def test_a_fresh_process_reads_all_hostile_masks_in_little_memory(tmp_path, imports):
    bombs = [bomb for name, bomb in MASKS.items() if "10 GB" not in name]
    cost = measure("mask", *(bomb.write(tmp_path) for bomb in bombs))
    assert cost.codes == [bomb.code for bomb in bombs]
    assert cost.peak_mib < imports.peak_mib + MOST_MIB


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is that of Linux")
@pytest.mark.parametrize("name", [name for name in BOMBS if BOMBS[name].reader != "mask"])
def test_a_fresh_process_refuses_a_hostile_table_in_little_memory(tmp_path, imports, name):
    bomb = BOMBS[name]
    cost = measure(bomb.reader, bomb.write(tmp_path))
    assert cost.codes == [bomb.code]
    assert cost.peak_mib < imports.peak_mib + MOST_MIB
