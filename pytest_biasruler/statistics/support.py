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
