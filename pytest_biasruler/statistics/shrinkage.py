"""Means of subgroups too small to judge, drawn towards the others."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, kw_only=True, slots=True)
class RandomEffects:
    """A common mean and how much true effects vary around it.

    Attributes
    ----------
    mean : float
        Weighted by 1 / (squared error + tau2).
    tau2 : float
        Variance of the true effects, at least 0.
    q : float
        Cochran's Q, the weighted sum of squares at tau2 = 0; infinite if an error is 0.
    """

    mean: float
    tau2: float
    q: float


@dataclass(frozen=True, kw_only=True, slots=True)
class ShrunkMean:
    """A subgroup mean as it is shown.

    Attributes
    ----------
    mean : float
        Between the observed mean and the common one.
    sd : float
        Posterior standard deviation; NaN where no subgroup has two patients.
    """

    mean: float
    sd: float


def pool_effects(effects: ArrayLike, squared_errors: ArrayLike) -> RandomEffects:
    """Pool effects that differ truly and by chance, after Paule and Mandel.

    Parameters
    ----------
    effects, squared_errors : array_like of float, shape (k,)
        Estimates and their squared standard errors, finite, not negative.

    Returns
    -------
    RandomEffects
        `tau2` solves sum((effects - mean)**2 / (squared_errors + tau2)) = k - 1; it is 0 if
        the sum at 0 does not exceed k - 1.

    Raises
    ------
    ValueError
        If there is no effect, lengths differ, a number is not finite or an error negative.

    References
    ----------
    Paule, R. C., Mandel, J. (1982). Journal of Research of the National Bureau of Standards
    87(5), 377-385. doi:10.6028/jres.087.022

    Examples
    --------
    With equal errors tau2 is the variance of the effects less the error:

    >>> pooled = pool_effects([0.0, 0.1, 0.0, 0.1, 0.05, 0.05], [0.01**2] * 6)
    >>> round(pooled.mean, 9), round(pooled.tau2, 9), round(pooled.q, 9)
    (0.05, 0.0019, 100.0)
    """
    g = np.asarray(effects, dtype=np.float64)
    v = np.asarray(squared_errors, dtype=np.float64)
    if not (g.ndim == 1 and g.size and g.shape == v.shape):
        raise ValueError("effects and squared_errors must be flat, of one length, not empty")
    if not (np.all(np.isfinite(g)) and np.all(np.isfinite(v)) and np.all(v >= 0)):
        raise ValueError("effects and squared_errors must be finite, errors not negative")
    k = g.size
    q = _weigh(g, v, 0.0)[1]
    low, high = 0.0, 0.0
    if q > k - 1:
        high = float(g.var(ddof=1))  # tau2 is never larger: it leaves chance nothing
        while True:  # halves until no double lies between the ends
            middle = (low + high) / 2
            if middle in (low, high):
                break
            low, high = (middle, high) if _weigh(g, v, middle)[1] > k - 1 else (low, middle)
    return RandomEffects(mean=_weigh(g, v, high)[0], tau2=high, q=q)


def _weigh(
    effects: NDArray[np.float64], squared_errors: NDArray[np.float64], tau2: float
) -> tuple[float, float]:
    """Return the weighted mean and the weighted sum of squares about it."""
    total = squared_errors + tau2
    smallest = float(total.min())
    # Relative to the largest weight, which overflows where an error is almost 0.
    relative = smallest / total if smallest else (total == 0).astype(np.float64)
    mean = float(relative @ effects / relative.sum())
    squares = (effects - mean) ** 2
    with np.errstate(divide="ignore", over="ignore"):
        terms = np.divide(squares, total, out=np.zeros_like(squares), where=squares > 0)
    return mean, float(terms.sum())


def shrink_means(
    means: ArrayLike, *, variances: ArrayLike, n_patients: Sequence[int]
) -> tuple[ShrunkMean, ...]:
    """Draw subgroup means towards their common mean, the more the fewer patients they have.

    Parameters
    ----------
    means, variances : array_like of float, shape (k,)
        Of all non-missing subgroups with a case: means and squared standard errors; the
        variance of a subgroup with one patient is not read.
    n_patients : sequence of int, length k
        Patients per subgroup, each at least 1.

    Returns
    -------
    tuple of ShrunkMean
        In the order of `means`; the observed means with sd NaN if no subgroup has two patients.

    Raises
    ------
    ValueError
        If lengths differ or a count is below 1.

    References
    ----------
    Efron, B., Morris, C. (1975). Journal of the American Statistical Association 70(350),
    311-319. doi:10.1080/01621459.1975.10479864

    Examples
    --------
    Means that differ by no more than chance become one:

    >>> [round(s.mean, 6) for s in shrink_means([0.7, 0.8], variances=[0.1, 0.1],
    ...                                         n_patients=[10, 10])]
    [0.75, 0.75]
    """
    m, v = np.asarray(means, dtype=np.float64), np.asarray(variances, dtype=np.float64)
    counts = np.asarray(n_patients, dtype=np.float64)
    if not (m.ndim == 1 and m.shape == v.shape == counts.shape and np.all(counts >= 1)):
        raise ValueError("means, variances and n_patients (at least 1) must have one length")
    several = counts >= 2
    if not several.any():
        return tuple(ShrunkMean(mean=float(mean), sd=nan) for mean in m)
    df = counts[several] - 1
    within = float(df @ (v[several] * counts[several]) / df.sum())
    squared_errors = within / counts
    pooled = pool_effects(m, squared_errors)
    shown = []
    for mean, squared_error in zip(m.tolist(), squared_errors.tolist(), strict=True):
        total = squared_error + pooled.tau2
        kept = pooled.tau2 / total if total else 1.0
        shown.append(
            ShrunkMean(
                mean=pooled.mean + kept * (mean - pooled.mean), sd=sqrt(kept * squared_error)
            )
        )
    return tuple(shown)
