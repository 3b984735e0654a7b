"""The gaps of several sites: their mean, how much they differ, and what a new site may show."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, sqrt
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.shrinkage import pool_effects
from pytest_biasruler.statistics.student import student_quantile, student_tail

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_MIN_TO_PREDICT = 3
"""Fewer sites say nothing of how much a further one may differ."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteSummary:
    """What several site gaps say together.

    Attributes
    ----------
    n_sites : int
    mean : float
        Weighted by 1 / (squared error + tau2).
    se : float
        Of `mean`, after Hartung, Knapp, Sidik and Jonkman; infinite for one site.
    tau2 : float
        Variance of the true gaps between sites, at least 0.
    q, i2 : float
        Cochran's Q, and the share of the variation between site gaps that chance does not
        explain, in [0, 1].
    prediction : tuple of float
        Two-sided 1 - alpha interval of the gap that a new site of similar size would show;
        infinite below three sites.
    """

    n_sites: int
    mean: float
    se: float
    tau2: float
    q: float
    i2: float
    prediction: tuple[float, float]

    def interval(self, alpha: float) -> tuple[float, float]:
        """Return the two-sided 1 - `alpha` interval of the mean over sites like these."""
        return _around(self.mean, se=self.se, df=self.n_sites - 1, alpha=alpha)

    def evidence(self, limit: float, *, is_signed: bool) -> float:
        """Return the p-value of "the mean is not above `limit`".

        Of "neither it nor its negative is" where it is not signed; 1 for one site.
        """
        if self.n_sites < 2:
            return 1.0
        excess = (self.mean if is_signed else abs(self.mean)) - limit
        tail = float(student_tail(excess, se=self.se, df=self.n_sites - 1))
        return tail if is_signed else min(1.0, 2 * tail)


def pool_sites(gaps: ArrayLike, squared_errors: ArrayLike, *, alpha: float = 0.05) -> SiteSummary:
    """Pool the gaps of several sites as a random draw of sites.

    Parameters
    ----------
    gaps, squared_errors : array_like of float, shape (k,)
        One gap and its squared standard error per site, finite, at least one site. The errors
        should not depend on the luck of their own site (`share_errors`).
    alpha : float, default 0.05
        Of the prediction interval, two-sided.

    Returns
    -------
    SiteSummary

    Raises
    ------
    ValueError
        If there is no site, lengths differ, or a number is not finite or an error negative.

    References
    ----------
    IntHout, J., Ioannidis, J. P. A., Borm, G. F. (2014). BMC Medical Research Methodology 14,
    25. doi:10.1186/1471-2288-14-25
    Higgins, J. P. T., Thompson, S. G., Spiegelhalter, D. J. (2009). Journal of the Royal
    Statistical Society A 172(1), 137-159. doi:10.1111/j.1467-985X.2008.00552.x

    Examples
    --------
    Equal errors make the mean a plain mean, and tau2 the variance less the squared error:

    >>> summary = pool_sites([0.0, 0.1, 0.0, 0.1, 0.05, 0.05], [0.01**2] * 6)
    >>> round(summary.mean, 9), round(summary.tau2, 9), round(summary.q, 6), round(summary.i2, 9)
    (0.05, 0.0019, 100.0, 0.95)
    >>> [round(bound, 6) for bound in summary.interval(0.05)]
    [0.003068, 0.096932]
    >>> [round(bound, 6) for bound in summary.prediction]
    [-0.074171, 0.174171]
    """
    g = np.asarray(gaps, dtype=np.float64)
    v = np.asarray(squared_errors, dtype=np.float64)
    pooled = pool_effects(g, v)
    k = g.size
    return SiteSummary(
        n_sites=k,
        mean=pooled.mean,
        se=_error_of_mean(g, v + pooled.tau2, mean=pooled.mean),
        tau2=pooled.tau2,
        q=pooled.q,
        i2=max(0.0, 1 - (k - 1) / pooled.q) if pooled.q > 0 else 0.0,
        prediction=_predict(g, alpha=alpha),
    )


def _error_of_mean(
    gaps: NDArray[np.float64], variances: NDArray[np.float64], *, mean: float
) -> float:
    """Return the error of the weighted mean, never below that of known variances."""
    if gaps.size < 2:
        return inf
    smallest = float(variances.min())
    if smallest == 0:
        return 0.0
    squares = float(np.sum((gaps - mean) ** 2 / variances))
    inflation = max(squares / (gaps.size - 1), 1.0)
    return sqrt(inflation * smallest / float(np.sum(smallest / variances)))


def _predict(gaps: NDArray[np.float64], *, alpha: float) -> tuple[float, float]:
    # Unweighted: the next site is a draw like these, chance included, whatever they weigh.
    if gaps.size < _MIN_TO_PREDICT:
        return -inf, inf
    se = float(gaps.std(ddof=1)) * sqrt(1 + 1 / gaps.size)
    return _around(float(gaps.mean()), se=se, df=gaps.size - 1, alpha=alpha)


def _around(centre: float, *, se: float, df: int, alpha: float) -> tuple[float, float]:
    if se == 0:
        return centre, centre
    if not isfinite(se):
        return -inf, inf
    reach = float(student_quantile(1 - alpha / 2, df)) * se
    return centre - reach, centre + reach


def leave_sites_out(gaps: ArrayLike, squared_errors: ArrayLike) -> tuple[float, ...]:
    """Return the pooled mean without each site in turn.

    Parameters
    ----------
    gaps, squared_errors : array_like of float, shape (k,)
        As for `pool_sites`.

    Returns
    -------
    tuple of float
        One mean per site left out; empty below two sites.

    Examples
    --------
    >>> leave_sites_out([0.0, 0.5, 1.0], [1.0, 1.0, 1.0])
    (0.75, 0.5, 0.25)
    """
    g = np.asarray(gaps, dtype=np.float64)
    v = np.asarray(squared_errors, dtype=np.float64)
    if g.size < 2:
        return ()
    return tuple(pool_sites(np.delete(g, i), np.delete(v, i)).mean for i in range(g.size))
