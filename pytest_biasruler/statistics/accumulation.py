"""Sums by patient of one subgroup, of parts of a column that come one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.moments import Sums, sum_products

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PatientTotals:
    """Cases of one subgroup, summed by patient: what is kept of any number of parts.

    Parts may share patients. Where they share none, `merge_sums` of `Sums` does with ten numbers.

    Attributes
    ----------
    patients : ndarray, shape (n_patients,)
        Names or numbers, ascending, each once.
    sizes, totals : ndarray of float, shape (n_patients,)
        Cases of each patient, and their sum about `shift`.
    shift : float
        Subtracted from every case before summing, against cancellation.
    square_values : float
        Sum over cases of their squares about `shift`.
    minimum, maximum : float
        Of the cases, not shifted; NaN if there is none.
    """

    patients: NDArray[np.generic]
    sizes: NDArray[np.float64]
    totals: NDArray[np.float64]
    shift: float
    square_values: float
    minimum: float
    maximum: float


def total_patients(column: ArrayLike, *, patients: ArrayLike) -> PatientTotals:
    """Return one part of a subgroup, summed by patient.

    Parameters
    ----------
    column : array_like of float, shape (n,)
        One number per case; a value that is not finite leaves its case out.
    patients : array_like, shape (n,)
        The patient of each case, named alike in all parts: texts or numbers.

    Examples
    --------
    >>> part = total_patients([1.0, 3.0, 5.0], patients=["p", "q", "p"])
    >>> part.sizes.tolist(), part.shift, part.totals.tolist()
    ([2.0, 1.0], 3.0, [0.0, 0.0])
    """
    values, names = np.asarray(column, dtype=np.float64), np.asarray(patients)
    if values.ndim != 1 or names.shape != values.shape:
        raise ValueError(f"column {values.shape} and patients {names.shape} must be (n,)")
    is_finite = np.isfinite(values)
    values = values[is_finite]
    known, codes = np.unique(names[is_finite], return_inverse=True)
    shift = float(np.median(values)) if values.size else 0.0
    shifted = values - shift
    return PatientTotals(
        patients=known,
        sizes=np.bincount(codes, minlength=len(known)).astype(np.float64),
        totals=_summed(codes, shifted, n=len(known)),
        shift=shift,
        square_values=sum_products(shifted, shifted),
        minimum=float(values.min()) if values.size else float("nan"),
        maximum=float(values.max()) if values.size else float("nan"),
    )


def merge_totals(first: PatientTotals, second: PatientTotals) -> PatientTotals:
    """Return the sums of two parts of a subgroup, patients of both as one each.

    Parameters
    ----------
    first, second : PatientTotals
        The shift of the result is that of the part with more cases.

    Examples
    --------
    >>> first = total_patients([1.0, 3.0], patients=["p", "q"])
    >>> second = total_patients([5.0], patients=["p"])
    >>> merge_totals(first, second).sizes.tolist()
    [2.0, 1.0]
    """
    if second.sizes.sum() > first.sizes.sum():
        first, second = second, first
    step = second.shift - first.shift
    names = np.concatenate([first.patients, second.patients])
    known, codes = np.unique(names, return_inverse=True)
    sizes = np.concatenate([first.sizes, second.sizes])
    totals = np.concatenate([first.totals, second.totals + step * second.sizes])
    moved = 2 * step * second.totals.sum() + step**2 * second.sizes.sum()
    return PatientTotals(
        patients=known,
        sizes=_summed(codes, sizes, n=len(known)),
        totals=_summed(codes, totals, n=len(known)),
        shift=first.shift,
        square_values=first.square_values + second.square_values + float(moved),
        minimum=float(np.fmin(first.minimum, second.minimum)),
        maximum=float(np.fmax(first.maximum, second.maximum)),
    )


def sum_totals(merged: PatientTotals) -> Sums:
    """Return what `moments_of` needs of a subgroup whose parts are all merged.

    The shift is moved to the mean: that of the largest part may lie far from it.

    Examples
    --------
    >>> from pytest_biasruler.statistics.moments import moments_of
    >>> moments_of(sum_totals(total_patients([1.0, 3.0], patients=["p", "q"])))
    Moments(mean=2.0, variance=1.0, df=1.0)
    """
    sizes, n_cases = merged.sizes, float(merged.sizes.sum())
    step = float(merged.totals.sum()) / n_cases if n_cases else 0.0
    totals = merged.totals - step * sizes
    square_values = merged.square_values - n_cases * step**2
    return Sums(
        n_patients=len(sizes),
        n_cases=int(n_cases),
        shift=merged.shift + step,
        total=float(totals.sum()),
        square_sizes=sum_products(sizes, sizes),
        size_totals=sum_products(sizes, totals),
        square_totals=sum_products(totals, totals),
        square_values=max(square_values, 0.0),
        minimum=merged.minimum,
        maximum=merged.maximum,
    )


def _summed(
    codes: NDArray[np.intp], values: NDArray[np.float64], *, n: int
) -> NDArray[np.float64]:
    return np.bincount(codes, weights=values, minlength=n).astype(np.float64, copy=False)
