"""Edits of bytes, headers, gzip containers, rows and JSON values, each decided by a generator."""

from __future__ import annotations

import copy
import json
import struct
import zlib
from typing import TYPE_CHECKING, Any

import nibabel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

_FIRST = nibabel.nifti1.header_dtype.fields
_SECOND = nibabel.nifti2.header_dtype.fields
_BYTES = (0, 1, 2, 10, 31, 34, 44, 59, 92, 127, 128, 139, 239, 254, 255)
_INTEGERS = (
    *range(-3, 20),
    *(31, 32, 64, 100, 127, 128, 255, 256, 348, 352, 512, 540, 768, 1024, 1280, 1536, 1792),
    *(2048, 2304, 32767, 32768, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1, -(2**15)),
    *(-(2**31), -(2**63)),
)
_FLOATS = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 0.1, 0.7, 1 / 255, 0.0999, 1.001, 255.0, 256.0, 1000.0),
    *(352.0, 353.0, 368.0, 544.0, 560.0, 1e9, 1e30, -1e30, 3e38, 1e-6, 1e-30, 1e-45, 1e300),
    *(float("nan"), float("inf"), float("-inf")),
)
_REACHES = (16, 352, 352, 352, 1 << 30, 1 << 30)  # most edits fall into the header
_CHANGES: tuple[Callable[[bytes, int, int, int], bytes], ...] = (
    *[lambda data, at, _n, value: data[:at] + bytes([value]) + data[at + 1 :]] * 2,
    lambda data, at, _n, value: data[:at] + bytes([data[at] ^ 1 << value % 8]) + data[at + 1 :],
    lambda data, at, n, value: data[:at] + bytes([value]) * n + data[at:],
    lambda data, at, n, _value: data[:at] + data[at + n :],
    lambda data, at, n, _value: data[: at + n] + data[at:],
    lambda data, at, _n, _value: data[:at],
    lambda data, _at, n, value: data + bytes([value]) * n,
    lambda data, at, n, _value: data + data[at : at + n],
)
_MOST_BYTES = 1 << 17  # an input that grows without end would only test our patience
_FLAGS = {"FHCRC": 2, "FEXTRA": 4, "FNAME": 8, "FCOMMENT": 16}
JSON_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2**70, 0.5, 1e308, 10**400, "", "0", "NaN", "zqvx", [], {}),
    *([0.5, 0.7], {"a": 1}, [[]], "biasruler-audit/1", "\ud800", "PASS", float("nan")),
)


def edit_bytes(rng: Random, data: bytes, *, most: int = 4) -> bytes:
    """Return `data` with up to `most` bytes or runs of bytes changed, put in, or left out."""
    for _ in range(rng.randint(1, most)):
        if not data:
            break
        at = rng.randrange(min(len(data), rng.choice(_REACHES)))
        n = rng.choice((1, 1, 1, 2, 4, 16, 100))
        value = rng.choice(_BYTES) if rng.random() < 0.6 else rng.randrange(256)
        data = rng.choice(_CHANGES)(data, at, n, value)
    return data[:_MOST_BYTES]


