"""What has become of one check since an earlier audit, in a word."""

from __future__ import annotations

from enum import StrEnum
from math import isfinite
from typing import TYPE_CHECKING, Any

from pytest_biasruler.audit.public_finding import round_for
from pytest_biasruler.benchmark.check import Policy
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.checks.outcome import (
    Outcome,
    is_better_above,
    is_screen,
    outcome_without_waiver,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_biasruler.checks.finding import Estimate, Finding


class State(StrEnum):
    """What has become of a check since the earlier audit, the worst first."""

    WORSE = "worse"
    NO_LONGER_SHOWN = "no longer shown"
    NOW_FAILS = "now fails"
    STILL_FAILS = "still fails"
    NOT_COMPARED = "not compared"
    LOOSENED = "loosened"
    TIGHTENED = "tightened"
    NEW = "new"
    IMPROVED = "improved"
    UNCHANGED = "unchanged"


_BY_LIMIT = (None, "underpowered", "borderline", "multiplicity")
"""Reasons of an INCONCLUSIVE that a stricter limit can be the cause of."""


def find_obstacle(finding: Finding, known: Finding) -> str:
    """Return why two values cannot be compared, or nothing."""
    if finding.check == "provenance":  # facts; their verdicts are compared
        return ""
    if not _is_known(finding.estimate.value if finding.estimate else None):
        return "its value is undefined"
    if known.estimate is None and known.is_public:
        return "the earlier audit is public and hides its value"
    if not _is_known(known.estimate.value if known.estimate else None):
        return "its earlier value is undefined"
    if not _is_known(find_bound(finding, known.estimate)):
        return "the earlier 95 % interval has no such end"
    return ""


def _is_known(number: float | None) -> bool:
    return number is not None and isfinite(number)


def find_bound(finding: Finding, earlier: Estimate | None) -> float | None:
    """Return the end of the earlier interval beyond which a value is worse."""
    if earlier is None:
        return None
    return earlier.ci95[0] if is_better_above(finding) else earlier.ci95[1]


def find_state(
    finding: Finding,
    known: Finding,
    *,
    changes: Sequence[Mapping[str, Any]],
    is_comparable: bool,
) -> State:
    """Return what has become of a check, by the first rule that holds.

    Parameters
    ----------
    finding, known : Finding
        Now, and in the earlier audit.
    changes : sequence of mapping
        What is asked otherwise (see `list_changes`).
    is_comparable : bool
        Whether both values are known and answer one question; the verdicts count in any case.
    """
    if is_comparable and _is_beyond(finding, known, better=False):
        return State.WORSE
    if known.verdict == Verdict.PASS and finding.verdict == Verdict.INCONCLUSIVE:
        is_stricter = _is_shown_at_earlier_limit(finding, known)
        return State.TIGHTENED if is_stricter else State.NO_LONGER_SHOWN
    if fails(finding):
        return State.STILL_FAILS if fails(known) else State.NOW_FAILS
    if not is_comparable:
        return State.NOT_COMPARED
    is_less = any(change["loosened"] for change in changes)
    if _rank(finding) < _rank(known) and is_less:
        return State.LOOSENED
    # That a FAIL is no longer proven shows nothing better: more checks may be judged with it.
    is_shown = _rank(finding) == 0 < _rank(known)
    if is_shown or (not is_less and _is_beyond(finding, known, better=True)):
        return State.IMPROVED
    return State.UNCHANGED


def _is_beyond(finding: Finding, known: Finding, *, better: bool) -> bool:
    """Return whether the value lies outside the earlier interval, on its better or worse side."""
    if finding.estimate is None or known.estimate is None or finding.estimate.value is None:
        return False
    value, (low, high) = finding.estimate.value, known.estimate.ci95
    if known.is_public or finding.is_public:
        # The numbers of one are rounded: beside them a value that has not moved would be beyond.
        value, low, high = round_for(value) or 0.0, round_for(low), round_for(high)
    if better != is_better_above(finding):
        return low is not None and not value >= low
    return high is not None and not value <= high


def _is_shown_at_earlier_limit(finding: Finding, known: Finding) -> bool:
    """Return whether only a stricter limit keeps the finding from the PASS that it was."""
    estimate, before, now = finding.estimate, known.limit, finding.limit
    if estimate is None or before is None or now is None or finding.reason not in _BY_LIMIT:
        return False
    if is_better_above(finding):
        return now > before and estimate.low is not None and estimate.low > before
    return now < before and estimate.high is not None and estimate.high < before


def fails(finding: Finding) -> bool:
    """Return whether a finding says FAIL, by the point estimate where that decides."""
    if finding.policy == Policy.POINT and not is_screen(finding):
        return outcome_without_waiver(finding) is Outcome.FAILED
    return finding.verdict == Verdict.FAIL


def _rank(finding: Finding) -> int:
    if fails(finding):
        return 2
    return 0 if finding.verdict == Verdict.PASS else 1
