"""Voxels cut into strata of equal difficulty: the expert's class and the way to the boundary."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from pytest_biasruler.scoring.shape import bounding_box
from pytest_biasruler.scoring.surface import flat_axis

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from pytest_biasruler.scoring.shape import Box

_FARTHEST = 8  # widths of a voxel beyond which distance to the boundary no longer counts
_FARTHEST_OUTSIDE = 2 * _FARTHEST + 1
_N_STRATA = 2 * (_FARTHEST + 1)
_SLAB = 2**20  # voxels whose distances are held at a time


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Strata:
    """Voxels of equal difficulty.

    Parameters
    ----------
    codes : ndarray of int, shape (M, N[, P])
        Stratum of each voxel of the crop in which the masks lie, from 0.
    n_voxels : ndarray of int, shape (n,)
        How many voxels of the *whole* grid each stratum has; those outside the crop are
        background of every mask, so their number is all that counts.
    """

    codes: NDArray[np.uint8]
    n_voxels: NDArray[np.int64]


def cut_strata(
    expert: NDArray[np.bool_],
    *,
    spacing_mm: Sequence[float],
    offset: Sequence[int] | None = None,
    grid_shape: Sequence[int] | None = None,
) -> Strata:
    """Cut the voxels of a grid into strata by their distance to the expert's boundary.

    A stratum is the expert's class and clip(round(d / w), -8, 8): d is the distance of the voxel's
    centre to the nearest voxel of the other class, negative inside, and w the geometric mean of
    the voxel's sides (of the two sides of a pixel in a 2-D image).

    Parameters
    ----------
    expert : ndarray of bool, shape (M, N[, P])
        The expert's mask, whole or cropped.
    spacing_mm : sequence of float
        Voxel size along each axis, above 0.
    offset : sequence of int, optional
        Where a cropped mask begins in the whole image; default: at its first voxel.
    grid_shape : sequence of int, optional
        Shape of the whole image; default: that of `expert`.

    Returns
    -------
    Strata
        The same as from the whole grid. Of an empty mask, and of one that fills the grid, every
        voxel is as far from the boundary as can be.

    Examples
    --------
    A row of pixels, the first two inside: two wide inside, then farther and farther outside.

    >>> expert = np.array([[1, 1, 0, 0]], bool)
    >>> strata = cut_strata(expert, spacing_mm=(1.0, 1.0))
    >>> strata.codes.tolist(), int(strata.n_voxels.sum())
    ([[6, 7, 10, 11]], 4)
    """
    whole = expert.shape if grid_shape is None else tuple(grid_shape)
    begin = (0,) * expert.ndim if offset is None else tuple(offset)
    n_voxels = np.zeros(_N_STRATA, np.int64)
    codes = np.full(expert.shape, _FARTHEST_OUTSIDE, np.uint8)
    box = bounding_box(expert)
    if box is None:
        n_voxels[_FARTHEST_OUTSIDE] = prod(whole)
        return Strata(codes=codes, n_voxels=n_voxels)
    flat = flat_axis(whole)
    width_mm = _geometric_mean([mm for axis, mm in enumerate(spacing_mm) if axis != flat])
    reach = [ceil(_FARTHEST * width_mm / mm) for mm in spacing_mm]
    # The box in which a distance is told from the farthest: the mask's own, widened by as much,
    # within the image. In it distances are exact, since a voxel's nearest one of the other class
    # is never farther out than the layer around the mask.
    near = _widen(box, reach, begin=begin, whole=whole)
    inside = np.zeros([side.stop - side.start for side in near], bool)
    inside[_shift(box, [start - side.start for start, side in zip(begin, near, strict=True)])] = (
        expert[box]
    )
    nearby = _code_distances(inside, spacing_mm=spacing_mm, width_mm=width_mm)
    n_voxels += np.bincount(nearby.ravel(), minlength=_N_STRATA)
    n_voxels[_FARTHEST_OUTSIDE] += prod(whole) - nearby.size
    here, there = _overlap(near, begin=begin, shape=expert.shape)
    codes[here] = nearby[there]
    return Strata(codes=codes, n_voxels=n_voxels)


def _geometric_mean(lengths: Sequence[float]) -> float:
    return float(np.exp(np.mean(np.log(lengths))))


def _widen(box: Box, reach: Sequence[int], *, begin: Sequence[int], whole: Sequence[int]) -> Box:
    """Return the box of a crop that begins at `begin`, widened, in the whole image's frame."""
    return tuple(
        slice(max(start + side.start - more, 0), min(start + side.stop + more, length))
        for side, more, start, length in zip(box, reach, begin, whole, strict=True)
    )


def _shift(box: Box, steps: Sequence[int]) -> Box:
    return tuple(
        slice(side.start + step, side.stop + step) for side, step in zip(box, steps, strict=True)
    )


def _overlap(near: Box, *, begin: Sequence[int], shape: Sequence[int]) -> tuple[Box, Box]:
    """Return what a box and a crop share, in the frame of the crop and in that of the box."""
    shared = tuple(
        slice(max(side.start, start), min(side.stop, start + length))
        for side, start, length in zip(near, begin, shape, strict=True)
    )
    return _shift(shared, [-start for start in begin]), _shift(
        shared, [-side.start for side in near]
    )


def _code_distances(
    inside: NDArray[np.bool_], *, spacing_mm: Sequence[float], width_mm: float
) -> NDArray[np.uint8]:
    """Return 0 (deepest) to 8 inside and 9 to 17 (farthest) outside, for each voxel."""
    if inside.all():  # no other class anywhere: there is no distance to measure
        return np.zeros(inside.shape, np.uint8)
    # An axis of length 1 adds nothing to a distance, but a third to the time it takes.
    plane = np.squeeze(inside)
    sampling = [mm for mm, n in zip(spacing_mm, inside.shape, strict=True) if n > 1]
    steps = np.zeros(plane.shape, np.uint8)
    for each in (plane, ~plane):
        # Places of the nearest voxels first, distances slab by slab: all at once they would take
        # a gigabyte of a grid of 256 x 256 x 256.
        nearest = ndimage.distance_transform_edt(
            each, sampling=sampling, return_distances=False, return_indices=True
        )
        for slab in _cut_slabs(plane.shape):
            distance_mm = _measure(nearest[:, slab], first=slab.start, sampling=sampling)
            steps[slab] += np.minimum(np.rint(distance_mm / width_mm), _FARTHEST).astype(np.uint8)
    codes: NDArray[np.uint8] = np.where(plane, _FARTHEST - steps, _FARTHEST + 1 + steps)
    return codes.reshape(inside.shape)


def _cut_slabs(shape: Sequence[int]) -> Iterator[slice]:
    thickness = max(1, _SLAB // prod(shape[1:]))
    for first in range(0, shape[0], thickness):
        yield slice(first, first + thickness)


def _measure(
    nearest: NDArray[np.int32], *, first: int, sampling: Sequence[float]
) -> NDArray[np.float64]:
    """Return the distance in mm of each voxel to its nearest one, in a slab from `first` on."""
    squares = np.zeros(nearest.shape[1:])
    for axis, mm in enumerate(sampling):
        places = np.arange(nearest.shape[1 + axis], dtype=np.int32) + (first if axis == 0 else 0)
        along = places.reshape([-1 if other == axis else 1 for other in range(len(sampling))])
        squares += np.square((nearest[axis] - along) * mm)
    return np.sqrt(squares)
