"""Does the automated reference bend the gap?

The column is s*(y(model, automated) - y(model, expert)) on cases scored under both. Its spread is
the distortion: how far the automated reference moves some gap, in whatever direction. Own keys:
``gap_limit``, at which both gaps are judged for the verdict-flip matrix; ``continuous`` and
``step``: how far it bends the slope of the scores along a number, per step, in their place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.definition import ReferenceKind
from pytest_biasruler.checks.agreement import agreement_details
from pytest_biasruler.checks.answer import answer_comparison
from pytest_biasruler.checks.bounds import bounds_of
from pytest_biasruler.checks.comparison import compare, finite
from pytest_biasruler.checks.distortion import describe_distortion
from pytest_biasruler.checks.evidence import paired_difference, score_column
from pytest_biasruler.checks.finding import Finding, Verdict
from pytest_biasruler.checks.numbers import format_number, format_signed
from pytest_biasruler.checks.trend import follow_difference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.comparison import Comparison
    from pytest_biasruler.checks.distortion import Distortion
    from pytest_biasruler.checks.evidence import Column, Evidence


def check_ruler(evidence: Evidence, declared: DeclaredCheck) -> Finding:
    """Return whether the automated reference surely moves some gap by more than the limit."""
    if declared.options.get("continuous"):
        return follow_difference(evidence, declared)
    expert = _scores(evidence, declared, str(declared.reference))
    automated = _scores(evidence, declared, str(declared.automated))
    comparison = compare_references(evidence, declared, expert, automated)
    details: dict[str, Any] = {"gap_limit": declared.options["gap_limit"]}
    statement = "The gap cannot be compared between the two references"
    if comparison.spread is not None and not evidence.is_brief:
        both = comparison.column.per_case.index
        distortion = describe_distortion(
            evidence,
            declared,
            comparison,
            expert=expert.only(both),
            automated=automated.only(both),
        )
        statement = state_distortion(declared, comparison, distortion)
        details |= distortion.details()
        details |= agreement_details(
            evidence, declared, comparison, expert=expert, automated=automated
        )
        details["false_confidence"] = _is_false_confidence(details)
        details["human_floor"] = _human_floor(evidence, declared, expert)
    return answer_comparison(
        evidence,
        declared,
        comparison,
        statement=statement,
        details=details,
        none_scored="no pairs",
    )


def _scores(evidence: Evidence, declared: DeclaredCheck, reference: str) -> Column:
    # Two worst scores of one missing prediction would say that the ruler is straight.
    return score_column(
        evidence,
        declared.metric,
        model=str(declared.model),
        reference=reference,
        label=declared.label,
        worst_is_score=False,
    )


def compare_references(
    evidence: Evidence, declared: DeclaredCheck, expert: Column, automated: Column
) -> Comparison:
    """Return the spread of automated minus expert scores between subgroups."""
    difference = paired_difference(automated, expert)
    support: str | tuple[float, float] = "symmetric"
    if declared.support == "bounds" and len(difference.per_case):
        low, high = bounds_of(evidence, declared, expert, automated)
        support = (low - high, high - low)
    return compare(
        evidence,
        declared,
        difference,
        support=support,
        limit=float(declared.limit or 0.0),
        both_orders=declared.baseline is not None,
    )


def state_distortion(
    declared: DeclaredCheck, comparison: Comparison, distortion: Distortion
) -> str:
    """Return what the automated reference does to the gap, as one sentence."""
    spread, attribute = comparison.spread, " and ".join(declared.by)
    if spread is None or not (spread.low > 0 or distortion.is_large):
        within = format_number(finite(spread.high) if spread else None, limit=declared.limit)
        where = " on the cases scored under both" if comparison.members.crowded else ""
        return f"The two references show the same {attribute} gap to within {within}{where}"
    size = format_number(spread.value, limit=declared.limit)
    pair = f"{distortion.pair[0]} − {distortion.pair[1]}"
    gaps = (
        f"(experts {format_number(distortion.gap_expert)}, "
        f"automated {format_number(distortion.gap_automated)})"
    )
    signed = (
        f"({pair}: experts {format_signed(distortion.gap_expert)}, "
        f"automated {format_signed(distortion.gap_automated)})"
    )
    if not distortion.is_confirmed:
        return f"The automated reference moves the {attribute} gap by {size} {signed}"
    return {
        "inflates": f"The automated reference adds {size} to the {attribute} gap {gaps}",
        "masks": f"The automated reference hides {size} of the {attribute} gap {gaps}",
        "reverses": f"The automated reference turns the {attribute} gap around {signed}",
    }[distortion.direction]


def _is_false_confidence(details: Mapping[str, Any]) -> bool:
    """Return whether scores that huddle together decide what the expert leaves open (3.4)."""
    by_automated, by_expert = details["gap_automated"], details["gap_expert"]
    return bool(
        details["variance_collapse"]
        and by_automated["verdict"] != Verdict.INCONCLUSIVE
        and by_expert["verdict"] == Verdict.INCONCLUSIVE
    )


def _human_floor(
    evidence: Evidence, declared: DeclaredCheck, expert: Column
) -> dict[str, object] | None:
    """Return how far a second expert in place of the automated reference bends the gap."""
    seconds = [
        reference.name
        for reference in evidence.benchmark.references
        if reference.kind == ReferenceKind.EXPERT and reference.name != declared.reference
    ]
    if not seconds:
        return None
    second = _scores(evidence, declared, seconds[0])
    floor = compare_references(evidence, declared, expert, second).spread
    if floor is None:
        return None
    return {
        "second_expert": seconds[0],
        "value": finite(floor.value),
        "low": finite(floor.low),
        "high": finite(floor.high),
    }
