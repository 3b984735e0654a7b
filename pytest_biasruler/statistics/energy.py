"""How far two clouds of points lie apart, whatever makes them differ: the energy distance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, kw_only=True, slots=True)
class Energy:
    """How far two clouds of points lie apart.

    Attributes
    ----------
    distance : float
        E, at least 0, in the unit of the distances.
    coefficient : float
        H = E / (2 mean distance between the clouds), in [0, 1]; 0 if no point differs.
    """

    distance: float
    coefficient: float


def measure_energy(distances: NDArray[np.float64], is_first: NDArray[np.bool_]) -> Energy:
    """Measure how far two clouds of points lie apart.

    Parameters
    ----------
    distances : ndarray of float, shape (n, n)
        Of all ordered pairs, those of a point with itself included.
    is_first : ndarray of bool, shape (n,)
        Which points are in the first cloud.

    Returns
    -------
    Energy

    Raises
    ------
    ValueError
        If a cloud is empty.

    References
    ----------
    Székely, G. J., Rizzo, M. L. (2013). Journal of Statistical Planning and Inference 143(8),
    1249-1272. doi:10.1016/j.jspi.2013.03.018

    Examples
    --------
    {0, 1} against {2, 3}: 2 apart on average, half apart within.

    >>> points = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> measure_energy(np.abs(points - points.T), np.array([True, True, False, False]))
    Energy(distance=3.0, coefficient=0.75)
    """
    first, second = np.flatnonzero(is_first), np.flatnonzero(~is_first)
    if not (len(first) and len(second)):
        raise ValueError("is_first must name points of both clouds")
    between = float(distances[np.ix_(first, second)].mean())
    within = sum(float(distances[np.ix_(own, own)].mean()) for own in (first, second))
    distance = max(2 * between - within, 0.0)  # below 0 only by rounding
    return Energy(distance=distance, coefficient=distance / (2 * between) if between else 0.0)


def scale_features(features: ArrayLike) -> NDArray[np.float64]:
    """Divide each feature by its interquartile range, or what stands in for a range of 0.

    Parameters
    ----------
    features : array_like of float, shape (n, F)
        One row per patient.

    Returns
    -------
    ndarray of float, shape (n, F)
        Divided by the standard deviation (ddof 0) where the range is 0, by 1 where both are.

    Examples
    --------
    >>> scale_features([[0, 0, 7], [2, 0, 7], [4, 0, 7], [6, 0, 7], [8, 5, 7]]).tolist()[-1]
    [2.0, 2.5, 7.0]
    """
    values = np.asarray(features, dtype=np.float64)
    low, high = np.quantile(values, [0.25, 0.75], axis=0)
    spread = values.std(axis=0) * (values.min(axis=0) < values.max(axis=0))
    divisor = np.where(high > low, high - low, np.where(spread > 0, spread, 1.0))
    scaled: NDArray[np.float64] = values / divisor
    return scaled
