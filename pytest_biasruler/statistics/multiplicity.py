"""Many p-values, many contrasts: how strict each must be for all together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from pytest_biasruler.statistics.draws import normal_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

N_DRAWS = 20_000


def adjust_holm(p_values: ArrayLike, *, n_tests: int | None = None) -> NDArray[np.float64]:
    """Return Holm's adjusted p-values: a share of families, at most alpha, holds a false alarm.

    Parameters
    ----------
    p_values : array_like of float, shape (n,)
        In [0, 1].
    n_tests : int, optional
        Size m of the declared family if larger than n; the missing ones count with p = 1.

    Returns
    -------
    ndarray of float, shape (n,)
        In the order of `p_values`; at equal p the order does not matter.

    Raises
    ------
    ValueError
        If a p-value is outside [0, 1] or NaN, or `n_tests` is smaller than n.

    References
    ----------
    Holm, S. (1979). Scandinavian Journal of Statistics 6(2), 65-70.

    Examples
    --------
    >>> adjust_holm([0.01, 0.04, 0.03, 0.005]).round(6).tolist()
    [0.03, 0.06, 0.06, 0.02]
    """
    p, m = _check_family(p_values, n_tests)
    order = np.argsort(p, kind="stable")
    factors = m - np.arange(len(p))
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(np.minimum(factors * p[order], 1.0))
    return adjusted


def adjust_benjamini_hochberg(
    p_values: ArrayLike, *, n_tests: int | None = None
) -> NDArray[np.float64]:
    """Return Benjamini and Hochberg's q-values: the expected share of false alarms.

    Parameters
    ----------
    p_values : array_like of float, shape (n,)
        In [0, 1].
    n_tests : int, optional
        Size m of the declared family if larger than n; the missing ones count with p = 1.

    Returns
    -------
    ndarray of float, shape (n,)
        In the order of `p_values`.

    Raises
    ------
    ValueError
        If a p-value is outside [0, 1] or NaN, or `n_tests` is smaller than n.

    References
    ----------
    Benjamini, Y., Hochberg, Y. (1995). Journal of the Royal Statistical Society B 57(1),
    289-300. doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> adjust_benjamini_hochberg([0.01, 0.04, 0.03, 0.005]).round(6).tolist()
    [0.02, 0.04, 0.04, 0.02]
    """
    p, m = _check_family(p_values, n_tests)
    order = np.argsort(p, kind="stable")
    scaled = np.minimum(m * p[order] / np.arange(1, len(p) + 1), 1.0)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    return adjusted


def _check_family(p_values: ArrayLike, n_tests: int | None) -> tuple[NDArray[np.float64], int]:
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not np.all((p >= 0) & (p <= 1)):
        raise ValueError("p_values must be a flat array within [0, 1]")
    n_declared = len(p) if n_tests is None else n_tests
    if n_declared < len(p):
        raise ValueError(f"n_tests must be at least {len(p)}, not {n_declared}")
    return p, n_declared


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Family:
    """Contrasts judged together: "at least one exceeds the limit".

    Attributes
    ----------
    n_contrasts : int
        K, both orders of a pair counted as two.
    level : float
        p*: at this level each lower bound is taken; in [1 - alpha, 1 - alpha / K].
    maxima : ndarray of float or None
        Draws of the largest standardised contrast, None where p* is known without draws.
    """

    n_contrasts: int
    level: float
    maxima: NDArray[np.float64] | None

    def combine(self, p_values: ArrayLike) -> float:
        """Return p_fail of the family from the p-values of its contrasts.

        Parameters
        ----------
        p_values : array_like of float, shape (K,)
            One-sided, one per contrast.

        Returns
        -------
        float
            In [0, 1]; 1 for a family without contrasts.
        """
        smallest = float(np.min(np.asarray(p_values), initial=1.0))
        bonferroni = min(1.0, self.n_contrasts * smallest)
        if self.maxima is None:
            return bonferroni
        n_reaching = int(np.count_nonzero(self.maxima >= -ndtri(smallest)))
        drawn = (1 + n_reaching) / (len(self.maxima) + 1)
        return min(max(smallest, drawn), bonferroni)


def judge_together(
    variances: Sequence[float],
    *,
    pairs: Sequence[tuple[int, int]],
    baseline: int | None = None,
    crosses: bool = False,
    alpha: float = 0.05,
) -> Family:
    """Find the level at which all lower bounds of a family hold together with 1 - alpha.

    Parameters
    ----------
    variances : sequence of float, length k
        Squared errors of the subgroup means.
    pairs : sequence of (int, int), length K
        The contrasts as positions in `variances`: all ordered pairs, or those with `baseline`
        in first place, or both orders of the latter.
    baseline : int, optional
        Position of the reference group.
    crosses : bool, default False
        Whether a patient has cases in several subgroups; the means then are not independent
        and Bonferroni's level is taken.
    alpha : float, default 0.05
        Share of benchmarks with a false alarm.

    Returns
    -------
    Family

    References
    ----------
    Hothorn, T., Bretz, F., Westfall, P. (2008). Biometrical Journal 50(3), 346-363.
    doi:10.1002/bimj.200810425

    Examples
    --------
    >>> judge_together([1.0, 1.0], pairs=[(0, 1)]).level
    0.95
    >>> judge_together([1.0, 1.0], pairs=[(0, 1), (1, 0)]).level
    0.975
    >>> pairs = [(a, b) for a in range(3) for b in range(3) if a != b]
    >>> round(judge_together([1.0, 1.0, 1.0], pairs=pairs).level, 2)
    0.99
    """
    n_contrasts = len(pairs)
    strictest = 1 - alpha / max(n_contrasts, 1)
    # Two subgroups need no draws; a variance without a number cannot be drawn from.
    if crosses or len(variances) <= 2 or not np.all(np.isfinite(variances)):
        return Family(n_contrasts=n_contrasts, level=strictest, maxima=None)
    maxima = draw_maxima(variances, pairs=pairs, baseline=baseline)
    level = float(ndtr(np.quantile(maxima, 1 - alpha)))
    return Family(
        n_contrasts=n_contrasts,
        level=min(max(level, 1 - alpha), strictest),
        maxima=maxima,
    )


def draw_maxima(
    variances: Sequence[float],
    *,
    pairs: Sequence[tuple[int, int]],
    baseline: int | None = None,
) -> NDArray[np.float64]:
    """Draw the largest standardised contrast of equal means, 20,000 times.

    Parameters
    ----------
    variances, pairs, baseline
        As for `judge_together`.

    Returns
    -------
    ndarray of float, shape (20000,)

    Examples
    --------
    >>> draw_maxima([1.0, 2.0, 3.0], pairs=[(0, 1), (0, 2)], baseline=0).shape
    (20000,)
    """
    floored = np.maximum(np.asarray(variances, dtype=np.float64), 1e-300)
    # A column of draws belongs to a rank, not to a name, so that renaming changes nothing.
    order = sorted(range(len(floored)), key=lambda g: (g != baseline, -floored[g]))
    columns = normal_columns(N_DRAWS, len(floored))
    draws = {g: columns[rank] * np.sqrt(floored[g]) for rank, g in enumerate(order)}
    maxima = np.full(N_DRAWS, -np.inf)
    mirrored = set(pairs)
    for a, b in pairs:
        if (b, a) in mirrored and a > b:
            continue  # covered by the absolute value of the other order
        difference = draws[a] - draws[b]
        if (b, a) in mirrored:
            np.abs(difference, out=difference)
        difference /= np.sqrt(floored[a] + floored[b])
        np.maximum(maxima, difference, out=maxima)
    return maxima
