"""Is the worst-off subgroup good enough in absolute terms?

Each judged subgroup's mean score is compared with the limit, in the metric's own unit. The guard
always uses the metric's bounds. Own keys: none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.checks.answer import answer, is_wrongly_paired, note_automated, note_unjudged
from pytest_biasruler.checks.bounds import bounds_of
from pytest_biasruler.checks.comparison import finite
from pytest_biasruler.checks.evidence import score_column
from pytest_biasruler.checks.finding import Estimate, Finding, Verdict
from pytest_biasruler.checks.membership import find_members
from pytest_biasruler.checks.numbers import format_number
from pytest_biasruler.statistics.floor import FloorEstimate, estimate_floor
from pytest_biasruler.statistics.spread import judge_bounds

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.checks.evidence import Column, Evidence
    from pytest_biasruler.checks.membership import Membership


def check_floor(evidence: Evidence, declared: DeclaredCheck) -> Finding:
    """Return whether every subgroup's mean is surely better than the limit."""
    column = score_column(
        evidence,
        declared.metric,
        model=str(declared.model),
        reference=str(declared.reference),
        label=declared.label,
    )
    members = find_members(evidence, column, by=declared.by, min_patients=declared.min_patients)
    floor = _estimate(evidence, declared, column, members) if members.judged else None
    metric = evidence.metric(declared.metric)
    verdict, reason = _judge(
        floor, members, metric.sign * _limit(declared), wrong=is_wrongly_paired(evidence, declared)
    )
    return answer(
        evidence,
        declared,
        statement=_state(evidence, declared, floor) + note_unjudged(members, verdict),
        verdict=verdict,
        reason=reason,
        estimate=_estimate_of(floor, metric, alpha=declared.alpha) if floor else None,
        p_fail=floor.p_fail if floor else None,
        min_detectable=floor.min_detectable if floor else None,
        groups=members.groups,
        details={
            "counts": {"excluded": dict(members.excluded), "undefined": dict(members.undefined)},
            "too_small": list(members.too_small),
            "bounds": _bounds(floor, metric) if floor else {},
            "worst": floor.worst if floor else None,
            "better_above": metric.sign > 0,
        },
    )


def _limit(declared: DeclaredCheck) -> float:
    return float("nan") if declared.limit is None else declared.limit


def _estimate(
    evidence: Evidence, declared: DeclaredCheck, column: Column, members: Membership
) -> FloorEstimate:
    names = members.subgroups.of.reindex(column.per_case.index)
    return estimate_floor(
        column.per_case.to_numpy(),
        subgroups=names.to_numpy(dtype=object),
        patients=evidence.number_patients(names.index),
        judged=members.judged,
        limit=evidence.metric(declared.metric).sign * _limit(declared),
        support=bounds_of(evidence, declared, column.only(members.judged_among(names.index))),
        alpha=declared.alpha,
    )


def _judge(
    floor: FloorEstimate | None, members: Membership, limit: float, *, wrong: bool
) -> tuple[Verdict, str | None]:
    """Return the verdict; floors mirror a gap: worse than the limit is below it."""
    if floor is None:
        return Verdict.INCONCLUSIVE, "too few subgroups"
    verdict = Verdict(judge_bounds(-floor.high, -floor.low, -limit))
    if verdict == Verdict.PASS and wrong:
        return Verdict.INCONCLUSIVE, "wrong pairing"
    if verdict == Verdict.PASS and members.crowded:
        return Verdict.INCONCLUSIVE, "missing values"
    if verdict == Verdict.INCONCLUSIVE:
        weak = not floor.min_detectable <= abs(floor.value - limit)
        return verdict, "underpowered" if weak else "borderline"
    return verdict, None


def _estimate_of(floor: FloorEstimate, metric: Metric, *, alpha: float) -> Estimate:
    """Return the worst mean in natural direction; for a distance the bounds change places."""
    low, high = _natural(floor.low, floor.high, metric)
    return Estimate(
        value=finite(metric.sign * floor.value),
        low=low,
        high=high,
        ci95=_natural(*floor.ci95, metric),
        pair=None,
        method=(
            "guarded cluster-robust one-sample means within what a case can be, level "
            f"{floor.level:.4f} for FAIL, {1 - alpha:.4f} for PASS"
        ),
        alpha=alpha,
    )


def _natural(first: float, second: float, metric: Metric) -> tuple[float | None, float | None]:
    """Return two bounds in natural direction, none of them beyond what the metric can be."""
    least, most = metric.range
    low, high = sorted((metric.sign * first, metric.sign * second))
    return (
        finite(low if least is None else max(low, least)),
        finite(high if most is None else min(high, most)),
    )


def _bounds(floor: FloorEstimate, metric: Metric) -> dict[str, dict[str, float | None]]:
    bounds = {}
    for group in floor.groups:
        low, high = _natural(group.low, group.high, metric)
        bounds[group.name] = {"mean": finite(metric.sign * group.mean), "low": low, "high": high}
    return bounds


def _state(evidence: Evidence, declared: DeclaredCheck, floor: FloorEstimate | None) -> str:
    metric, attribute = evidence.metric(declared.metric), " and ".join(declared.by)
    if floor is None:
        return f"No subgroup of {attribute} is large enough for a floor of {metric.title}"
    mean = format_number(metric.sign * floor.value, limit=declared.limit)
    unit = f" {metric.unit}" if metric.unit else ""
    return (
        f"The worst-off subgroup of {attribute} ({floor.worst}) has {metric.title} {mean}{unit}"
        f"{note_automated(evidence, declared)}"
    )
