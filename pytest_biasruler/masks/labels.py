"""Stored values become labels, and a mask given in code becomes what is scored."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.errors import BiasRulerError, Limits
from pytest_biasruler.masks.crop import Crop, crop_mask
from pytest_biasruler.masks.mask import Mask, join_notes
from pytest_biasruler.masks.scaling import Scaling, cut_pieces, round_values
from pytest_biasruler.masks.tally import Tally
from pytest_biasruler.masks.tensors import to_mask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

_DEFAULTS = Limits()


def check_labels(
    voxels: NDArray[np.generic],
    *,
    name: str = "mask",
    labels: Mapping[str, Sequence[int]] | None = None,
    slope: float = 1.0,
    intercept: float = 0.0,
    limits: Limits = _DEFAULTS,
) -> tuple[NDArray[np.unsignedinteger], tuple[str, ...]]:
    """Return stored values as labels in the smallest integer type, and notes about them.

    Parameters
    ----------
    voxels : ndarray of bool, int or float, shape (M, N, P)
        Values as stored.
    name : str, optional
        What messages call the mask.
    labels : mapping of str to ints, optional
        The values that each label stands for. None: any non-zero value is the one label.
    slope, intercept : float, optional
        Scaling of the header: value = stored * slope + intercept.
    limits : Limits, optional
        How many different labels are allowed.

    Returns
    -------
    labels : ndarray of uint8, uint16 or uint32, shape (M, N, P), Fortran order
        The same memory as `voxels` where possible.
    notes : tuple of str
        ``BR208`` if values had to be rounded after scaling, ``BR306`` if several non-zero
        values are read as one label.

    Raises
    ------
    BiasRulerError
        ``BR301`` if values are not whole or are too many to be labels, ``BR302`` if some are
        NaN or infinite, ``BR303`` if labels are negative, 2**31 or above, too many or
        undeclared.

    Examples
    --------
    A float mask that another program stored in steps of 1/255:

    >>> import numpy as np
    >>> stored = np.array([[[0, 127, 255]]], dtype=np.uint8)
    >>> check_labels(stored, slope=2 / 255)
    (array([[[0, 1, 2]]], dtype=uint8), ('BR208', 'BR306'))
    """
    scaling = Scaling(slope=slope, intercept=intercept)
    tally = Tally(scaling=scaling, limits=limits)
    for piece in cut_pieces(voxels):
        tally.add(piece)
    notes = tally.judge(name=name, labels=labels)
    if voxels.dtype.kind in "bui" and scaling.is_none:
        return np.asfortranarray(voxels, dtype=tally.dtype), notes
    return round_values(voxels, scaling=scaling, dtype=tally.dtype), notes


def accept_mask(
    given: Mask | ArrayLike,
    *,
    name: str = "mask",
    labels: Mapping[str, Sequence[int]] | None = None,
    limits: Limits = _DEFAULTS,
) -> Crop:
    """Return what a mask given in code holds, as if it had been read from a file.

    Parameters
    ----------
    given : Mask, array, list or tensor, shape (M, N[, P])
        See `to_mask`.
    name, labels, limits
        As in `check_labels`.

    Returns
    -------
    Crop
        With both hashes. `Crop.sha256`, unless given, is that of values, type, shape and grid.

    Raises
    ------
    BiasRulerError
        ``BR110`` if there are too many voxels, and what `Mask` and `check_labels` raise.
    """
    mask = to_mask(given, name=name)
    if mask.voxels.size > limits.max_voxels:
        found = f"{name} has {mask.voxels.size} voxels"
        fix = "Raise biasruler_max_voxels if that is right"
        raise BiasRulerError("BR110", found, f"at most {limits.max_voxels}", fix)
    voxels, notes = check_labels(mask.voxels, name=name, labels=labels, limits=limits)
    sha256 = mask.sha256 or _hash_given(mask)
    notes = join_notes(mask.notes, notes)
    return crop_mask(replace(mask, voxels=voxels, notes=notes, sha256=sha256))


def _hash_given(mask: Mask) -> str:
    """Hash what `voxel_sha256` leaves out as well: without a file there is no other key."""
    grid = None if mask.affine is None else mask.affine.tolist()
    said = (mask.voxels.dtype.str, mask.shape, mask.spacing_mm, grid)
    digest = hashlib.sha256(repr(said).encode())
    digest.update(np.asfortranarray(mask.voxels).T.data)
    return digest.hexdigest()
