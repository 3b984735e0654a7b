"""From numbers to a finding: what all checks fill in alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.check import Policy
from pytest_biasruler.benchmark.definition import ReferenceKind
from pytest_biasruler.benchmark.label_keys import AGGREGATES
from pytest_biasruler.checks.comparison import (
    comparison_details,
    conclude,
    estimate_of,
    finite,
)
from pytest_biasruler.checks.finding import Finding, Verdict
from pytest_biasruler.checks.joining import joined_details, note_joined

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.comparison import Comparison
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.finding import Estimate, Group
    from pytest_biasruler.checks.membership import Membership


def answer(
    evidence: Evidence,
    declared: DeclaredCheck,
    *,
    statement: str,
    verdict: Verdict,
    reason: str | None,
    estimate: Estimate | None,
    p_fail: float | None,
    min_detectable: float | None,
    groups: tuple[Group, ...],
    details: Mapping[str, Any],
) -> Finding:
    """Return the finding of a declared check, its outcome still open."""
    waive = declared.waive
    return Finding(
        id=declared.id,
        check=declared.check,
        metric=declared.metric or None,
        unit=evidence.metric(declared.metric).unit if declared.metric else "",
        label=declared.label,
        by=declared.by,
        model=declared.model,
        reference=declared.reference,
        automated=declared.automated,
        baseline=declared.baseline,
        support=declared.support,
        policy=policy_of(evidence, declared),
        waive={"reason": waive.reason, "until": waive.until.isoformat()} if waive else None,
        limit=declared.limit,
        statement=statement + note_joined(evidence, declared),
        estimate=estimate,
        verdict=verdict,
        reason=reason,
        p_fail=finite(p_fail),
        p_fail_holm=None,
        min_detectable=finite(min_detectable),
        groups=groups,
        details={
            **details,
            **joined_details(evidence, declared),
            "screen": declared.screen,
            "proven_by": proven_by(evidence, declared),
        },
    )


def answer_comparison(
    evidence: Evidence,
    declared: DeclaredCheck,
    comparison: Comparison,
    *,
    statement: str,
    details: Mapping[str, Any],
    none_scored: str | None = None,
) -> Finding:
    """Return the finding of a check whose answer is a spread."""
    verdict, reason = conclude(
        comparison,
        none_scored=none_scored,
        wrong_pairing=is_wrongly_paired(evidence, declared),
    )
    spread = comparison.spread
    return answer(
        evidence,
        declared,
        statement=statement + note_unjudged(comparison.members, verdict),
        verdict=verdict,
        reason=reason,
        estimate=estimate_of(comparison, alpha=declared.alpha),
        p_fail=spread.p_fail if spread else None,
        min_detectable=spread.min_detectable if spread else None,
        groups=comparison.members.groups,
        details={**comparison_details(comparison), **details},
    )


def policy_of(evidence: Evidence, declared: DeclaredCheck) -> str:
    """Return the policy that the benchmark file gives this check."""
    return str(declared.policy or evidence.benchmark.defaults.policy or Policy.CONFIDENT_FAIL)


def proven_by(evidence: Evidence, declared: DeclaredCheck) -> str | None:
    """Return the kind of reference that the finding rests on; None where it rests on none."""
    kinds = {reference.name: reference.kind for reference in evidence.benchmark.references}
    if declared.reference is None:
        return None
    return str(kinds.get(declared.reference, ReferenceKind.EXPERT))


def is_wrongly_paired(evidence: Evidence, declared: DeclaredCheck) -> bool:
    """Return whether most predictions do not touch the reference (BR127), for any label asked."""
    pairs = evidence.scored.wrong_pairing
    is_joined = declared.label in AGGREGATES
    labels = tuple(evidence.benchmark.labels) if is_joined else (declared.label or "",)
    return any(
        (declared.model, reference, label) in pairs
        for reference in (declared.reference, declared.automated)
        for label in labels
    )


def note_automated(evidence: Evidence, declared: DeclaredCheck) -> str:
    """Return what a statement must add if no expert stands behind it."""
    by_automated = proven_by(evidence, declared) == ReferenceKind.AUTOMATED
    return ", by the automated reference only" if by_automated else ""


def note_unjudged(members: Membership, verdict: Verdict) -> str:
    """Return what a PASS must add about subgroups that were too small to judge."""
    small = members.too_small
    if verdict != Verdict.PASS or not small:
        return ""
    n_all = len(small) + len(members.judged)
    return f"; {len(small)} of {n_all} subgroups are too small to judge: {', '.join(small)}"
