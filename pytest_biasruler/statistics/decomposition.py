"""How much of a gap is composition: one subgroup holds more of the strata that score low."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.cells import cut_cells, mean_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from pytest_biasruler.statistics.cells import Cells


@dataclass(frozen=True, kw_only=True, slots=True)
class Decomposition:
    """The gap between two subgroups, split into composition and the rest.

    Every number but `off_support` is NaN if no stratum holds cases of both.

    Attributes
    ----------
    gap : float
        Mean of a minus mean of b over the cases of the strata that both have; the sum of the
        next two.
    explained : float
        What unequal shares of the strata make of the gap.
    unexplained : float
        What is left where the shares are made equal: the gap standardised to common shares.
    off_support : float
        Share, in [0, 1], of the cases of a and b that lie in a stratum which only one of them
        has; NaN without a case.
    squared_error : float
        Of `unexplained`, the shares taken as fixed; NaN unless every cell (a or b in a stratum
        that both have) holds at least two patients.
    """

    gap: float
    explained: float
    unexplained: float
    off_support: float
    squared_error: float


def decompose_strata(
    column: ArrayLike,
    *,
    strata: Sequence[object] | NDArray[np.generic],
    is_a: ArrayLike,
    patients: Sequence[object] | NDArray[np.generic] | None = None,
) -> Decomposition:
    """Split the gap between subgroups a and b into what strata explain and what they do not.

    Parameters
    ----------
    column : array_like of float, shape (n,)
        One number per case of a and of b; a value that is not finite leaves its case out.
    strata : sequence, shape (n,)
        The stratum of each case, compared as text.
    is_a : array_like of bool, shape (n,)
        Whether a case belongs to a; the others belong to b.
    patients : sequence, shape (n,), optional
        The patient of each case; without it every case is its own patient. A patient in
        several cells pulls on all of them at once.

    Returns
    -------
    Decomposition

    Raises
    ------
    ValueError
        If the lengths differ or an array is not one-dimensional.

    References
    ----------
    Kitagawa, E. M. (1955). Journal of the American Statistical Association 50(272),
    1168-1194. doi:10.1080/01621459.1955.10501299

    Examples
    --------
    Four fifths of a lie in the easy stratum and one fifth of b, at equal scores within strata:

    >>> split = decompose_strata(
    ...     [0.9] * 80 + [0.6] * 20 + [0.9] * 20 + [0.6] * 80,
    ...     strata=["easy"] * 80 + ["hard"] * 20 + ["easy"] * 20 + ["hard"] * 80,
    ...     is_a=[True] * 100 + [False] * 100,
    ... )
    >>> round(split.gap, 12), round(split.explained, 12), split.unexplained, split.off_support
    (0.18, 0.18, 0.0, 0.0)
    """
    values = np.asarray(column, dtype=np.float64)
    labels = np.asarray(strata, dtype=np.str_)
    side = np.asarray(is_a, dtype=np.bool_)
    if values.ndim != 1 or labels.shape != values.shape or side.shape != values.shape:
        raise ValueError(
            f"column {values.shape}, strata {labels.shape} and is_a {side.shape} must be (n,)"
        )
    of_a, of_b = (
        {
            name: cells
            for name, cells in cut_cells(
                np.where(side == is_first, values, np.nan), subgroups=labels, patients=patients
            ).items()
            if cells.values.size
        }
        for is_first in (True, False)
    )
    common = sorted(of_a.keys() & of_b.keys())
    n_cases = sum(len(cells.values) for cells in (*of_a.values(), *of_b.values()))
    return _weigh([of_a[name] for name in common], [of_b[name] for name in common], n_cases)


def _weigh(of_a: list[Cells], of_b: list[Cells], n_cases: int) -> Decomposition:
    """Return the split over strata that a and b both have, of `n_cases` in all strata."""
    if not of_a:
        off_support = 1.0 if n_cases else nan
        return Decomposition(
            gap=nan, explained=nan, unexplained=nan, off_support=off_support, squared_error=nan
        )
    size_a, size_b = (np.array([len(cells.values) for cells in side]) for side in (of_a, of_b))
    mean_a, mean_b = (np.array([mean_of(cells.values) for cells in side]) for side in (of_a, of_b))
    share_a, share_b = size_a / size_a.sum(), size_b / size_b.sum()
    weights = (share_a + share_b) / 2
    explained = float(np.sum((share_a - share_b) * (mean_a + mean_b)) / 2)
    unexplained = float(np.sum(weights * (mean_a - mean_b)))
    return Decomposition(
        gap=explained + unexplained,  # the means would differ from it in the last digits
        explained=explained,
        unexplained=unexplained,
        off_support=(n_cases - int(size_a.sum() + size_b.sum())) / n_cases,
        squared_error=_squared_error(of_a, of_b, weights),
    )


def _squared_error(of_a: list[Cells], of_b: list[Cells], weights: NDArray[np.float64]) -> float:
    cells = [*of_a, *of_b]
    if min(len(cell.patients) for cell in cells) < 2:
        return nan
    # Summed by patient, not by cell: a patient in several cells makes their means covary.
    pulls = [
        weight * cell.influences(cell.values)
        for weight, cell in zip([*weights, *-weights], cells, strict=True)
    ]
    patients = np.concatenate([cell.patients for cell in cells])
    totals = np.bincount(patients, weights=np.concatenate(pulls))
    return float(totals @ totals)