def edit_header(rng: Random, data: bytes, *, most: int = 3) -> bytes:
    """Return a NIfTI file with special values in some fields of its header, written in its order.

    Every field of both versions has the same chance, and of a field every item.
    """
    if len(data) < 540:
        return data
    changed = bytearray(data)
    is_second = b"n+2" in data[:8]
    order = "<" if data[:4] in (b"\x5c\x01\0\0", b"\x1c\x02\0\0") else ">"
    fields = _SECOND if is_second else _FIRST
    for _ in range(rng.randint(1, most)):
        kind, at = fields[rng.choice(list(fields))][:2]
        base = kind.base
        at += base.itemsize * rng.randrange(max(1, kind.itemsize // base.itemsize))
        if base.kind == "f":
            special = rng.choice(_FLOATS)
            value = special if base.itemsize == 8 or abs(special) < 3.4e38 else float("inf")
            struct.pack_into(order + base.char, changed, at, value)
        elif base.kind in "iu":
            whole = rng.choice(_INTEGERS) & ((1 << (8 * base.itemsize)) - 1)
            way = "little" if order == "<" else "big"
            changed[at : at + base.itemsize] = whole.to_bytes(base.itemsize, way)
        else:
            changed[at : at + base.itemsize] = rng.randbytes(base.itemsize)
    return bytes(changed)


def pack_gzip(rng: Random, content: bytes) -> bytes:
    """Return a gzip file of `content`: any members, flags and kinds of blocks, mostly sound."""
    n_members = rng.choice((1, 1, 1, 2, 3, 7))
    cuts = sorted(rng.randrange(len(content) + 1) for _ in range(n_members - 1))
    parts = [content[a:b] for a, b in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    packed = b"".join(_pack_member(rng, part) for part in parts)
    tail = rng.choice(
        (b"",) * 6 + (bytes(1), bytes(512), b"\0\0x", b"\x1f", b"\x1f\x8b\x08", packed)
    )
    return packed + tail


def _pack_member(rng: Random, content: bytes) -> bytes:
    flags = sum(bit for bit in _FLAGS.values() if rng.random() < 0.12)
    flags |= rng.choice((0,) * 60 + (1, 32, 64, 128))
    head = b"\x1f\x8b" + bytes([8 if rng.random() < 0.98 else rng.randrange(256), flags])
    head += rng.randbytes(4) + bytes([rng.choice((0, 2, 4)), rng.choice((0, 3, 255))])
    if flags & _FLAGS["FEXTRA"]:
        extra = rng.randbytes(rng.choice((0, 1, 5, 300)))
        claimed = len(extra) if rng.random() < 0.9 else rng.randrange(65536)
        head += struct.pack("<H", claimed) + extra
    for name in ("FNAME", "FCOMMENT"):
        if flags & _FLAGS[name]:
            head += rng.choice((b"", b"zqvx.nii", b"n" * 400)) + (
                b"\0" if rng.random() < 0.9 else b""
            )
    if flags & _FLAGS["FHCRC"]:
        is_sound = rng.random() < 0.7
        head += struct.pack("<H", zlib.crc32(head) & 0xFFFF if is_sound else rng.randrange(65536))
    body = _deflate(rng, content)
    checksum, length = zlib.crc32(content), len(content)
    if rng.random() < 0.03:
        checksum ^= 1 << rng.randrange(32)
    if rng.random() < 0.03:
        length = rng.choice((0, length + 1, 2**32 - 1))
    return head + body + struct.pack("<II", checksum, length)


def _deflate(rng: Random, content: bytes) -> bytes:
    strategies = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED)
    level = rng.choice((0, 1, 9))  # 0: stored blocks
    packer = zlib.compressobj(level, zlib.DEFLATED, -15, 8, rng.choice(strategies))
    at = rng.randrange(len(content) + 1)
    middle = rng.choice((zlib.Z_NO_FLUSH, zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH))
    first = packer.compress(content[:at])
    if middle != zlib.Z_NO_FLUSH:
        first += packer.flush(middle)
    return first + packer.compress(content[at:]) + packer.flush()


def edit_rows(rng: Random, text: str, *, tokens: Sequence[str], separators: str) -> str:
    """Return `text` with rows doubled, left out or swapped, and cells replaced by `tokens`."""
    rows = text.split("\n")
    for _ in range(rng.randint(1, 3)):
        at, other = rng.randrange(len(rows)), rng.randrange(len(rows))
        match rng.choice(("cell", "cell", "cell", "double", "drop", "swap", "put", "separator")):
            case "cell":
                sign = rng.choice(separators)
                cells = rows[at].split(sign)
                cells[rng.randrange(len(cells))] = rng.choice(tokens)
                rows[at] = sign.join(cells)
            case "double":
                rows.insert(other, rows[at])
            case "drop":
                rows[at] = ""
            case "swap":
                rows[at], rows[other] = rows[other], rows[at]
            case "put":
                place = rng.randrange(len(rows[at]) + 1)
                rows[at] = rows[at][:place] + rng.choice(tokens) + rows[at][place:]
            case "separator":
                rows[at] = rows[at].replace(rng.choice(separators), rng.choice(',;\t=[]"'), 1)
    return "\n".join(rows)


def edit_json(rng: Random, text: str, *, most: int = 3) -> str:
    """Return a JSON text with some of its values replaced, doubled, renamed or left out."""
    content = json.loads(text)
    for _ in range(rng.randint(1, most)):
        place = content
        while isinstance(place, dict | list) and place:
            key: Any = (
                rng.choice(list(place)) if isinstance(place, dict) else rng.randrange(len(place))
            )
            inner = place[key]
            if not (isinstance(inner, dict | list) and inner and rng.random() < 0.85):
                _edit_value(rng, place, key)
                break
            place = inner
    dumped = json.dumps(content, ensure_ascii=rng.random() < 0.5)
    return dumped.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _edit_value(rng: Random, place: Any, key: Any) -> None:
    match rng.choice(("set", "set", "set", "drop", "rename")):
        case "set":
            place[key] = copy.deepcopy(rng.choice(JSON_VALUES))
        case "drop":
            del place[key]
        case "rename" if isinstance(place, dict):
            place[rng.choice(("zqvx", "schema", key.upper()))] = place.pop(key)
        case "rename":
            place.append(copy.deepcopy(place[key]))
