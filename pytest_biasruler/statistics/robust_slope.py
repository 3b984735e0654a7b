"""One least-squares slope with its CR1 error, with or without a phantom patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.moments import PHANTOM_WEIGHT, sum_products

if TYPE_CHECKING:
    from numpy.typing import NDArray

Slope = tuple[float, float]
"""A slope and its standard error."""

Place = tuple[float, float]
"""Position and value of a phantom patient."""

ENDS = (0.05, 0.95)
"""Quantiles of the patients' positions at which that patient stands: at the very ends one
outlying position would decide all bounds."""


def place_phantoms(
    positions: NDArray[np.float64], support: tuple[float, float]
) -> tuple[tuple[Place, Place], tuple[Place, Place]]:
    """Return the patients who would make a slope larger, and those who would make it smaller.

    Parameters
    ----------
    positions : ndarray of float, shape (C,)
        One for each patient.
    support : tuple of float
        Smallest and largest value there can be.

    Examples
    --------
    >>> up, down = place_phantoms(np.array([0.0, 10.0, 20.0]), (0.0, 1.0))
    >>> up, down
    (((1.0, 0.0), (19.0, 1.0)), ((1.0, 1.0), (19.0, 0.0)))
    """
    left, right = (float(end) for end in np.quantile(positions, ENDS))
    low, high = support
    return ((left, low), (right, high)), ((left, high), (right, low))


def fit_slope(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    owners: NDArray[np.intp],
    phantom: Place | None = None,
) -> Slope:
    """Return the slope of `y` on `x` and its CR1 error.

    Parameters
    ----------
    x, y : ndarray of float, shape (n,)
        Positions, not all the same, and values.
    owners : ndarray of int, shape (n,)
        Number of each case's patient, from 0; at least three patients.
    phantom : tuple of float, optional
        Where half a patient of average size stands beside the others.

    Examples
    --------
    >>> x, y = np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 2.0, 2.0, 4.0])
    >>> slope, se = fit_slope(x, y, owners=np.arange(4))
    >>> round(slope, 9), round(se, 9)
    (1.2, 0.169705627)
    """
    n_patients = int(owners.max()) + 1
    place, score = phantom or (0.0, 0.0)
    weight = PHANTOM_WEIGHT if phantom else 0.0
    n_cases = x.size / n_patients
    mass = weight * n_cases
    x_mean = (float(x.sum()) + mass * place) / (x.size + mass)
    y_mean = (float(y.sum()) + mass * score) / (x.size + mass)
    dx, dy, px, py = x - x_mean, y - y_mean, place - x_mean, score - y_mean
    spread = sum_products(dx, dx) + mass * px * px
    slope = (sum_products(dx, dy) + mass * px * py) / spread
    pulls = sum_by(owners, dx * (dy - slope * dx))
    squares = sum_products(pulls, pulls) + weight * (n_cases * px * (py - slope * px)) ** 2
    size = n_patients + weight
    return slope, float(np.sqrt(size / (size - 2) * squares)) / spread


def sum_by(owners: NDArray[np.intp], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of each patient's values.

    Examples
    --------
    >>> sum_by(np.array([0, 0, 1]), np.array([1.0, 2.0, 4.0])).tolist()
    [3.0, 4.0]
    """
    return np.asarray(np.bincount(owners, weights=values), dtype=np.float64)
