"""Differences between the columns of one matrix, paired by case and clustered by patient."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.student import student_quantile, student_tail

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    """

    means: NDArray[np.float64]
    errors: NDArray[np.float64]
    df: int

    def tails(self) -> NDArray[np.float64]:
        """Return the one-sided p-values that i is ahead of j, shape (M, M)."""
        return student_tail(self.means, se=self.errors, df=float(self.df))

    def bounds(self, *, level: float, side: int) -> NDArray[np.float64]:
        """Return one plain one-sided bound of each, lower for `side` -1, upper for +1."""
        if not self.df:
            return np.full(self.means.shape, side * inf)
        return self.means + side * student_quantile(level, self.df) * self.errors


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

    def differences(self, matrix: int) -> PairedDifferences:
        """Return the paired differences between the columns of one of the matrices."""
        values, n_columns = self.values[matrix], self.values.shape[2]
        means, errors = np.zeros((n_columns, n_columns)), np.zeros((n_columns, n_columns))
        for i in range(n_columns - 1):
            apart = values[:, i : i + 1] - values[:, i + 1 :]
            means[i, i + 1 :], errors[i, i + 1 :] = self._clustered(apart)
        return PairedDifferences(
            means=means - means.T, errors=errors + errors.T, df=self.n_patients - 1
        )

    def _clustered(
        self, columns: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and standard error of each column, residuals summed by patient."""
        n_patients, shifted = self.n_patients, columns - columns[:1]
        means = shifted.mean(axis=0)
        if n_patients < 2:
            return columns[0] + means, np.full(len(means), inf)
        residuals = np.add.reduceat(shifted - means, self.starts, axis=0)
        scale = np.sqrt(n_patients / (n_patients - 1)) / len(columns)
        return columns[0] + means, scale * np.sqrt(np.sum(residuals**2, axis=0))


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
