"""One side of a comparison by order: its numbers, how much each weighs, and which lie above."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

FEWEST = 2
"""Numbers that each side needs."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Side:
    """Numbers of patients, one each, in rising order.

    Attributes
    ----------
    values : ndarray of float, shape (n,)
        Without NaN; infinite ones count by their order.
    weights : ndarray of float, shape (n,)
        1 for a patient, something else for a phantom.
    """

    values: NDArray[np.float64]
    weights: NDArray[np.float64]

    @property
    def size(self) -> float:
        """Patients, phantoms by their weight."""
        return float(self.weights.sum())

    def with_phantom(self, value: float, *, weight: float) -> Side:
        """Return this side with one more number that weighs `weight`."""
        place = int(np.searchsorted(self.values, value))
        return Side(
            values=np.insert(self.values, place, value),
            weights=np.insert(self.weights, place, weight),
        )

    def above_minus_below(self, others: Side) -> NDArray[np.float64]:
        """Return for each number the weight of the others below it, minus that above it.

        Returns
        -------
        ndarray of float, shape (n,)
            Whole numbers where all weights are 1.
        """
        below = np.concatenate([[0.0], np.cumsum(others.weights)])
        n_below = below[np.searchsorted(others.values, self.values, side="left")]
        n_above = below[-1] - below[np.searchsorted(others.values, self.values, side="right")]
        counts: NDArray[np.float64] = n_below - n_above
        return counts

    def variance(self, numbers: NDArray[np.float64]) -> float:
        """Return the variance (n - 1) of one number each, exactly 0 if all are equal."""
        if numbers.min() == numbers.max():
            return 0.0
        residuals = numbers - float(self.weights @ numbers) / self.size
        return float(self.weights @ residuals**2) / (self.size - 1)


def read_side(values: ArrayLike, *, name: str) -> Side:
    """Return the numbers of one side in order, each of weight 1.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        At least two numbers.
    name : str
        What an error calls them.

    Returns
    -------
    Side

    Raises
    ------
    ValueError
        If there are fewer than two numbers, not in a row, or one is NaN.

    Examples
    --------
    Of 0, 1, 1 and 2, three are below 1.5 and one is above; three are below 2, one is tied:

    >>> side = read_side([2.0, 1.5], name="first")
    >>> side.above_minus_below(read_side([0, 1, 1, 2], name="second")).tolist()
    [2.0, 3.0]
    """
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1 or len(numbers) < FEWEST:
        raise ValueError(f"{name} must hold at least {FEWEST} numbers, not {numbers.shape}")
    if np.isnan(numbers).any():
        raise ValueError(f"{name} holds NaN")
    return Side(values=np.sort(numbers), weights=np.ones(len(numbers)))
