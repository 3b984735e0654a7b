"""What a model, an automated and an expert reference get wrong together.

An error of a mask is a voxel on which it differs from the expert's. Where only scores are known,
sizes and Dice still tell the errors exactly, because the symmetric difference of two masks is
(n_x + n_y)(1 - Dice).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan
from typing import TYPE_CHECKING

from pytest_biasruler.scoring.overlap import count_voxels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedErrors:
    """Errors of a model and of an automated reference in one case.

    Parameters
    ----------
    n_model, n_automated : float
        Voxels (or millilitres) on which each differs from the expert reference.
    n_apart : float
        Voxels on which the two differ from each other.
    """

    n_model: float
    n_automated: float
    n_apart: float

    @property
    def n_shared(self) -> float:
        """Errors that both make: where both differ from the expert, they agree."""
        return (self.n_model + self.n_automated - self.n_apart) / 2

    @property
    def copy_rate(self) -> float:
        """Share of the automated reference's errors that the model repeats; NaN without any."""
        return self.n_shared / self.n_automated if self.n_automated > 0 else nan


def count_shared_errors(
    model: NDArray[np.bool_], *, automated: NDArray[np.bool_], expert: NDArray[np.bool_]
) -> SharedErrors:
    """Count the errors of a model and of an automated reference, and those they share.

    Parameters
    ----------
    model, automated, expert : ndarray of bool, shape (M, N[, P])
        Masks on one voxel grid; of one label, if there are several.

    Returns
    -------
    SharedErrors
        Whole numbers of voxels.

    Raises
    ------
    BiasRulerError
        ``BR220`` if the shapes differ.

    Examples
    --------
    The expert marks the first two voxels; both others also mark the third, the model the fourth:

    >>> import numpy as np
    >>> expert, automated = np.array([1, 1, 0, 0], bool), np.array([1, 1, 1, 0], bool)
    >>> errors = count_shared_errors(np.ones(4, bool), automated=automated, expert=expert)
    >>> errors.n_model, errors.n_automated, errors.n_shared, errors.copy_rate
    (2, 1, 1.0, 1.0)
    """
    return SharedErrors(
        n_model=count_voxels(model, expert).n_apart,
        n_automated=count_voxels(automated, expert).n_apart,
        n_apart=count_voxels(model, automated).n_apart,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """How large the three masks of one case are, all in voxels or all in one unit of volume."""

    model: float
    automated: float
    expert: float


def infer_shared_errors(
    sizes: Sizes, *, model_automated: float, model_expert: float, automated_expert: float
) -> SharedErrors:
    """Return the errors of a model and of an automated reference from sizes and Dice alone.

    Parameters
    ----------
    sizes : Sizes
        Of the three masks.
    model_automated, model_expert, automated_expert : float
        Dice of each pair, in [0, 1]; not looked at where both masks of the pair are empty.

    Returns
    -------
    SharedErrors
        In the unit of `sizes`; exact up to rounding. NaN where a Dice is NaN though a mask of
        its pair is not empty.

    Examples
    --------
    >>> errors = infer_shared_errors(
    ...     Sizes(model=5, automated=5, expert=4),
    ...     model_automated=0.8, model_expert=8 / 9, automated_expert=2 / 3,
    ... )
    >>> round(errors.n_model, 9), round(errors.n_automated, 9), round(errors.n_shared, 9)
    (1.0, 3.0, 1.0)
    >>> round(errors.copy_rate, 9)
    0.333333333
    """
    return SharedErrors(
        n_model=_size_apart(sizes.model, sizes.expert, dice=model_expert),
        n_automated=_size_apart(sizes.automated, sizes.expert, dice=automated_expert),
        n_apart=_size_apart(sizes.model, sizes.automated, dice=model_automated),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class IouBounds:
    """The least and the largest IoU that a model can have against the expert reference."""

    low: float
    high: float


def bound_iou(*, model_automated: float, automated_expert: float) -> IouBounds:
    """Bound the IoU of a model against the expert reference without any expert score of it.

    1 - IoU is a distance, so it obeys the triangle inequality.

    Parameters
    ----------
    model_automated, automated_expert : float
        IoU of the two pairs, in [0, 1].

    Returns
    -------
    IouBounds
        Both in [0, 1], reached by some masks each; both NaN if an argument is NaN.

    References
    ----------
    Kosub, S. (2019). Pattern Recognition Letters 120, 36-38. doi:10.1016/j.patrec.2018.12.007

    Examples
    --------
    >>> bounds = bound_iou(model_automated=0.9, automated_expert=0.7)
    >>> round(bounds.low, 9), round(bounds.high, 9)
    (0.6, 0.8)
    """
    near, far = 1 - model_automated, 1 - automated_expert
    if isnan(near + far):  # min and max would drop the NaN
        return IouBounds(low=nan, high=nan)
    return IouBounds(low=1 - min(1.0, near + far), high=1 - abs(near - far))


def iou_from_dice(dice: float) -> float:
    """Return the IoU of two masks whose Dice coefficient is known; NaN for NaN.

    Examples
    --------
    >>> iou_from_dice(0.5)
    0.3333333333333333
    """
    return dice / (2 - dice)


def _size_apart(first: float, second: float, *, dice: float) -> float:
    if first + second == 0:  # Dice of two empty masks is NaN, or whatever a policy made of it
        return 0.0
    return (first + second) * (1 - dice)
