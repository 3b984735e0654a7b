"""What is held equal, as columns of numbers: texts become indicators, scales become comparable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

FEWEST_PATIENTS = 2
"""Of the reference group at one text value: the error of a single patient cannot be known."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Design:
    """The rows of a regression on the reference group, made for every case.

    Attributes
    ----------
    matrix : ndarray of float, shape (n, F)
        A column of ones, then the covariates; 0 where a case cannot be used.
    is_usable : ndarray of bool, shape (n,)
        Whether every covariate is known and every text value is one that at least two patients
        of the reference group have.
    is_known : ndarray of bool, shape (n,)
        Whether every covariate is known.
    is_outside : ndarray of bool, shape (n,)
        Whether some covariate lies outside what the reference group covers; also where a text
        value is not usable, never where a covariate is unknown.
    """

    matrix: NDArray[np.float64]
    is_usable: NDArray[np.bool_]
    is_known: NDArray[np.bool_]
    is_outside: NDArray[np.bool_]


def code_covariates(
    covariates: Mapping[str, Sequence[object] | NDArray[np.generic]],
    *,
    is_reference: NDArray[np.bool_],
    patients: NDArray[np.intp],
) -> Design:
    """Code covariates against the reference group, which says what is within reach.

    Parameters
    ----------
    covariates : mapping of str to array_like, each shape (n,)
        Numbers are taken as they are, anything else as text. A number that is not finite and an
        empty text are unknown.
    is_reference : ndarray of bool, shape (n,)
        Whether a case belongs to the reference group and has a value to predict.
    patients : ndarray of int, shape (n,)
        The patient of each case.

    Returns
    -------
    Design
        Numbers are centred and divided by the standard deviation of the reference group, so
        that units do not matter; a constant is centred only. A text has one indicator per
        usable value but the first.

    Raises
    ------
    ValueError
        If a covariate has not one entry per case.

    Examples
    --------
    >>> design = code_covariates(
    ...     {"view": ["AP", "AP", "PA", "PA", "lateral"]},
    ...     is_reference=np.array([True, True, True, True, False]), patients=np.arange(5),
    ... )
    >>> design.matrix[:, 1].tolist(), design.is_outside.tolist()
    ([0.0, 0.0, 1.0, 1.0, 0.0], [False, False, False, False, True])
    """
    n_cases = len(is_reference)
    numbers, texts = _sort_out(covariates, n_cases=n_cases)
    is_known = np.ones(n_cases, dtype=np.bool_)
    for values in numbers:
        is_known &= np.isfinite(values)
    for labels in texts:
        is_known &= labels != ""
    is_usable = is_known.copy()
    for labels in texts:
        common = _shared_values(labels, patients=patients, rows=is_reference & is_known)
        is_usable &= np.isin(labels, common)
    fitted = is_reference & is_usable
    columns = [np.ones(n_cases)]
    is_outside = is_known & ~is_usable
    for values in numbers:
        columns.append(_standardise(values, fitted))
        is_outside |= is_known & _is_beyond(values, fitted)
    for labels in texts:
        # Only values that are left once all texts are usable: the others would be empty columns.
        columns += [(labels == value) * 1.0 for value in np.unique(labels[fitted])[1:]]
    matrix = np.where(is_usable[:, None], np.column_stack(columns), 0.0)
    return Design(matrix=matrix, is_usable=is_usable, is_known=is_known, is_outside=is_outside)


def _sort_out(
    covariates: Mapping[str, Sequence[object] | NDArray[np.generic]], *, n_cases: int
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.str_]]]:
    numbers, texts = [], []
    for name, given in covariates.items():
        values = np.asarray(given)
        if values.shape != (n_cases,):
            raise ValueError(f"covariate {name!r} {values.shape} must be ({n_cases},)")
        if values.dtype.kind in "biuf":
            numbers.append(values.astype(np.float64))
        else:
            texts.append(values.astype(np.str_))
    return numbers, texts


def _shared_values(
    labels: NDArray[np.str_], *, patients: NDArray[np.intp], rows: NDArray[np.bool_]
) -> NDArray[np.str_]:
    """Return the texts that enough patients among `rows` have."""
    values, codes = np.unique(labels, return_inverse=True)
    seen = np.unique(np.column_stack((codes[rows], patients[rows])), axis=0)[:, 0]
    return values[np.bincount(seen, minlength=len(values)) >= FEWEST_PATIENTS]


def _standardise(values: NDArray[np.float64], fitted: NDArray[np.bool_]) -> NDArray[np.float64]:
    if not fitted.any():
        return np.zeros(len(values))
    own = values[fitted]
    middle, is_constant = np.mean(own), own.min() == own.max()
    with np.errstate(invalid="ignore"):  # an unknown covariate is set to 0 by the caller
        return np.where(
            fitted & is_constant, 0.0, (values - middle) / (1.0 if is_constant else np.std(own))
        )


def _is_beyond(values: NDArray[np.float64], fitted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    if not fitted.any():
        return np.zeros(len(values), dtype=np.bool_)
    own = values[fitted]
    with np.errstate(invalid="ignore"):
        is_beyond: NDArray[np.bool_] = (values < own.min()) | (values > own.max())
    return is_beyond
