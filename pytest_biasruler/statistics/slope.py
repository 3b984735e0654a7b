"""How a score changes with a dose: least-squares weights that turn scores into a slope."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def weigh_levels(levels: ArrayLike) -> NDArray[np.float64]:
    """Return the weights whose sum with scores is their least-squares slope on the levels.

    Parameters
    ----------
    levels : array_like of float, shape (m,)
        The dose of each score, finite, at least two different ones.

    Returns
    -------
    ndarray of float, shape (m,)
        They sum to 0.

    Raises
    ------
    ValueError
        If a level is not finite or all are the same.

    Examples
    --------
    >>> weigh_levels([0.0, 1.0, 2.0]).tolist()
    [-0.5, 0.0, 0.5]
    """
    x = np.asarray(levels, dtype=np.float64)
    if not (x.ndim == 1 and x.size and np.all(np.isfinite(x)) and x.min() < x.max()):
        raise ValueError(f"levels must be finite and at least two must differ, not {x.tolist()}")
    centred = x - x.mean()
    weights: NDArray[np.float64] = centred / (centred @ centred)
    return weights


def fit_slopes(scores: ArrayLike, *, levels: ArrayLike) -> NDArray[np.float64]:
    """Return the least-squares slope of each row of scores on the levels.

    Parameters
    ----------
    scores : array_like of float, shape (n, m)
        One row per case, one column per level; a row with a NaN has slope NaN.
    levels : array_like of float, shape (m,)
        As for `weigh_levels`.

    Returns
    -------
    ndarray of float, shape (n,)
        In units of the score per unit of level; exactly 0 for a row of equal scores.

    Raises
    ------
    ValueError
        As `weigh_levels` does, or if the lengths differ.

    Examples
    --------
    >>> fit_slopes([[0.9, 0.8, 0.7], [0.5, 0.5, 0.5]], levels=[0.0, 0.5, 1.0]).round(9).tolist()
    [-0.2, 0.0]
    """
    table, weights = np.asarray(scores, dtype=np.float64), weigh_levels(levels)
    if table.ndim != 2 or table.shape[1] != weights.size:
        raise ValueError(f"scores {table.shape} must have a column for each of {weights.size}")
    slopes: NDArray[np.float64] = (table - table[:, :1]) @ weights
    return slopes


def widest_slope(levels: ArrayLike, *, width: float) -> float:
    """Return the steepest slope that scores can have which differ by at most `width`.

    Examples
    --------
    >>> widest_slope([0.0, 1.0, 2.0], width=1.0)
    0.5
    """
    weights = weigh_levels(levels)
    return width * float(weights[weights > 0].sum())
