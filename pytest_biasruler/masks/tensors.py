"""Tensors of torch and MONAI as masks: their axis of channels, and the affine of MONAI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.arrays import is_tensor, to_array
from pytest_biasruler.masks.mask import Mask, describe_shape
from pytest_biasruler.masks.world import LPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


def to_mask(given: object, *, name: str) -> Mask:
    """Return a mask given in code as a `Mask`.

    Parameters
    ----------
    given : Mask, array, list or tensor, shape (M, N[, P])
        A tensor may have a first axis of length 1, the channel. One of MONAI has an affine, which
        is that of the mask; all else has none, and a voxel size of 1 mm.
    name : str
        What messages call the mask.

    Raises
    ------
    BiasRulerError
        ``BR206`` if a tensor has several channels, or its first axis may be one or not, and what
        `Mask` raises.
    """
    if isinstance(given, Mask):
        return given
    voxels = to_array(given)
    if not is_tensor(given):
        return Mask(voxels=voxels)
    affine = _find_affine(given)
    voxels = _drop_channel(voxels, has_affine=affine is not None, name=name)
    return Mask(voxels=voxels, affine=affine)


def _find_affine(given: Any) -> NDArray[np.float64] | None:
    """Return the affine of a MetaTensor, in mm right, anterior, superior."""
    affine = getattr(given, "affine", None)
    if affine is None:
        return None
    found = to_array(affine).astype(np.float64)
    meta: Mapping[str, object] = getattr(given, "meta", None) or {}
    # Named by MONAI's reader of ITK where it was told not to convert.
    if found.shape == (4, 4) and str(meta.get("space", "RAS")).upper().endswith("LPS"):
        found = np.diag([*LPS, 1.0]) @ found
    return found


def _drop_channel(
    voxels: NDArray[np.generic], *, has_affine: bool, name: str
) -> NDArray[np.generic]:
    """Return labels without the axis of channels, which comes first in torch."""
    shape = voxels.shape
    is_slice = has_affine and len(shape) == 3 and shape[0] == 1
    if is_slice or (len(shape) == 4 and shape[0] == 1 == shape[-1]):
        found = f"{name} has shape {describe_shape(shape)}, whose first axis may be a channel"
        fix = "Remove the channel, or give a Mask"
        raise BiasRulerError("BR206", found, "the axes of space alone", fix)
    if len(shape) != 4:
        return voxels
    if shape[0] != 1:
        found = f"{name} has shape {describe_shape(shape)}, with {shape[0]} channels"
        fix = "Give labels, such as one_hot.argmax(0)"
        raise BiasRulerError("BR206", found, "one channel", fix)
    inner: NDArray[np.generic] = voxels[0]
    return inner
