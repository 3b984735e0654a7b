"""A column cut into subgroups, and each subgroup into the patients whose cases it holds."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Cells:
    """The cases of one subgroup, gathered by patient.

    Attributes
    ----------
    name : str
        The subgroup.
    values : ndarray of float, shape (n_cases,)
        Finite column values in the order of patients, then of size.
    rows : ndarray of int, shape (n_cases,)
        Where each value stood in the column.
    patients : ndarray of int, shape (n_patients,)
        One number per patient, ascending in the order of the patients' names; the same
        patient has the same number in every subgroup of one cut.
    starts, sizes : ndarray of int, shape (n_patients,)
        Where a patient's cases begin in `values`, and how many there are.
    """

    name: str
    values: NDArray[np.float64]
    rows: NDArray[np.intp]
    patients: NDArray[np.intp]
    starts: NDArray[np.intp]
    sizes: NDArray[np.intp]

    def totals(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum over each patient's cases of `values`, which lie as `self.values`."""
        if not self.starts.size:
            return np.empty(0)
        totals: NDArray[np.float64] = np.add.reduceat(values, self.starts)
        return totals

    def influences(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return each patient's pull on the mean of `values`; their squares sum to its variance.

        All zero for a single patient, whose variance is infinite.
        """
        n_patients = len(self.sizes)
        if n_patients < 2:
            return np.zeros(n_patients)
        residuals = self.totals(values - mean_of(values))
        return residuals * (sqrt(n_patients / (n_patients - 1)) / len(values))


def cut_cells(
    column: ArrayLike,
    *,
    subgroups: Sequence[str] | NDArray[np.str_],
    patients: Sequence[object] | NDArray[np.generic] | None = None,
) -> dict[str, Cells]:
    """Cut a column into subgroups and each subgroup into patients.

    Parameters
    ----------
    column : array_like of float, shape (n,)
        One number per case; a value that is not finite leaves its case out.
    subgroups : sequence of str, shape (n,)
        The subgroup of each case.
    patients : sequence, shape (n,), optional
        The patient of each case; without it every case is its own patient.

    Returns
    -------
    dict of str to Cells
        Every name that occurs in `subgroups`, sorted; a subgroup without a finite value
        has no cells.

    Raises
    ------
    ValueError
        If the lengths differ or the column is not one-dimensional.

    Examples
    --------
    >>> cells = cut_cells([0.9, 0.8, 0.7], subgroups=["a", "b", "a"], patients=["p", "q", "p"])
    >>> {name: cell.sizes.tolist() for name, cell in cells.items()}
    {'a': [2], 'b': [1]}
    """
    values = np.asarray(column, dtype=np.float64)
    labels = np.asarray(subgroups, dtype=np.str_)
    if values.ndim != 1 or labels.shape != values.shape:
        raise ValueError(f"column {values.shape} and subgroups {labels.shape} must be (n,)")
    names, groups = np.unique(labels, return_inverse=True)
    rows = np.flatnonzero(np.isfinite(values))
    codes = _number_patients(patients, n_cases=len(values))
    # Sorting by value last makes every sum independent of the order of the rows.
    rows = rows[np.lexsort((values[rows], codes[rows], groups[rows]))]
    ends = np.searchsorted(groups[rows], np.arange(len(names) + 1))
    return {
        str(name): _gather(str(name), values, codes, rows[ends[g] : ends[g + 1]])
        for g, name in enumerate(names)
    }


def _number_patients(
    patients: Sequence[object] | NDArray[np.generic] | None, *, n_cases: int
) -> NDArray[np.intp]:
    if patients is None:
        return np.arange(n_cases)
    names = np.asarray(patients)
    if names.shape != (n_cases,):
        raise ValueError(f"patients {names.shape} must be ({n_cases},), as the column is")
    if names.dtype == object:
        names = names.astype(np.str_)
    return np.unique(names, return_inverse=True)[1]


def _gather(
    name: str, values: NDArray[np.float64], codes: NDArray[np.intp], rows: NDArray[np.intp]
) -> Cells:
    own = codes[rows]
    starts = np.flatnonzero(np.diff(own, prepend=-1))
    return Cells(
        name=name,
        values=values[rows],
        rows=rows,
        patients=own[starts],
        starts=starts,
        sizes=np.diff(starts, append=len(rows)),
    )


def mean_of(values: NDArray[np.float64]) -> float:
    """Return the mean of at least one finite value, exactly the value if all are equal.

    Examples
    --------
    >>> mean_of(np.array([0.1, 0.1, 0.1])), float(np.mean([0.1, 0.1, 0.1]))
    (0.1, 0.10000000000000002)
    """
    shift = float(np.median(values))
    return shift + float(np.sum(values - shift)) / len(values)
