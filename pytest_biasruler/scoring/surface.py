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

from pytest_biasruler.scoring.ring import N_STEPS, list_rings
from pytest_biasruler.scoring.shape import bounding_box
from pytest_biasruler.scoring.surfel import find_surfels, measure_surfels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_biasruler.scoring.ring import Rings

_SMALL = 2**13  # corners of a box up to which a tree costs less than a long list of rings


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
        return self.codes.size == 0

    @cached_property
    def cells(self) -> NDArray[np.intp]:
        """Places of the surfels among the codes laid out flat, shape (n,), rising."""
        return np.flatnonzero(find_surfels(self.codes))

    @cached_property
    def corners(self) -> NDArray[np.int32]:
        """Corners of the surfels in the frame of the whole image, shape (n, 3) or (n, 2)."""
        return self.locate(self.cells)

    def locate(self, cells: NDArray[np.intp]) -> NDArray[np.int32]:
        """Return the corners of some `cells` in the frame of the whole image."""
        along = np.unravel_index(cells, self.codes.shape)
        steps = zip(along, self.start, strict=True)
        return np.array([step + start for step, start in steps], np.int32).T

    @cached_property
    def areas_mm2(self) -> NDArray[np.float64]:
        """Areas of the surfels in mm², all above 0, shape (n,); in 2-D, lengths in mm."""
        return measure_surfels(self.spacing_mm)[self.codes.ravel()[self.cells]]

    @property
    def area_mm2(self) -> float:
        """Area of the whole surface in mm²; in 2-D its length in mm; 0 if empty."""
        return float(self.areas_mm2.sum())

    @cached_property
    def rings(self) -> Rings:
        """The steps by which other surfaces look for this one: few if it is small."""
        share = 1 if self.codes.size > _SMALL else 8
        return list_rings(self.spacing_mm, n_steps=N_STEPS // share)

    @cached_property
    def field(self) -> NDArray[np.uint8]:
        """1 at surfels and 0 elsewhere, with a margin as wide as the longest step in a ring."""
        reach = self.rings.reach
        box = [(more, length) for more, length in zip(reach, self.codes.shape, strict=True)]
        field = np.zeros([length + 2 * more for more, length in box], np.uint8)
        field[tuple(slice(more, more + length) for more, length in box)] = find_surfels(self.codes)
        return field

    @property
    def field_start(self) -> tuple[int, ...]:
        """The first corner of `field` in the frame of the whole image; it may lie outside."""
        return tuple(at - more for at, more in zip(self.start, self.rings.reach, strict=True))

    @cached_property
    def tree(self) -> cKDTree:
        """Search tree over all corners in mm, built once however many surfaces are compared."""
        return grow_tree(self.corners, spacing_mm=self.spacing_mm)


def grow_tree(corners: NDArray[np.int32], *, spacing_mm: Sequence[float]) -> cKDTree:
    """Return a search tree, in mm, over corners of a grid, shape (n, 3) or (n, 2)."""
    # They lie on a grid: splitting at the middle serves as well as at the median and takes half
    # the time; tight nodes save a third of a search among 90,000 surfels.
    return cKDTree(corners * np.array(spacing_mm), leafsize=64, balanced_tree=False)


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
    codes = np.zeros([length + 2 for length in mask.shape], np.uint8)
    codes[(slice(1, -1),) * mask.ndim] = mask
    for axis in range(mask.ndim):  # each axis doubles the corners that a code tells apart
        ahead = (slice(None),) * axis
        # A product in place of a shift, which takes three times as long on single bytes.
        shifted = codes[(*ahead, slice(1, None))] * np.uint8(2**2**axis)
        codes = np.bitwise_or(codes[(*ahead, slice(-1))], shifted, out=shifted)
    return codes
