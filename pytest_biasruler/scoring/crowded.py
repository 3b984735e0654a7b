"""Distances between surfaces whose surfels crowd their box: noise, a checkerboard, fine folds.

A search among points slows down with each of them, and most where many are about equally far. All
surfels lie on the corners of one grid, so for crowded surfaces the nearest surfel of every corner
of the box is found at once, in a time that does not depend on where the surfels lie.

References
----------
Maurer, C. R., Qi, R., Raghavan, V. (2003). IEEE TPAMI 25(2), 265-270.
doi:10.1109/TPAMI.2003.1177156
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from pytest_biasruler.scoring.surfel import find_surfels, measure_surfels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from pytest_biasruler.scoring.shape import Box
    from pytest_biasruler.scoring.surface import Surface

FEWEST_CROWDED = 200_000
"""Surfels of both surfaces below which a search among points is quick wherever they lie."""

CORNERS_PER_SURFEL = 12
"""Corners of the common box, for each surfel of both, up to which a surface is crowded."""

_SLAB = 2**20  # corners taken at a time, so that lists of places stay small


def are_crowded(first: Surface, second: Surface) -> bool:
    """Return whether distances of every corner cost less than a search for every surfel.

    Examples
    --------
    Every second voxel of 64 x 64 x 64; and one block, of which only the hull is surface:

    >>> from pytest_biasruler.scoring.surface import extract_surface
    >>> board = np.indices((64, 64, 64)).sum(axis=0) % 2 == 1
    >>> masks = board, np.ones_like(board)
    >>> noise, block = (extract_surface(mask, spacing_mm=(1.0, 1.0, 2.0)) for mask in masks)
    >>> are_crowded(noise, block), are_crowded(block, block)
    (True, False)
    """
    if first.is_empty or second.is_empty or first.codes.size + second.codes.size < FEWEST_CROWDED:
        return False
    n_surfels = first.n_surfels + second.n_surfels
    if n_surfels < FEWEST_CROWDED:
        return False
    return prod(_frame(first, second)[1]) <= CORNERS_PER_SURFEL * n_surfels


def look_across(here: Surface, there: Surface) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the distances from one surface to another one and how much area lies at each.

    Parameters
    ----------
    here, there : Surface
        Surfaces on one grid, neither of them empty.

    Returns
    -------
    distances_mm : ndarray of float, shape (n,)
        Sorted. Surfels of `here` that are as many steps away along each axis share one entry, so
        there are at most as many as corners in the box of both.
    areas_mm2 : ndarray of float, shape (n,)
        Area of `here` at each distance; in 2-D, length in mm.

    Examples
    --------
    Two pixels of 1 mm side by side share two of their four grid corners:

    >>> from pytest_biasruler.scoring.surface import extract_surface
    >>> mask = np.array([[True, False]])
    >>> surfaces = [extract_surface(m, spacing_mm=(1.0, 1.0)) for m in (mask, ~mask)]
    >>> [column.round(3).tolist() for column in look_across(*surfaces)]
    [[0.0, 1.0], [1.414, 1.414]]
    """
    areas_mm2 = _areas_by_steps(here, there)
    distances_mm = _lengths_of_steps(areas_mm2.shape, here.spacing_mm)
    is_met = areas_mm2 > 0
    distances_mm, areas_mm2 = distances_mm[is_met], areas_mm2[is_met]
    order = np.argsort(distances_mm, kind="stable")
    return distances_mm[order], areas_mm2[order]


def _frame(first: Surface, second: Surface) -> tuple[NDArray[np.int64], tuple[int, ...]]:
    """Return the first corner and the shape of the box of both surfaces."""
    starts = np.array([first.start, second.start], np.int64)
    stops = starts + np.array([first.codes.shape, second.codes.shape])
    begin = starts.min(axis=0)
    return begin, tuple(int(length) for length in stops.max(axis=0) - begin)


def _areas_by_steps(here: Surface, there: Surface) -> NDArray[np.float64]:
    """Return the area of `here` that is so many steps along each axis away from `there`."""
    begin, shape = _frame(here, there)
    nearest = _find_nearest(there, begin=begin, shape=shape)
    sizes = measure_surfels(here.spacing_mm)
    areas_mm2 = np.zeros(prod(shape))
    for first, codes in _cut_slabs(here.codes):
        is_surfel = find_surfels(codes)
        corners = np.argwhere(is_surfel) + (np.array(here.start) - begin)
        corners[:, 0] += first
        steps = np.abs(corners.T - nearest[(slice(None), *corners.T)])
        at = np.ravel_multi_index(tuple(steps), shape)
        np.add.at(areas_mm2, at, sizes[codes[is_surfel]])
    return areas_mm2.reshape(shape)


def _find_nearest(
    there: Surface, *, begin: NDArray[np.int64], shape: tuple[int, ...]
) -> NDArray[np.int32]:
    """Return, for each corner of a box, the place of the nearest surfel along each axis."""
    is_free = np.ones(shape, np.bool_)
    is_free[_place(there, begin)] = ~find_surfels(there.codes)
    # Places, not distances: those are then counted in whole steps, as a search counts them, and
    # a distance of three voxels is the same number by either way.
    nearest: NDArray[np.int32] = ndimage.distance_transform_edt(
        is_free, sampling=there.spacing_mm, return_distances=False, return_indices=True
    )
    return nearest


def _place(surface: Surface, begin: NDArray[np.int64]) -> Box:
    starts = (int(start) for start in surface.start - begin)
    return tuple(
        slice(start, start + length)
        for start, length in zip(starts, surface.codes.shape, strict=True)
    )


def _cut_slabs(codes: NDArray[np.uint8]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield slabs across the first axis, each with the place where it begins."""
    thickness = max(1, _SLAB // prod(codes.shape[1:]))
    for first in range(0, len(codes), thickness):
        yield first, codes[first : first + thickness]


def _lengths_of_steps(
    shape: tuple[int, ...], spacing_mm: tuple[float, ...]
) -> NDArray[np.float64]:
    """Return how far so many steps along each axis lead, in mm."""
    squares = np.zeros(shape)
    for axis, (length, mm) in enumerate(zip(shape, spacing_mm, strict=True)):
        along = np.square(np.arange(length) * mm)
        squares += along.reshape([-1 if other == axis else 1 for other in range(len(shape))])
    return np.sqrt(squares, out=squares)
