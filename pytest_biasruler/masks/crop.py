"""The part of a mask that holds its foreground, and where on the voxel grid it lies."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.masks.affine import measure_volume
from pytest_biasruler.masks.box import find_box, trim
from pytest_biasruler.masks.mask import Mask

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from numpy.typing import NDArray

    Triple = tuple[int, int, int]
    Labels = NDArray[np.unsignedinteger]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class Crop:
    """A mask without the background around it: all that is scored, in a fraction of the memory.

    Parameters
    ----------
    voxels : ndarray of uint8, uint16 or uint32, shape (M, N, P), Fortran order
        The labels of the smallest box that holds every voxel that is not background, in the
        smallest type that holds them. Of length 0 along each axis where there is no foreground.
    start : tuple of int
        Index on the whole grid of the box's first voxel; (0, 0, 0) where there is no foreground.
    shape : tuple of int
        Number of voxels along each axis of the whole grid.
    affine, spacing_mm, notes, sha256, voxel_sha256, is_sheared
        As those of `Mask`; `affine` is that of the whole grid.

    Examples
    --------
    One voxel of 64:

    >>> voxels = np.zeros((4, 4, 4), np.uint8)
    >>> voxels[1, 2, 3] = 1
    >>> crop = crop_mask(Mask(voxels=voxels))
    >>> crop, crop.start, crop.n_foreground
    (Crop(shape=(4, 4, 4), spacing_mm=(1.0, 1.0, 1.0)), (1, 2, 3), 1)
    >>> np.array_equal(crop.whole().voxels, voxels)
    True
    """

    voxels: Labels
    start: Triple
    shape: Triple
    affine: NDArray[np.float64] | None
    spacing_mm: tuple[float, float, float]
    notes: tuple[str, ...] = ()
    sha256: str = ""
    voxel_sha256: str = ""
    is_sheared: bool = False

    def __repr__(self) -> str:
        """Return shape and spacing: a repr ends up in logs, where voxels and hashes must not."""
        return f"Crop(shape={self.shape}, spacing_mm={self.spacing_mm})"

    @property
    def box(self) -> tuple[slice, ...]:
        """Where `voxels` lie on the whole grid."""
        sides = zip(self.start, self.voxels.shape, strict=True)
        return tuple(slice(start, start + length) for start, length in sides)

    @property
    def n_foreground(self) -> int:
        """Number of voxels that are not background."""
        return int(np.count_nonzero(self.voxels))

    @property
    def highest(self) -> int:
        """The largest label, 0 where there is no foreground."""
        return int(self.voxels.max(initial=0))

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel in millilitres."""
        return measure_volume(self.affine, self.spacing_mm, is_sheared=self.is_sheared)

    def whole(self) -> Mask:
        """Return the mask that this was cut from."""
        voxels = np.zeros(self.shape, self.voxels.dtype, order="F")
        voxels[self.box] = self.voxels
        return Mask(
            voxels=voxels,
            affine=self.affine,
            spacing_mm=self.spacing_mm,
            notes=self.notes,
            sha256=self.sha256,
            voxel_sha256=self.voxel_sha256,
            is_sheared=self.is_sheared,
        )

    def find(self, values: Collection[int] | None = None) -> tuple[slice, ...] | None:
        """Return the smallest box of the whole grid that holds a label, None if there is none."""
        if values is None:
            return self.box if self.voxels.size else None
        found = find_box(select_label(self.voxels, values))
        if found is None:
            return None
        sides = zip(found, self.start, strict=True)
        return tuple(slice(side.start + at, side.stop + at) for side, at in sides)

    def draw(
        self, box: tuple[slice, ...], *, values: Iterable[int] | None = None
    ) -> NDArray[np.bool_]:
        """Return where a box of the whole grid holds a label, in C order.

        Parameters
        ----------
        box : tuple of slice
            With a start and a stop along each of the three axes, on the grid.
        values : ints, optional
            The values that the label stands for. None: any that is not 0.
        """
        drawn = np.zeros([side.stop - side.start for side in box], np.bool_)
        own, there = [], []
        for side, mine in zip(box, self.box, strict=True):
            start, stop = max(side.start, mine.start), min(side.stop, mine.stop)
            own.append(slice(start - mine.start, max(stop, start) - mine.start))
            there.append(slice(start - side.start, max(stop, start) - side.start))
        drawn[tuple(there)] = select_label(self.voxels[tuple(own)], values)
        return drawn


def find_union(
    crops: Iterable[Crop], *, values: Collection[int] | None = None
) -> tuple[slice, ...] | None:
    """Return the smallest box of one grid that holds a label of every crop, None if none has it.

    Parameters
    ----------
    crops : iterable of Crop
        All on one grid.
    values : ints, optional
        The values that the label stands for. None: any that is not 0.
    """
    boxes = [box for crop in crops if (box := crop.find(values)) is not None]
    if not boxes:
        return None
    return tuple(
        slice(min(side.start for side in sides), max(side.stop for side in sides))
        for sides in zip(*boxes, strict=True)
    )


def crop_mask(mask: Mask) -> Crop:
    """Return the part of `mask`, labels of any type and order, that holds its foreground.

    `Crop.voxel_sha256` is that of its voxels, whatever `mask` says.
    """
    labels = mask.voxels.astype(np.min_scalar_type(int(mask.voxels.max())), copy=False)
    voxels, start = trim(labels)
    made = np.array(voxels, order="F")
    return Crop(
        voxels=made,
        start=start,
        shape=mask.shape,
        affine=mask.affine,
        spacing_mm=mask.spacing_mm,
        notes=mask.notes,
        sha256=mask.sha256,
        voxel_sha256=hash_labels(made, start=start, shape=mask.shape),
        is_sheared=mask.is_sheared,
    )


def select_label(
    voxels: NDArray[np.generic], values: Iterable[int] | None = None
) -> NDArray[np.bool_]:
    """Return where an array of labels holds a label.

    Parameters
    ----------
    voxels : ndarray of int, shape (M, N[, P])
        Labels.
    values : ints, optional
        The values that the label stands for, one or several for a region. None: any non-zero
        value.

    Returns
    -------
    ndarray of bool, of the same shape

    Examples
    --------
    >>> labels = np.array([0, 1, 2, 4])
    >>> select_label(labels), select_label(labels, (1, 4))
    (array([False,  True,  True,  True]), array([False,  True, False,  True]))
    """
    if values is None:
        return voxels.astype(np.bool_)
    selected = np.zeros_like(voxels, dtype=np.bool_)
    for value in values:
        selected |= voxels == value
    return selected


def hash_labels(voxels: Labels, *, start: Triple, shape: Triple) -> str:
    """Return the SHA-256 of the shape of the grid, the box and the labels in it.

    It is equal for equal labels however they were stored: the box is the smallest one, the type
    the smallest one, and the order always the same.

    Parameters
    ----------
    voxels, start, shape
        As those of a `Crop`.

    Returns
    -------
    str
        64 hex digits.
    """
    little = voxels.astype(voxels.dtype.newbyteorder("<"), order="F", copy=False)
    digest = hashlib.sha256(repr((shape, start, voxels.shape)).encode())
    digest.update(little.T.data)  # the transpose of Fortran order is contiguous: nothing is copied
    return digest.hexdigest()
