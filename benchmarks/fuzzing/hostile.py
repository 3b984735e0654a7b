"""Files that promise much, made piece by piece so that making them costs little too."""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

MIB = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Bomb:
    """A file that promises much: who reads it, what it holds, and how it must be refused."""

    reader: str
    file: str
    pieces: Callable[[], Iterable[bytes]]
    code: str

    def write(self, folder: Path) -> Path:
        """Write the file and return its path."""
        path = folder / self.file
        with path.open("wb") as stream:
            stream.writelines(self.pieces())
        return path


def header(*lengths: int) -> bytes:
    """Return the first 352 bytes of a NIfTI-1 file of unsigned bytes with these dimensions."""
    made = bytearray(352)
    struct.pack_into("<i", made, 0, 348)
    struct.pack_into("<8h", made, 40, len(lengths), *lengths, *[1] * (7 - len(lengths)))
    struct.pack_into("<2h", made, 70, 2, 8)
    struct.pack_into("<8f", made, 76, *[1.0] * 8)
    struct.pack_into("<f", made, 108, 352.0)
    struct.pack_into("<2h", made, 252, 0, 1)
    for row in range(3):
        struct.pack_into("<f", made, 280 + 20 * row, 1.0)
    made[344:348] = b"n+1\0"
    return bytes(made)


def inflating(head: bytes, *, mib: int) -> Iterable[bytes]:
    """Yield a gzip file of `head` and `mib` MiB of zeros, of which about a thousandth is written.

    After a full flush every MiB packs to the same bytes, so that one is packed and repeated. The
    checksum at the end is wrong: nobody may get there.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    yield packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    one = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(mib):
        yield one
    yield packer.flush()


def naming(n_bytes: int) -> Iterable[bytes]:
    """Yield a gzip file whose own file-name field holds `n_bytes`."""
    packed = gzip.compress(header(4, 4, 4) + bytes(64), mtime=0)
    yield packed[:3] + b"\x08" + packed[4:10]
    for _ in range(n_bytes // MIB):
        yield b"n" * MIB
    yield b"\0" + packed[10:]


def with_extra(content: bytes) -> bytes:
    """Return a gzip file whose extra field holds a gzip stream of 60 MiB of zeros."""
    packed = gzip.compress(content, mtime=0)
    extra = gzip.compress(bytes(60 * MIB), mtime=0)[:65535]
    return (
        packed[:3] + b"\x04" + packed[4:10] + struct.pack("<H", len(extra)) + extra + packed[10:]
    )


def _rows(n: int) -> Iterable[bytes]:
    yield b"case,sex\n"
    for first in range(0, n, 1000):
        yield "".join(f"c{k:07d},s{k:07d}\n" for k in range(first, first + 1000)).encode()


def lie_of_524_mb() -> bytes:
    """Return a gzip file of 262 kB whose header declares 524,288,352 bytes."""
    made = bytearray(header(512, 512, 1000))
    struct.pack_into("<2h", made, 70, 4, 16)
    noise = b"".join(struct.pack("<I", zlib.crc32(b"%d" % k)) for k in range(65_536))
    return gzip.compress(bytes(made) + noise, 1, mtime=0)


SOUND = header(4, 4, 4) + bytes(64)
BOMBS = {
    "gzip, 200 MB behind a header of 4 x 4 x 4": Bomb(
        reader="mask",
        file="a.nii.gz",
        code="BR111",
        pieces=lambda: inflating(header(4, 4, 4), mib=200),
    ),
    "gzip, 10 GB behind a header of 4 x 4 x 4": Bomb(
        reader="mask",
        file="b.nii.gz",
        code="BR111",
        pieces=lambda: inflating(header(4, 4, 4), mib=10_240),
    ),
    "gzip, 10 GB behind a sound mask": Bomb(
        reader="mask",
        file="c.nii.gz",
        code="BR111",
        pieces=lambda: [gzip.compress(SOUND), *inflating(b"", mib=10_240)],
    ),
    "header of 10^12 voxels": Bomb(
        reader="mask", file="d.nii", code="BR110", pieces=lambda: [header(10_000, 10_000, 10_000)]
    ),
    "gzip, header of 10^12 voxels, 10 GB": Bomb(
        reader="mask",
        file="e.nii.gz",
        code="BR110",
        pieces=lambda: inflating(header(10_000, 10_000, 10_000), mib=10_240),
    ),
    "header of 32767^7 voxels": Bomb(
        reader="mask", file="f.nii", code="BR110", pieces=lambda: [header(*[32767] * 7)]
    ),
    "262 kB that claim 262 MB": Bomb(
        reader="mask",
        file="g.nii",
        code="BR112",
        pieces=lambda: [header(512, 512, 1000), bytes(262_144)],
    ),
    "gzip of 262 kB that claims 524 MB": Bomb(
        reader="mask",
        file="h.nii.gz",
        code="BR112",
        pieces=lambda: [lie_of_524_mb()],
    ),
    "gzip, 64 MB in its file-name field": Bomb(
        reader="mask", file="i.nii.gz", code="", pieces=lambda: naming(64 * MIB)
    ),
    "gzip, a bomb in its extra field": Bomb(
        reader="mask", file="j.nii.gz", code="", pieces=lambda: [with_extra(SOUND)]
    ),
    "CSV of one line of 10 MB": Bomb(
        reader="metadata",
        file="k.csv",
        code="BR410",
        pieces=lambda: [b"case,sex\na,", b"x" * 10 * MIB],
    ),
    "CSV of 10^6 columns": Bomb(
        reader="metadata",
        file="l.csv",
        code="BR408",  # no rows
        pieces=lambda: [b"case,sex" + b"".join(b",c%d" % k for k in range(10**6)) + b"\n"],
    ),
    "CSV of 10^5 categories": Bomb(
        reader="metadata", file="m.csv", code="BR410", pieces=lambda: _rows(10**5)
    ),
    "JSON, 10^6 lists in each other": Bomb(
        reader="summary",
        file="n.json",
        code="BR408",
        pieces=lambda: [b'{"metric_per_case": ', b"[" * 10**6],
    ),
    "JSON, a number of 10^6 digits": Bomb(
        reader="summary",
        file="o.json",
        code="BR408",
        pieces=lambda: [b'{"metric_per_case": ', b"9" * 10**6, b"}"],
    ),
    "audit.json, 10^6 lists in each other": Bomb(
        reader="audit", file="p.json", code="BR603", pieces=lambda: [b'{"schema": ', b"[" * 10**6]
    ),
    "TOML, 10^6 lists in each other": Bomb(
        reader="manifest", file="q.toml", code="BR408", pieces=lambda: [b"x = ", b"[" * 10**6]
    ),
    "TOML, a number of 10^6 digits": Bomb(
        reader="manifest", file="r.toml", code="BR602", pieces=lambda: [b"x = ", b"9" * 10**6]
    ),
    "TOML, a key of 10^5 parts": Bomb(
        reader="manifest",
        file="s.toml",
        code="BR408",
        pieces=lambda: [b"a" + b".a" * 10**5, b" = 1\n"],
    ),
}
"""What promises much; every file is refused with its code, or read if that is empty."""
