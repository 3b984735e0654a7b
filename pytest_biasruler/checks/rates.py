"""How often each subgroup succeeds, and the ratio of the rates."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

from pytest_biasruler.checks.comparison import compare
from pytest_biasruler.checks.evidence import Column
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.statistics.rates import RateRatio, estimate_rate_ratio
from pytest_biasruler.statistics.spread import judge_bounds

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.comparison import Comparison
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.membership import Membership

FOUR_FIFTHS = 0.8


def mark_successes(
    evidence: Evidence, declared: DeclaredCheck, scores: Column, *, threshold: float
) -> Column:
    """Return 1 for each case strictly better than the threshold, else 0."""
    sign = evidence.metric(declared.metric).sign
    successes = (scores.per_case > sign * threshold).astype(float)
    return Column(
        per_case=successes,
        shown=successes,
        excluded=scores.excluded,
        undefined=scores.undefined,
    )


def compare_rates(
    evidence: Evidence, declared: DeclaredCheck, column: Column, members: Membership
) -> RateRatio | None:
    """Return the ratio of success rates, or None where nothing can be compared."""
    baseline = declared.baseline
    if len(members.judged) < 2 or (baseline is not None and baseline not in members.judged):
        return None
    names = members.subgroups.of.reindex(column.per_case.index)
    return estimate_rate_ratio(
        column.per_case.to_numpy(),
        subgroups=names.to_numpy(dtype=object),
        patients=evidence.number_patients(names.index),
        judged=members.judged,
        limit=ratio_limit(declared),
        baseline=baseline,
        alpha=declared.alpha,
    )


def compare_successes(evidence: Evidence, declared: DeclaredCheck, column: Column) -> Comparison:
    """Return the difference of success rates, through the engine."""
    limit = float(declared.limit or 0.0)
    return compare(evidence, declared, column, support=(0.0, 1.0), limit=limit)


def ratio_limit(declared: DeclaredCheck) -> float:
    """Return the limit of ratios; four fifths where the check is about a difference."""
    is_ratio = declared.options["statistic"] == "ratio"
    return declared.limit if is_ratio and declared.limit is not None else FOUR_FIFTHS


def judge_ratio(
    ratio: RateRatio | None, members: Membership, limit: float
) -> tuple[Verdict, str | None]:
    """Return the verdict of a ratio: worse is smaller, so its bounds are judged mirrored."""
    if ratio is None:
        return Verdict.INCONCLUSIVE, "too few subgroups"
    if not ratio.is_defined:
        return Verdict.INCONCLUSIVE, "undefined ratio"
    verdict = Verdict(judge_bounds(-ratio.high, -ratio.low, -limit))
    if verdict == Verdict.PASS and members.crowded:
        return Verdict.INCONCLUSIVE, "missing values"
    if verdict != Verdict.INCONCLUSIVE:
        return verdict, None
    weak = not ratio.min_detectable <= -log(limit)
    return verdict, "underpowered" if weak else "borderline"
