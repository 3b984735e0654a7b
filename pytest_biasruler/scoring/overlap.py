"""Overlap of two masks, from three voxel counts.

Every number here is a ratio of whole numbers, so it does not depend on the order of voxels,
on the platform or on a block size. Where a ratio is undefined it is NaN: what an empty mask
scores is the policy of ``scoring.metrics``, not of these formulas.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """Voxels of a model's mask, of a reference's mask, and of both at once.

    Parameters
    ----------
    n_model, n_reference, n_both : int
        Exact Python integers; ``n_both`` is at most the smaller of the other two.
    """

    n_model: int
    n_reference: int
    n_both: int

    @property
    def n_either(self) -> int:
        """Voxels in at least one of the two masks, their union."""
        return self.n_model + self.n_reference - self.n_both

    @property
    def n_apart(self) -> int:
        """Voxels in exactly one of the two masks, their symmetric difference."""
        return self.n_model + self.n_reference - 2 * self.n_both


def count_voxels(model: NDArray[np.bool_], reference: NDArray[np.bool_]) -> Counts:
    """Count the voxels of two masks and of their intersection.

    Parameters
    ----------
    model, reference : ndarray of bool, shape (M, N[, P])
        Masks on one voxel grid.

    Returns
    -------
    Counts
        Exact integers; all 0 for empty masks.

    Raises
    ------
    BiasRulerError
        ``BR220`` if the shapes differ.
    TypeError
        If a mask is not boolean: 2 and 1 are both inside, yet ``2 & 1`` is 0.

    Examples
    --------
    >>> count_voxels(np.array([True, True, False]), np.array([True, False, False]))
    Counts(n_model=2, n_reference=1, n_both=1)
    """
    require_one_grid(model, reference)
    return Counts(
        n_model=int(np.count_nonzero(model)),
        n_reference=int(np.count_nonzero(reference)),
        n_both=int(np.count_nonzero(model & reference)),
    )


def require_one_grid(model: NDArray[np.bool_], *others: NDArray[np.bool_]) -> None:
    """Raise ``BR220`` unless all masks have one shape, and TypeError unless all are boolean."""
    for mask in (model, *others):
        if mask.dtype != np.bool_:
            raise TypeError(f"a mask must be an array of bool, not of {mask.dtype}")
    for other in others:
        if other.shape != model.shape:
            raise BiasRulerError(
                code="BR220",
                found=f"the mask has shape {_in_words(model.shape)}",
                expected=f"{_in_words(other.shape)}, as the reference has",
                fix="Resample it beforehand",
            )


def dice(prediction: NDArray[np.bool_], reference: NDArray[np.bool_]) -> float:
    """Return the Dice coefficient of two masks.

    Parameters
    ----------
    prediction, reference : ndarray of bool, shape (M, N[, P])
        Masks on one voxel grid.

    Returns
    -------
    float
        In [0, 1], higher is better; NaN if both masks are empty: what an empty pair
        scores is the policy of ``scoring.metrics``, not of this formula.

    Raises
    ------
    BiasRulerError
        ``BR220`` if the shapes differ.

    References
    ----------
    Dice, L. R. (1945). Ecology 26(3), 297-302. doi:10.2307/1932409

    Examples
    --------
    Two voxels against one, one in common, 2 * 1 / (2 + 1):

    >>> dice(np.array([True, True]), np.array([True, False]))
    0.6666666666666666
    """
    return dice_of(count_voxels(prediction, reference))


def dice_of(counts: Counts) -> float:
    """Return twice the intersection over the sum of both masks, in [0, 1].

    NaN if both masks are empty. Higher is better.

    Examples
    --------
    >>> dice_of(Counts(n_model=120, n_reference=100, n_both=90))
    0.8181818181818182
    """
    return _ratio(2 * counts.n_both, counts.n_model + counts.n_reference)


def iou_of(counts: Counts) -> float:
    """Return the intersection over the union (Jaccard index), in [0, 1].

    NaN if both masks are empty. Higher is better.

    References
    ----------
    Jaccard, P. (1912). New Phytologist 11(2), 37-50. doi:10.1111/j.1469-8137.1912.tb05611.x

    Examples
    --------
    >>> iou_of(Counts(n_model=120, n_reference=100, n_both=90))
    0.6923076923076923
    """
    return _ratio(counts.n_both, counts.n_either)


def precision_of(counts: Counts) -> float:
    """Return the share of the model's voxels that the reference has too, in [0, 1].

    NaN if the model's mask is empty. Higher is better.

    Examples
    --------
    >>> precision_of(Counts(n_model=120, n_reference=100, n_both=90))
    0.75
    """
    return _ratio(counts.n_both, counts.n_model)


def recall_of(counts: Counts) -> float:
    """Return the share of the reference's voxels that the model found, in [0, 1].

    NaN if the reference's mask is empty. Higher is better.

    Examples
    --------
    >>> recall_of(Counts(n_model=120, n_reference=100, n_both=90))
    0.9
    """
    return _ratio(counts.n_both, counts.n_reference)


def volume_error_ml_of(counts: Counts, *, voxel_ml: float) -> float:
    """Return by how many millilitres the two volumes differ, without sign.

    0 if both masks are empty; lower is better. Which way the model errs is told by
    `signed_volume_error_of`.

    Examples
    --------
    >>> volume_error_ml_of(Counts(n_model=80, n_reference=100, n_both=80), voxel_ml=0.25)
    5.0
    """
    return abs(counts.n_model - counts.n_reference) * voxel_ml


def relative_volume_error_of(counts: Counts) -> float:
    """Return the difference of the two volumes over the reference's volume, without sign.

    In [0, infinity), lower is better; NaN if the reference's mask is empty.

    Examples
    --------
    >>> relative_volume_error_of(Counts(n_model=80, n_reference=100, n_both=80))
    0.2
    """
    return _ratio(abs(counts.n_model - counts.n_reference), counts.n_reference)


def signed_volume_error_of(counts: Counts) -> float:
    """Return the direction ratio: excess minus missing voxels, over the union.

    In [-1, 1]; above 0 the model draws too much, below 0 too little; 0 if both masks are empty.

    Examples
    --------
    30 voxels too many, 10 missing, 130 in the union:

    >>> signed_volume_error_of(Counts(n_model=120, n_reference=100, n_both=90))
    0.15384615384615385
    """
    return (counts.n_model - counts.n_reference) / max(counts.n_either, 1)


def label_error_rate_of(counts: Counts) -> float:
    """Return the voxels on which the two masks disagree, over the union: 1 - IoU.

    In [0, 1], lower is better; 0 if both masks are empty. The union is the denominator of the
    code published with arXiv 2605.06891; its page says foreground.

    Examples
    --------
    >>> label_error_rate_of(Counts(n_model=120, n_reference=100, n_both=90))
    0.3076923076923077
    """
    return counts.n_apart / max(counts.n_either, 1)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else nan


def _in_words(shape: tuple[int, ...]) -> str:
    return " x ".join(str(length) for length in shape)
