"""Whether a reference makes scores look more alike than they are: the ratio of spreads."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, nan, sqrt
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.cells import cut_cells, mean_of
from pytest_biasruler.statistics.guard import estimate_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, kw_only=True, slots=True)
class VarianceRatio:
    """Within-subgroup SD of one column over that of another, paired by case.

    Attributes
    ----------
    value : float
        NaN without a pair of cases or where the second column does not vary.
    low, high : float
        One-sided bounds, each at its own level; NaN where a column does not vary.
    is_collapse : bool
        `variance collapse`: the squared ratio is surely below a half, and the first column's
        mean is the better one.
    """

    value: float
    low: float
    high: float
    is_collapse: bool


def estimate_variance_ratio(
    automated: ArrayLike,
    expert: ArrayLike,
    *,
    subgroups: Sequence[str] | NDArray[np.str_],
    patients: Sequence[object] | NDArray[np.generic] | None = None,
    alpha: float = 0.05,
) -> VarianceRatio:
    """Divide the pooled within-subgroup SD of one column by that of another.

    Parameters
    ----------
    automated, expert : array_like of float, shape (n,)
        Scores of the cases of judged subgroups, larger is better; a case that is not finite in
        both is left out.
    subgroups : sequence of str, shape (n,)
        The subgroup of each case.
    patients : sequence, shape (n,), optional
        The patient of each case; without it every case is its own patient.
    alpha : float, default 0.05
        Each bound is wrong in at most this share of benchmarks.

    Returns
    -------
    VarianceRatio

    Raises
    ------
    ValueError
        If lengths differ.

    Examples
    --------
    Deviations shrunk to a third, case by case, leave no doubt about the ratio:

    >>> y = np.array([0.2, 0.8, 0.5, 0.1, 0.9])
    >>> ratio = estimate_variance_ratio(0.6 + y / 3, y, subgroups=["a"] * 5)
    >>> round(ratio.value, 6), round(ratio.high, 6), ratio.is_collapse
    (0.333333, 0.333333, True)
    """
    first, second = (np.asarray(column, dtype=np.float64) for column in (automated, expert))
    if first.shape != second.shape:
        raise ValueError(f"columns {first.shape} and {second.shape} must have one shape")
    both = np.where(np.isfinite(second), first, nan)
    u, w = np.full(first.shape, nan), np.full(first.shape, nan)
    for cells in cut_cells(both, subgroups=subgroups, patients=patients).values():
        if cells.rows.size:
            u[cells.rows] = first[cells.rows] - mean_of(first[cells.rows])
            w[cells.rows] = second[cells.rows] - mean_of(second[cells.rows])
    if np.all(np.isnan(u)):
        return VarianceRatio(value=nan, low=nan, high=nan, is_collapse=False)
    square_u, square_w = float(np.nanmean(u**2)), float(np.nanmean(w**2))
    if not (square_u and square_w):
        value = 0.0 if square_w else nan
        return VarianceRatio(value=value, low=nan, high=nan, is_collapse=False)
    # The logarithm of the ratio is a mean over cases to first order; this is its column.
    influence = estimate_mean(
        0.5 * (u**2 / square_u - w**2 / square_w), patients=patients, alpha=alpha
    )
    value = sqrt(square_u / square_w)
    reach = influence.high - influence.value
    high = value * exp(reach) if not reach > 700 else inf
    looks_better = float(np.nanmean(both)) > float(np.mean(second[np.isfinite(both)]))
    return VarianceRatio(
        value=value,
        low=value * exp(influence.low - influence.value),
        high=high,
        is_collapse=looks_better and high**2 < 0.5,
    )
