"""The guard: a bound must also hold after half a phantom patient on the side where it hurts."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan, sqrt
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.cells import cut_cells
from pytest_biasruler.statistics.moments import (
    PHANTOM_WEIGHT,
    Moments,
    Sums,
    moments_of,
    sum_cells,
)
from pytest_biasruler.statistics.power import smallest_detectable
from pytest_biasruler.statistics.student import student_quantile, student_tail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardedMoments:
    """The moments of a subgroup, plain and with half a phantom patient at either end.

    Attributes
    ----------
    name : str
        The subgroup.
    n_patients : int
    plain, at_low, at_high : Moments
        Without phantom; with one at the lower, at the upper end of the support.
    """

    name: str
    n_patients: int
    plain: Moments
    at_low: Moments
    at_high: Moments


@dataclass(frozen=True, kw_only=True, slots=True)
class MeanBounds:
    """A mean with guarded one-sided bounds.

    Attributes
    ----------
    value, se, df : float
        Plain mean over cases, its standard error and degrees of freedom; NaN without a case.
    low, high : float
        Guarded bounds, each at its own level; ∓inf where the data give none.
    ci95 : tuple of float
        Plain two-sided 95 % interval.
    p_fail : float
        Evidence that the mean is above the limit; 1 where it cannot be computed.
    min_detectable : float
        Excess over the limit that would be found in 80 % of benchmarks.
    n_patients : int
    """

    value: float
    se: float
    df: float
    low: float
    high: float
    ci95: tuple[float, float]
    p_fail: float
    min_detectable: float
    n_patients: int


def guard_moments(
    name: str,
    sums: Sums,
    *,
    support: tuple[float, float] | None,
    weight: float = PHANTOM_WEIGHT,
) -> GuardedMoments:
    """Return the moments of a subgroup with those of its two phantoms.

    Parameters
    ----------
    name : str
        The subgroup.
    sums : Sums
        Of its patients.
    support : tuple of float or None
        Lower and upper end of what a case can be; None leaves the moments unguarded.
    weight : float
        How much of a patient each phantom is.

    Returns
    -------
    GuardedMoments

    Raises
    ------
    ValueError
        If the ends of the support are in the wrong order.
    """
    low, high = support or (None, None)
    if low is not None and high is not None and low > high:
        raise ValueError(f"support must be (low, high), not {support}")
    return GuardedMoments(
        name=name,
        n_patients=sums.n_patients,
        plain=moments_of(sums),
        at_low=moments_of(sums, phantom=low, weight=weight),
        at_high=moments_of(sums, phantom=high, weight=weight),
    )


def mean_bound(moments: Moments, *, level: float, side: int) -> float:
    """Return one unguarded one-sided bound of a mean, lower for `side` -1, upper for +1.

    Infinite where the squared error is infinite or undefined.
    """
    if not moments.variance < inf:
        return side * inf
    if moments.variance == 0:
        return moments.mean
    reach = float(student_quantile(level, moments.df)) * sqrt(moments.variance)
    return moments.mean + side * reach


def lower_mean_bound(guarded: GuardedMoments, *, level: float) -> float:
    """Return the guarded lower bound of a mean at one-sided `level`."""
    return min(mean_bound(m, level=level, side=-1) for m in (guarded.plain, guarded.at_low))


def upper_mean_bound(guarded: GuardedMoments, *, level: float) -> float:
    """Return the guarded upper bound of a mean at one-sided `level`."""
    return max(mean_bound(m, level=level, side=1) for m in (guarded.plain, guarded.at_high))


def mean_evidence(*variants: Moments, limit: float, side: int = 1) -> float:
    """Return the largest one-sided p over `variants` that the mean is above `limit`.

    Below it for `side` -1.
    """
    return max(
        float(student_tail(side * (m.mean - limit), se=sqrt(m.variance), df=m.df))
        for m in variants
    )


def estimate_mean(
    column: ArrayLike,
    *,
    patients: Sequence[object] | NDArray[np.generic] | None = None,
    support: tuple[float, float] | None = None,
    limit: float = 0.0,
    alpha: float = 0.05,
) -> MeanBounds:
    """Estimate the mean over all cases of a column, with one-sided bounds.

    Parameters
    ----------
    column : array_like of float, shape (n,)
        One number per case; a value that is not finite leaves its case out.
    patients : sequence, shape (n,), optional
        The patient of each case; without it every case is its own patient.
    support : tuple of float, optional
        Lower and upper end of what a case can be; without it the bounds are not guarded.
    limit : float, default 0
        What the mean should not exceed.
    alpha : float, default 0.05
        Each bound is wrong in at most this share of benchmarks.

    Returns
    -------
    MeanBounds
        Both bounds at level 1 - `alpha`.

    Raises
    ------
    ValueError
        If lengths differ or the support is in the wrong order.

    Examples
    --------
    >>> result = estimate_mean([0.5, 0.5, 0.5], support=(0.5, 0.5), limit=0.3)
    >>> result.value, result.low, result.high, result.p_fail
    (0.5, 0.5, 0.5, 0.0)
    """
    values = np.asarray(column, dtype=np.float64)
    cells = cut_cells(values, subgroups=np.full(values.shape, "all"), patients=patients)
    if not cells or not cells["all"].values.size:
        return MeanBounds(
            value=nan, se=nan, df=nan, low=nan, high=nan, ci95=(nan, nan), p_fail=1.0,
            min_detectable=nan, n_patients=0,
        )  # fmt: skip
    guarded = guard_moments("all", sum_cells(cells["all"]), support=support)
    plain, level = guarded.plain, 1 - alpha
    se = sqrt(plain.variance)
    return MeanBounds(
        value=plain.mean,
        se=se,
        df=plain.df,
        low=lower_mean_bound(guarded, level=level),
        high=upper_mean_bound(guarded, level=level),
        ci95=(
            mean_bound(plain, level=0.975, side=-1),
            mean_bound(plain, level=0.975, side=1),
        ),
        p_fail=mean_evidence(plain, guarded.at_low, limit=limit),
        min_detectable=smallest_detectable(se=se, df=plain.df, level=level),
        n_patients=guarded.n_patients,
    )
