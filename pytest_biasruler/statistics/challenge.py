"""The score by which the MAMA-MIA challenge ranked models: performance and fairness in one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import nan
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

LARGEST_DISTANCE = 150.0
"""An HD95 is divided by this, in voxels as published or in mm."""

AGE_EDGES = (0.0, 40.0, 50.0, 60.0, 70.0, 100.0)
"""Ages are cut into (0, 40], (40, 50], (50, 60], (60, 70] and (70, 100]."""

UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Challenge:
    """What the challenge makes of one model; larger is better, 1 is perfect.

    Attributes
    ----------
    n_cases : int
    mean_dice, mean_norm_hd : float
        Over cases; NaN without a case.
    performance : float
        Half of mean Dice plus 1 minus mean NormHD.
    fairness_by : mapping of str to float
        By variable: 1 minus half of the two gaps between its subgroups.
    fairness : float
        Their mean; NaN without a variable.
    ranking : float
        Half performance, half fairness; NaN without a variable.
    """

    n_cases: int
    mean_dice: float
    mean_norm_hd: float
    performance: float
    fairness_by: Mapping[str, float]
    fairness: float
    ranking: float


def challenge_score(
    dice: ArrayLike,
    distance: ArrayLike,
    *,
    variables: Mapping[str, Sequence[str] | NDArray[np.str_]],
    both_empty: ArrayLike | None = None,
) -> Challenge:
    """Return performance, fairness and ranking score of one model as the challenge publishes them.

    Parameters
    ----------
    dice : array_like of float, shape (n,)
        In [0, 1].
    distance : array_like of float, shape (n,)
        HD95 in voxels as published, or in mm: the caller knows. Infinite counts as NormHD 1; other
        values are divided by 150 and not clipped.
    variables : mapping of str to sequence of str, each of shape (n,)
        The subgroup of each case, unknown being one of them. No minimum size, as published.
    both_empty : array_like of bool, shape (n,), optional
        Cases in which both masks are empty count with Dice 0 and HD95 0, as published.

    Returns
    -------
    Challenge
        A case without finite Dice, or whose distance is NaN, is left out of everything.

    Raises
    ------
    ValueError
        If lengths differ or a distance is negative.

    References
    ----------
    MAMA-MIA challenge (2026). doi:10.48550/arXiv.2603.01250

    Examples
    --------
    Subgroups of three and two cases with (Dice, NormHD) of (.8, .1) and (.7, .2):

    >>> score = challenge_score([.8, .8, .8, .7, .7], [15, 15, 15, 30, 30],
    ...                         variables={"age": ["old"] * 3 + ["young"] * 2})
    >>> [round(part, 6) for part in (score.performance, score.fairness, score.ranking)]
    [0.81, 0.9, 0.855]
    """
    overlap, reach = (np.array(column, dtype=np.float64) for column in (dice, distance))
    absent = np.zeros(overlap.shape, bool) if both_empty is None else np.asarray(both_empty, bool)
    labels = {name: np.asarray(of, dtype=np.str_) for name, of in variables.items()}
    shapes = {part.shape for part in (overlap, reach, absent, *labels.values())}
    if overlap.ndim != 1 or len(shapes) != 1:
        raise ValueError("dice, distance, both_empty and every variable must be flat, one length")
    overlap[absent], reach[absent] = 0.0, 0.0
    if (reach < 0).any():
        raise ValueError("distance must not be negative")
    norm = np.where(np.isinf(reach), 1.0, reach / LARGEST_DISTANCE)
    kept = np.isfinite(overlap) & ~np.isnan(norm)
    overlap, norm = overlap[kept], norm[kept]
    fairness_by = {name: _fairness(overlap, norm, of[kept]) for name, of in labels.items()}
    mean_dice = float(overlap.mean()) if overlap.size else nan
    mean_norm = float(norm.mean()) if norm.size else nan
    performance = (mean_dice + 1 - mean_norm) / 2
    fairness = float(np.mean(list(fairness_by.values()))) if fairness_by else nan
    return Challenge(
        n_cases=len(overlap),
        mean_dice=mean_dice,
        mean_norm_hd=mean_norm,
        performance=performance,
        fairness_by=fairness_by,
        fairness=fairness,
        ranking=(performance + fairness) / 2,
    )


def _fairness(
    overlap: NDArray[np.float64], norm: NDArray[np.float64], of: NDArray[np.str_]
) -> float:
    if not overlap.size:
        return nan
    members = [of == name for name in np.unique(of)]
    gaps = (float(np.ptp([column[m].mean() for m in members])) for column in (overlap, norm))
    return 1 - sum(gaps) / 2


def cut_ages(ages: ArrayLike) -> list[str]:
    """Return the challenge's age group of each age; what lies in none is unknown.

    Parameters
    ----------
    ages : array_like of float, shape (n,)
        In years; NaN where it is not recorded.

    Examples
    --------
    >>> cut_ages([40, 40.5, 101, float("nan")])
    ['(0, 40]', '(40, 50]', 'unknown', 'unknown']
    """
    years = np.asarray(ages, dtype=np.float64)
    names = [f"({low:g}, {high:g}]" for low, high in pairwise(AGE_EDGES)]
    inside = (years > AGE_EDGES[0]) & (years <= AGE_EDGES[-1])
    positions = np.searchsorted(AGE_EDGES, years, side="left") - 1
    return [names[p] if ok else UNKNOWN for p, ok in zip(positions, inside, strict=True)]
