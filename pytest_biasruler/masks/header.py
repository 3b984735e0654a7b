"""What a header must say before one voxel is read."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, isnan
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.mask import drop_axes, join_notes
from pytest_biasruler.masks.orientation import read_orientation
from pytest_biasruler.masks.volume import Volume, check_lengths

if TYPE_CHECKING:
    from pytest_biasruler.errors import Limits
    from pytest_biasruler.masks.fields import Fields

# Codes of the standard.
_VOXEL_TYPES = {
    2: "u1",
    4: "i2",
    8: "i4",
    16: "f4",
    64: "f8",
    256: "i1",
    512: "u2",
    768: "u4",
    1024: "i8",
    1280: "u8",
}
_REFUSED_TYPES = {
    1: "1-bit",
    32: "complex64",
    128: "RGB",
    1536: "float128",
    1792: "complex128",
    2048: "complex256",
    2304: "RGBA",
}
_UNITS = {1: "metres", 3: "micrometres"}
_LARGEST_SLOPE = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Header(Volume):
    """A header of NIfTI that was found sound."""

    n_bytes: int
    order: str
    slope: float
    intercept: float


def check_header(fields: Fields, *, name: str, limits: Limits) -> Header:
    """Return what `fields` amount to, or refuse the first of them that is wrong.

    Parameters
    ----------
    fields : Fields
        The raw header.
    name : str
        What messages call the mask.
    limits : Limits
        How many voxels and bytes of extensions are allowed, and how far two orientations of
        one file may lie apart.

    Raises
    ------
    BiasRulerError
        ``BR110``, ``BR202``, ``BR204`` to ``BR209``, ``BR211``, ``BR212`` or ``BR214``.
    """
    stored = _check_dimensions(fields, name=name, limits=limits)
    shape = drop_axes(stored, name=name)
    dtype = _check_voxel_type(fields, name=name)
    vox_offset = _check_vox_offset(fields, name=name, limits=limits)
    slope, intercept = _check_scaling(fields, name=name)
    if unit := _UNITS.get(fields.units & 7):
        raise BiasRulerError("BR211", f"units of {name} are {unit}", "mm", "Convert the header")
    orientation = read_orientation(
        fields,
        shape=shape,
        n_axes=min(len(stored), 3),
        name=name,
        tolerance=limits.grid_tolerance,
    )
    notes = {
        "BR206": len(stored) != 3,
        "BR203": fields.bitpix != 8 * dtype.itemsize,
        "BR231": fields.has_text,
    }
    return Header(
        n_bytes=fields.layout.n_bytes,
        order=fields.order,
        shape=shape,
        dtype=dtype,
        vox_offset=vox_offset,
        slope=slope,
        intercept=intercept,
        orientation=orientation,
        notes=join_notes((code for code, is_met in notes.items() if is_met), orientation.notes),
    )


def _check_dimensions(fields: Fields, *, name: str, limits: Limits) -> tuple[int, ...]:
    n_axes = fields.dim[0]
    if not 1 <= n_axes <= 7:
        found = f"{name} declares {n_axes} dimensions"
        raise BiasRulerError("BR205", found, "2 to 7", "Export it again")
    shape = fields.dim[1 : n_axes + 1]
    check_lengths(shape, name=name, limits=limits)
    return shape


def _check_voxel_type(fields: Fields, *, name: str) -> np.dtype[np.generic]:
    if fields.datatype not in _VOXEL_TYPES:
        kind = _REFUSED_TYPES.get(fields.datatype, f"code {fields.datatype}")
        found = f"voxel type of {name} is {kind}"
        raise BiasRulerError("BR202", found, "integers or floats", "Save it as uint8")
    return np.dtype(fields.order + _VOXEL_TYPES[fields.datatype])


def _check_vox_offset(fields: Fields, *, name: str, limits: Limits) -> int:
    least = fields.layout.n_bytes + 4
    most = least + limits.max_extension_bytes
    offset = fields.vox_offset
    if not (least <= offset <= most and offset % 16 == 0):  # NaN and infinity are refused, too
        found = f"vox_offset of {name} is {offset:.10g}"
        expected = f"a multiple of 16, at least {least}, at most {most}"
        raise BiasRulerError("BR204", found, expected, "Export it again")
    return int(offset)


def _check_scaling(fields: Fields, *, name: str) -> tuple[float, float]:
    """Return slope and intercept, (1, 0) where there is none."""
    slope, intercept = fields.slope, fields.intercept
    if isnan(slope) or slope == 0:
        return 1.0, 0.0
    if not (isfinite(slope) and isfinite(intercept)):
        found, fix = f"scaling of {name} is not finite", "Save it without scaling"
        raise BiasRulerError("BR207", found, "1 and 0", fix)
    if (slope, intercept) == (1, 0):
        return 1.0, 0.0
    if not 0 < slope < _LARGEST_SLOPE:
        turned = f"{intercept:g} and {slope + intercept:g}"
        found = f"scaling of {name} turns stored 0 and 1 into {turned}"
        raise BiasRulerError("BR208", found, "none", "Save the labels without scaling")
    return slope, intercept
