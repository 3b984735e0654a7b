"""Which integer is what: stored values become labels, and a label becomes a region."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.errors import BiasRulerError, Limits
from pytest_biasruler.masks.mask import Mask, hash_voxels, join_notes
from pytest_biasruler.masks.scaling import Scaling, bound_values, cut_pieces, round_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

_DEFAULTS = Limits()
_MOST_UNNAMED = 16
_MOST_SHOWN = 8
_LEAST_REFUSED = 2**31


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
    is_whole = voxels.dtype.kind in "bui" and scaling.is_none
    if is_whole:
        low, high = int(voxels.min()), int(voxels.max())
    else:
        low, high = bound_values(voxels, scaling=scaling, name=name)
    if low < 0 or high >= _LEAST_REFUSED:
        found = f"labels of {name} lie from {low:.10g} to {high:.10g}"
        raise BiasRulerError("BR303", found, "0 to 2147483647", "Save a label mask")
    dtype = np.min_scalar_type(high)
    if is_whole:
        made = np.asfortranarray(voxels, dtype=dtype)
    else:
        made = round_values(voxels, scaling=scaling, dtype=dtype)
    several = _check_values(made, high=high, labels=labels, name=name, limits=limits)
    return made, (() if scaling.is_none else ("BR208",)) + several


def accept_mask(
    given: Mask | ArrayLike,
    *,
    name: str = "mask",
    labels: Mapping[str, Sequence[int]] | None = None,
    limits: Limits = _DEFAULTS,
) -> Mask:
    """Return a mask that was given in code as if it had been read from a file.

    Parameters
    ----------
    given : Mask or array, shape (M, N[, P])
        An array has no affine and a voxel size of 1 mm.
    name, labels, limits
        As in `check_labels`.

    Returns
    -------
    Mask
        With labels in the smallest integer type and both hashes. `Mask.sha256`, unless given,
        is that of values, type, shape and grid.

    Raises
    ------
    BiasRulerError
        ``BR110`` if there are too many voxels, and what `Mask` and `check_labels` raise.
    """
    mask = given if isinstance(given, Mask) else Mask(voxels=np.asarray(given))
    if mask.voxels.size > limits.max_voxels:
        found = f"{name} has {mask.voxels.size} voxels"
        fix = "Raise biasruler_max_voxels if that is right"
        raise BiasRulerError("BR110", found, f"at most {limits.max_voxels}", fix)
    voxels, notes = check_labels(mask.voxels, name=name, labels=labels, limits=limits)
    return replace(
        mask,
        voxels=voxels,
        notes=join_notes(mask.notes, notes),
        sha256=mask.sha256 or _hash_given(mask),
        voxel_sha256=hash_voxels(voxels),
    )


def select_label(
    mask: Mask | NDArray[np.generic], values: Iterable[int] | None = None
) -> NDArray[np.bool_]:
    """Return where a mask holds a label.

    Parameters
    ----------
    mask : Mask or ndarray, shape (M, N[, P])
        Labels.
    values : ints, optional
        The values that the label stands for, one or several for a region. None: any non-zero
        value.

    Returns
    -------
    ndarray of bool, of the same shape

    Examples
    --------
    >>> import numpy as np
    >>> labels = np.array([0, 1, 2, 4])
    >>> select_label(labels), select_label(labels, (1, 4))
    (array([False,  True,  True,  True]), array([False,  True, False,  True]))
    """
    voxels = mask.voxels if isinstance(mask, Mask) else mask
    if values is None:
        return voxels.astype(np.bool_)
    selected = np.zeros_like(voxels, dtype=np.bool_)
    for value in values:
        selected |= voxels == value
    return selected


def _find_values(made: NDArray[np.unsignedinteger], *, high: int, most: int) -> set[int]:
    """Return the non-zero labels, or more than `most` of them if there are more."""
    if high <= 1:  # nearly every mask, and the maximum has already told
        return {high} - {0}
    found: set[int] = set()
    for piece in cut_pieces(made):
        labelled = piece[piece != 0]
        # Counting takes half the time of sorting, as long as the counters are few.
        values = np.flatnonzero(np.bincount(labelled)) if high < 2**16 else np.unique(labelled)
        found.update(values.tolist())
        if len(found) > most:
            break
    return found


def _check_values(
    made: NDArray[np.unsignedinteger],
    *,
    high: int,
    labels: Mapping[str, Sequence[int]] | None,
    name: str,
    limits: Limits,
) -> tuple[str, ...]:
    found = _find_values(made, high=high, most=limits.max_labels)
    if len(found) > limits.max_labels:
        what = f"{name} has more than {limits.max_labels} different labels"
        fix = "Save a label mask, or raise biasruler_max_labels"
        raise BiasRulerError("BR303", what, f"at most {limits.max_labels}", fix)
    if labels is not None:
        _check_declared(made, found, labels=labels, name=name)
        return ()
    if len(found) > _MOST_UNNAMED:
        what = f"{name} has {len(found)} different non-zero values"
        fix = "Save a label mask, or name its labels in [labels]"
        raise BiasRulerError("BR301", what, f"at most {_MOST_UNNAMED} without [labels]", fix)
    return ("BR306",) if len(found) > 1 else ()


def _check_declared(
    made: NDArray[np.unsignedinteger],
    found: set[int],
    *,
    labels: Mapping[str, Sequence[int]],
    name: str,
) -> None:
    declared = {value for values in labels.values() for value in values}
    undeclared = found - declared
    if undeclared:
        present = found if made.all() else found | {0}
        what = f"labels of {name} are {_list_values(present)}"
        fix = f"Save it with the labels of [labels], or name {_list_values(undeclared)} there"
        raise BiasRulerError("BR303", what, _list_values(declared | {0}), fix)


def _list_values(values: set[int]) -> str:
    shown = [str(value) for value in sorted(values)]
    if len(shown) > _MOST_SHOWN:
        shown[_MOST_SHOWN:] = [f"and {len(shown) - _MOST_SHOWN} more"]
    return ", ".join(shown)


def _hash_given(mask: Mask) -> str:
    """Hash what `voxel_sha256` leaves out as well: without a file there is no other key."""
    grid = None if mask.affine is None else mask.affine.tolist()
    said = (mask.voxels.dtype.str, mask.shape, mask.spacing_mm, grid)
    digest = hashlib.sha256(repr(said).encode())
    digest.update(np.asfortranarray(mask.voxels).T.data)
    return digest.hexdigest()
