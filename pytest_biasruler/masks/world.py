"""Axes as other formats write them, turned into a matrix to mm right, anterior and superior."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.affine import check_affine, measure_spacing
from pytest_biasruler.masks.mask import NO_SIZE
from pytest_biasruler.masks.orientation import Orientation, is_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

LPS = (-1.0, -1.0, 1.0)
"""Signs that turn left, posterior, superior into right, anterior, superior."""

_LARGEST = 1e6


def orient_axes(
    axes: ArrayLike, origin: Sequence[float], *, signs: Sequence[float], name: str
) -> Orientation:
    """Return the orientation of a grid whose steps and first voxel are given in mm.

    Parameters
    ----------
    axes : array of float, shape (2 or 3, 2 or 3)
        One row for the step along each axis of the grid. A slice has two; the third is then the
        normal of the slice, 1 mm long. Of a plane, in two numbers each, the third is 0.
    origin : sequence of float
        Where the centre of the first voxel lies, in as many numbers.
    signs : sequence of float
        What turns each number into mm right, anterior, superior.
    name : str
        What messages call the mask.

    Raises
    ------
    BiasRulerError
        ``BR212`` if the matrix is invalid.

    Examples
    --------
    Voxels of 1 x 1 x 2 mm, as DICOM counts:

    >>> steps = [[1, 0, 0], [0, 1, 0], [0, 0, 2]]
    >>> found = orient_axes(steps, [10, 20, 30], signs=LPS, name="mask")
    >>> found.affine.tolist()
    [[-1.0, 0.0, 0.0, -10.0], [0.0, -1.0, 0.0, -20.0], [0.0, 0.0, 2.0, 30.0], [0.0, 0.0, 0.0, 1.0]]
    """
    given = np.asarray(axes, dtype=np.float64)
    steps = np.zeros((3, 3))
    steps[: given.shape[0], : given.shape[1]] = given
    if len(given) == 2:
        steps[2] = _find_normal(steps[0], steps[1])
    affine = np.eye(4)
    affine[:3, :3] = steps.T
    affine[: len(origin), 3] = origin
    affine[:3] *= np.reshape(signs, (3, 1))
    affine += 0.0  # no negative zeros
    check_affine(affine, name=name)
    affine.flags.writeable = False
    return Orientation(affine=affine, spacing_mm=measure_spacing(affine), notes=())


def size_alone(sizes: Sequence[float] | None, *, name: str) -> Orientation:
    """Return what is known of a grid of which only the voxel size is stored, or not even that.

    Raises
    ------
    BiasRulerError
        ``BR209`` if a size is not positive and finite.
    """
    if sizes is None:
        return Orientation(affine=None, spacing_mm=(1.0, 1.0, 1.0), notes=("BR213", NO_SIZE))
    for size in sizes:
        if not is_size(size):
            found = f"voxel size of {name} is {size:g} mm"
            raise BiasRulerError("BR209", found, "positive and finite", "Correct the header")
    x, y, z = (*sizes, 1.0)[:3]  # a slice needs no thickness
    return Orientation(affine=None, spacing_mm=(x, y, z), notes=("BR213",))


def _find_normal(one: NDArray[np.float64], other: NDArray[np.float64]) -> ArrayLike:
    largest = max(np.abs(one).max(), np.abs(other).max())
    if not largest < _LARGEST:  # refused in a moment; its square would overflow into a warning
        return (0.0, 0.0, 1.0)
    normal = np.cross(one, other)
    length = np.linalg.norm(normal)
    unit: ArrayLike = normal / length if length > 0 else (0.0, 0.0, 1.0)
    return unit
