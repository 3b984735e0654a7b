"""How large a label error would undo the automated gap's verdict? The tipping form of `noise`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_biasruler.checks.answer import answer, is_wrongly_paired, note_unjudged
from pytest_biasruler.checks.comparison import (
    comparison_details,
    conclude,
    estimate_of,
    finite,
)
from pytest_biasruler.checks.evidence import score_column
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.checks.gap import compare_scores
from pytest_biasruler.checks.iou_bounds import bound_expert_means
from pytest_biasruler.checks.numbers import format_number
from pytest_biasruler.checks.ruler import compare_references
from pytest_biasruler.statistics.spread import tipping_point

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.comparison import Comparison
    from pytest_biasruler.checks.evidence import Column, Evidence
    from pytest_biasruler.checks.finding import Finding


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class AutomatedGap:
    """The gap as the automated reference shows it on all cases, and its verdict."""

    comparison: Comparison
    limit: float
    verdict: Verdict
    reason: str | None

    @property
    def tipping(self) -> float | None:
        """The label error, differing between subgroups, that would undo the verdict."""
        spread = self.comparison.spread
        if spread is None or self.verdict == Verdict.INCONCLUSIVE:
            return None
        return tipping_point(spread.low, spread.high, self.limit)

    def details(self) -> dict[str, Any]:
        """Return the plain form that a finding carries."""
        spread = self.comparison.spread
        return {
            "value": finite(spread.value) if spread else None,
            "low": finite(spread.low) if spread else None,
            "high": finite(spread.high) if spread else None,
            "pair": list(spread.pair) if spread and spread.pair else None,
            "limit": self.limit,
            "verdict": str(self.verdict),
            "reason": self.reason,
        }


def check_tipping(evidence: Evidence, declared: DeclaredCheck) -> Finding:
    """Return whether the measured distortion is surely larger than the verdict can bear."""
    gap = _judge_automated(evidence, declared)
    limited = replace(declared, limit=gap.tipping)
    distortion = compare_references(
        evidence,
        limited,
        _scores(evidence, declared, str(declared.reference)),
        _scores(evidence, declared, str(declared.automated)),
    )
    verdict, reason = _conclude(evidence, declared, gap, distortion)
    bounds = None
    if not evidence.is_brief:
        bounds = bound_expert_means(evidence, declared, gap.comparison)
    spread = distortion.spread
    is_asked = gap.tipping is not None and spread is not None
    return answer(
        evidence,
        limited,
        statement=_state(evidence, declared, gap, distortion, bounds)
        + note_unjudged(distortion.members, verdict),
        verdict=verdict,
        reason=reason,
        estimate=estimate_of(distortion, alpha=declared.alpha),
        p_fail=spread.p_fail if spread is not None and is_asked else None,
        min_detectable=spread.min_detectable if spread is not None and is_asked else None,
        groups=distortion.members.groups,
        details={
            **comparison_details(distortion),
            **({} if is_asked else {"needed": None}),
            "form": "tipping",
            "tipping": finite(gap.tipping),
            "gap_automated": gap.details(),
            "iou_bounds": bounds,
        },
    )


def _judge_automated(evidence: Evidence, declared: DeclaredCheck) -> AutomatedGap:
    """Return the gap as a `gap` check with the automated reference would judge it."""
    limit = float(declared.options["gap_limit"])
    column = score_column(
        evidence,
        declared.metric,
        model=str(declared.model),
        reference=str(declared.automated),
        label=declared.label,
    )
    alone = replace(declared, reference=declared.automated, automated=None)
    comparison = compare_scores(evidence, alone, column, limit=limit)
    verdict, reason = conclude(comparison, wrong_pairing=is_wrongly_paired(evidence, alone))
    return AutomatedGap(comparison=comparison, limit=limit, verdict=verdict, reason=reason)


def _scores(evidence: Evidence, declared: DeclaredCheck, reference: str) -> Column:
    # As `ruler`: two worst scores of one missing prediction would say that the labels are right.
    return score_column(
        evidence,
        declared.metric,
        model=str(declared.model),
        reference=reference,
        label=declared.label,
        worst_is_score=False,
    )


def _conclude(
    evidence: Evidence, declared: DeclaredCheck, gap: AutomatedGap, distortion: Comparison
) -> tuple[Verdict, str | None]:
    if gap.comparison.spread is None:
        return Verdict.INCONCLUSIVE, "too few subgroups"
    if gap.verdict == Verdict.INCONCLUSIVE:
        return Verdict.INCONCLUSIVE, "nothing to undo"
    return conclude(
        distortion, none_scored="no pairs", wrong_pairing=is_wrongly_paired(evidence, declared)
    )


def _state(
    evidence: Evidence,
    declared: DeclaredCheck,
    gap: AutomatedGap,
    distortion: Comparison,
    bounds: dict[str, Any] | None,
) -> str:
    metric, attribute = evidence.metric(declared.metric), " and ".join(declared.by)
    unit = f" {metric.unit}" if metric.unit else ""
    if gap.comparison.spread is None:
        return f"{metric.title} cannot be compared between subgroups of {attribute}"
    measured = _told_measured(distortion, bounds, tipping=gap.tipping, unit=unit)
    start = f"By the automated labels the {attribute} gap is"
    if gap.tipping is None:
        return f"{start} undecided, so there is no verdict to undo; {measured}"
    size = format_number(gap.tipping, limit=0.0)
    return (
        f"{start} a {gap.verdict}; label errors that differ by {size}{unit} {metric.title} "
        f"between subgroups of {attribute} would undo that {gap.verdict}; {measured}"
    )


def _told_measured(
    distortion: Comparison, bounds: dict[str, Any] | None, *, tipping: float | None, unit: str
) -> str:
    spread = distortion.spread
    if spread is not None:  # the bounds follow in the full sentence
        does = "label errors differ" if tipping is None else "they differ"
        return f"{does} by {format_number(spread.value, limit=tipping)}{unit}"
    unmeasured = (
        "by how much label errors differ is not measured: it takes expert scores of the model in "
        "two subgroups"
    )
    return unmeasured if bounds is None else f"{unmeasured}; {_told_bounds(bounds)}"


def _told_bounds(bounds: dict[str, Any]) -> str:
    low, high = (
        format_number(bounds[end]).replace("-", "\N{MINUS SIGN}") for end in ("low", "high")
    )
    first, second = bounds["pair"]
    return f"by the overlaps alone the expert gap ({first} − {second}) is {low} to {high}"
