"""The largest unexplained part of several gaps, with bounds that hold together."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan
from typing import TYPE_CHECKING

from pytest_biasruler.statistics.contrast import plain_interval
from pytest_biasruler.statistics.power import more_patients, smallest_detectable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_biasruler.statistics.contrast import Contrast
    from pytest_biasruler.statistics.prediction import ReferenceLine, Remainder


@dataclass(frozen=True, kw_only=True, slots=True)
class Remainders:
    """The largest unexplained part of a family of gaps, and its bounds.

    Only subgroups within reach of the reference group count, and `high` is infinite if there are
    others. If none is, `value` and what belongs to it are still those of the largest, but `low`
    and `high` are NaN and `p_fail` is 1.

    Attributes
    ----------
    value : float
        Largest mean of predicted minus got, in both orders its largest size; NaN if nothing could
        be predicted.
    low, high : float
        Each wrong in at most alpha of benchmarks; in both orders not below 0.
    ci95 : tuple of float
        Plain two-sided 95 % interval of `value`.
    pair : tuple of str or None
        Reference group and subgroup of `value`, the better one first if it is positive.
    se, df : float
        Plain, of `pair`.
    level : float
        Of the lower bounds.
    p_fail : float
        Evidence that some subgroup is left with more than the limit, adjusted by Bonferroni.
    min_detectable : float
        Excess over the limit that would be found in 80 % of benchmarks.
    needed : mapping of str to float
        More patients that reference group and subgroup need for a verdict, if `value` is true.
    r_squared : float
        Of the line through the reference group; NaN if all its cases got the same.
    rank, n_patients : int
        Columns of that line that are not redundant, the constant included, and patients in it.
    n_columns : int
        All its columns.
    groups : tuple of Remainder
        The other judged subgroups, by name.
    beyond_reach : tuple of str
        Those of them with too many cases off support, or with none that could be predicted.
    """

    value: float
    low: float
    high: float
    ci95: tuple[float, float]
    pair: tuple[str, str] | None
    se: float
    df: float
    level: float
    p_fail: float
    min_detectable: float
    needed: Mapping[str, float]
    r_squared: float
    rank: int
    n_patients: int
    n_columns: int
    groups: tuple[Remainder, ...]
    beyond_reach: tuple[str, ...]

    @property
    def is_unsigned(self) -> bool:
        """Whether a negative unexplained part counts as a positive one does."""
        return any(group.mirrored is not None for group in self.groups)

    @property
    def gap(self) -> float:
        """Mean of the first of `pair` minus that of the second; NaN without a pair."""
        if self.pair is None:
            return nan
        first, second = self.pair
        gaps = {group.name: group.gap for group in self.groups}
        return gaps[second] if second in gaps else -gaps[first]


def sum_up_remainders(
    groups: tuple[Remainder, ...],
    line: ReferenceLine | None,
    *,
    levels: tuple[float, float],
    limit: float,
    max_off_support: float,
    both_orders: bool,
) -> Remainders:
    """Return the largest unexplained part of the subgroups, with bounds that hold together.

    Parameters
    ----------
    groups : tuple of Remainder
        All judged subgroups but the reference group, by name.
    line : ReferenceLine or None
        None if no case of the reference group could be used.
    levels : tuple of float
        One-sided levels of lower and upper bounds; the former allows for every subgroup.
    limit : float
        What no unexplained part should exceed.
    max_off_support : float
        Share of a subgroup's cases that may lie outside what the reference group covers.
    both_orders : bool
        Whether a negative unexplained part counts as a positive one does.
    """
    reached = [
        group
        for group in groups
        if group.contrast is not None and group.off_support <= max_off_support
    ]
    known = [contrast for group in reached or groups for contrast in group.contrasts]
    top = max(known, key=lambda contrast: contrast.estimate, default=None)
    contrasts = [contrast for group in reached for contrast in group.contrasts]
    n_contrasts = (2 if both_orders else 1) * len(groups)
    se, df = (top.se, top.df) if top else (nan, nan)
    return Remainders(
        value=top.estimate if top else nan,
        low=_lowest(contrasts, both_orders=both_orders),
        high=_highest(contrasts, is_complete=len(reached) == len(groups)),
        ci95=plain_interval(top.estimate, se=se, df=df) if top else (nan, nan),
        pair=(top.a, top.b) if top else None,
        se=se,
        df=df,
        level=levels[0],
        p_fail=min(1.0, n_contrasts * min((one.p for one in contrasts), default=1.0)),
        min_detectable=smallest_detectable(se=se, df=df, level=levels[0]),
        needed=_plan(top, groups, line, levels=levels, limit=limit),
        r_squared=line.fit.r_squared if line else nan,
        rank=line.fit.rank if line else 0,
        n_patients=len(line.fit.patients) if line else 0,
        n_columns=line.fit.matrix.shape[1] if line else 0,
        groups=groups,
        beyond_reach=tuple(group.name for group in groups if group not in reached),
    )


def _lowest(contrasts: list[Contrast], *, both_orders: bool) -> float:
    """Return the lower bound of the largest, not below 0 where sizes are compared."""
    if not contrasts:
        return nan
    low = max(contrast.low for contrast in contrasts)
    return max(low, 0.0) if both_orders else low


def _highest(contrasts: list[Contrast], *, is_complete: bool) -> float:
    """Return the upper bound of all, open where something is known of only some."""
    if not contrasts:
        return nan
    return max(contrast.high for contrast in contrasts) if is_complete else inf


def _plan(
    top: Contrast | None,
    groups: tuple[Remainder, ...],
    line: ReferenceLine | None,
    *,
    levels: tuple[float, float],
    limit: float,
) -> dict[str, float]:
    if top is None or line is None:
        return {}
    n_patients = {group.name: group.n_patients for group in groups}
    n_patients[line.name] = len(line.fit.patients)
    margin = top.estimate - limit
    level = levels[0] if margin > 0 else levels[1]
    return {
        name: more_patients(n_patients[name], se=top.se, df=top.df, level=level, margin=margin)
        for name in (top.a, top.b)
    }
