"""Student's t with degrees of freedom that need not be whole and may be infinite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri, stdtr, stdtrit

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def student_quantile(level: float, df: ArrayLike) -> NDArray[np.float64]:
    """Return the `level` quantile of Student's t.

    Parameters
    ----------
    level : float
        In (0, 1).
    df : array_like of float
        Degrees of freedom; infinite is the normal distribution, NaN gives NaN.

    Returns
    -------
    ndarray of float
        Shaped as `df`.

    Raises
    ------
    ValueError
        If `level` is not inside (0, 1).

    Examples
    --------
    >>> student_quantile(0.975, [10.0, np.inf]).round(4).tolist()
    [2.2281, 1.96]
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie inside (0, 1), not {level}")
    freedom = np.asarray(df, dtype=np.float64)
    # Not every release of scipy knows the quantile at infinite degrees of freedom.
    quantiles: NDArray[np.float64] = np.where(
        np.isinf(freedom), ndtri(level), stdtrit(freedom, level)
    )
    return quantiles


def student_tail(excess: ArrayLike, *, se: ArrayLike, df: ArrayLike) -> NDArray[np.float64]:
    """Return the one-sided p that an estimate exceeds its limit by luck.

    Parameters
    ----------
    excess : array_like of float
        Estimate minus limit; ±inf is beyond doubt.
    se : array_like of float
        Standard error; 0 leaves no doubt, infinite or NaN leaves nothing but doubt.
    df : array_like of float
        Degrees of freedom.

    Returns
    -------
    ndarray of float
        In [0, 1]; 1 where nothing can be said.

    Examples
    --------
    >>> student_tail([0.1, 0.1, 0.0], se=[0.0, np.inf, 1.0], df=5.0).tolist()
    [0.0, 1.0, 0.5]
    """
    excess, se, df = np.broadcast_arrays(
        np.asarray(excess, dtype=np.float64), np.asarray(se), np.asarray(df)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        tail = np.where(np.isfinite(df), stdtr(df, -excess / se), stdtr(np.inf, -excess / se))
    tail = np.where(np.isfinite(se) & ~np.isnan(excess), tail, 1.0)
    return np.where((se == 0) | np.isinf(excess), np.where(excess > 0, 0.0, 1.0), tail)


def satterthwaite(
    variance_a: NDArray[np.float64] | float,
    df_a: NDArray[np.float64] | float,
    variance_b: NDArray[np.float64] | float,
    df_b: NDArray[np.float64] | float,
) -> NDArray[np.float64]:
    """Return the degrees of freedom of the sum of two squared errors.

    Parameters
    ----------
    variance_a, df_a, variance_b, df_b : float or ndarray of float
        Squared errors and their degrees of freedom.

    Returns
    -------
    ndarray of float
        Infinite if both errors are 0, NaN if one is infinite or undefined.

    References
    ----------
    Satterthwaite, F. E. (1946). Biometrics Bulletin 2(6), 110-114. doi:10.2307/3002019

    Examples
    --------
    >>> float(satterthwaite(0.5, 4.0, 0.5, 4.0)), float(satterthwaite(0.0, 4.0, 0.5, 3.0))
    (8.0, 3.0)
    """
    # By shares: squares of tiny errors would underflow.
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.asarray(variance_a / np.add(variance_a, variance_b))
        df = 1 / (share**2 / df_a + (1 - share) ** 2 / df_b)
    is_exact = (np.asarray(variance_a) == 0) & (np.asarray(variance_b) == 0)
    return np.where(is_exact, np.inf, df)
