"""How fast a score changes along a number: a least-squares slope with cluster-robust bounds."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.contrast import plain_interval
from pytest_biasruler.statistics.leverage import freedom_of, largest_share
from pytest_biasruler.statistics.power import more_patients, smallest_detectable
from pytest_biasruler.statistics.robust_slope import fit_slope, place_phantoms, sum_by
from pytest_biasruler.statistics.student import student_quantile, student_tail

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from pytest_biasruler.statistics.robust_slope import Slope


@dataclass(frozen=True, kw_only=True, slots=True)
class Trend:
    """A slope per step, in whichever direction, and what may be concluded from it.

    Attributes
    ----------
    slope : float
        Change of the column per step; NaN if all numbers are the same.
    bounds : tuple of float
        Guarded lower and upper bound of `slope`, each wrong in at most alpha of benchmarks.
    value, low, high : float
        Its size, without sign, and the bounds of that; `low` is not below 0.
    ci95 : tuple of float
        Plain two-sided 95 % interval of `slope`.
    se, df : float
        Of `slope`, cluster-robust, without the guard.
    level : float
        Of the lower bound: both directions are asked about.
    p_fail : float
        Evidence that the slope is steeper than the limit.
    min_detectable : float
        Excess over the limit that would be found in 80 % of benchmarks.
    n_patients : int
    leverage : float
        Largest share that one patient has in the spread of the numbers.
    center : tuple of float
        A point of the line: the mean number and the mean of the column.
    """

    slope: float
    bounds: tuple[float, float]
    value: float
    low: float
    high: float
    ci95: tuple[float, float]
    se: float
    df: float
    level: float
    p_fail: float
    min_detectable: float
    n_patients: int
    leverage: float
    center: tuple[float, float]

    def needed(self, n_patients: int, *, limit: float, alpha: float) -> float:
        """Return how many more patients a part needs for a verdict if all parts grow alike."""
        margin = self.value - limit
        level = self.level if margin > 0 else 1 - alpha
        return more_patients(n_patients, se=self.se, df=self.df, level=level, margin=margin)


def estimate_trend(
    values: ArrayLike,
    *,
    positions: ArrayLike,
    patients: ArrayLike,
    step: float,
    limit: float,
    support: tuple[float, float],
    alpha: float = 0.05,
) -> Trend:
    """Return the least-squares slope of `values` on `positions`, per step.

    Its squared error is C/(C - 2) * sum of u_p^2 / Sxx^2 over C patients, u_p the sum of centred
    position times residual over the patient's cases (CR1; with one case each it is HC1), so that
    copies of cases narrow nothing. Degrees of freedom are Satterthwaite's, the smaller ones of
    independent and of equal errors within a patient. Each bound must also hold with half a
    phantom patient more, where it hurts: at the 5 % or 95 % quantile of the patients' positions,
    with the smallest or the largest value there can be.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        One finite number per case.
    positions : array_like of float, shape (n,)
        Finite, in the unit of the attribute.
    patients : array_like of int, shape (n,)
        The patient of each case.
    step : float
        Above 0; slopes are told per so many units of the attribute.
    limit : float
        Steepest tolerable slope, per step.
    support : tuple of float
        Smallest and largest value there can be.
    alpha : float
        Error of each bound.

    Raises
    ------
    ValueError
        If lengths differ or `step` is not above 0.

    References
    ----------
    Cameron, A. C., Miller, D. L. (2015). Journal of Human Resources 50(2), 317-372 (CR1).
    doi:10.3368/jhr.50.2.317
    Pustejovsky, J. E., Tipton, E. (2018). Journal of Business & Economic Statistics 36(4),
    672-683 (degrees of freedom). doi:10.1080/07350015.2016.1247004

    Examples
    --------
    >>> trend = estimate_trend(
    ...     [0.9, 0.8, 0.7], positions=[40, 50, 60], patients=[0, 1, 2], step=10, limit=0.05,
    ...     support=(0.7, 0.9),
    ... )
    >>> round(trend.slope, 9), round(trend.value, 9), trend.n_patients
    (-0.1, 0.1, 3)
    """
    y, x = np.asarray(values, dtype=np.float64), np.asarray(positions, dtype=np.float64)
    owners = np.unique(np.asarray(patients), return_inverse=True)[1]
    if not (y.shape == x.shape == owners.shape and y.ndim == 1):
        raise ValueError(f"values {y.shape}, positions {x.shape}, patients {owners.shape}")
    if not step > 0:
        raise ValueError(f"step must be above 0, not {step}")
    n_patients = int(owners.max()) + 1 if y.size else 0
    if n_patients < 3 or not x.min() < x.max():
        return _unknown(n_patients, level=1 - alpha / 2)
    center = float(x.mean()), float(y.mean())
    x = (x - center[0]) / step
    first = float(y[0])
    y = y - first  # equal values give a slope of exactly 0
    support = support[0] - first, support[1] - first
    df = min(float(freedom_of(x, owners)), float(n_patients - 2))
    plain = fit_slope(x, y, owners=owners)
    upwards, downwards = (
        [plain, *(fit_slope(x, y, owners=owners, phantom=one) for one in phantoms)]
        for phantoms in place_phantoms(_mean_by(owners, x), support)
    )
    return _sum_up(
        plain,
        upwards,
        downwards,
        df=df,
        limit=limit,
        alpha=alpha,
        n_patients=n_patients,
        leverage=largest_share(x, owners),
        center=center,
    )


def _sum_up(
    plain: Slope,
    upwards: list[Slope],
    downwards: list[Slope],
    *,
    df: float,
    limit: float,
    alpha: float,
    n_patients: int,
    leverage: float,
    center: tuple[float, float],
) -> Trend:
    slope, se = plain
    level = 1 - alpha / 2
    strict, plain_t = (float(student_quantile(each, df)) for each in (level, 1 - alpha))

    def least(t: float) -> float:
        return float(min(each - t * own for each, own in downwards))

    def most(t: float) -> float:
        return float(max(each + t * own for each, own in upwards))

    rising = max(float(student_tail(s - limit, se=e, df=df)) for s, e in downwards)
    falling = max(float(student_tail(-s - limit, se=e, df=df)) for s, e in upwards)
    return Trend(
        slope=slope,
        bounds=(least(plain_t), most(plain_t)),
        value=abs(slope),
        low=max(0.0, least(strict), -most(strict)),
        high=max(most(plain_t), -least(plain_t)),
        ci95=plain_interval(slope, se=se, df=df),
        se=se,
        df=df,
        level=level,
        p_fail=min(1.0, 2 * min(rising, falling)),
        min_detectable=smallest_detectable(se=se, df=df, level=level),
        n_patients=n_patients,
        leverage=leverage,
        center=center,
    )


def _unknown(n_patients: int, *, level: float) -> Trend:
    return Trend(
        slope=nan,
        bounds=(-inf, inf),
        value=nan,
        low=nan,
        high=nan,
        ci95=(nan, nan),
        se=nan,
        df=nan,
        level=level,
        p_fail=1.0,
        min_detectable=nan,
        n_patients=n_patients,
        leverage=1.0,
        center=(nan, nan),
    )


def _mean_by(owners: NDArray[np.intp], values: NDArray[np.float64]) -> NDArray[np.float64]:
    return sum_by(owners, values) / np.bincount(owners)
