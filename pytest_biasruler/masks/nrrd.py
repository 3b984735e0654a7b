"""NRRD: what its header says, field by field."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.mask import describe_shape, drop_axes, join_notes
from pytest_biasruler.masks.nrrd_axes import orient_fields, read_vectors
from pytest_biasruler.masks.texthead import bad_field, no_head, parse_wholes, split_lines
from pytest_biasruler.masks.volume import Volume, check_lengths

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_biasruler.errors import Limits

    Fields = Mapping[str, str]

MAGIC = b"NRRD000"
_FIRST_LINE = re.compile(r"NRRD000[1-9]\s*", re.I)

_TYPES = {
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "i8": (
        *("longlong", "long long", "long long int", "signed long long"),
        *("signed long long int", "int64", "int64_t"),
    ),
    "u8": ("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"),
    "f4": ("float",),
    "f8": ("double",),
}
_DTYPES = {alias: code for code, aliases in _TYPES.items() for alias in aliases}
_ORDERS = {"little": "<", "big": ">"}
_PACKED = {"raw": False, "gzip": True, "gz": True}
_OTHER_ENCODINGS = ("txt", "text", "ascii", "hex", "bzip2", "bz2")
_ALIASES = {
    "datafile": "data file",
    "lineskip": "line skip",
    "byteskip": "byte skip",
    "centerings": "centers",
}
_IN_SPACE = ("domain", "space", "???", "none", "")
_MOST_AXES = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class NrrdHead:
    """A header of NRRD that was found sound."""

    volume: Volume
    is_packed: bool
    data_file: str


def find_end(block: bytes) -> int:
    """Return where a header ends, behind its empty line; -1 if it does not end here."""
    ends = [at + len(end) for end in (b"\n\n", b"\n\r\n") if (at := block.find(end)) >= 0]
    return min(ends, default=-1)


def read_nrrd_head(head: bytes, *, name: str, limits: Limits) -> NrrdHead:
    """Return what a header amounts to, or refuse the first of its fields that is wrong.

    Parameters
    ----------
    head : bytes
        The whole header.
    name : str
        What messages call the mask.
    limits : Limits
        How many voxels are allowed.

    Raises
    ------
    BiasRulerError
        ``BR110``, ``BR113``, ``BR201``, ``BR202``, ``BR204`` to ``BR206``, ``BR209``, ``BR211``
        or ``BR212``.
    """
    fields, has_text = _split_fields(head, name=name)
    sizes = _read_sizes(fields, name=name, limits=limits)
    kept = _keep_axes(fields, sizes, name=name)
    shape = drop_axes(tuple(sizes[axis] for axis in kept), name=name)
    notes = {"BR206": len(sizes) != 3, "BR231": has_text}
    is_packed = _check_encoding(fields, name=name)
    dtype = _read_dtype(fields, name=name)
    for field in ("byte skip", "line skip"):
        if fields.get(field, "0").strip() != "0":
            found, fix = f"{field} of {name} is not 0", "Export it again without one"
            raise BiasRulerError("BR204", found, "0", fix)
    orientation = orient_fields(fields, kept[:3], n_axes=len(sizes), name=name)
    volume = Volume(
        shape=shape,
        dtype=dtype,
        orientation=orientation,
        notes=join_notes((code for code, is_met in notes.items() if is_met), orientation.notes),
    )
    return NrrdHead(volume=volume, is_packed=is_packed, data_file=_read_data_file(fields, name))


def _split_fields(head: bytes, *, name: str) -> tuple[Fields, bool]:
    """Return the fields by their usual names, and whether free text stands beside them."""
    fields: dict[str, str] = {}
    has_text = False
    first, *lines = split_lines(head)
    if not _FIRST_LINE.fullmatch(first):
        raise no_head(name, "NRRD")
    for line in lines:
        if not line.strip():
            break
        if line.startswith("#"):
            continue
        before, colon, after = line.partition(":")
        if not colon:
            raise bad_field("a line", name, what="is no field")
        if after.startswith("="):
            has_text = True
            continue
        field = before.strip().lower()
        field = _ALIASES.get(field, field)
        if field in fields:
            raise bad_field("a field", name, what="stands twice")
        fields[field] = after.strip()
    return fields, has_text or bool(fields.get("content"))


def _read_sizes(fields: Fields, *, name: str, limits: Limits) -> tuple[int, ...]:
    dimension = parse_wholes(fields.get("dimension", ""))
    if dimension is None or len(dimension) != 1:
        raise bad_field("dimension", name)
    if not 1 <= dimension[0] <= _MOST_AXES:
        found = f"{name} declares {dimension[0]} dimensions"
        raise BiasRulerError("BR205", found, "2 or 3", "Export it again")
    sizes = parse_wholes(fields.get("sizes", ""))
    if sizes is None or len(sizes) != dimension[0]:
        raise bad_field("sizes", name)
    check_lengths(sizes, name=name, limits=limits)
    return sizes


def _keep_axes(fields: Fields, sizes: Sequence[int], *, name: str) -> list[int]:
    """Return the axes that run through space; what else there is must be of length 1."""
    vectors = read_vectors(fields, n=len(sizes), name=name)
    kinds = fields.get("kinds", "").lower().split()
    if kinds and len(kinds) != len(sizes):
        raise bad_field("kinds", name)
    is_spatial = [
        (vectors is None or vectors[axis] is not None) and (not kinds or kinds[axis] in _IN_SPACE)
        for axis in range(len(sizes))
    ]
    for axis, size in enumerate(sizes):
        if not is_spatial[axis] and size > 1:
            found = f"{name} has shape {describe_shape(sizes)}, one axis of which is not in space"
            fix = "Export one label map; in 3D Slicer, move all segments into one layer"
            raise BiasRulerError("BR206", found, "three axes", fix)
    return [axis for axis in range(len(sizes)) if is_spatial[axis]]


def _check_encoding(fields: Fields, *, name: str) -> bool:
    """Return whether voxels are compressed."""
    encoding = fields.get("encoding", "").lower()
    if encoding in _PACKED:
        return _PACKED[encoding]
    if encoding in _OTHER_ENCODINGS:
        fix = "Save it with encoding gzip"
        raise BiasRulerError("BR113", f"encoding of {name} is {encoding}", "raw or gzip", fix)
    raise bad_field("encoding", name)


def _read_dtype(fields: Fields, *, name: str) -> np.dtype[np.generic]:
    kind = " ".join(fields.get("type", "").lower().split())
    if kind == "block":
        found = f"voxel type of {name} is block"
        raise BiasRulerError("BR202", found, "integers or floats", "Save it as uint8")
    code, order = _DTYPES.get(kind), _ORDERS.get(fields.get("endian", "").lower())
    if code is None:
        raise bad_field("type", name)
    if order is None and not code.endswith("1"):
        raise bad_field("endian", name)
    return np.dtype((order or "<") + code)


def _read_data_file(fields: Fields, name: str) -> str:
    """Return the name of the detached file, ``""`` for none; a list or a pattern is refused."""
    text = fields.get("data file", "")
    if text.split()[:1] == ["LIST"] or "%" in text:
        found, fix = f"voxels of {name} lie in several files", "Convert it to one .nrrd file"
        raise BiasRulerError("BR113", found, "one file", fix)
    try:
        return text.encode("latin-1").decode()
    except UnicodeDecodeError:
        raise bad_field("data file", name, what="is not UTF-8") from None
