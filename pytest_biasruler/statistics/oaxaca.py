"""What is left of gaps once covariates are held equal: Oaxaca's split, for the compared group."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite, nan
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.cells import cut_cells, mean_of
from pytest_biasruler.statistics.covariates import code_covariates
from pytest_biasruler.statistics.prediction import (
    ReferenceLine,
    compare_with_line,
    nothing_predicted,
)
from pytest_biasruler.statistics.regression import fit_line
from pytest_biasruler.statistics.remainder import sum_up_remainders
from pytest_biasruler.statistics.support import pooled_support

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from pytest_biasruler.statistics.cells import Cells
    from pytest_biasruler.statistics.covariates import Design
    from pytest_biasruler.statistics.remainder import Remainders


def estimate_remainders(
    column: ArrayLike,
    *,
    covariates: Mapping[str, Sequence[object] | NDArray[np.generic]],
    subgroups: Sequence[str] | NDArray[np.str_],
    judged: Sequence[str],
    baseline: str,
    limit: float,
    patients: Sequence[object] | NDArray[np.generic] | None = None,
    max_off_support: float = 1.0,
    both_orders: bool = False,
    alpha: float = 0.05,
) -> Remainders:
    """Estimate how much worse each subgroup is than the reference group's line predicts for it.

    Parameters
    ----------
    column : array_like of float, shape (n,)
        One score per case, larger is better; a value that is not finite leaves its case out.
    covariates : mapping of str to array_like, each shape (n,)
        What is held equal: numbers, or texts of which each value is a stratum. A number that is
        not finite and an empty text leave their case out.
    subgroups : sequence of str, shape (n,)
        The subgroup of each case.
    judged : sequence of str
        The subgroups to compare, among them `baseline`.
    baseline : str
        The reference group, through whose cases the line is drawn.
    limit : float
        What no unexplained part should exceed, in the unit of the column.
    patients : sequence, shape (n,), optional
        The patient of each case; without it every case is its own patient.
    max_off_support : float, default 1
        Share of a subgroup's cases that may lie outside what the reference group covers.
    both_orders : bool, default False
        Also count what subgroups have more than predicted: then the reference group is the worse.
    alpha : float, default 0.05
        Each bound is wrong in at most this share of benchmarks.

    Returns
    -------
    Remainders

    Raises
    ------
    ValueError
        If lengths differ, the limit is not finite, alpha is outside (0, 0.5), or the reference
        group is not judged.

    References
    ----------
    Oaxaca, R. (1973). International Economic Review 14(3), 693-709. doi:10.2307/2525981
    Blinder, A. S. (1973). Journal of Human Resources 8(4), 436-455. doi:10.2307/144855

    Examples
    --------
    A score that falls by 0.1 per unit of size for everybody leaves nothing unexplained, however
    much larger the lesions of b are:

    >>> size = np.array([0.0, 1.0, 2.0, 3.0, 2.0, 3.0])
    >>> result = estimate_remainders(
    ...     0.9 - 0.1 * size, covariates={"size": size}, subgroups=list("aaaabb"),
    ...     judged=["a", "b"], baseline="a", limit=0.05,
    ... )
    >>> round(result.groups[0].gap, 9), abs(round(result.value, 9)), result.pair
    (0.1, 0.0, ('a', 'b'))
    """
    values = np.asarray(column, dtype=np.float64)
    labels = np.asarray(subgroups, dtype=np.str_)
    owners = _number(patients, n_cases=len(values))
    _check(values, labels, owners, judged=judged, baseline=baseline, limit=limit, alpha=alpha)
    is_own = np.isfinite(values) & (labels == baseline)
    design = code_covariates(covariates, is_reference=is_own, patients=owners)
    others = sorted(set(judged) - {baseline})
    n_contrasts = (2 if both_orders else 1) * max(len(others), 1)
    levels = (1 - alpha / n_contrasts, 1 - alpha)
    is_scored = np.isfinite(values) & design.is_known & np.isin(labels, list(judged))
    cases = _Cases(values=values, labels=labels, owners=owners, design=design, is_scored=is_scored)
    reached = [name for name in others if cases.off_support(name) <= max_off_support]
    line, cells = _draw_line(cases, baseline=baseline, within=[baseline, *(reached or others)])
    groups = tuple(
        replace(
            compare_with_line(
                line,
                cells[name],
                values=values,
                matrix=design.matrix,
                levels=levels,
                limit=limit,
                both_orders=both_orders,
            )
            if line is not None and name in cells
            else nothing_predicted(name),
            off_support=cases.off_support(name),
            n_left_out=cases.n_left_out(name),
        )
        for name in others
    )
    return sum_up_remainders(
        groups,
        line,
        levels=levels,
        limit=limit,
        max_off_support=max_off_support,
        both_orders=both_orders,
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Cases:
    """What is known of every case, in one order."""

    values: NDArray[np.float64]
    labels: NDArray[np.str_]
    owners: NDArray[np.intp]
    design: Design
    is_scored: NDArray[np.bool_]

    def off_support(self, name: str) -> float:
        """Share of a subgroup's cases that lie outside what the reference group covers."""
        own = self.is_scored & (self.labels == name)
        return float(self.design.is_outside[own].mean()) if own.any() else nan

    def n_left_out(self, name: str) -> int:
        """Cases of a subgroup whose text value the reference group lacks."""
        own = self.is_scored & (self.labels == name)
        return int(np.count_nonzero(own & ~self.design.is_usable))


def _number(
    patients: Sequence[object] | NDArray[np.generic] | None, *, n_cases: int
) -> NDArray[np.intp]:
    if patients is None:
        return np.arange(n_cases)
    return np.unique(np.asarray(patients, dtype=np.str_), return_inverse=True)[1]


def _check(
    values: NDArray[np.float64],
    labels: NDArray[np.str_],
    owners: NDArray[np.intp],
    *,
    judged: Sequence[str],
    baseline: str,
    limit: float,
    alpha: float,
) -> None:
    if values.ndim != 1 or labels.shape != values.shape or owners.shape != values.shape:
        raise ValueError(
            f"column {values.shape}, subgroups {labels.shape} and patients {owners.shape} "
            "must be (n,)"
        )
    if not isfinite(limit):
        raise ValueError(f"limit must be finite, not {limit}")
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha must lie inside (0, 0.5), not {alpha}")
    if baseline not in judged:
        raise ValueError(f"baseline {baseline!r} is not among the judged {list(judged)}")


def _draw_line(
    cases: _Cases, *, baseline: str, within: list[str]
) -> tuple[ReferenceLine | None, dict[str, Cells]]:
    """Return the reference group's line, None without a case, and everybody against it."""
    is_used = cases.is_scored & cases.design.is_usable
    is_own = cases.labels == baseline
    # In an order of its own, so that sums do not depend on the order of the rows.
    matrix = cases.design.matrix
    order = np.lexsort((*matrix.T, cases.values, cases.owners))
    rows = order[(is_used & is_own)[order]]
    if not rows.size:
        return None, {}
    fit = fit_line(cases.values[rows], matrix=matrix[rows], patients=cases.owners[rows])
    remainders = np.where(is_used, matrix @ fit.slopes - cases.values, np.nan)
    cells = cut_cells(remainders, subgroups=cases.labels, patients=cases.owners)
    line = ReferenceLine(
        name=baseline,
        mean=mean_of(np.sort(cases.values[cases.is_scored & is_own])),
        fit=fit,
        cells=cells[baseline],
        # Far beyond what the line covers, its predictions say nothing of what a case can be.
        support=pooled_support(remainders[np.isin(cases.labels, within)]),
    )
    return line, cells
