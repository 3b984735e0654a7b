"""Where a file says its voxels lie: sform, qform, or voxel size alone."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.affine import check_affine, measure_displacement, measure_spacing
from pytest_biasruler.masks.fields import NIFTI2
from pytest_biasruler.masks.mask import is_same_spacing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_biasruler.masks.fields import Fields

_LAST_CODE = 5
_LONGEST_QUATERNION = 1 + 3e-7
_VOXEL_RANGE_MM = (1e-6, 1e6)


@dataclass(frozen=True, kw_only=True, slots=True)
class Orientation:
    """The matrix to use, or None and a voxel size, and what is worth telling about them."""

    affine: NDArray[np.float64] | None
    spacing_mm: tuple[float, float, float]
    notes: tuple[str, ...]


def read_orientation(
    fields: Fields, *, shape: tuple[int, int, int], n_axes: int, name: str, tolerance: float
) -> Orientation:
    """Return the sform, else the qform, else the voxel size of a header.

    Parameters
    ----------
    fields : Fields
        The raw header.
    shape : tuple of int
        Number of voxels along the three axes.
    n_axes : int
        2 for a slice, whose third voxel size is not asked for, else 3.
    name : str
        What messages call the mask.
    tolerance : float
        How far sform and qform may lie apart before it is noted, in smallest voxel sizes.

    Raises
    ------
    BiasRulerError
        ``BR209`` if the voxel size is needed and invalid, ``BR212`` if a code or the matrix
        is invalid, ``BR214`` if sform and qform mirror each other.
    """
    _check_codes(fields, name=name)
    if fields.sform_code > 0:
        affine = np.vstack([np.reshape(fields.srow, (3, 4)), [0.0, 0.0, 0.0, 1.0]])
        check_affine(affine, name=name)
        spacing = measure_spacing(affine)
        notes = _compare_sizes(fields.pixdim[1 : n_axes + 1], spacing)
        if fields.qform_code > 0:
            notes += _compare_forms(
                affine, fields, shape=shape, n_axes=n_axes, name=name, tolerance=tolerance
            )
        return Orientation(affine=affine, spacing_mm=spacing, notes=notes)
    if fields.qform_code > 0:
        affine = _compute_qform(fields, n_axes=n_axes, name=name)
        return Orientation(affine=affine, spacing_mm=measure_spacing(affine), notes=())
    x, y, z = _check_sizes(fields, n_axes=n_axes, name=name)
    return Orientation(affine=None, spacing_mm=(x, y, z), notes=("BR213",))


def _check_codes(fields: Fields, *, name: str) -> None:
    for field in ("sform_code", "qform_code"):
        code = getattr(fields, field)
        if not 0 <= code <= _LAST_CODE:
            found = f"{field} of {name} is {code}"
            raise BiasRulerError("BR212", found, f"0 to {_LAST_CODE}", "Export it again")


def is_size(size: float) -> bool:
    """Return whether a number can be the length of a voxel."""
    return isfinite(size) and size > 0


def _check_sizes(fields: Fields, *, n_axes: int, name: str) -> tuple[float, float, float]:
    x, y, z = fields.pixdim[1:4]
    if n_axes == 2 and not is_size(z):
        z = 1.0  # a slice needs no thickness
    for size in (x, y, z):
        if not is_size(size):
            found = f"voxel size of {name} is {size:g} mm"
            raise BiasRulerError("BR209", found, "positive and finite", "Correct pixdim")
    return x, y, z


def _compare_sizes(sizes: tuple[float, ...], spacing: tuple[float, ...]) -> tuple[str, ...]:
    """Note what pixdim says beside an sform, which rules."""
    if not all(map(is_size, sizes)):
        return ("BR209",)
    return () if is_same_spacing(sizes, spacing) else ("BR210",)


def _compare_forms(
    affine: NDArray[np.float64],
    fields: Fields,
    *,
    shape: tuple[int, int, int],
    n_axes: int,
    name: str,
    tolerance: float,
) -> tuple[str, ...]:
    try:
        other = _compute_qform(fields, n_axes=n_axes, name=name)
    except BiasRulerError:
        return ("BR214",)
    if np.linalg.det(affine[:3, :3]) * np.linalg.det(other[:3, :3]) < 0:
        found, fix = f"qform and sform of {name} mirror each other", "Remove the wrong one"
        raise BiasRulerError("BR214", found, "one orientation", fix)
    allowed = tolerance * min(measure_spacing(affine))
    is_same = measure_displacement(affine, other, shape=shape) <= allowed
    return () if is_same else ("BR214",)


def _compute_qform(fields: Fields, *, n_axes: int, name: str) -> NDArray[np.float64]:
    b, c, d = fields.quaternion
    if not b * b + c * c + d * d <= _LONGEST_QUATERNION:  # NaN is refused, too
        raise _invalid_qform(name, "has a quaternion longer than 1")
    sizes = _check_sizes(fields, n_axes=n_axes, name=name)
    if not (min(sizes) > _VOXEL_RANGE_MM[0] and max(sizes) < _VOXEL_RANGE_MM[1]):
        raise _invalid_qform(name, "is out of range")
    if fields.pixdim[0] not in (-1, 0, 1):
        raise _invalid_qform(name, f"has a handedness (pixdim[0]) of {fields.pixdim[0]:g}")
    is_second = fields.layout is NIFTI2
    # A process of one case starts in two thirds of the time without it; an sform alone needs none.
    from nibabel import nifti1, nifti2

    kind: Any = nifti2.Nifti2Header if is_second else nifti1.Nifti1Header
    header = kind(fields.block, fields.order, check=False)
    # The standard reads 0 as 1; get_qform would raise an exception of its own kind.
    header["pixdim"][:4] = (fields.pixdim[0] or 1, *sizes)
    try:
        affine = np.asarray(header.get_qform(), dtype=np.float64)
    except ValueError:  # its own limit on the quaternion differs between the two formats
        raise _invalid_qform(name, "has a quaternion longer than 1") from None
    check_affine(affine, name=name)
    return affine


def _invalid_qform(name: str, what: str) -> BiasRulerError:
    found = f"qform of {name} {what}"
    return BiasRulerError("BR212", found, "a valid rotation and voxel size", "Export it again")
