"""The largest of a family of contrasts between subgroups, with bounds that hold together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import permutations
from math import isnan, nan
from typing import TYPE_CHECKING

from pytest_biasruler.statistics.contrast import (
    Contrast,
    contrast_pairs,
    plain_interval,
    tabulate_contrasts,
)
from pytest_biasruler.statistics.multiplicity import judge_together
from pytest_biasruler.statistics.power import more_patients, smallest_detectable
from pytest_biasruler.statistics.summaries import estimate_heterogeneity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_biasruler.statistics.group import GroupMoments
    from pytest_biasruler.statistics.guard import GuardedMoments
    from pytest_biasruler.statistics.overlap import Overlap


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """The largest contrast of a family and its bounds.

    Without a contrast (fewer than two judged subgroups with a value, or no reference group)
    every number is NaN, `pair` is None and `p_fail` is 1. A subgroup of one patient leaves
    `low` at -inf (0 if unsigned) and `high` at inf.

    Attributes
    ----------
    value : float
        Largest estimate.
    low, high : float
        Each wrong in at most alpha of benchmarks; not a two-sided interval.
    ci95 : tuple of float
        Plain two-sided 95 % interval of the contrast of `pair`.
    pair : tuple of str or None
        The (a, b) of `value`; the first by name if several share it.
    se, df : float
        Plain, of `pair`.
    p_level : float
        p*, the level of `low`.
    p_fail : float
        Evidence that some contrast is above the limit, adjusted within the family.
    min_detectable : float
        Excess over the limit that would be found in 80 % of benchmarks.
    needed : mapping of str to float
        How many more patients the subgroups of `pair` need for a verdict if `value` is the
        truth; infinite above 10,000.
    heterogeneity_sd : float
        Standard deviation of the true subgroup means, estimated (`estimate_heterogeneity`).
    contrasts : tuple of Contrast
        By name.
    groups : tuple of GroupMoments
        Every subgroup of the column, by name.
    """

    value: float
    low: float
    high: float
    ci95: tuple[float, float]
    pair: tuple[str, str] | None
    se: float
    df: float
    p_level: float
    p_fail: float
    min_detectable: float
    needed: Mapping[str, float]
    heterogeneity_sd: float
    contrasts: tuple[Contrast, ...]
    groups: tuple[GroupMoments, ...]


UNDEFINED = Spread(
    value=nan, low=nan, high=nan, ci95=(nan, nan), pair=None, se=nan, df=nan, p_level=nan,
    p_fail=1.0, min_detectable=nan, needed={}, heterogeneity_sd=nan, contrasts=(), groups=(),
)  # fmt: skip
"""What is left where nothing can be compared."""


def compare_groups(
    groups: Sequence[GuardedMoments],
    *,
    limit: float,
    baseline: str | None = None,
    both_orders: bool = False,
    alpha: float = 0.05,
    overlap: Overlap | None = None,
) -> Spread:
    """Estimate the spread of subgroups whose guarded moments came from anywhere.

    Parameters
    ----------
    groups : sequence of GuardedMoments
        The judged subgroups, by name.
    limit, baseline, both_orders, alpha
        As for `estimate_spread`.
    overlap : Overlap, optional
        Of the same subgroups, if a patient has cases in several.

    Returns
    -------
    Spread
        Its `groups` are empty.
    """
    names = [group.name for group in groups]
    pairs = pair_groups(names, baseline=baseline, both_orders=both_orders)
    if not pairs:
        return UNDEFINED
    contrasts = contrast_pairs(groups, pairs=pairs, overlap=overlap)
    family = judge_together(
        [group.plain.variance for group in groups],
        pairs=pairs,
        baseline=None if baseline is None else names.index(baseline),
        crosses=overlap is not None,
        alpha=alpha,
    )
    records = tabulate_contrasts(
        contrasts,
        pairs=[(names[a], names[b]) for a, b in pairs],
        levels=(family.level, 1 - alpha),
        limit=limit,
    )
    spread = _pick_largest(records, is_signed=baseline is not None and not both_orders)
    if spread.pair is None:
        return spread
    return replace(
        spread,
        p_level=family.level,
        p_fail=family.combine([record.p for record in records]),
        min_detectable=smallest_detectable(se=spread.se, df=spread.df, level=family.level),
        needed=_plan(
            spread,
            n_patients={group.name: group.n_patients for group in groups},
            level=family.level if spread.value > limit else 1 - alpha,
            limit=limit,
        ),
        heterogeneity_sd=estimate_heterogeneity(
            [group.plain.mean for group in groups], [group.plain.variance for group in groups]
        ),
    )


def _plan(
    spread: Spread, *, n_patients: Mapping[str, int], level: float, limit: float
) -> dict[str, float]:
    margin = spread.value - limit
    return {
        name: more_patients(
            n_patients[name], se=spread.se, df=spread.df, level=level, margin=margin
        )
        for name in spread.pair or ()
    }


def _pick_largest(records: tuple[Contrast, ...], *, is_signed: bool) -> Spread:
    known = [record for record in records if not isnan(record.estimate)]
    if not known:
        return replace(UNDEFINED, contrasts=records)
    top = max(known, key=lambda record: record.estimate)  # the first by name of equals
    low = max(record.low for record in records)
    return replace(
        UNDEFINED,
        value=top.estimate,
        low=low if is_signed else max(low, 0.0),
        high=max(record.high for record in records),
        ci95=plain_interval(top.estimate, se=top.se, df=top.df),
        pair=(top.a, top.b),
        se=top.se,
        df=top.df,
        contrasts=records,
    )


def pair_groups(
    names: Sequence[str], *, baseline: str | None, both_orders: bool = False
) -> list[tuple[int, int]]:
    """Return the contrasts of a family as positions in `names`, in the order of `names`.

    Examples
    --------
    >>> pair_groups(["a", "b", "c"], baseline="b")
    [(1, 0), (1, 2)]
    >>> len(pair_groups(["a", "b", "c"], baseline=None))
    6
    """
    pairs = permutations(range(len(names)), 2)
    if baseline is None:
        return list(pairs)
    return [
        (a, b) for a, b in pairs if names[a] == baseline or (both_orders and names[b] == baseline)
    ]
