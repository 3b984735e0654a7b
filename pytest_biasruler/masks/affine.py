"""What a voxel-to-millimetre matrix says: voxel size, right angles, where the corners lie."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAME_SPACING = 1e-3
"""Relative difference up to which two voxel sizes count as one."""

_MAX_SHEAR = 1e-3
_SMALLEST_VOXEL_MM, _LARGEST_VOXEL_MM = 1e-6, 1e6
_FARTHEST_ORIGIN_MM = 1e9


def measure_spacing(affine: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the voxel size in mm: the lengths of the three columns of `affine`, shape (4, 4).

    Examples
    --------
    A step along the second axis goes 3 mm right and 4 mm up, so it is 5 mm long:

    >>> import numpy as np
    >>> measure_spacing(np.array([[2, 3, 0, 0], [0, 4, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]))
    (2.0, 5.0, 1.0)
    """
    x, y, z = np.sqrt(np.square(affine[:3, :3]).sum(axis=0)).tolist()
    return x, y, z


def measure_volume(
    affine: NDArray[np.float64] | None, spacing_mm: tuple[float, float, float], *, is_sheared: bool
) -> float:
    """Return the volume of one voxel in millilitres.

    Examples
    --------
    >>> measure_volume(None, (1.0, 1.0, 2.0), is_sheared=False)
    0.002
    """
    if affine is not None and is_sheared:
        return abs(float(np.linalg.det(affine[:3, :3]))) / 1000
    return prod(spacing_mm) / 1000


def check_affine(affine: NDArray[np.float64], *, name: str) -> None:
    """Refuse a matrix, shape (4, 4), that gives voxels no place or no size.

    Raises
    ------
    BiasRulerError
        ``BR212`` if it is not finite, singular, or out of any scanner's range.
    """
    fault = _find_fault(affine)
    if fault:
        expected = "12 finite numbers that span a volume"
        raise BiasRulerError("BR212", f"affine of {name} is {fault}", expected, "Export it again")


def is_sheared(affine: NDArray[np.float64]) -> bool:
    """Return whether two axes of the grid, shape (4, 4), fail to meet at a right angle."""
    columns = affine[:3, :3] / measure_spacing(affine)
    overlap = np.abs(columns.T @ columns)[[0, 0, 1], [1, 2, 2]]
    return not bool((overlap <= _MAX_SHEAR).all())


def measure_displacement(
    affine: NDArray[np.float64], other: NDArray[np.float64], *, shape: tuple[int, int, int]
) -> float:
    """Return how far apart, in mm, two matrices put one corner voxel, at worst.

    One number for origin, spacing, direction and mirror: since both are affine, no voxel lies
    farther off than the worst corner does.

    Examples
    --------
    A spacing of 2.5 in place of 2 mm adds up to 1.5 mm over four voxels:

    >>> import numpy as np
    >>> measure_displacement(np.diag([2.0, 1, 1, 1]), np.diag([2.5, 1, 1, 1]), shape=(4, 1, 1))
    1.5
    """
    ends = [(0, length - 1) for length in shape]
    corners = np.array([(*corner, 1) for corner in product(*ends)], dtype=np.float64)
    offsets = corners @ (affine - other)[:3].T
    return float(np.sqrt(np.square(offsets).sum(axis=1)).max())


def _find_fault(affine: NDArray[np.float64]) -> str:
    if not np.isfinite(affine).all():
        return "not finite"
    linear, origin = affine[:3, :3], affine[:3, 3]
    # Entries first: the square of 1e300 would overflow into a warning.
    if not np.abs(linear).max() < _LARGEST_VOXEL_MM:
        return "out of range"
    if not np.abs(origin).max() < _FARTHEST_ORIGIN_MM:
        return "out of range"
    spacing = measure_spacing(affine)
    if not min(spacing) > _SMALLEST_VOXEL_MM:
        return "singular"
    if not max(spacing) < _LARGEST_VOXEL_MM:
        return "out of range"
    if not abs(float(np.linalg.det(linear / spacing))) > 1e-3:
        return "singular"
    return ""
