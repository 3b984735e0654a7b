"""How far two columns put things in the same order."""

from __future__ import annotations

from math import nan, sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def rank_correlation(x: ArrayLike, y: ArrayLike) -> float:
    """Return Kendall's tau-b of two columns.

    Parameters
    ----------
    x, y : array_like of float, shape (n,)
        Not NaN.

    Returns
    -------
    float
        In [-1, 1]: sum of sign * sign over pairs, over the root of the pairs untied in x times
        those untied in y; NaN where either is 0.

    Raises
    ------
    ValueError
        If lengths differ or a value is NaN.

    References
    ----------
    Kendall, M. G. (1945). Biometrika 33(3), 239-251. doi:10.1093/biomet/33.3.239

    Examples
    --------
    Of six pairs five agree and one does not, (5 - 1) / 6:

    >>> round(rank_correlation([1, 2, 3, 4], [1, 3, 2, 4]), 6)
    0.666667
    """
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape or np.isnan(a).any() or np.isnan(b).any():
        raise ValueError("x and y must be flat, of one length, without NaN")
    signs_a, signs_b = _signs(a), _signs(b)
    untied = float(np.count_nonzero(signs_a)) * float(np.count_nonzero(signs_b))
    return float(np.sum(signs_a * signs_b)) / sqrt(untied) if untied else nan


def _signs(values: NDArray[np.float64]) -> NDArray[np.int64]:
    above = values[:, None] > values
    return above.astype(np.int64) - above.T
