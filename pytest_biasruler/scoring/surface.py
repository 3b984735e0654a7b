"""The surface of a mask, by the surfel convention.

A surface is a set of *surfels*, one at each grid corner whose neighbouring voxels are neither all
inside nor all outside the mask; each has the area (in 2-D the length) that ``scoring.surfel``
gives it. Outside the image everything is background, so a mask that touches the border is closed.

References
----------
Nikolov, S. et al. (2021). J Med Internet Res 23(7), e26151. doi:10.2196/26151
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from pytest_biasruler.scoring.shape import bounding_box
from pytest_biasruler.scoring.surfel import measure_surfels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, eq=False)  # no slots: cached_property needs a __dict__
class Surface:
    """The surfels of one mask.

    Parameters
    ----------
    corners : ndarray of int32, shape (n, 3) or (n, 2)
        Grid corners in the frame of the whole image; corner i lies between voxels i - 1 and i.
    areas_mm2 : ndarray of float, shape (n,)
        Areas in mm², all above 0; in 2-D, lengths in mm.
    spacing_mm : tuple of float
        Voxel size along each axis of `corners`.
    """

    corners: NDArray[np.int32]
    areas_mm2: NDArray[np.float64]
    spacing_mm: tuple[float, ...]

    @property
    def is_empty(self) -> bool:
        """The mask had no voxel."""
        return len(self.areas_mm2) == 0

    @property
    def area_mm2(self) -> float:
        """Area of the whole surface in mm²; in 2-D its length in mm; 0 if empty."""
        return float(self.areas_mm2.sum())

    @cached_property
    def points_mm(self) -> NDArray[np.float64]:
        """Places of the surfels, shape (n, 3) or (n, 2); voxel 0 is centred on the origin."""
        places: NDArray[np.float64] = (self.corners - 0.5) * np.array(self.spacing_mm)
        return places

    @cached_property
    def tree(self) -> cKDTree:
        """Search tree over `points_mm`, built once however many surfaces are compared."""
        # Surfels lie on a grid: splitting at the middle serves as well as at the median and takes
        # half the time; tight nodes save a third of a search among 90,000 surfels.
        return cKDTree(self.points_mm, leafsize=32, balanced_tree=False)


def flat_axis(shape: Sequence[int]) -> int | None:
    """Return the axis that makes an image of this shape two-dimensional.

    Parameters
    ----------
    shape : sequence of int
        Shape of the whole image, not of a crop: a lesion in one slice of a volume is not flat.

    Returns
    -------
    int or None
        The last axis of length 1 of a shape with three axes; None if there is none.

    Examples
    --------
    >>> flat_axis((64, 64, 1)), flat_axis((64, 64, 20)), flat_axis((64, 64))
    (2, None, None)
    """
    if len(shape) < 3 or 1 not in shape:
        return None
    return max(axis for axis, length in enumerate(shape) if length == 1)


def extract_surface(
    mask: NDArray[np.bool_],
    *,
    spacing_mm: Sequence[float],
    offset: Sequence[int] | None = None,
    grid_shape: Sequence[int] | None = None,
) -> Surface:
    """Return the surface of a mask.

    Parameters
    ----------
    mask : ndarray of bool, shape (M, N[, P])
        The mask, whole or cropped.
    spacing_mm : sequence of float
        Voxel size along each axis of `mask`, above 0.
    offset : sequence of int, optional
        Where a cropped mask begins in the whole image; default: at its first voxel.
    grid_shape : sequence of int, optional
        Shape of the whole image; default: that of `mask`. An image with an axis of length 1 is
        measured in 2-D, in the plane of its other two axes.

    Returns
    -------
    Surface
        Without surfels if the mask is empty.

    Raises
    ------
    ValueError
        If `mask` has not two or three axes, or an argument not one entry for each.

    Examples
    --------
    A single pixel of 3 mm x 4 mm has a contour of four half diagonals of 2.5 mm:

    >>> extract_surface(np.ones((1, 1), bool), spacing_mm=(3.0, 4.0)).area_mm2
    10.0
    """
    begin = (0,) * mask.ndim if offset is None else tuple(offset)
    whole = mask.shape if grid_shape is None else tuple(grid_shape)
    if mask.ndim not in (2, 3) or not mask.ndim == len(spacing_mm) == len(begin) == len(whole):
        raise ValueError(
            f"mask must have two or three axes, and spacing_mm, offset, grid_shape one entry for "
            f"each; found shape {mask.shape}, {spacing_mm}, {offset}, {grid_shape}"
        )
    flat = flat_axis(whole)
    axes = [axis for axis in range(mask.ndim) if axis != flat]
    spacing = tuple(float(spacing_mm[axis]) for axis in axes)
    plane = mask if flat is None else np.squeeze(mask, axis=flat)
    box = bounding_box(plane)
    if box is None:
        return Surface(
            corners=np.empty((0, len(axes)), np.int32), areas_mm2=np.empty(0), spacing_mm=spacing
        )
    codes = _neighbour_codes(plane[box])
    # 0 wraps round to 255 (all outside), and the last code is all inside: neither is surface.
    corners = np.argwhere(codes - np.uint8(1) < 2 ** (2 ** len(axes)) - 2).astype(np.int32)
    areas = measure_surfels(spacing)[codes[tuple(corners.T)]]
    start = [begin[axis] + side.start for axis, side in zip(axes, box, strict=True)]
    return Surface(
        corners=corners + np.array(start, np.int32), areas_mm2=areas, spacing_mm=spacing
    )


def _neighbour_codes(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the neighbour code of every grid corner of a mask, its border included."""
    codes = np.zeros_like(mask, np.uint8, shape=tuple(length + 2 for length in mask.shape))
    codes[(slice(1, -1),) * mask.ndim] = mask
    for axis in range(mask.ndim):  # each axis doubles the corners that a code tells apart
        here, next_one = np.moveaxis(codes, axis, 0)[:-1], np.moveaxis(codes, axis, 0)[1:]
        codes = np.moveaxis(here | next_one << np.uint8(2**axis), 0, axis)
    return codes
