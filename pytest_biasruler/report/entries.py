"""One row of the Markdown summary: a finding, or a check that could not run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_biasruler.audit.ratchet import is_held_back
from pytest_biasruler.checks.finding import Finding, Verdict
from pytest_biasruler.checks.quantities import is_larger_worse, tell_quantity
from pytest_biasruler.report.changes import tell_earlier
from pytest_biasruler.report.messages import long_line, tell_detectable
from pytest_biasruler.report.numbers import LONGEST_NAME, NOTHING, short_id, typeset
from pytest_biasruler.report.sentences import explanation_of
from pytest_biasruler.report.spans import code, prose
from pytest_biasruler.report.wording import (
    bounds_of,
    outcome_of,
    patients_of,
    sign_of,
    statement_of,
    told_limit,
    value_of,
    word_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Entry = Finding | Mapping[str, Any]

LONGEST_REASON = 200

SIGNS = {
    "fail": "✕",
    "inconclusive": "◆",
    "pass": "●",
    "error": "✕",
    "waived": "‖",
    "not-judged": "○",
}
"""The glyphs of the page as characters."""

_BEST_FIRST = ("gap", "labels", "difficulty", "transport", "rectified")
"""Checks whose pair is the best and the worst subgroup by a score."""

HEAD = ("", "check", "finding", "bounds", "limit", "patients")


def outcome_of_entry(entry: Entry) -> str:
    """Return what became of a check, as a word of `RANKS`."""
    return outcome_of(entry) if isinstance(entry, Finding) else "error"


def make_row(entry: Entry) -> tuple[str, ...]:
    """Return the cells of a finding or error, as Markdown, in the order of `HEAD`."""
    return _row(entry) if isinstance(entry, Finding) else _error_row(entry)


def _row(finding: Finding) -> tuple[str, ...]:
    return (
        f"{SIGNS[sign_of(finding)]} {word_of(finding)}",
        code(short_id(finding.id)),
        "; ".join(_tell(finding)),
        bounds_of(finding).strip("[]").replace(", ", " to "),
        told_limit(finding),
        patients_of(finding, _pair_of(finding)),
    )


def _tell(finding: Finding) -> Iterator[str]:
    """Yield what was found, of whom, what is missing for a verdict, and a waiver."""
    estimate = finding.estimate
    if estimate is None or estimate.value is None:
        is_met = finding.verdict == Verdict.PASS and not finding.is_public
        yield prose(statement_of(finding) if is_met else long_line(finding))
    else:
        yield ", ".join(_tell_estimate(finding))
        if finding.verdict == Verdict.INCONCLUSIVE:
            yield from _tell_undecided(finding)
    if is_held_back(finding):
        yield prose(typeset(tell_earlier(finding).removeprefix("; ")))
    if finding.waive is not None:
        until, reason = finding.waive.get("until"), finding.waive.get("reason")
        yield f"waiver until {prose(until)}: {prose(reason, longest=LONGEST_REASON)}"


def _tell_undecided(finding: Finding) -> Iterator[str]:
    detectable = tell_detectable(finding)
    if detectable:
        yield prose(typeset(detectable))
    yield prose(explanation_of(finding).removeprefix("Undecided: ").rstrip("."))


def _tell_estimate(finding: Finding) -> Iterator[str]:
    has_unit = finding.unit and finding.check != "success"
    unit = f" {prose(finding.unit, longest=LONGEST_NAME)}" if has_unit else ""
    yield f"{tell_quantity(finding)} {value_of(finding)}{unit}"
    direction = finding.details.get("direction") if finding.check == "ruler" else None
    if isinstance(direction, str) and direction != "none":
        yield prose(direction)
    pair = _pair_of(finding)
    if pair is not None:
        is_worse = "worse than" if _is_sure_who(finding) else "vs"
        between = "−" if finding.check == "ruler" else is_worse
        yield f"{code(pair[0])} {between} {code(pair[1])}"
    elif finding.details.get("worst"):
        yield code(finding.details["worst"])


def _pair_of(finding: Finding) -> tuple[str, str] | None:
    """Return the pair as it is told, the worse off first where that is sure."""
    pair = finding.told_pair
    return (pair[1], pair[0]) if pair is not None and _is_sure_who(finding) else pair


def _is_sure_who(finding: Finding) -> bool:
    """Return whether the second of the pair is confirmed to be the worse off."""
    is_of_scores = finding.check in _BEST_FIRST and finding.metric != "signed_volume_error"
    return finding.verdict == Verdict.FAIL and is_of_scores and not is_larger_worse(finding)


def _error_row(error: Mapping[str, Any]) -> tuple[str, ...]:
    name, told = code(short_id(str(error["id"]))), prose(error.get("message", ""))
    return (f"{SIGNS['error']} ERROR", name, told, NOTHING, NOTHING, NOTHING)
