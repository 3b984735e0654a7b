"""An audit that was kept, judged as a run of today would, perhaps under another policy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_biasruler.audit.counts import count_checks, count_gating, refuse_few, refuse_part
from pytest_biasruler.audit.ratchet import refuse_gone, with_outcome
from pytest_biasruler.benchmark.check import Policy
from pytest_biasruler.checks.outcome import Outcome, is_screen, is_waived, outcome_of
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection

    from pytest_biasruler.audit.record import Audit
    from pytest_biasruler.checks.finding import Finding

_WITHOUT_ESTIMATE = ("provenance",)
"""Checks of facts, which every policy judges by their verdict."""


def judge_again(audit: Audit, *, policy: str | None, today: dt.date) -> Audit:
    """Return the audit with the outcomes that a run on `today` would give its findings.

    Verdicts stay: they follow from the data. What was computed without being judged stays so, and
    what only numbers that are hidden could decide has no outcome (see `undecided`). Findings that
    were held against an earlier audit still are.

    Parameters
    ----------
    policy : str, optional
        Above that of each finding.
    today : date
        UTC date by which waivers end.
    """
    findings = tuple(_judge(finding, policy=policy, today=today) for finding in audit.findings)
    settings = {**audit.settings, "policy": policy} if policy else audit.settings
    return replace(audit, findings=findings, settings=settings)


def _judge(finding: Finding, *, policy: str | None, today: dt.date) -> Finding:
    asked = replace(finding, policy=policy or finding.policy)
    if finding.outcome is None:
        return asked
    if _is_hidden(asked) and not is_waived(asked, today=today):
        # Who judged it so knew the numbers.
        is_known = finding.policy == asked.policy and finding.outcome != Outcome.WAIVED
        return finding if is_known else replace(asked, outcome=None)
    return with_outcome(asked, str(outcome_of(asked, today=today)))


def _is_hidden(finding: Finding) -> bool:
    """Return whether only an estimate that the audit does not tell could decide."""
    is_decided = is_screen(finding) or finding.check in _WITHOUT_ESTIMATE
    return (
        finding.policy == Policy.POINT
        and finding.is_public
        and finding.estimate is None
        and not is_decided
    )


def undecided(before: Audit, after: Audit) -> list[str]:
    """Return the ids of findings that were judged but cannot be judged again."""
    pairs = zip(before.findings, after.findings, strict=True)
    return [new.id for old, new in pairs if old.outcome is not None and new.outcome is None]


def list_reasons(
    before: Audit, after: Audit, *, policy: str | None, min_checks: int | None, place: str
) -> list[str]:
    """Return why an audit does not count as green, beside checks that failed or are in error.

    Parameters
    ----------
    before, after : Audit
        As it was read, and judged again.
    place : str
        What people may see of its path.
    """
    counts, n_ran = count_checks(after), count_gating(after.findings)
    policies = {policy} if policy else _policies_of(after)
    reasons = [*_tell_run(after), *_tell_hidden(undecided(before, after))]
    reasons += refuse_few(n_ran, least=min_checks, option="--min-checks")
    strict = [*refuse_part(counts, policies, place=place)]
    strict += _refuse_uncompared(after, policies, place=place)
    strict += refuse_gone(after, policies, place=place)
    return [*reasons, *map(str, strict)]


def _refuse_uncompared(
    audit: Audit, policies: Collection[str], *, place: str
) -> list[BiasRulerError]:
    """Return that there was no earlier audit to hold this one against, if a policy asks for it."""
    compare = audit.accounting.get("compare") or {}
    if compare.get("state") != "missing" or Policy.PROVE_SAFE not in policies:
        return []
    found, fix = f"no earlier audit at {compare['path']}", "Name one by --compare, or run it again"
    return [BiasRulerError("BR603", found, "one under prove-safe", fix, place)]


def _tell_run(audit: Audit) -> list[str]:
    """Return what the run itself found wrong with how it went."""
    checks, reasons = audit.accounting["checks"], []
    if checks["missing"]:
        noun = "test" if checks["missing"] == 1 else "tests"
        reasons.append(f"{checks['missing']} collected {noun} never reported")
    if checks.get("conflicts"):
        reasons.append(f"one check gave two results: {', '.join(checks['conflicts'])}")
    return reasons


def _tell_hidden(identifiers: list[str]) -> list[str]:
    if not identifiers:
        return []
    noun = "check" if len(identifiers) == 1 else "checks"
    return [
        f"{len(identifiers)} {noun} cannot be judged by the point estimate, which this public "
        "audit hides; judge by another policy, or the audit that is not public"
    ]


def _policies_of(audit: Audit) -> set[str]:
    """Return the policies of all checks, also of those that did not run."""
    declared = audit.accounting["checks"].get("policies") or ()
    return {
        audit.settings["policy"],
        *declared,
        *(finding.policy for finding in audit.findings),
    }


def is_red(audit: Audit) -> bool:
    """Return whether a check failed or is in error."""
    is_failed = any(finding.outcome == Outcome.FAILED for finding in audit.findings)
    return is_failed or bool(count_checks(audit).errors)
