"""Does the score change along a number, and does the automated reference bend that change?

The form of `gap` and `ruler` with ``continuous``: the least-squares slope of their column along
the numbers of an attribute, per ``step`` units of it, in whichever direction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pytest_biasruler.checks.answer import (
    answer,
    is_wrongly_paired,
    note_automated,
)
from pytest_biasruler.checks.bounds import bounds_of
from pytest_biasruler.checks.comparison import finite
from pytest_biasruler.checks.evidence import paired_difference, score_column
from pytest_biasruler.checks.finding import Estimate, Finding, Verdict
from pytest_biasruler.checks.membership import find_members
from pytest_biasruler.checks.trend_details import describe_trend
from pytest_biasruler.checks.trend_statement import state_bend, state_trend
from pytest_biasruler.statistics.spread import judge_bounds
from pytest_biasruler.statistics.support import pooled_support, symmetric_support
from pytest_biasruler.statistics.trend import estimate_trend

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.evidence import Column, Evidence
    from pytest_biasruler.checks.membership import Membership
    from pytest_biasruler.statistics.trend import Trend

MOST_LEVERAGE = 0.25
"""A patient with more than this share of the spread of the numbers decides a slope alone."""

ONE_DECIDES = "one patient decides"
"""The reason that is given then."""

_WITHOUT_ESTIMATE = ("no pairs", "too few subgroups")


def follow_score(evidence: Evidence, declared: DeclaredCheck) -> Finding:
    """Return whether the score surely changes by more than the limit per step of a number."""
    column = _scores(evidence, declared, str(declared.reference))
    support = pooled_support(column.per_case)
    if declared.support == "bounds" and len(column.per_case):
        support = bounds_of(evidence, declared, column)
    trend = _follow(evidence, declared, column, support=support)
    statement = state_trend(evidence.metric(declared.metric), declared, trend)
    return _answer(
        evidence,
        declared,
        column,
        trend,
        statement=statement + note_automated(evidence, declared),
        details={},
    )


def follow_difference(evidence: Evidence, declared: DeclaredCheck) -> Finding:
    """Return whether the automated reference surely bends the slope by more than the limit."""
    expert, automated = (
        _scores(evidence, declared, str(name), worst_is_score=False)
        for name in (declared.reference, declared.automated)
    )
    column = paired_difference(automated, expert)
    support = symmetric_support(column.per_case)
    if declared.support == "bounds" and len(column.per_case):
        low, high = bounds_of(evidence, declared, expert, automated)
        support = low - high, high - low
    trend = _follow(evidence, declared, column, support=support)
    both = column.per_case.index
    slopes = {
        name: _slope_of(evidence, declared, one.only(both))
        for name, one in (("expert", expert), ("automated", automated))
    }
    return _answer(
        evidence,
        declared,
        column,
        trend,
        statement=state_bend(evidence.metric(declared.metric), declared, trend, slopes),
        details={"slopes_by": slopes},
    )


def _scores(
    evidence: Evidence, declared: DeclaredCheck, reference: str, *, worst_is_score: bool = True
) -> Column:
    return score_column(
        evidence,
        declared.metric,
        model=str(declared.model),
        reference=reference,
        label=declared.label,
        worst_is_score=worst_is_score,
    )


def numbers_of(evidence: Evidence, declared: DeclaredCheck, column: Column) -> pd.Series[float]:
    """Return the number of each case that has one and a value in the column."""
    known = pd.Series(evidence.cut(declared.by).numbers, dtype=float)
    return known.loc[known.index.intersection(column.per_case.index).sort_values()]


def _follow(
    evidence: Evidence,
    declared: DeclaredCheck,
    column: Column,
    *,
    support: tuple[float, float],
) -> Trend:
    numbers = numbers_of(evidence, declared, column)
    return estimate_trend(
        column.per_case.loc[numbers.index].to_numpy(),
        positions=numbers.to_numpy(),
        patients=evidence.number_patients(numbers.index),
        step=float(declared.options["step"]),
        limit=float(declared.limit or 0.0),
        support=support,
        alpha=declared.alpha,
    )


def _slope_of(evidence: Evidence, declared: DeclaredCheck, column: Column) -> float | None:
    """Return the slope of a score in its natural direction."""
    trend = _follow(evidence, declared, column, support=pooled_support(column.per_case))
    return finite(evidence.metric(declared.metric).sign * trend.slope)


def _answer(
    evidence: Evidence,
    declared: DeclaredCheck,
    column: Column,
    trend: Trend,
    *,
    statement: str,
    details: dict[str, Any],
) -> Finding:
    members = find_members(evidence, column, by=declared.by, min_patients=declared.min_patients)
    is_wrong = is_wrongly_paired(evidence, declared)
    verdict, reason = _conclude(trend, declared, members, column, is_wrong=is_wrong)
    shown = column.shown.loc[numbers_of(evidence, declared, column).index]
    return answer(
        evidence,
        declared,
        statement=statement,
        verdict=verdict,
        reason=reason,
        estimate=None if reason in _WITHOUT_ESTIMATE else _estimate_of(trend, declared),
        p_fail=None if reason in _WITHOUT_ESTIMATE else trend.p_fail,
        min_detectable=None if reason in _WITHOUT_ESTIMATE else trend.min_detectable,
        groups=members.groups,
        details={
            **describe_trend(evidence, declared, trend, shown=shown, members=members),
            **details,
        },
    )


def _conclude(
    trend: Trend,
    declared: DeclaredCheck,
    members: Membership,
    column: Column,
    *,
    is_wrong: bool,
) -> tuple[Verdict, str | None]:
    """Return the verdict and, if it is INCONCLUSIVE, why."""
    open_for = _why_open(trend, declared, members, column)
    if open_for is not None:
        return Verdict.INCONCLUSIVE, open_for
    verdict = Verdict(judge_bounds(trend.low, trend.high, declared.limit))
    if verdict == Verdict.PASS and is_wrong:
        return Verdict.INCONCLUSIVE, "wrong pairing"
    if verdict == Verdict.PASS and members.crowded:
        return Verdict.INCONCLUSIVE, "missing values"
    if verdict != Verdict.INCONCLUSIVE:
        return verdict, None
    is_strong = trend.min_detectable <= float(declared.limit or 0.0)
    return verdict, "borderline" if is_strong else "underpowered"


def _why_open(
    trend: Trend, declared: DeclaredCheck, members: Membership, column: Column
) -> str | None:
    """Return why nothing can be concluded from a slope, if that is so."""
    if declared.check == "ruler" and not len(column.per_case):
        return "no pairs"
    # As for a gap: two subgroups of enough patients, so that the numbers differ among many.
    if len(members.judged) < 2 or not np.isfinite(trend.slope):
        return "too few subgroups"
    return None if trend.leverage <= MOST_LEVERAGE else ONE_DECIDES


def _estimate_of(trend: Trend, declared: DeclaredCheck) -> Estimate:
    sign = -1 if trend.slope < 0 else 1
    ends = sorted(sign * end for end in trend.ci95)
    return Estimate(
        value=finite(trend.value),
        low=finite(trend.low),
        high=finite(trend.high),
        ci95=(finite(ends[0]), finite(ends[1])),
        pair=None,
        method=(
            f"guarded least-squares slope, CR1 by patient, Satterthwaite df {trend.df:.1f}, level "
            f"{trend.level:.4f} for the lower bound, {1 - declared.alpha:.4f} for the upper"
        ),
        alpha=declared.alpha,
    )
