"""One subgroup against a line through the reference group: what the line leaves unexplained."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.cells import mean_of
from pytest_biasruler.statistics.contrast import Contrast, contrast_pairs, tabulate_contrasts
from pytest_biasruler.statistics.guard import GuardedMoments, guard_moments
from pytest_biasruler.statistics.moments import Moments, moments_of, sum_cells
from pytest_biasruler.statistics.overlap import Overlap

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_biasruler.statistics.cells import Cells
    from pytest_biasruler.statistics.regression import Fit


@dataclass(frozen=True, kw_only=True, slots=True)
class Remainder:
    """What a subgroup got, against what the reference group's line predicts for it.

    Every number but the counts and `off_support` is NaN, and `contrast` None, where no case of
    the subgroup could be predicted.

    Attributes
    ----------
    name : str
    gap : float
        Mean of the reference group minus that of the subgroup; the sum of the next two.
    explained, unexplained : float
        What the covariates make of the gap; mean of predicted minus got.
    r_squared : float
        Share of the variance inside the subgroup that the line predicts, a common shift aside;
        below 0 where it misleads.
    off_support : float
        Share, in [0, 1], of the cases with known covariates that lie outside what the reference
        group covers.
    n_cases, n_patients : int
        Used.
    n_left_out : int
        Cases left out because the reference group lacks their text value.
    contrast : Contrast or None
        `unexplained` with its guarded bounds and p.
    mirrored : Contrast or None
        The same the other way round; None where only one direction is asked about.
    """

    name: str
    gap: float
    explained: float
    unexplained: float
    r_squared: float
    off_support: float
    n_cases: int
    n_patients: int
    n_left_out: int
    contrast: Contrast | None
    mirrored: Contrast | None = None

    @property
    def contrasts(self) -> tuple[Contrast, ...]:
        """What is judged: one contrast, or both orders of it, or none."""
        return tuple(one for one in (self.contrast, self.mirrored) if one is not None)

    @property
    def bounds(self) -> tuple[float, float]:
        """Bounds of `unexplained` that decide; NaN where there is no contrast.

        Away from 0 they stand at the level of a FAIL, else at that of a PASS. In both orders a
        bound that only the latter holds on the value's own side of 0 stands at 0.
        """
        if self.contrast is None:
            return nan, nan
        low, high = self.contrast.low, self.contrast.high
        if self.mirrored is None:
            return low, high
        low = max(low, min(-self.mirrored.high, 0.0))
        return low, min(-self.mirrored.low, max(high, 0.0))


def nothing_predicted(name: str) -> Remainder:
    """Return what is known of a subgroup for which the reference group predicts nothing."""
    return Remainder(
        name=name, gap=nan, explained=nan, unexplained=nan, r_squared=nan, off_support=nan,
        n_cases=0, n_patients=0, n_left_out=0, contrast=None,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ReferenceLine:
    """The reference group: its mean, its line, and its cases as the guard needs them.

    Attributes
    ----------
    name : str
    mean : float
        Of all its cases with known covariates.
    fit : Fit
        Of the cases whose covariates can be used.
    cells : Cells
        Predicted minus got, of the same cases.
    support : tuple of float
        Where phantom patients stand: the extremes of predicted minus got.
    """

    name: str
    mean: float
    fit: Fit
    cells: Cells
    support: tuple[float, float]

    def guard(self, pulls: NDArray[np.float64]) -> GuardedMoments:
        """Return the moments of a prediction, 0 with the error of its line, and its phantoms.

        A phantom shifts the prediction by what it does to the mean of the residuals and adds
        what it adds to their error.
        """
        df = self.fit.df
        variance = float(pulls @ pulls) if df > 0 else inf
        sums = sum_cells(self.cells)
        plain = moments_of(sums)
        at_low, at_high = (
            Moments(
                mean=shifted.mean - plain.mean,
                variance=variance + max(shifted.variance - plain.variance, 0.0)
                if variance < inf
                else inf,
                df=df,
            )
            for shifted in (moments_of(sums, phantom=edge) for edge in self.support)
        )
        return GuardedMoments(
            name=self.name,
            n_patients=sums.n_patients,
            plain=Moments(mean=0.0, variance=variance, df=df),
            at_low=at_low,
            at_high=at_high,
        )


def compare_with_line(
    line: ReferenceLine,
    cells: Cells,
    *,
    values: NDArray[np.float64],
    matrix: NDArray[np.float64],
    levels: tuple[float, float],
    limit: float,
    both_orders: bool = False,
) -> Remainder:
    """Compare what a subgroup got with what the reference group's line predicts.

    Parameters
    ----------
    line : ReferenceLine
    cells : Cells
        Predicted minus got of the subgroup's cases, cut from the same column as the line's.
    values : ndarray of float, shape (n,)
        What every case got.
    matrix : ndarray of float, shape (n, F)
        Covariates of every case.
    levels : tuple of float
        One-sided levels of the lower and the upper bound.
    limit : float
        What the unexplained part should not exceed.
    both_orders : bool, default False
        Also the other way round: what the subgroup has more than predicted.

    Returns
    -------
    Remainder
        Its `off_support` and `n_left_out` are those of a subgroup all of whose cases are used.
    """
    if not cells.values.size:
        return nothing_predicted(cells.name)
    pulls = line.fit.pulls(matrix[cells.rows].mean(axis=0))
    n_orders = 2 if both_orders else 1
    contrast, *others = tabulate_contrasts(
        contrast_pairs(
            [guard_moments(cells.name, sum_cells(cells), support=line.support), line.guard(pulls)],
            pairs=[(0, 1), (1, 0)][:n_orders],
            overlap=_find_overlap(line.fit, pulls, cells),
        ),
        pairs=[(line.name, cells.name), (cells.name, line.name)][:n_orders],
        levels=levels,
        limit=limit,
    )
    own = values[cells.rows]
    gap = line.mean - mean_of(own)
    return Remainder(
        name=cells.name,
        gap=gap,
        explained=gap - contrast.estimate,
        unexplained=contrast.estimate,
        r_squared=_share_predicted(own, cells.values),
        off_support=0.0,
        n_cases=len(own),
        n_patients=len(cells.patients),
        n_left_out=0,
        contrast=contrast,
        mirrored=others[0] if others else None,
    )


def _share_predicted(values: NDArray[np.float64], remainders: NDArray[np.float64]) -> float:
    if np.ptp(values) == 0:
        return nan
    return 1 - float(np.var(remainders) / np.var(values))


def _find_overlap(fit: Fit, pulls: NDArray[np.float64], cells: Cells) -> Overlap | None:
    """Return how patients of both groups make mean and prediction covary, None without any."""
    _, own, others = np.intersect1d(
        cells.patients, fit.patients, assume_unique=True, return_indices=True
    )
    if not own.size:
        return None
    shared = pulls[others]
    # A prediction is subtracted with the opposite sign: the residuals' mean is what is taken off.
    covariance = -float(cells.influences(cells.values)[own] @ shared)
    if not np.isfinite(shared).all():
        covariance = 0.0
    return Overlap(
        covariance=np.array([[0.0, covariance], [covariance, 0.0]]),
        is_shared=np.ones((2, 2), dtype=np.bool_),
    )
