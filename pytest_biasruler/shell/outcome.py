"""A finding and a policy make an outcome: a pure function without rounding."""

from __future__ import annotations

import datetime as dt
import math
from enum import StrEnum
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.definition import Policy, ReferenceKind
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


def outcome_of(finding: Finding, *, policy: Policy, today: dt.date, sign: float = 1.0) -> Outcome:
    """Return what becomes of a finding under `policy` on the UTC date `today`.

    A waiver holds up to and including its last day, whatever the verdict. `sign` is -1 where
    lower scores are better; only a floor asks for it.
    """
    if is_waived(finding, today=today):
        return Outcome.WAIVED
    return outcome_without_waiver(finding, policy=policy, sign=sign)


def outcome_without_waiver(finding: Finding, *, policy: Policy, sign: float = 1.0) -> Outcome:
    """Return what `policy` makes of the finding."""
    if policy is Policy.POINT:
        return _by_point(finding, sign)
    by_verdict = _BY_VERDICT[finding.verdict]
    if policy is Policy.PROVE_SAFE and (
        by_verdict is Outcome.INCONCLUSIVE or not is_proven_by_expert(finding)
    ):
        return Outcome.FAILED
    return by_verdict


def is_proven_by_expert(finding: Finding) -> bool:
    """Return whether something better than an automated reference stands behind the finding."""
    return bool(finding.details.get("proven_by") != ReferenceKind.AUTOMATED)


def is_waived(finding: Finding, *, today: dt.date) -> bool:
    """Return whether a waiver still holds."""
    return finding.waive is not None and today <= waiver_end(finding)


def waiver_end(finding: Finding) -> dt.date:
    """Return the last day of the finding's waiver."""
    if finding.waive is None:
        return dt.date.min
    return dt.date.fromisoformat(finding.waive["until"])


def is_better_above(finding: Finding, *, sign: float = 1.0) -> bool:
    """Return whether the value should lie above its limit: floors, and ratios of success."""
    if finding.check == "floor":
        return sign > 0
    return finding.check == "success" and finding.details.get("statistic") != "difference"


def _by_point(finding: Finding, sign: float) -> Outcome:
    estimate, limit = finding.estimate, finding.limit
    if estimate is None or limit is None:
        return _BY_VERDICT[finding.verdict]
    if estimate.value is None or not math.isfinite(estimate.value):
        return Outcome.INCONCLUSIVE
    value = estimate.value
    is_within = value >= limit if is_better_above(finding, sign=sign) else value <= limit
    return Outcome.PASSED if is_within else Outcome.FAILED
