"""How far apart the subgroup means of a column are, and how sure that is: the engine."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING

from pytest_biasruler.statistics.cells import cut_cells
from pytest_biasruler.statistics.comparison import Spread, compare_groups
from pytest_biasruler.statistics.contrast import Contrast
from pytest_biasruler.statistics.group import GroupMoments, describe_group
from pytest_biasruler.statistics.guard import MeanBounds, estimate_mean, guard_moments
from pytest_biasruler.statistics.moments import sum_cells
from pytest_biasruler.statistics.overlap import find_overlap
from pytest_biasruler.statistics.verdict import judge_bounds, tipping_point

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Contrast",
    "GroupMoments",
    "MeanBounds",
    "Spread",
    "estimate_mean",
    "estimate_spread",
    "judge_bounds",
    "tipping_point",
]


def estimate_spread(
    column: ArrayLike,
    *,
    subgroups: Sequence[str] | NDArray[np.str_],
    judged: Sequence[str],
    limit: float,
    support: tuple[float, float],
    patients: Sequence[object] | NDArray[np.generic] | None = None,
    baseline: str | None = None,
    both_orders: bool = False,
    alpha: float = 0.05,
) -> Spread:
    """Estimate how far apart the subgroup means of a column are.

    Parameters
    ----------
    column : array_like of float, shape (n,)
        One number per case; a value that is not finite leaves its case out.
    subgroups : sequence of str, shape (n,)
        The subgroup of each case.
    judged : sequence of str
        The subgroups to compare, in any order; those without a finite value are passed over.
    limit : float
        What no contrast should exceed, in the unit of the column.
    support : tuple of float
        Lower and upper end of what a case can be: `pooled_support` for scores,
        `symmetric_support` for differences, or the bounds of the metric.
    patients : sequence, shape (n,), optional
        The patient of each case; without it every case is its own patient.
    baseline : str, optional
        The reference group: the contrasts are its mean minus each other's, signed. Without
        one every subgroup is compared with every other and the spread is unsigned.
    both_orders : bool, default False
        With a reference group, also each other's mean minus its: unsigned again.
    alpha : float, default 0.05
        Each bound is wrong in at most this share of benchmarks.

    Returns
    -------
    Spread

    Raises
    ------
    ValueError
        If lengths differ, the limit is not finite, alpha is outside (0, 0.5), a judged name
        occurs twice, the reference group is not judged, or the support is in the wrong order.

    References
    ----------
    Berger, R. L., Hsu, J. C. (1996). Statistical Science 11(4), 283-319.
    doi:10.1214/ss/1032280304

    Examples
    --------
    >>> spread = estimate_spread(
    ...     [0.9, 0.9, 0.7, 0.7], subgroups=["a", "a", "b", "b"], judged=["a", "b"],
    ...     limit=0.05, support=(0.7, 0.9), baseline="a",
    ... )
    >>> spread.pair, round(spread.value, 3), spread.se
    (('a', 'b'), 0.2, 0.0)
    """
    names = sorted(judged)
    _check(names, limit=limit, baseline=baseline, alpha=alpha)
    cut = cut_cells(column, subgroups=subgroups, patients=patients)
    cells = [cut[name] for name in names if name in cut and cut[name].values.size]
    spread = compare_groups(
        [guard_moments(cell.name, sum_cells(cell), support=support) for cell in cells],
        limit=limit,
        baseline=baseline,
        both_orders=both_orders,
        alpha=alpha,
        overlap=find_overlap(cells),
    )
    return replace(
        spread, groups=tuple(describe_group(cell, judged=names) for cell in cut.values())
    )


def _check(judged: Sequence[str], *, limit: float, baseline: str | None, alpha: float) -> None:
    if len(set(judged)) < len(judged):
        raise ValueError(f"judged names a subgroup twice: {list(judged)}")
    if not isfinite(limit):
        raise ValueError(f"limit must be finite, not {limit}")
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha must lie inside (0, 0.5), not {alpha}")
    if baseline is not None and baseline not in judged:
        raise ValueError(f"baseline {baseline!r} is not among the judged {list(judged)}")
