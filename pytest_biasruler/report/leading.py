"""Which findings stand on the first screen, and what each is called there."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from pytest_biasruler.checks.outcome import is_better_above
from pytest_biasruler.report.headline import order_findings
from pytest_biasruler.report.numbers import shown
from pytest_biasruler.report.rows import gap_rows
from pytest_biasruler.report.titles import subject_title
from pytest_biasruler.report.wording import (
    attribute_title,
    has_ratio,
    metric_title,
    outcome_of,
    pair_of,
    quantity_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding

MOST_LEADING = 4
_FIRST = ("gap", "ruler", "labels", "amplification", "floor", "success")
"""Checks that tell most in little: harm by the experts, then the bent ruler, then its labels."""

_IN_SCORES = (
    *("gap", "ruler", "labels", "amplification", "difficulty", "rectified", "ranking", "noise"),
)
"""Checks whose value is a difference of scores, so that they share an axis."""


def choose_leading(audit: Audit) -> tuple[Finding, ...]:
    """Return the findings that decide: that of the headline, then the first of other kinds.

    Where all pass, those nearest to their limits.
    """
    ordered = sorted(order_findings(audit.findings), key=_gates_nothing)
    worst = [f for f in ordered if outcome_of(f) == outcome_of(ordered[0])]
    same = [f for f in worst if f.estimate is not None]
    if not same:  # a fact decides, or nothing does; what passed would only distract from it
        return ()
    first = same[0]
    if outcome_of(first) == "passed":
        return tuple(sorted(same, key=slack_of)[:MOST_LEADING])
    if outcome_of(first) != "failed":
        return tuple(same[:MOST_LEADING])
    told = _comparison(first) if first.check == "ruler" and gap_rows(first) else None
    others: dict[str, Finding] = {}
    for one in same:
        if one.check != first.check and not (one.check == "gap" and _comparison(one) == told):
            others.setdefault(one.check, one)
    # A ruler tells both gaps and how they differ: only harm that it does not tell is added.
    checks = (*_FIRST, *others) if told is None else ("gap",)
    chosen = dict.fromkeys(check for check in checks if check in others)
    return (first, *(others[check] for check in chosen))[:MOST_LEADING]


def _gates_nothing(finding: Finding) -> bool:
    return outcome_of(finding) in ("waived", "screened", "not judged")


def _comparison(finding: Finding) -> tuple[object, ...]:
    return finding.metric, finding.by, finding.label, finding.model


def slack_of(finding: Finding) -> float:
    """Return how far the deciding bound of a PASS is from the limit, in limits."""
    estimate, limit = finding.estimate, finding.limit
    if estimate is None or not limit:
        return inf
    bound = estimate.low if is_better_above(finding) else estimate.high
    return inf if bound is None else abs(limit - bound) / abs(limit)


def share_axis(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return those of the findings that one axis can hold beside the first."""
    first = findings[0]
    if first.check not in _IN_SCORES:
        return tuple(f for f in findings if f.check == first.check and f.unit == first.unit)
    return tuple(
        f
        for f in findings
        if f.check in _IN_SCORES and not has_ratio(f) and (f.metric, f.unit) == _scale(first)
    )


def _scale(finding: Finding) -> tuple[str | None, str]:
    return finding.metric, finding.unit


def name_leading(finding: Finding, *, audit: Audit) -> str:
    """Return what a row of the first screen is about, and of several models which."""
    model = finding.model if len(audit.models) > 1 else None
    ending = f", model {shown(model, longest=40)}" if model else ""
    if finding.check == "ruler":
        what = f"distortion (automated − expert): {subject_title(finding)}"
    elif finding.check == "gap":
        by = finding.details.get("proven_by") or _kind_of(audit, finding.reference)
        ruler = f", {by} reference" if by else ""
        what = f"{metric_title(finding.metric)} gap by {attribute_title(finding)}{ruler}"
    elif finding.check == "labels":
        what = f"automated labels against experts: {subject_title(finding)}"
    else:
        what = f"{quantity_of(finding)}: {subject_title(finding)}"
    pair = pair_of(finding)
    return f"{what}{f', {pair}' if pair else ''}{ending}"


def _kind_of(audit: Audit, reference: object) -> str:
    return str((audit.references.get(str(reference)) or {}).get("kind") or "")
