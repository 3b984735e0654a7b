"""Differences between the columns of one matrix: paired by case, clustered by patient, guarded."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.moments import PHANTOM_WEIGHT
from pytest_biasruler.statistics.student import student_quantile, student_tail

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray

EVERYONE = "all"
"""Name of the only group where cases are not cut into subgroups."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PairedDifferences:
    """Column i minus column j of a matrix, for all i and j.

    Attributes
    ----------
    means, errors : ndarray of float, shape (M, M)
        Mean over cases and its standard error, clustered by patient; 0 on the diagonal. The
        errors are infinite for a single patient.
    df : int
        Patients minus one.
    low_means, low_errors : ndarray of float, shape (M, M)
        The same with half a phantom patient in which i has the worst score that was seen, and j
        the best.
    low_df : float
    """

    means: NDArray[np.float64]
    errors: NDArray[np.float64]
    df: int
    low_means: NDArray[np.float64]
    low_errors: NDArray[np.float64]
    low_df: float

    def tails(self) -> NDArray[np.float64]:
        """Return the guarded one-sided p-values that i is ahead of j, shape (M, M)."""
        plain = student_tail(self.means, se=self.errors, df=float(self.df))
        shifted = student_tail(self.low_means, se=self.low_errors, df=self.low_df)
        largest: NDArray[np.float64] = np.maximum(plain, shifted)
        return largest

    def bounds(self, *, level: float, side: int) -> NDArray[np.float64]:
        """Return one plain one-sided bound of each, lower for `side` -1, upper for +1."""
        if not self.df:
            return np.full(self.means.shape, side * inf)
        return self.means + side * student_quantile(level, self.df) * self.errors

    def guarded_bounds(self, *, level: float, side: int) -> NDArray[np.float64]:
        """Return one guarded one-sided bound of each, lower for `side` -1, upper for +1."""
        plain = self.bounds(level=level, side=side)
        lowest = self.low_means - student_quantile(level, self.low_df) * self.low_errors
        # The largest that i can be ahead of j is the smallest that j can be ahead of i.
        guarded: NDArray[np.float64]
        guarded = np.minimum(plain, lowest) if side < 0 else np.maximum(plain, -lowest.T)
        return guarded


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Matrices:
    """Matrices of the same cases and columns, gathered by patient.

    Attributes
    ----------
    values : ndarray of float, shape (R, n, M)
        R matrices, cases in the order of their patients.
    starts : ndarray of int, shape (C,)
        Where a patient's cases begin.
    """

    values: NDArray[np.float64]
    starts: NDArray[np.intp]

    @property
    def n_cases(self) -> int:
        """Number of cases."""
        return int(self.values.shape[1])

    @property
    def n_patients(self) -> int:
        """Number of patients."""
        return len(self.starts)

    @property
    def means(self) -> NDArray[np.float64]:
        """Means over cases, shape (R, M); exactly the value where all cases are equal."""
        first = self.values[:, :1]
        means: NDArray[np.float64] = first[:, 0] + (self.values - first).mean(axis=1)
        return means

    def differences(
        self, matrix: int, *, reach: NDArray[np.float64] | None = None
    ) -> PairedDifferences:
        """Return the paired differences between the columns of one of the matrices.

        Phantom patients stand at -`reach`, of shape (M, M), by default that of these matrices.
        """
        values, n_columns = self.values[matrix], self.values.shape[2]
        edges = reach_of([self]) if reach is None else reach
        # Mean and error, plain and with the phantom.
        found = np.zeros((4, n_columns, n_columns))
        for i in range(n_columns):
            others = np.arange(n_columns) != i
            apart = values[:, i : i + 1] - values[:, others]
            found[:, i, others] = self._clustered(apart, -edges[i, others])
        return PairedDifferences(
            means=found[0],
            errors=found[1],
            df=self.n_patients - 1,
            low_means=found[2],
            low_errors=found[3],
            low_df=self.n_patients + PHANTOM_WEIGHT - 1,
        )

    def _clustered(
        self, columns: NDArray[np.float64], phantoms: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return mean and standard error of each column, then the same with a phantom patient."""
        n_cases, n_patients = len(columns), self.n_patients
        shifted, weight, size = columns - columns[:1], PHANTOM_WEIGHT, n_cases / n_patients
        away = phantoms - columns[0]
        means = shifted.mean(axis=0)
        lows = (n_cases * means + weight * size * away) / (n_cases + weight * size)
        squares, low_squares = (
            np.sum(np.add.reduceat(shifted - mean, self.starts, axis=0) ** 2, axis=0)
            for mean in (means, lows)
        )
        low_squares += weight * (size * (away - lows)) ** 2
        grown, low_df = n_patients + weight, n_patients + weight - 1
        low_errors = np.sqrt(grown / low_df * low_squares) / (n_cases + weight * size)
        errors = np.full(len(means), inf)
        if n_patients > 1:
            errors = np.sqrt(n_patients / (n_patients - 1)) / n_cases * np.sqrt(squares)
        return np.stack([columns[0] + means, errors, columns[0] + lows, low_errors])


def cut_matrices(
    matrices: Sequence[ArrayLike],
    *,
    subgroups: Sequence[str] | NDArray[np.str_] | None = None,
    patients: Sequence[object] | NDArray[np.generic] | None = None,
) -> dict[str, Matrices]:
    """Cut matrices of the same cases and columns into subgroups and patients.

    Parameters
    ----------
    matrices : sequence of array_like of float, each of shape (n, M)
        A case with a value that is not finite in any of them is left out of all.
    subgroups : sequence of str, shape (n,), optional
        The subgroup of each case; without it all are in the one called "all".
    patients : sequence, shape (n,), optional
        The patient of each case; without it every case is its own patient.

    Returns
    -------
    dict of str to Matrices
        Subgroups that hold a complete case, sorted by name.

    Raises
    ------
    ValueError
        If shapes or lengths differ.

    Examples
    --------
    >>> cut = cut_matrices([[[0.9, 0.5], [0.7, 0.5], [0.5, float("nan")]]])
    >>> cut["all"].n_cases, cut["all"].differences(0).means[0].round(6).tolist()
    (2, [0.0, 0.3])
    """
    arrays = [np.asarray(matrix, dtype=np.float64) for matrix in matrices]
    if any(array.ndim != 2 or array.shape != arrays[0].shape for array in arrays):
        raise ValueError(f"matrices must be of one shape (n, M), not {[a.shape for a in arrays]}")
    values = np.stack(arrays)
    n_cases = values.shape[1]
    labels = np.full(n_cases, EVERYONE) if subgroups is None else np.asarray(subgroups, np.str_)
    codes = _number_patients(patients, n_cases=n_cases)
    if labels.shape != (n_cases,) or codes.shape != (n_cases,):
        raise ValueError(f"subgroups and patients must be ({n_cases},), as the matrices are")
    rows = np.flatnonzero(np.isfinite(values).all(axis=(0, 2)))
    # Sorting by value last makes every sum independent of the order of the rows.
    keys = np.concatenate([array[rows].T for array in arrays])[::-1]
    rows = rows[np.lexsort(keys if patients is None else (*keys, codes[rows]))]
    return {
        str(name): _gather(values, codes, rows[labels[rows] == name])
        for name in np.unique(labels[rows])
    }


def reach_of(matrices: Iterable[Matrices]) -> NDArray[np.float64]:
    """Return how far apart two columns can be in a case that was not drawn, shape (M, M).

    As far as the largest of all values from the smallest: a model that has not missed yet may
    miss. Columns that are equal everywhere are one model twice, and never apart.

    Examples
    --------
    >>> cut = cut_matrices([[[0.9, 0.5, 0.5], [0.7, 0.5, 0.5]]])
    >>> reach_of(cut.values()).round(9).tolist()
    [[0.0, 0.4, 0.4], [0.4, 0.0, 0.0], [0.4, 0.0, 0.0]]
    """
    values = np.concatenate([group.values for group in matrices], axis=1)
    same = [(values == values[:, :, i : i + 1]).all(axis=(0, 1)) for i in range(values.shape[2])]
    return np.where(same, 0.0, np.ptp(values))


def _number_patients(
    patients: Sequence[object] | NDArray[np.generic] | None, *, n_cases: int
) -> NDArray[np.intp]:
    if patients is None:
        return np.arange(n_cases)
    names = np.asarray(patients)
    names = names.astype(np.str_) if names.dtype == object else names
    return np.unique(names, return_inverse=True)[1]


def _gather(
    values: NDArray[np.float64], codes: NDArray[np.intp], rows: NDArray[np.intp]
) -> Matrices:
    starts = np.flatnonzero(np.diff(codes[rows], prepend=-1))
    return Matrices(values=values[:, rows], starts=starts)
