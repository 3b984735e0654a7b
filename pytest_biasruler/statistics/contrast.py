"""Differences of subgroup means: estimates, guarded bounds and evidence, many pairs at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.student import satterthwaite, student_quantile, student_tail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_biasruler.statistics.guard import GuardedMoments
    from pytest_biasruler.statistics.overlap import Overlap

# Which moments of a and of b (0 plain, 1 phantom low, 2 phantom high) each variant takes.
_FOR_LOW = (np.array([[0], [1], [0]]), np.array([[0], [0], [2]]))
_FOR_HIGH = (np.array([[0], [2], [0]]), np.array([[0], [0], [1]]))


@dataclass(frozen=True, kw_only=True, slots=True)
class Contrast:
    """Mean of `a` minus mean of `b`.

    Attributes
    ----------
    a, b : str
        Subgroups.
    estimate, se, df : float
        Plain.
    low, high : float
        Guarded one-sided bounds: `low` at the level p* of the family, `high` at 1 - alpha.
    p : float
        Guarded one-sided p-value of "above the limit", not adjusted.
    """

    a: str
    b: str
    estimate: float
    se: float
    df: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Differences:
    """Mean of a minus mean of b, for several pairs (a, b) and the variants of the guard.

    Attributes
    ----------
    estimate, se, df : ndarray of float, shape (3, K)
        The first row is plain, the others hold a phantom in a and in b. An estimate may be
        ±inf (a logarithm of 0), which then is its own bound.
    """

    estimate: NDArray[np.float64]
    se: NDArray[np.float64]
    df: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Contrasts:
    """The differences of K pairs, with the variants that guard either bound.

    Attributes
    ----------
    for_low, for_high : Differences
        They differ in where the phantoms stand; their plain rows are equal.
    """

    for_low: Differences
    for_high: Differences

    def lower_bounds(self, level: float) -> NDArray[np.float64]:
        """Return the guarded lower bounds at one-sided `level`, shape (K,)."""
        bounds: NDArray[np.float64]
        bounds = bound_differences(self.for_low, level=level, side=-1).min(axis=0)
        return bounds

    def upper_bounds(self, level: float) -> NDArray[np.float64]:
        """Return the guarded upper bounds at one-sided `level`, shape (K,)."""
        bounds: NDArray[np.float64]
        bounds = bound_differences(self.for_high, level=level, side=1).max(axis=0)
        return bounds

    def evidence(self, limit: float) -> NDArray[np.float64]:
        """Return one-sided p-values, guarded, that a difference is above `limit`, shape (K,)."""
        low = self.for_low
        tails = student_tail(low.estimate - limit, se=low.se, df=low.df)
        largest: NDArray[np.float64] = tails.max(axis=0)
        return largest


def bound_differences(differences: Differences, *, level: float, side: int) -> NDArray[np.float64]:
    """Return one-sided bounds variant by variant, lower for `side` -1, upper for +1.

    Returns
    -------
    ndarray of float, shape (3, K)
        The estimate itself where it is infinite or its error 0; side * inf where the error is
        infinite or undefined.
    """
    estimate, se = differences.estimate, differences.se
    with np.errstate(invalid="ignore"):
        bounds = estimate + side * student_quantile(level, differences.df) * se
    bounds = np.where((se == 0) | np.isinf(estimate), estimate, bounds)
    is_open = ~np.isinf(estimate) & ~np.isfinite(se)
    return np.where(is_open | np.isnan(bounds), side * np.inf, bounds)


def plain_interval(
    estimate: float, *, se: float, df: float, level: float = 0.975
) -> tuple[float, float]:
    """Return the unguarded two-sided interval whose ends stand at one-sided `level`.

    Examples
    --------
    >>> low, high = plain_interval(1.0, se=0.5, df=float("inf"))
    >>> round(low, 3), round(high, 3)
    (0.02, 1.98)
    """
    one = Differences(estimate=np.array(estimate), se=np.array(se), df=np.array(df))
    low = bound_differences(one, level=level, side=-1)
    return float(low), float(bound_differences(one, level=level, side=1))


def contrast_pairs(
    groups: Sequence[GuardedMoments],
    *,
    pairs: Sequence[tuple[int, int]],
    overlap: Overlap | None = None,
) -> Contrasts:
    """Contrast pairs of subgroups, a minus b, with Welch-Satterthwaite errors.

    Parameters
    ----------
    groups : sequence of GuardedMoments, length k
        The subgroups.
    pairs : sequence of (int, int), length K
        Positions of a and b in `groups`.
    overlap : Overlap, optional
        Given if a patient has cases in two subgroups. Such a pair has the error of its
        patients' joint pull and min(C_a, C_b) - 1 degrees of freedom.

    Returns
    -------
    Contrasts

    References
    ----------
    Welch, B. L. (1947). Biometrika 34(1/2), 28-35. doi:10.2307/2332510

    Examples
    --------
    >>> from pytest_biasruler.statistics.guard import GuardedMoments
    >>> from pytest_biasruler.statistics.moments import Moments
    >>> a, b = (Moments(mean=mean, variance=0.5, df=4.0) for mean in (3.0, 1.0))
    >>> groups = [
    ...     GuardedMoments(name=name, n_patients=5, plain=m, at_low=m, at_high=m)
    ...     for name, m in (("a", a), ("b", b))
    ... ]
    >>> plain = contrast_pairs(groups, pairs=[(0, 1)]).for_low
    >>> plain.estimate[0].tolist(), plain.se[0].tolist(), plain.df[0].tolist()
    ([2.0], [1.0], [8.0])
    """
    table = np.array(
        [
            [(m.mean, m.variance, m.df) for m in (group.plain, group.at_low, group.at_high)]
            for group in groups
        ]
    ).reshape(len(groups), 3, 3)
    a, b = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
    return Contrasts(
        for_low=_subtract(table[a, _FOR_LOW[0]], table[b, _FOR_LOW[1]], (a, b), overlap),
        for_high=_subtract(table[a, _FOR_HIGH[0]], table[b, _FOR_HIGH[1]], (a, b), overlap),
    )


def _subtract(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    pair: tuple[NDArray[np.intp], NDArray[np.intp]],
    overlap: Overlap | None,
) -> Differences:
    mean_a, variance_a, df_a = np.moveaxis(first, -1, 0)
    mean_b, variance_b, df_b = np.moveaxis(second, -1, 0)
    variance = variance_a + variance_b
    df = satterthwaite(variance_a, df_a, variance_b, df_b)
    if overlap is not None:
        is_shared = overlap.is_shared[pair]
        variance = np.maximum(variance - 2 * np.where(is_shared, overlap.covariance[pair], 0), 0)
        df = np.where(is_shared, np.minimum(df_a, df_b), df)
    with np.errstate(invalid="ignore"):  # minus infinity against itself: two rates of 0
        estimate = mean_a - mean_b
    return Differences(estimate=estimate, se=np.sqrt(variance), df=df)


def tabulate_contrasts(
    contrasts: Contrasts,
    *,
    pairs: Sequence[tuple[str, str]],
    levels: tuple[float, float],
    limit: float,
) -> tuple[Contrast, ...]:
    """Return one record per pair.

    Parameters
    ----------
    contrasts : Contrasts
        Of K pairs.
    pairs : sequence of (str, str), length K
        The names of a and b.
    levels : tuple of float
        One-sided levels of the lower and of the upper bounds.
    limit : float
        What `Contrast.p` is about.

    Returns
    -------
    tuple of Contrast
    """
    plain = contrasts.for_low
    columns = zip(
        pairs,
        plain.estimate[0].tolist(),
        plain.se[0].tolist(),
        plain.df[0].tolist(),
        contrasts.lower_bounds(levels[0]).tolist(),
        contrasts.upper_bounds(levels[1]).tolist(),
        contrasts.evidence(limit).tolist(),
        strict=True,
    )
    return tuple(
        Contrast(a=a, b=b, estimate=estimate, se=se, df=df, low=low, high=high, p=p)
        for (a, b), estimate, se, df, low, high, p in columns
    )
