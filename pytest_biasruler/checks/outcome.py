"""A finding and its policy make an outcome: a pure function without rounding."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.check import Policy
from pytest_biasruler.benchmark.definition import ReferenceKind
from pytest_biasruler.checks.finding import Verdict

if TYPE_CHECKING:
    from pytest_biasruler.checks.finding import Finding


class Outcome(StrEnum):
    """What a test run does with a finding."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    WAIVED = "waived"


_BY_VERDICT = {
    Verdict.PASS: Outcome.PASSED,
    Verdict.FAIL: Outcome.FAILED,
    Verdict.INCONCLUSIVE: Outcome.INCONCLUSIVE,
}


def outcome_of(finding: Finding, *, today: dt.date | None = None) -> Outcome:
    """Return what becomes of a finding under its policy on the UTC date `today`.

    A waiver holds up to and including its last day, whatever the verdict; without a date none
    does. A screen is never gated: it passes whatever its verdict.
    """
    if is_waived(finding, today=today):
        return Outcome.WAIVED
    return outcome_without_waiver(finding)


def outcome_without_waiver(finding: Finding) -> Outcome:
    """Return what the policy makes of the finding."""
    if is_screen(finding):
        return Outcome.PASSED
    policy = Policy(finding.policy)
    if policy is Policy.POINT:
        return _by_point(finding)
    by_verdict = _BY_VERDICT[finding.verdict]
    if policy is Policy.PROVE_SAFE and (
        by_verdict is Outcome.INCONCLUSIVE or not is_proven_by_expert(finding)
    ):
        return Outcome.FAILED
    return by_verdict


def is_screen(finding: Finding) -> bool:
    """Return whether the finding is only to be looked at, and gates nothing."""
    return bool(finding.details.get("screen"))


def is_proven_by_expert(finding: Finding) -> bool:
    """Return whether something better than an automated reference stands behind the finding."""
    return bool(finding.details.get("proven_by") != ReferenceKind.AUTOMATED)


def is_waived(finding: Finding, *, today: dt.date | None) -> bool:
    """Return whether a waiver still holds."""
    return finding.waive is not None and today is not None and today <= waiver_end(finding)


def waiver_end(finding: Finding) -> dt.date:
    """Return the last day of the finding's waiver."""
    return dt.date.fromisoformat(finding.waive["until"]) if finding.waive else dt.date.min


def is_better_above(finding: Finding) -> bool:
    """Return whether the value should lie above its limit: floors, and ratios of success."""
    return bool(finding.details.get("better_above", False))


def _by_point(finding: Finding) -> Outcome:
    estimate, limit = finding.estimate, finding.limit
    if estimate is None or limit is None:
        return _BY_VERDICT[finding.verdict]
    if estimate.value is None:
        return Outcome.INCONCLUSIVE
    value = estimate.value
    is_within = value >= limit if is_better_above(finding) else value <= limit
    return Outcome.PASSED if is_within else Outcome.FAILED
