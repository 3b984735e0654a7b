"""One mask: labels on a voxel grid."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.affine import (
    SAME_SPACING,
    check_affine,
    is_sheared,
    measure_spacing,
    measure_volume,
)
from pytest_biasruler.masks.arrays import to_array

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray

NO_SIZE = "BR216"
"""Note of a file that stores no voxel size: there is then no distance in mm."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class Mask:
    """Labels on a voxel grid.

    Parameters
    ----------
    voxels : ndarray of bool, int or float, shape (M, N[, P])
        The labels, 0 for background. Two axes become one slice, axes of length 1 beyond the
        third are dropped (note ``BR206``); afterwards there are always three.
    affine : array of float, shape (4, 4), optional
        From voxel indices to millimetres.
    spacing_mm : tuple of float, optional
        Voxel size along each axis. The column lengths of `affine` where there is one (a size
        that differs from them by more than 0.1 % is overruled, note ``BR210``), else what is
        given here, else 1 mm.
    notes : tuple of str, optional
        Codes of what was accepted but is worth telling, each once.
    sha256, voxel_sha256 : str, optional
        Of the file as stored, and of shape and labels (`crop.hash_labels`); filled where a mask
        is read or accepted.
    is_sheared : bool, optional
        Whether axes fail to meet at right angles, so that distances in mm are not measured;
        a sheared `affine` sets it, and the reader of a file that stores no voxel size.

    Raises
    ------
    BiasRulerError
        ``BR202`` if voxels are no numbers, ``BR205`` or ``BR206`` if axes are empty or not two
        or three, ``BR209`` if the spacing is not positive and finite, ``BR212`` if the affine
        is invalid.

    Examples
    --------
    Four voxels of 1 x 1 x 2 mm are 8 mm3:

    >>> import numpy as np
    >>> mask = Mask(voxels=np.ones((2, 2, 1), dtype=bool), spacing_mm=(1, 1, 2))
    >>> mask
    Mask(shape=(2, 2, 1), spacing_mm=(1.0, 1.0, 2.0))
    >>> int(mask.voxels.sum()) * mask.voxel_ml
    0.008
    """

    voxels: NDArray[np.generic]
    affine: NDArray[np.float64] | None = None
    spacing_mm: tuple[float, float, float] = None  # type: ignore[assignment]  # filled below
    notes: tuple[str, ...] = ()
    sha256: str = ""
    voxel_sha256: str = ""
    is_sheared: bool = False

    def __post_init__(self) -> None:
        """Bring voxels to three axes, and fill in what follows from the affine."""
        voxels, notes = _shape_voxels(self.voxels)
        affine = None if self.affine is None else _freeze_affine(self.affine)
        given = _check_spacing(self.spacing_mm)
        spacing = given or (1.0, 1.0, 1.0)
        if affine is not None:
            spacing = measure_spacing(affine)
            if given and not is_same_spacing(given, spacing):
                notes += ("BR210",)
        filled = {
            "voxels": voxels,
            "affine": affine,
            "spacing_mm": spacing,
            "notes": join_notes(self.notes, notes),
            "is_sheared": self.is_sheared or (affine is not None and is_sheared(affine)),
        }
        for field, value in filled.items():
            object.__setattr__(self, field, value)  # the only way into a frozen dataclass

    def __repr__(self) -> str:
        """Return shape and spacing: a repr ends up in logs, where voxels and hashes must not."""
        return f"Mask(shape={self.shape}, spacing_mm={self.spacing_mm})"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along each of the three axes."""
        x, y, z = self.voxels.shape
        return x, y, z

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel in millilitres."""
        return measure_volume(self.affine, self.spacing_mm, is_sheared=self.is_sheared)


def join_notes(*groups: Iterable[str]) -> tuple[str, ...]:
    """Return the codes of all `groups` in order, each once."""
    return tuple(dict.fromkeys(code for group in groups for code in group))


def is_same_spacing(spacing_mm: Sequence[float], other: Sequence[float]) -> bool:
    """Return whether two voxel sizes agree to 0.1 % along every axis."""
    pairs = zip(spacing_mm, other, strict=False)  # a 2D file knows two of three sizes
    return all(abs(one - two) <= SAME_SPACING * two for one, two in pairs)


def describe_shape(shape: Iterable[int]) -> str:
    """Return a shape as messages show it, ``8 x 8 x 3``."""
    return " x ".join(map(str, shape))


def drop_axes(shape: tuple[int, ...], *, name: str) -> tuple[int, int, int]:
    """Return the three axes that `shape` amounts to.

    Raises
    ------
    BiasRulerError
        ``BR206`` if that takes more than adding or dropping axes of length 1.

    Examples
    --------
    >>> drop_axes((8, 9), name="mask"), drop_axes((8, 9, 4, 1, 1), name="mask")
    ((8, 9, 1), (8, 9, 4))
    """
    axes = list(shape)
    while len(axes) > 3 and axes[-1] == 1:
        axes.pop()
    if len(axes) == 2:
        axes.append(1)
    if len(axes) != 3:
        found = f"{name} has shape {describe_shape(shape)}"
        raise BiasRulerError("BR206", found, "three axes", "Save one label mask")
    return axes[0], axes[1], axes[2]


def _shape_voxels(values: ArrayLike) -> tuple[NDArray[np.generic], tuple[str, ...]]:
    voxels = to_array(values)
    if voxels.dtype.kind not in "biuf":
        found = f"voxel type of mask is {voxels.dtype.name}"
        raise BiasRulerError("BR202", found, "integers or floats", "Save it as uint8")
    if 0 in voxels.shape:
        found = f"mask has shape {describe_shape(voxels.shape)}"
        raise BiasRulerError("BR205", found, "at least 1 along each axis", "Export it again")
    shape = drop_axes(voxels.shape, name="mask")
    notes = () if voxels.ndim == 3 else ("BR206",)
    return voxels.reshape(shape), notes


def _freeze_affine(values: ArrayLike) -> NDArray[np.float64]:
    affine = np.array(to_array(values), dtype=np.float64)
    if affine.shape != (4, 4) or affine[3].tolist() != [0, 0, 0, 1]:
        found = f"affine of mask has shape {describe_shape(affine.shape)} or a wrong last row"
        raise BiasRulerError("BR212", found, "4 x 4 with last row 0, 0, 0, 1", "Correct it")
    check_affine(affine, name="mask")
    affine.flags.writeable = False
    return affine


def _check_spacing(sizes: Sequence[float] | None) -> tuple[float, float, float] | None:
    if sizes is None:
        return None
    spacing = [float(size) for size in sizes]
    if len(spacing) == 2:
        spacing.append(1.0)
    if len(spacing) != 3 or not all(isfinite(size) and size > 0 for size in spacing):
        found = f"voxel size of mask is {' x '.join(f'{size:g}' for size in spacing)} mm"
        raise BiasRulerError("BR209", found, "three positive finite numbers", "Correct it")
    return spacing[0], spacing[1], spacing[2]
