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
from pytest_biasruler.scoring.surfel import find_surfels, measure_surfels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, eq=False)  # no slots: cached_property needs a __dict__
class Surface:
    """The surfels of one mask.

    Parameters
    ----------
    codes : ndarray of uint8, shape (K, L, M) or (K, L)
        Neighbour code of every grid corner of the mask's box, its border included: one byte for
        each corner, however many of them are surfels. Without any if the mask is empty.
    start : tuple of int
        The first corner of `codes` in the frame of the whole image; corner i lies between voxels
        i - 1 and i.
    spacing_mm : tuple of float
        Voxel size along each axis of `codes`.
    """

    codes: NDArray[np.uint8]
    start: tuple[int, ...]
    spacing_mm: tuple[float, ...]

    @cached_property
    def n_surfels(self) -> int:
        """How many of the corners are surfels."""
        return int(np.count_nonzero(find_surfels(self.codes)))

    @property
    def is_empty(self) -> bool:
        """The mask had no voxel."""
        return self.n_surfels == 0

    @cached_property
    def corners(self) -> NDArray[np.int32]:
        """Corners of the surfels in the frame of the whole image, shape (n, 3) or (n, 2)."""
        corners = np.argwhere(find_surfels(self.codes)).astype(np.int32)
        return corners + np.array(self.start, np.int32)

    @cached_property
    def areas_mm2(self) -> NDArray[np.float64]:
        """Areas of the surfels in mm², all above 0, shape (n,); in 2-D, lengths in mm."""
        areas = measure_surfels(self.spacing_mm)[self.codes[find_surfels(self.codes)]]
        return np.asarray(areas, np.float64)

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
        nothing = np.empty((0,) * len(axes), np.uint8)
        return Surface(codes=nothing, start=(0,) * len(axes), spacing_mm=spacing)
    start = tuple(begin[axis] + side.start for axis, side in zip(axes, box, strict=True))
    return Surface(codes=_neighbour_codes(plane[box]), start=start, spacing_mm=spacing)


def _neighbour_codes(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the neighbour code of every grid corner of a mask, its border included."""
    codes = np.zeros_like(mask, np.uint8, shape=tuple(length + 2 for length in mask.shape))
    codes[(slice(1, -1),) * mask.ndim] = mask
    for axis in range(mask.ndim):  # each axis doubles the corners that a code tells apart
        here, next_one = np.moveaxis(codes, axis, 0)[:-1], np.moveaxis(codes, axis, 0)[1:]
        codes = np.moveaxis(here | next_one << np.uint8(2**axis), 0, axis)
    return codes
