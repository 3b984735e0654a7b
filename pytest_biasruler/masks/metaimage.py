"""MetaImage: what its header says, key by key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.mask import drop_axes, join_notes
from pytest_biasruler.masks.texthead import bad_field, parse_floats, parse_wholes, split_lines
from pytest_biasruler.masks.volume import Volume, check_lengths
from pytest_biasruler.masks.world import LPS, orient_axes, size_alone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_biasruler.errors import Limits
    from pytest_biasruler.masks.orientation import Orientation

    Keys = Mapping[str, str]

LOCAL = "LOCAL"
"""Stands for the name of the data file where voxels follow the header."""

_DTYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_ALIASES = {
    **dict.fromkeys(["elementbyteordermsb"], "binarydatabyteordermsb"),
    **dict.fromkeys(["rotation", "orientation"], "transformmatrix"),
    **dict.fromkeys(["position", "origin"], "offset"),
}
_TEXTS = ("comment", "name", "creation_date", "acquisitiondate")
_MOST_AXES = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class MetaHead:
    """A header of MetaImage that was found sound."""

    volume: Volume
    is_packed: bool
    data_file: str


_LAST = "elementdatafile"


def find_end(block: bytes) -> int:
    """Return where a header ends, behind its last key; -1 if it does not end here."""
    lower = b"\n" + block.lower()
    at = lower.find(b"\nelementdatafile")
    # With the line break put in front, the place of this one is that of the next line.
    return lower.find(b"\n", at + 1) if at >= 0 else -1


def read_meta_head(head: bytes, *, name: str, limits: Limits) -> MetaHead:
    """Return what a header amounts to, or refuse the first of its keys that is wrong.

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
        ``BR110``, ``BR113``, ``BR201``, ``BR202``, ``BR204`` to ``BR206``, ``BR208``, ``BR209``,
        ``BR211`` or ``BR212``.
    """
    keys = _split_keys(head, name=name)
    if keys.get("objecttype", "").lower() != "image":
        raise bad_field("ObjectType", name, what="is not Image")
    lengths = _read_lengths(keys, name=name, limits=limits)
    shape = drop_axes(lengths, name=name)
    dtype = _read_dtype(keys, name=name)
    _check_storage(keys, name=name)
    orientation = _orient(keys, n_axes=len(lengths), name=name)
    notes = {"BR206": len(lengths) != 3, "BR231": any(keys.get(text) for text in _TEXTS)}
    volume = Volume(
        shape=shape,
        dtype=dtype,
        orientation=orientation,
        notes=join_notes((code for code, is_met in notes.items() if is_met), orientation.notes),
    )
    is_packed = _read_flag(keys, "CompressedData", name=name)
    return MetaHead(volume=volume, is_packed=is_packed, data_file=_read_data_file(keys, name))


def _split_keys(head: bytes, *, name: str) -> Keys:
    keys: dict[str, str] = {}
    for line in split_lines(head):
        if not line.strip():
            continue
        before, equals, after = line.partition("=")
        if not equals:
            raise bad_field("a line", name, what="is no key with a value")
        key = before.strip().lower()
        key = _ALIASES.get(key, key)
        if _LAST in keys:  # ITK reads no further, and so has another grid
            raise bad_field("ElementDataFile", name, what="is not its last line")
        if key in keys:
            raise bad_field("a key", name, what="stands twice")
        keys[key] = after.strip()
    return keys


def _read_lengths(keys: Keys, *, name: str, limits: Limits) -> tuple[int, ...]:
    dimension = parse_wholes(keys.get("ndims", ""))
    if dimension is None or len(dimension) != 1:
        raise bad_field("NDims", name)
    if not 1 <= dimension[0] <= _MOST_AXES:
        found = f"{name} declares {dimension[0]} dimensions"
        raise BiasRulerError("BR205", found, "2 or 3", "Export it again")
    lengths = parse_wholes(keys.get("dimsize", ""))
    if lengths is None or len(lengths) != dimension[0]:
        raise bad_field("DimSize", name)
    check_lengths(lengths, name=name, limits=limits)
    return lengths


def _read_dtype(keys: Keys, *, name: str) -> np.dtype[np.generic]:
    channels = parse_wholes(keys.get("elementnumberofchannels", "1"))
    if channels != (1,):
        found = f"{name} has several values in one voxel"
        raise BiasRulerError("BR206", found, "one label", "Save one label mask")
    kind = keys.get("elementtype", "").upper()
    code = _DTYPES.get(kind)
    if code is None:
        if kind.startswith("MET_") and kind.endswith("_ARRAY"):
            found = f"voxel type of {name} is an array"
            raise BiasRulerError("BR202", found, "integers or floats", "Save it as uint8")
        raise bad_field("ElementType", name)
    is_big = _read_flag(keys, "BinaryDataByteOrderMSB", name=name)
    return np.dtype((">" if is_big else "<") + code)


def _check_storage(keys: Keys, *, name: str) -> None:
    if not _read_flag(keys, "BinaryData", name=name, default=True):
        fix = "Save it as binary data"
        raise BiasRulerError("BR113", f"voxels of {name} are text", "binary data", fix)
    if keys.get("headersize", "0") != "0":
        found, fix = f"HeaderSize of {name} is not 0", "Export it again without one"
        raise BiasRulerError("BR204", found, "0", fix)
    names = ("elementtointensityfunctionslope", "elementtointensityfunctionoffset")
    scaling = [parse_floats(keys.get(key, usual)) for key, usual in zip(names, "10", strict=True)]
    if scaling != [(1,), (0,)]:
        fix = "Save the labels without scaling"
        raise BiasRulerError("BR208", f"scaling of {name} changes labels", "none", fix)
    unit = keys.get("distanceunits", "mm").lower()
    if unit not in ("mm", "?", ""):
        unit = unit if unit in ("um", "cm") else "others"
        raise BiasRulerError("BR211", f"units of {name} are {unit}", "mm", "Convert the header")


def _orient(keys: Keys, *, n_axes: int, name: str) -> Orientation:
    n = 2 if n_axes == 2 else 3
    given = [key for key in ("ElementSpacing", "ElementSize") if key.lower() in keys]
    # The first rules where both are given.
    sizes = _read_floats(keys, given[0], n=n_axes, name=name)[:n] if given else None
    if not {"transformmatrix", "offset"} & keys.keys():
        return size_alone(sizes, name=name)
    known = size_alone((1.0,) * n if sizes is None else sizes, name=name).spacing_mm[:n]
    turned = np.eye(n_axes)
    if "transformmatrix" in keys:
        turned = np.reshape(
            _read_floats(keys, "TransformMatrix", n=n_axes**2, name=name), (n_axes, n_axes)
        )
    offset = (0.0,) * n_axes
    if "offset" in keys:
        offset = _read_floats(keys, "Offset", n=n_axes, name=name)
    # One axis of the grid after the other, each a unit vector; LPS, whatever the header calls it.
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused next
        steps = turned[:n, :n] * np.reshape(known, (n, 1))
    return orient_axes(steps, offset[:n], signs=LPS, name=name)


def _read_floats(keys: Keys, key: str, *, n: int, name: str) -> tuple[float, ...]:
    found = parse_floats(keys[key.lower()])
    if found is None or len(found) != n:
        raise bad_field(key, name)
    return found


def _read_flag(keys: Keys, key: str, *, name: str, default: bool = False) -> bool:
    flag = _FLAGS.get(keys.get(key.lower(), str(default)).lower())
    if flag is None:
        raise bad_field(key, name)
    return flag


def _read_data_file(keys: Keys, name: str) -> str:
    """Return the name of the detached file, or `LOCAL`; a list or a pattern is refused."""
    text = keys.get("elementdatafile", "")
    if text.split()[:1] == ["LIST"] or "%" in text:
        found, fix = f"voxels of {name} lie in several files", "Convert it to one .mha file"
        raise BiasRulerError("BR113", found, "one file", fix)
    if text.upper() == LOCAL:
        return LOCAL
    try:
        return text.encode("latin-1").decode()
    except UnicodeDecodeError:
        raise bad_field("ElementDataFile", name, what="is not UTF-8") from None
