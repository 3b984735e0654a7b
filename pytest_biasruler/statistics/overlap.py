"""Patients with cases in several subgroups, which makes the subgroup means covary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_biasruler.statistics.cells import Cells


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Overlap:
    """Patients with cases in several subgroups, which makes the means covary.

    Attributes
    ----------
    covariance : ndarray of float, shape (k, k)
        Of the subgroup means.
    is_shared : ndarray of bool, shape (k, k)
        Whether two subgroups have a patient in common.
    """

    covariance: NDArray[np.float64]
    is_shared: NDArray[np.bool_]


def find_overlap(cells: Sequence[Cells]) -> Overlap | None:
    """Return the covariance of subgroup means if patients cross subgroups, else None.

    Parameters
    ----------
    cells : sequence of Cells, length k
        Of one cut.

    Returns
    -------
    Overlap or None

    Examples
    --------
    >>> from pytest_biasruler.statistics.cells import cut_cells
    >>> ab, names = ["a", "a", "b", "b"], ["p", "q", "p", "r"]
    >>> find_overlap(list(cut_cells([1, 3, 1, 3], subgroups=ab, patients=names).values())) is None
    False
    >>> find_overlap(list(cut_cells([1, 3, 1, 3], subgroups=ab).values())) is None
    True
    """
    everyone = np.concatenate([np.empty(0, dtype=np.intp), *(cell.patients for cell in cells)])
    patients = np.unique(everyone)
    if len(patients) == len(everyone):
        return None
    pulls = np.zeros((len(patients), len(cells)))
    is_member = np.zeros(pulls.shape)
    for column, cell in enumerate(cells):
        rows = np.searchsorted(patients, cell.patients)
        pulls[rows, column] = cell.influences(cell.values)
        is_member[rows, column] = 1
    return Overlap(covariance=pulls.T @ pulls, is_shared=is_member.T @ is_member > 0)
