"""Ratios of gaps and of means, with Fieller's interval or none at all."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt
from typing import TYPE_CHECKING, Literal

import numpy as np

from pytest_biasruler.statistics.cells import cut_cells, mean_of
from pytest_biasruler.statistics.moments import moments_of, sum_cells
from pytest_biasruler.statistics.student import satterthwaite, student_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from pytest_biasruler.statistics.cells import Cells


@dataclass(frozen=True, kw_only=True, slots=True)
class Ratio:
    """A ratio with a two-sided interval.

    Attributes
    ----------
    status : str
        ``"bounded"``, or ``"undefined"`` where the denominator is not separated from 0: then no
        finite interval exists, and the ratio must not be shown.
    value, low, high : float
        NaN unless bounded.
    df : float
        Degrees of freedom of the interval.
    """

    status: Literal["bounded", "undefined"]
    value: float
    low: float
    high: float
    df: float


UNDEFINED_RATIO = Ratio(status="undefined", value=nan, low=nan, high=nan, df=nan)


def bound_ratio(
    numerator: float,
    denominator: float,
    *,
    covariance: NDArray[np.float64],
    df: float,
    alpha: float = 0.05,
) -> Ratio:
    """Bound a ratio of two estimates with Fieller's interval.

    Parameters
    ----------
    numerator, denominator : float
        Estimates.
    covariance : ndarray of float, shape (2, 2)
        Of (numerator, denominator).
    df : float
        Degrees of freedom of the covariance, infinite if it is known.
    alpha : float, default 0.05
        The two-sided interval holds in 1 - `alpha` of benchmarks.

    Returns
    -------
    Ratio

    References
    ----------
    Fieller, E. C. (1954). Journal of the Royal Statistical Society B 16(2), 175-185.
    doi:10.1111/j.2517-6161.1954.tb00159.x

    Examples
    --------
    >>> from math import inf
    >>> bound_ratio(3.0, 2.0, covariance=np.zeros((2, 2)), df=inf).value
    1.5
    >>> bound_ratio(3.0, 0.1, covariance=np.eye(2), df=inf).status
    'undefined'
    """
    t2 = float(student_quantile(1 - alpha / 2, df)) ** 2
    a = denominator**2 - t2 * float(covariance[1, 1])
    b = -2 * (numerator * denominator - t2 * float(covariance[0, 1]))
    c = numerator**2 - t2 * float(covariance[0, 0])
    if not a > 0:  # also where anything is NaN
        return UNDEFINED_RATIO
    root = sqrt(max(b**2 - 4 * a * c, 0.0))
    return Ratio(
        status="bounded",
        value=numerator / denominator,
        low=(-b - root) / (2 * a),
        high=(-b + root) / (2 * a),
        df=df,
    )


def fieller_ratio(
    automated: ArrayLike,
    expert: ArrayLike,
    *,
    subgroups: Sequence[str] | NDArray[np.str_],
    pair: tuple[str, str],
    patients: Sequence[object] | NDArray[np.generic] | None = None,
    alpha: float = 0.05,
) -> Ratio:
    """Divide the gap a - b of one column by that of another, paired by case.

    Parameters
    ----------
    automated, expert : array_like of float, shape (n,)
        Numerator and denominator columns; a case that is not finite in both is left out.
    subgroups : sequence of str, shape (n,)
        The subgroup of each case.
    pair : tuple of str
        The subgroups a and b.
    patients : sequence, shape (n,), optional
        The patient of each case; without it every case is its own patient.
    alpha : float, default 0.05
        The two-sided interval holds in 1 - `alpha` of benchmarks.

    Returns
    -------
    Ratio
        Undefined also if a subgroup has fewer than two patients.

    Raises
    ------
    ValueError
        If lengths differ.

    Examples
    --------
    A gap that one reference shows 1.5 times as large, case by case:

    >>> y = np.array([0.9, 0.8, 0.2, 0.3])
    >>> ratio = fieller_ratio(1.5 * y, y, subgroups=["a", "a", "b", "b"], pair=("a", "b"))
    >>> round(ratio.value, 6), round(ratio.low, 6), round(ratio.high, 6)
    (1.5, 1.5, 1.5)
    """
    first, second = (np.asarray(column, dtype=np.float64) for column in (automated, expert))
    if first.shape != second.shape:
        raise ValueError(f"columns {first.shape} and {second.shape} must have one shape")
    both = np.where(np.isfinite(second), first, nan)
    cut = cut_cells(both, subgroups=subgroups, patients=patients)
    if not all(name in cut and len(cut[name].sizes) > 1 for name in pair):
        return UNDEFINED_RATIO
    a, b = (cut[name] for name in pair)
    gaps = [mean_of(column[a.rows]) - mean_of(column[b.rows]) for column in (first, second)]
    if not gaps[1]:
        return UNDEFINED_RATIO
    pulls = [
        np.stack([cells.influences(first[cells.rows]), cells.influences(second[cells.rows])])
        for cells in (a, b)
    ]
    return bound_ratio(
        gaps[0],
        gaps[1],
        covariance=_covary(pulls, (a, b)),
        df=_freedom(pulls, (a, b), weights=np.array([1.0, -gaps[0] / gaps[1]])),
        alpha=alpha,
    )


def _covary(
    pulls: Sequence[NDArray[np.float64]], cells: tuple[Cells, Cells]
) -> NDArray[np.float64]:
    """Return the covariance of the two gaps; a patient in both subgroups pulls both ways."""
    a, b = cells
    _, in_a, in_b = np.intersect1d(a.patients, b.patients, return_indices=True)
    crossed = pulls[0][:, in_a] @ pulls[1][:, in_b].T
    covariance: NDArray[np.float64]
    covariance = pulls[0] @ pulls[0].T + pulls[1] @ pulls[1].T - crossed - crossed.T
    return covariance


def _freedom(
    pulls: Sequence[NDArray[np.float64]],
    cells: tuple[Cells, Cells],
    *,
    weights: NDArray[np.float64],
) -> float:
    freedoms = [float(len(cell.sizes) - 1) for cell in cells]
    if np.intersect1d(cells[0].patients, cells[1].patients).size:
        return min(freedoms)
    v_a, v_b = (float(np.sum((weights @ pull) ** 2)) for pull in pulls)
    return float(satterthwaite(v_a, freedoms[0], v_b, freedoms[1]))


def mean_ratio(
    column: ArrayLike,
    *,
    subgroups: Sequence[str] | NDArray[np.str_],
    pair: tuple[str, str],
    patients: Sequence[object] | NDArray[np.generic] | None = None,
    alpha: float = 0.05,
) -> Ratio:
    """Divide the mean of one subgroup by that of another.

    Parameters
    ----------
    column : array_like of float, shape (n,)
        One number per case; a value that is not finite leaves its case out.
    subgroups : sequence of str, shape (n,)
        The subgroup of each case.
    pair : tuple of str
        The subgroups of numerator and denominator.
    patients : sequence, shape (n,), optional
        The patient of each case; without it every case is its own patient.
    alpha : float, default 0.05
        The two-sided interval holds in 1 - `alpha` of benchmarks.

    Returns
    -------
    Ratio
        Undefined also if a subgroup has fewer than two patients.

    Raises
    ------
    ValueError
        If lengths differ.

    Examples
    --------
    >>> mean_ratio([3.0, 3.0, 2.0, 2.0], subgroups=["a", "a", "b", "b"], pair=("a", "b")).value
    1.5
    """
    cut = cut_cells(column, subgroups=subgroups, patients=patients)
    if not all(name in cut and len(cut[name].sizes) > 1 for name in pair):
        return UNDEFINED_RATIO
    top, bottom = (moments_of(sum_cells(cut[name])) for name in pair)
    if not bottom.mean:
        return UNDEFINED_RATIO
    scaled = (top.mean / bottom.mean) ** 2 * bottom.variance
    return bound_ratio(
        top.mean,
        bottom.mean,
        covariance=np.diag([top.variance, bottom.variance]),
        df=float(satterthwaite(top.variance, top.df, scaled, bottom.df)),
        alpha=alpha,
    )
