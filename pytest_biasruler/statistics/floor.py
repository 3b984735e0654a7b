"""Whether the worst-off subgroup is good enough: one-sample means against a limit."""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1, isfinite, log1p, nan, sqrt
from typing import TYPE_CHECKING

from pytest_biasruler.statistics.cells import cut_cells
from pytest_biasruler.statistics.guard import (
    guard_moments,
    lower_mean_bound,
    mean_bound,
    mean_evidence,
    upper_mean_bound,
)
from pytest_biasruler.statistics.moments import sum_cells
from pytest_biasruler.statistics.power import smallest_detectable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from pytest_biasruler.statistics.guard import GuardedMoments


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupFloor:
    """The mean of one subgroup with the bounds that a floor is judged by.

    Attributes
    ----------
    name : str
    mean, se, df : float
        Plain.
    low : float
        Guarded lower bound at level 1 - alpha.
    high : float
        Guarded upper bound at level (1 - alpha) ** (1 / k).
    p : float
        Guarded evidence that the mean is below the limit, not adjusted.
    """

    name: str
    mean: float
    se: float
    df: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, kw_only=True, slots=True)
class FloorEstimate:
    """The mean of the worst-off subgroup and its bounds, where larger is better.

    FAIL if `high` is below the limit, PASS if `low` is above it. For a distance d the column
    is -d and everything is mirrored: value, low, high become -value, -high, -low, the limit
    changes its sign, and FAIL is a `low` above it. Without a judged subgroup with a value every
    number is NaN, `worst` is None and `p_fail` is 1.

    Attributes
    ----------
    value : float
        Smallest subgroup mean.
    low, high : float
        Smallest of the lower and smallest of the upper bounds.
    ci95 : tuple of float
        Plain two-sided 95 % interval of the worst subgroup's mean.
    worst : str or None
        The subgroup of `value`; the first by name if several share it.
    level : float
        (1 - alpha) ** (1 / k), the level of the upper bounds.
    p_fail : float
        Evidence that some mean is below the limit, adjusted for the number of subgroups.
    min_detectable : float
        Shortfall below the limit that would be found in 80 % of benchmarks.
    groups : tuple of GroupFloor
        The judged subgroups, by name.
    """

    value: float
    low: float
    high: float
    ci95: tuple[float, float]
    worst: str | None
    level: float
    p_fail: float
    min_detectable: float
    groups: tuple[GroupFloor, ...]


def estimate_floor(
    column: ArrayLike,
    *,
    subgroups: Sequence[str] | NDArray[np.str_],
    judged: Sequence[str],
    limit: float,
    support: tuple[float, float],
    patients: Sequence[object] | NDArray[np.generic] | None = None,
    alpha: float = 0.05,
) -> FloorEstimate:
    """Estimate the mean of the worst-off subgroup.

    Parameters
    ----------
    column : array_like of float, shape (n,)
        One number per case, larger is better; a value that is not finite leaves its case out.
    subgroups : sequence of str, shape (n,)
        The subgroup of each case.
    judged : sequence of str
        The subgroups that must reach the limit; those without a finite value are passed over.
    limit : float
        What every mean should exceed, in the unit and direction of the column.
    support : tuple of float
        Lower and upper end of what a case can be: the bounds of the metric. The observed
        extremes of one subgroup protect too little here.
    patients : sequence, shape (n,), optional
        The patient of each case; without it every case is its own patient.
    alpha : float, default 0.05
        Each bound is wrong in at most this share of benchmarks.

    Returns
    -------
    FloorEstimate

    Raises
    ------
    ValueError
        If lengths differ, limit is not finite, alpha is outside (0, 0.5) or the support is in
        the wrong order.

    Examples
    --------
    >>> floor = estimate_floor(
    ...     [0.9, 0.9, 0.6, 0.6], subgroups=["a", "a", "b", "b"], judged=["a", "b"],
    ...     limit=0.7, support=(0.6, 0.9),
    ... )
    >>> floor.worst, floor.value, round(floor.level, 6)
    ('b', 0.6, 0.974679)
    """
    if not isfinite(limit):
        raise ValueError(f"limit must be finite, not {limit}")
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha must lie inside (0, 0.5), not {alpha}")
    cut = cut_cells(column, subgroups=subgroups, patients=patients)
    guarded = [
        guard_moments(name, sum_cells(cut[name]), support=support)
        for name in sorted(set(judged))
        if name in cut and cut[name].values.size
    ]
    if not guarded:
        return FloorEstimate(
            value=nan, low=nan, high=nan, ci95=(nan, nan), worst=None, level=nan, p_fail=1.0,
            min_detectable=nan, groups=(),
        )  # fmt: skip
    level = (1 - alpha) ** (1 / len(guarded))
    groups = tuple(
        _judge_group(group, limit=limit, levels=(1 - alpha, level)) for group in guarded
    )
    worst = min(groups, key=lambda group: group.mean)
    plain = next(group.plain for group in guarded if group.name == worst.name)
    smallest_p = min(group.p for group in groups)
    return FloorEstimate(
        value=worst.mean,
        low=min(group.low for group in groups),
        high=min(group.high for group in groups),
        ci95=(mean_bound(plain, level=0.975, side=-1), mean_bound(plain, level=0.975, side=1)),
        worst=worst.name,
        level=level,
        p_fail=-expm1(len(groups) * log1p(-smallest_p)) if smallest_p < 1 else 1.0,
        min_detectable=smallest_detectable(se=worst.se, df=worst.df, level=level),
        groups=groups,
    )


def _judge_group(
    guarded: GuardedMoments, *, limit: float, levels: tuple[float, float]
) -> GroupFloor:
    plain = guarded.plain
    return GroupFloor(
        name=guarded.name,
        mean=plain.mean,
        se=sqrt(plain.variance),
        df=plain.df,
        low=lower_mean_bound(guarded, level=levels[0]),
        high=upper_mean_bound(guarded, level=levels[1]),
        p=mean_evidence(plain, guarded.at_high, limit=limit, side=-1),
    )
