"""Masks made worse on purpose: smaller, larger, moved, emptied, or closer to another one."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from pytest_biasruler.scoring.surface import flat_axis
from pytest_biasruler.statistics.draws import Stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class Change(StrEnum):
    """What is done to a mask."""

    ERODE = "erode"
    DILATE = "dilate"
    SHIFT = "shift"
    DROP = "drop"
    COPY = "copy"


def finest_mm(shape: Sequence[int], *, spacing_mm: Sequence[float]) -> float:
    """Return the smallest voxel size in mm, the axis of a 2-D image's single slice left out.

    Examples
    --------
    >>> finest_mm((64, 64, 1), spacing_mm=(0.5, 0.7, 0.1))
    0.5
    """
    flat = flat_axis(tuple(shape))
    return min(mm for axis, mm in enumerate(spacing_mm) if axis != flat)


def change_mask(
    voxels: NDArray[np.bool_], change: Change, *, size: float, spacing_mm: Sequence[float]
) -> NDArray[np.bool_]:
    """Return a mask that was eroded, dilated, shifted along its first axis, or emptied.

    Parameters
    ----------
    voxels : ndarray of bool, shape (M, N[, P])
        Cropped with a margin of at least `size` times the smallest voxel size where the image
        goes on; beyond the border of the array nothing is eroded and nothing grows.
    change : Change
        Any but COPY.
    size : float
        How far, in units of the smallest voxel size; without meaning for DROP. A shift is by whole
        voxels, at least one.
    spacing_mm : sequence of float
        Voxel size along each axis.

    Raises
    ------
    ValueError
        For COPY, which needs more than one mask: see `copy_errors`.

    Examples
    --------
    >>> row = np.array([[0, 1, 1, 1, 0, 0]], bool)
    >>> change_mask(row, Change.ERODE, size=1, spacing_mm=(1.0, 1.0)).astype(int).tolist()
    [[0, 0, 1, 0, 0, 0]]
    >>> change_mask(row, Change.DILATE, size=1, spacing_mm=(1.0, 1.0)).astype(int).tolist()
    [[1, 1, 1, 1, 1, 0]]
    """
    if change == Change.DROP or not voxels.any():
        return np.zeros_like(voxels)
    reach_mm = size * finest_mm(voxels.shape, spacing_mm=spacing_mm) * (1 + 1e-9)
    if change == Change.ERODE:
        if voxels.all():
            return voxels.copy()
        eroded: NDArray[np.bool_]
        eroded = ndimage.distance_transform_edt(voxels, sampling=spacing_mm) > reach_mm
        return eroded
    if change == Change.DILATE:
        dilated: NDArray[np.bool_]
        dilated = ndimage.distance_transform_edt(~voxels, sampling=spacing_mm) <= reach_mm
        return dilated
    if change == Change.SHIFT:
        return _shift(voxels, max(1, round(reach_mm / spacing_mm[0])))
    raise ValueError(f"change {change} needs more than one mask")


def _shift(voxels: NDArray[np.bool_], n: int) -> NDArray[np.bool_]:
    moved = np.zeros_like(voxels)
    moved[n:] = voxels[: len(voxels) - n] if n < len(voxels) else False
    return moved


def copy_errors(
    model: NDArray[np.bool_],
    *,
    automated: NDArray[np.bool_],
    expert: NDArray[np.bool_],
    share: float,
    seed: int = 0,
) -> NDArray[np.bool_]:
    """Return the model's mask after it repeats a share of the automated mask's errors.

    Each voxel on which automated and expert mask differ becomes the automated one's with
    probability `share`; with one seed, what a smaller share repeats a larger one repeats too.

    Parameters
    ----------
    model, automated, expert : ndarray of bool, shape (M, N[, P])
        Masks on one voxel grid.
    share : float
        In [0, 1].

    Examples
    --------
    >>> model, automated = np.array([True, False]), np.array([True, True])
    >>> copy_errors(model, automated=automated, expert=model, share=1.0).tolist()
    [True, True]
    """
    is_error = automated != expert
    is_copied = Stream(seed).uniforms(int(is_error.sum())) < share
    copied = model.copy()
    copied[is_error] = np.where(is_copied, automated[is_error], model[is_error])
    return copied
