"""Frames that each know where they lie, laid upon a regular grid, or refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.mask import Mask
from pytest_biasruler.masks.volume import check_lengths
from pytest_biasruler.masks.world import LPS, orient_axes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_biasruler.errors import Limits

    Places = NDArray[np.int64]

_OFF = 0.01
"""How far a frame may lie off its place, in distances between slices: decimals are rounded."""

_FIX = "Write it with all frames (omit_empty_frames=False in highdicom), or convert it to .nii.gz"


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """Where one frame lies, in mm left, posterior, superior.

    Attributes
    ----------
    position : tuple of float
        Of the centre of its first pixel.
    directions : tuple of float
        Along a row, then along a column.
    pixel_mm : tuple of float
        From row to row, then from column to column.
    gap_mm, thickness_mm : float or None
        From slice to slice, and of one slice, where the file says so.
    label : int or None
        What its non-zero pixels stand for; None where the pixels are labels.
    """

    position: tuple[float, ...]
    directions: tuple[float, ...]
    pixel_mm: tuple[float, ...]
    gap_mm: float | None
    thickness_mm: float | None
    label: int | None


def stack_frames(
    frames: Sequence[Frame], pixels: NDArray[np.generic], *, name: str, limits: Limits
) -> Mask:
    """Return frames of pixels, shape (frames, rows, columns), as one mask.

    The grid ends with the outermost frames, since nothing says how many empty ones were left out
    beyond. Between them frames may be lacking where the distance between slices is stored.

    Raises
    ------
    BiasRulerError
        ``BR206`` if segments overlap, ``BR209`` if no distance between slices is known, ``BR212``
        if the frames are no slices of one regular grid, ``BR110`` if that is too large.
    """
    first = frames[0]
    if any(
        (each.directions, each.pixel_mm) != (first.directions, first.pixel_mm) for each in frames
    ):
        raise _irregular(name, "have several orientations or pixel sizes")
    along, across = np.array(first.directions[:3]), np.array(first.directions[3:])
    normal = np.cross(along, across)
    lengths = np.array([along @ along, across @ across, normal @ normal])
    if not (np.abs(lengths - 1) < 1e-3).all():
        raise _irregular(name, "have no orientation")
    positions = np.array([each.position for each in frames])
    depths = positions @ normal
    step = _find_step(frames, depths, name=name)
    origin = positions[int(depths.argmin())]
    with np.errstate(all="ignore"):  # what is not finite is refused next
        places = np.rint((depths - depths.min()) / step)
        off = positions - origin - np.outer(places * step, normal)
    if not np.abs(off).max() <= _OFF * max(step, *first.pixel_mm):
        raise _irregular(name, "do not lie evenly behind one another")
    n_slices = int(places.max()) + 1
    _, rows, columns = pixels.shape
    check_lengths((columns, rows, n_slices), name=name, limits=limits)
    steps = [along * first.pixel_mm[1], across * first.pixel_mm[0], normal * step]
    oriented = orient_axes(steps, origin.tolist(), signs=LPS, name=name)
    voxels = _lay(frames, pixels, places.astype(np.int64), n_slices=n_slices, name=name)
    return Mask(voxels=voxels, affine=oriented.affine)


def _find_step(frames: Sequence[Frame], depths: NDArray[np.float64], *, name: str) -> float:
    """Return the distance between slices: as stored, else as all neighbours have it."""
    stored = {each.gap_mm for each in frames if each.gap_mm}
    if len(stored) == 1:
        return stored.pop()
    ordered = np.sort(depths)
    gaps = np.diff(ordered)
    gaps = gaps[gaps > 1e-3]
    if gaps.size:
        if not gaps.max() - gaps.min() <= 2 * _OFF * gaps.min():
            raise _irregular(name, "lie unevenly, and it stores no distance between slices")
        return float((ordered[-1] - ordered[0]) / gaps.size)
    thickness = frames[0].thickness_mm
    if not thickness:
        found = f"{name} is one slice and stores no thickness"
        raise BiasRulerError("BR209", found, "a positive number", "Convert it to .nii.gz")
    return thickness


def _lay(
    frames: Sequence[Frame],
    pixels: NDArray[np.generic],
    places: Places,
    *,
    n_slices: int,
    name: str,
) -> NDArray[np.uint16]:
    _, rows, columns = pixels.shape
    voxels = np.zeros((columns, rows, n_slices), np.uint16, order="F")
    n_twice = 0
    for frame, values, place in zip(frames, pixels, places.tolist(), strict=True):
        labels = values.T if frame.label is None else (values.T != 0) * np.uint16(frame.label)
        there = voxels[:, :, place]
        n_twice += int(np.count_nonzero((there != 0) & (labels != 0) & (there != labels)))
        np.copyto(there, labels, where=labels != 0, casting="same_kind")
    if n_twice:
        found = f"segments of {name} overlap in {n_twice} voxels"
        fix = "Save segments that overlap in files of their own"
        raise BiasRulerError("BR206", found, "one label in each voxel", fix)
    return voxels


def _irregular(name: str, what: str) -> BiasRulerError:
    return BiasRulerError("BR212", f"frames of {name} {what}", "slices of one even grid", _FIX)
