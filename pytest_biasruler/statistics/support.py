"""What a case of a column can be, as far as the column itself tells."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def pooled_support(column: ArrayLike) -> tuple[float, float]:
    """Return the smallest and the largest finite value, the support of a column of scores.

    Parameters
    ----------
    column : array_like of float
        The column of the cases of judged subgroups; what is not finite is passed over.

    Returns
    -------
    tuple of float
        (nan, nan) if no value is finite: then no guard and no finite bound exists.

    Examples
    --------
    >>> pooled_support([0.9, float("nan"), 0.2])
    (0.2, 0.9)
    """
    values = np.asarray(column, dtype=np.float64)
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if values.size else (nan, nan)


def symmetric_support(column: ArrayLike) -> tuple[float, float]:
    """Return ∓ the largest absolute value, the support of a column of differences.

    Parameters
    ----------
    column : array_like of float
        The column of the cases of judged subgroups; what is not finite is passed over.

    Returns
    -------
    tuple of float
        (nan, nan) if no value is finite.

    Examples
    --------
    >>> symmetric_support([-0.3, 0.1])
    (-0.3, 0.3)
    """
    low, high = pooled_support(column)
    reach = max(abs(low), abs(high))
    return -reach, reach


def difference_support(*scores: ArrayLike) -> tuple[float, float]:
    """Return ∓ the range of the scores whose differences are compared.

    What was seen of the differences themselves says too little: two models that miss none of the
    cases drawn hardly differ, though both show how low a score can be. In simulations with misses
    of one model in 5 % of a subgroup of 20, upper bounds guarded by the largest difference were
    too low in 27 to 37 % of benchmarks, by the range of the scores in at most 2 %.

    Parameters
    ----------
    *scores : array_like of float, each of shape (n,)
        Scores of the cases of judged subgroups; what is not finite is passed over.

    Returns
    -------
    tuple of float
        (0, 0) if all columns are equal: then they are one, and never differ. (nan, nan) if no
        value is finite.

    Examples
    --------
    >>> difference_support([0.75, 0.5], [0.75, 0.25])
    (-0.5, 0.5)
    >>> difference_support([0.75, 0.5], [0.75, 0.5])
    (0.0, 0.0)
    """
    if np.size(scores[0]) and all(np.array_equal(scores[0], other) for other in scores[1:]):
        return 0.0, 0.0
    low, high = pooled_support(np.concatenate([np.ravel(column) for column in scores]))
    return low - high, high - low
