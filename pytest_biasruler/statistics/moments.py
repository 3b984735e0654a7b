"""The mean of a subgroup whose patients are clusters of cases, and its squared error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_biasruler.statistics.cells import Cells

PHANTOM_WEIGHT = 0.5
"""Half a patient: a quarter protected too little in simulations, a whole one cost power."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Moments:
    """A mean, its squared standard error and its degrees of freedom.

    Attributes
    ----------
    mean : float
        In the unit of the column; NaN if there is no case.
    variance : float
        Squared standard error of `mean`; infinite for a single patient.
    df : float
        Degrees of freedom of `variance`; need not be whole.
    """

    mean: float
    variance: float
    df: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Sums:
    """What `moments` needs of one subgroup: sums over its patients about a fixed shift.

    Attributes
    ----------
    n_patients, n_cases : int
    shift : float
        Subtracted from every case before summing, against cancellation.
    total : float
        Sum of the cases.
    square_sizes, size_totals, square_totals : float
        Sums over patients of m², m·s and s², where a patient has m cases that sum to s.
    square_values : float
        Sum over cases of their squares.
    minimum, maximum : float
        Of the cases, not shifted; NaN if there is none.
    """

    n_patients: int
    n_cases: int
    shift: float
    total: float
    square_sizes: float
    size_totals: float
    square_totals: float
    square_values: float
    minimum: float
    maximum: float

    @property
    def sd(self) -> float:
        """Standard deviation of the cases (n - 1), NaN below two."""
        if self.n_cases < 2:
            return float("nan")
        spread = self.square_values - self.total**2 / self.n_cases
        return float(np.sqrt(max(spread, 0.0) / (self.n_cases - 1)))


def sum_products(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return the sum of the products of two columns, the same on every machine.

    A dot product of 10,000 numbers or more is left to as many threads as there are processors:
    its last digits hang on them, and where they are busy it takes a hundred times as long.

    Examples
    --------
    >>> sum_products(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    11.0
    """
    return float(np.sum(first * second))


def sum_cells(cells: Cells) -> Sums:
    """Return the sums of one subgroup over its patients.

    Parameters
    ----------
    cells : Cells
        As `cut_cells` gives them; may be empty.

    Returns
    -------
    Sums

    Examples
    --------
    >>> from pytest_biasruler.statistics.cells import cut_cells
    >>> sums = sum_cells(cut_cells([1.0, 3.0], subgroups=["a", "a"])["a"])
    >>> sums.n_patients, sums.shift, sums.total, sums.square_values
    (2, 2.0, 0.0, 2.0)
    """
    values, nan = cells.values, float("nan")
    shift = float(np.median(values)) if values.size else 0.0
    shifted = values - shift
    totals = cells.totals(shifted)
    sizes = cells.sizes.astype(np.float64)
    return Sums(
        n_patients=len(sizes),
        n_cases=len(values),
        shift=shift,
        total=float(np.sum(shifted)),
        square_sizes=sum_products(sizes, sizes),
        size_totals=sum_products(sizes, totals),
        square_totals=sum_products(totals, totals),
        square_values=sum_products(shifted, shifted),
        minimum=float(values.min()) if values.size else nan,
        maximum=float(values.max()) if values.size else nan,
    )


def merge_sums(first: Sums, second: Sums) -> Sums:
    """Return the sums of two sets of patients that have none in common.

    Parameters
    ----------
    first, second : Sums
        The shift of the result is that of `first`.

    Returns
    -------
    Sums

    Examples
    --------
    >>> from pytest_biasruler.statistics.cells import cut_cells
    >>> a, b = cut_cells([1.0, 3.0, 8.0], subgroups=["a", "a", "b"]).values()
    >>> moments_of(merge_sums(sum_cells(a), sum_cells(b))).mean
    4.0
    """
    step = second.shift - first.shift
    return Sums(
        n_patients=first.n_patients + second.n_patients,
        n_cases=first.n_cases + second.n_cases,
        shift=first.shift,
        total=first.total + second.total + step * second.n_cases,
        square_sizes=first.square_sizes + second.square_sizes,
        size_totals=first.size_totals + second.size_totals + step * second.square_sizes,
        square_totals=first.square_totals
        + second.square_totals
        + 2 * step * second.size_totals
        + step**2 * second.square_sizes,
        square_values=first.square_values
        + second.square_values
        + 2 * step * second.total
        + step**2 * second.n_cases,
        minimum=float(np.fmin(first.minimum, second.minimum)),
        maximum=float(np.fmax(first.maximum, second.maximum)),
    )


def moments_of(
    sums: Sums, *, phantom: float | None = None, weight: float = PHANTOM_WEIGHT
) -> Moments:
    """Return the mean over cases of a subgroup and its squared error, clustered by patient.

    Parameters
    ----------
    sums : Sums
        Of one subgroup.
    phantom : float, optional
        Add half a patient with the mean number of cases, all of this value: what the
        subgroup might hold and has by luck not shown.
    weight : float
        How much of a patient the phantom is.

    Returns
    -------
    Moments
        Of C patients with m cases that sum to s: mean = sum(s) / sum(m), variance =
        C / (C - 1) * sum((s - m * mean)**2) / sum(m)**2, df = C - 1; infinite variance for
        one patient without phantom, NaN for none.

    Examples
    --------
    One case per patient is the textbook mean and squared error, here 2 / 2:

    >>> from pytest_biasruler.statistics.cells import cut_cells
    >>> sums = sum_cells(cut_cells([1.0, 3.0], subgroups=["a", "a"])["a"])
    >>> moments_of(sums)
    Moments(mean=2.0, variance=1.0, df=1.0)
    >>> moments_of(sums, phantom=2.0).df
    1.5
    """
    if not sums.n_cases:
        return Moments(mean=float("nan"), variance=float("nan"), df=float("nan"))
    weight = 0.0 if phantom is None else weight
    size = sums.n_cases / sums.n_patients
    value = 0.0 if phantom is None else phantom - sums.shift
    n_patients = sums.n_patients + weight
    n_cases = sums.n_cases + weight * size
    mean = (sums.total + weight * size * value) / n_cases
    squares = sums.square_totals - 2 * mean * sums.size_totals + mean**2 * sums.square_sizes
    squares = max(squares, 0.0) + weight * (size * (value - mean)) ** 2
    df = n_patients - 1
    variance = n_patients / df * squares / n_cases**2 if df else float("inf")
    return Moments(mean=sums.shift + mean, variance=variance, df=df)
