"""Published one-number summaries of subgroup means, for the report only."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import fdtrc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedSummaries:
    """What papers print about subgroup means of a score where higher is better.

    Attributes
    ----------
    mean : float
        Over all cases.
    worst, max_min : float
        Smallest subgroup mean; largest minus smallest.
    sd_ddof0, sd_ddof1 : float
        Standard deviation of the subgroup means, divided by k and by k - 1.
    ser : float
        Skewed error ratio, (1 - worst) / (1 - best); NaN where the best mean is 1.
    es_sum, es_sd, es_sd_ddof1 : float
        Equity-scaled score: `mean` over 1 + the summed absolute deviations of the subgroup
        means from it, and over 1 + their SD. Two incompatible numbers under one name.
    anova_f, anova_p : float
        One-way analysis of variance; NaN where undefined.
    """

    mean: float
    worst: float
    max_min: float
    sd_ddof0: float
    sd_ddof1: float
    ser: float
    es_sum: float
    es_sd: float
    es_sd_ddof1: float
    anova_f: float
    anova_p: float


def summarise_subgroups(
    means: ArrayLike, *, sds: ArrayLike, n_cases: Sequence[int]
) -> PublishedSummaries:
    """Return the published summaries of subgroup means.

    Parameters
    ----------
    means : array_like of float, shape (k,)
        Subgroup means of a metric on the 0-1 scale, natural direction, higher is better.
    sds : array_like of float, shape (k,)
        Standard deviations within the subgroups (n - 1); not read where a subgroup has one case.
    n_cases : sequence of int, length k
        Cases per subgroup, each at least 1.

    Returns
    -------
    PublishedSummaries

    Raises
    ------
    ValueError
        If there is no subgroup, a mean is not finite, a count is below 1 or lengths differ.

    References
    ----------
    Puyol-Anton, E. et al. (2021). doi:10.48550/arXiv.2106.12387 (skewed error ratio).
    Tian, Y. et al. (2024), FairSeg. doi:10.48550/arXiv.2311.02189 (equity scaling).

    Examples
    --------
    >>> two = summarise_subgroups([0.8, 0.6], sds=[0.1, 0.1], n_cases=[10, 10])
    >>> two.mean, round(two.ser, 6), round(two.es_sum, 6), round(two.es_sd, 6)
    (0.7, 2.0, 0.583333, 0.636364)
    """
    m, s = np.asarray(means, dtype=np.float64), np.asarray(sds, dtype=np.float64)
    n = np.asarray(n_cases, dtype=np.float64)
    if not (m.ndim == 1 and m.size and m.shape == s.shape == n.shape):
        raise ValueError("means, sds and n_cases must be flat, of one length, not empty")
    if not (np.all(np.isfinite(m)) and np.all(n >= 1)):
        raise ValueError("means must be finite and n_cases at least 1")
    mean = float(n @ m / n.sum())
    worst, best = float(m.min()), float(m.max())
    sd0 = float(m.std())
    sd1 = float(m.std(ddof=1)) if m.size > 1 else nan
    f, p = analyse_variance(m, sds=s, n_cases=n)
    return PublishedSummaries(
        mean=mean,
        worst=worst,
        max_min=best - worst,
        sd_ddof0=sd0,
        sd_ddof1=sd1,
        ser=(1 - worst) / (1 - best) if best != 1 else nan,
        es_sum=mean / (1 + float(np.abs(m - mean).sum())),
        es_sd=mean / (1 + sd0),
        es_sd_ddof1=mean / (1 + sd1),
        anova_f=f,
        anova_p=p,
    )


def analyse_variance(
    means: ArrayLike, *, sds: ArrayLike, n_cases: ArrayLike
) -> tuple[float, float]:
    """Return F and p of a one-way analysis of variance from printed means, SDs and counts.

    Parameters
    ----------
    means, sds, n_cases : array_like of float, shape (k,)
        Per subgroup; SDs with n - 1.

    Returns
    -------
    f, p : float
        NaN with fewer than two subgroups, without a case to spare or if nothing varies; F is
        infinite and p 0 if only the means vary.

    Examples
    --------
    >>> f, p = analyse_variance([0.0, 1.0], sds=[1.0, 1.0], n_cases=[3, 3])
    >>> round(f, 6), round(p, 3)
    (1.5, 0.288)
    """
    m, s, n = (np.asarray(values, dtype=np.float64) for values in (means, sds, n_cases))
    df_between, df_within = m.size - 1, float(n.sum()) - m.size
    if df_between < 1 or df_within <= 0:
        return nan, nan
    between = float(n @ (m - n @ m / n.sum()) ** 2) / df_between
    within = float((n - 1) @ np.where(n > 1, s, 0.0) ** 2) / df_within
    if not within:
        return (inf, 0.0) if between else (nan, nan)
    f = between / within
    return f, float(fdtrc(df_between, df_within, f))


def estimate_heterogeneity(means: ArrayLike, variances: ArrayLike) -> float:
    """Return the standard deviation of true subgroup means, free of chance differences.

    Parameters
    ----------
    means, variances : array_like of float, shape (k,)
        Subgroup means and their squared standard errors.

    Returns
    -------
    float
        At least 0; NaN with fewer than two subgroups or an error that is not finite.

    References
    ----------
    Lum, K., Zhang, Y., Bower, A. (2022). FAccT '22, 379-389. doi:10.1145/3531146.3533105

    Examples
    --------
    The means vary by 0.5, of which 0.25 is chance:

    >>> estimate_heterogeneity([1.0, 2.0], [0.25, 0.25])
    0.5
    """
    m, v = np.asarray(means, dtype=np.float64), np.asarray(variances, dtype=np.float64)
    if m.size < 2 or not (np.all(np.isfinite(m)) and np.all(np.isfinite(v))):
        return nan
    return float(np.sqrt(max(0.0, float(m.var(ddof=1)) - float(v.mean()))))
