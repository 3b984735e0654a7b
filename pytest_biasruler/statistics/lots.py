"""Who is drawn next: seeded random orders, and draws with chances that are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.draws import Stream

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_SMALLEST_SHARE = 0.2
"""No chance is below a fifth of the average one, or a single label would stand for too many."""

_BEYOND_BEST = 1.02
"""A little above the best score, so that a case that scores 1 can be drawn too."""


def draw_order(n: int, *, seed: int) -> NDArray[np.intp]:
    """Return the numbers below `n` in a random order, of which every beginning is a random part.

    Examples
    --------
    >>> draw_order(4, seed=0).tolist() == draw_order(4, seed=0).tolist()
    True
    >>> sorted(draw_order(4, seed=3).tolist())
    [0, 1, 2, 3]
    """
    return np.argsort(Stream(seed).uniforms(n), kind="stable")


def chances_by_score(scores: ArrayLike, *, n_wanted: float) -> NDArray[np.float64]:
    """Return chances that draw about `n_wanted`, and the worse scored the likelier.

    Parameters
    ----------
    scores : array_like of float, shape (n,)
        On the 0-1 scale, higher is better.
    n_wanted : float
        How many to draw, from 0.

    Returns
    -------
    ndarray of float, shape (n,)
        min(1, max(0.2 * n_wanted / n, n_wanted * q / sum(q))) with q = sqrt(1.02 - score).

    Examples
    --------
    >>> chances_by_score([0.02, 0.66, 1.02 - 0.16], n_wanted=1).round(3).tolist()
    [0.5, 0.3, 0.2]
    """
    sizes = np.sqrt(_BEYOND_BEST - np.asarray(scores, dtype=np.float64))
    share = n_wanted * sizes / sizes.sum()
    chances: NDArray[np.float64] = np.clip(share, _SMALLEST_SHARE * n_wanted / len(sizes), 1.0)
    return chances


def draw_more(before: ArrayLike, after: ArrayLike, *, seed: int) -> NDArray[np.bool_]:
    """Draw among those not yet drawn, so that everybody's chance over both draws is `after`.

    Parameters
    ----------
    before : array_like of float, shape (n,)
        The chance that each had in the earlier draw, below 1.
    after : array_like of float, shape (n,)
        The chance that each is to have had in the end, at least that before, at most 1.
    seed : int

    Returns
    -------
    ndarray of bool, shape (n,)

    Raises
    ------
    ValueError
        If a chance falls, or one before is not in [0, 1).

    Examples
    --------
    >>> draw_more([0.3, 0.3], [0.3, 1.0], seed=0).tolist()
    [False, True]
    """
    old, new = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    if not np.all((old >= 0) & (old < 1)):
        raise ValueError("before must lie in [0, 1)")
    if not np.all((new >= old) & (new <= 1)):
        raise ValueError("after must lie between before and 1")
    drawn: NDArray[np.bool_] = Stream(seed).uniforms(len(old)) < (new - old) / (1 - old)
    return drawn
