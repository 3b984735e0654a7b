"""The verdict of a whole audit in one sentence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING

from pytest_biasruler.audit.counts import is_noted_partial
from pytest_biasruler.audit.public_finding import NOT_JUDGED, says_unjudged
from pytest_biasruler.checks.finding import Status
from pytest_biasruler.report.clauses import tell
from pytest_biasruler.report.numbers import LONGEST_SENTENCE, counted, shown
from pytest_biasruler.report.wording import (
    RANKS,
    attribute_title,
    outcome_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding


NOT_ACCEPTED = "NOT ACCEPTED"
"""First word where no check failed and the run is red all the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """How many checks came to which end; `screens` are the verdicts of those that gate nothing.

    `reasons` tell why the run is red whatever its checks say.
    """

    failed: int
    inconclusive: int
    errors: int
    waived: int
    passed: int
    screens: tuple[str, ...]
    unjudged: int
    declared: int
    ran: int
    missing: int
    is_noted_partial: bool
    reasons: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """Findings that can gate, and errors, together."""
        n_decided = self.failed + self.inconclusive + self.waived + self.passed
        return n_decided + self.unjudged + self.errors

    @property
    def is_partial(self) -> bool:
        """Whether fewer checks ran than were declared, for another cause than an error."""
        return self.is_noted_partial or self.ran + self.errors < self.declared


@dataclass(frozen=True, kw_only=True, slots=True)
class Headline:
    """The first word, its glyph, and the rest of the sentence."""

    word: str
    sign: str
    rest: str


def count_outcomes(audit: Audit) -> Tally:
    """Return how many checks of an audit came to which end."""
    outcomes = [outcome_of(finding) for finding in audit.findings]
    checks = audit.accounting.get("checks") or {}
    return Tally(
        failed=outcomes.count("failed"),
        inconclusive=outcomes.count("inconclusive"),
        errors=len(checks.get("errors") or ()),
        waived=outcomes.count("waived"),
        passed=outcomes.count("passed"),
        screens=tuple(
            str(finding.verdict) for finding in audit.findings if outcome_of(finding) == "screened"
        ),
        unjudged=outcomes.count("not judged"),
        declared=checks.get("declared", len(outcomes)),
        ran=checks.get("ran", len(outcomes)),
        missing=count_missing(checks.get("missing", 0)),
        is_noted_partial=is_noted_partial(audit),
        reasons=tuple(checks.get("reasons") or ()),
    )


def count_missing(missing: object) -> int:
    """Return how many checks never reported, whether given as a count or as their ids."""
    if isinstance(missing, int):
        return missing
    return len(missing) if isinstance(missing, list | tuple) else 0


def order_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings in the order in which they are told: failed first, the surest first."""
    return tuple(sorted(findings, key=lambda f: (RANKS.index(outcome_of(f)), _p_of(f))))


def _p_of(finding: Finding) -> float:
    """Return how sure a FAIL is; a fact without a p-value comes after those that have one."""
    if outcome_of(finding) != "failed":
        return 0.0
    p = finding.p_fail if finding.p_fail_holm is None else finding.p_fail_holm
    return inf if p is None else p


def write_headline(audit: Audit) -> Headline:
    """Return the headline: the first rule that holds, with PARTIAL set before what follows."""
    tally = count_outcomes(audit)
    told = _write_whole(tally, order_findings(audit.findings))
    return replace(told, rest=f"{told.rest}{_aside(tally)}")


def _write_whole(tally: Tally, ordered: Sequence[Finding]) -> Headline:
    if tally.missing:
        ran = f"{tally.ran} of {tally.declared} declared checks ran"
        rest = f"{ran}; {counted(tally.missing, 'check')} never reported"
        return Headline(word="INCOMPLETE", sign="error", rest=f"{rest}.{_but(tally)}")
    if tally.errors:
        rest = f"{tally.errors} of {counted(tally.total, 'check')} could not run.{_but(tally)}"
        return Headline(word="ERROR", sign="error", rest=rest)
    result = _write_accepted(tally, ordered)
    if tally.is_partial:
        rest = f"{tally.ran} of {tally.declared} declared checks ran. {result.word}: {result.rest}"
        return Headline(word="PARTIAL", sign=result.sign, rest=rest)
    return result


def _write_accepted(tally: Tally, ordered: Sequence[Finding]) -> Headline:
    """Return the result; nothing but a FAIL comes before the reasons why a run is red."""
    result = _write_result(tally, ordered)
    if not tally.reasons or tally.failed:
        return result
    n_more = len(tally.reasons) - 1
    more = f" and {counted(n_more, 'more reason')}" if n_more else ""
    why = shown(tally.reasons[0], longest=LONGEST_SENTENCE)
    rest = f"{why}{more}. {result.word}: {result.rest}"
    return Headline(word=NOT_ACCEPTED, sign="error", rest=rest)


def _but(tally: Tally) -> str:
    parts = [
        f"{n} {word}"
        for n, word in ((tally.failed, "FAIL"), (tally.inconclusive, "INCONCLUSIVE"))
        if n
    ]
    return f" Of the others: {', '.join(parts)}." if parts else ""


def _aside(tally: Tally) -> str:
    """Return what screens say, which neither passes nor fails a run."""
    if not tally.screens:
        return ""
    counts = [(tally.screens.count(verdict), verdict) for verdict in ("FAIL", "INCONCLUSIVE")]
    told = ", ".join(f"{n} {verdict}" for n, verdict in counts if n) or "all PASS"
    return f" {counted(len(tally.screens), 'check')} only screened, gating nothing: {told}."


def _write_result(tally: Tally, ordered: Sequence[Finding]) -> Headline:
    of_all = f"of {counted(tally.total, 'check')}"
    if tally.failed:
        rest = f"{tally.failed} {of_all}. {tell(ordered[0])}"
        return Headline(word="FAIL", sign="fail", rest=rest)
    if tally.inconclusive:
        rest = f"{tally.inconclusive} {of_all} cannot be decided{_with_patients(ordered[0])}."
        return Headline(word="INCONCLUSIVE", sign="inconclusive", rest=rest)
    if tally.passed == tally.total and tally.total:
        rest = "the one check is within its limit"
        if tally.total > 1:
            rest = f"all {tally.total} checks are within their limits"
        rest = f"{rest}{_unjudged(ordered)}."
        return Headline(word="PASS", sign="pass", rest=rest)
    others = ", ".join(
        f"{n} {word}"
        for n, word in ((tally.waived, "waived"), (tally.unjudged, "not judged"))
        if n
    )
    if tally.passed:
        rest = f"{tally.passed} {of_all} are within their limits; {others}{_unjudged(ordered)}."
        return Headline(word="PASS", sign="pass", rest=rest)
    rest = f"no check was judged{f' ({others})' if others else ''}."
    return Headline(word="NOTHING JUDGED", sign="not-judged", rest=rest)


def _unjudged(findings: Sequence[Finding]) -> str:
    """Return that small subgroups were not judged, which a public page does not even list."""
    is_told = any(finding.is_public and says_unjudged(finding) for finding in findings)
    return f"; {NOT_JUDGED}" if is_told else ""


def _with_patients(finding: Finding) -> str:
    pair = finding.estimate.pair if finding.estimate else None
    groups = [
        group
        for group in finding.groups
        if (group.name in pair if pair else group.status == Status.TOO_SMALL)
    ]
    if not groups or any(group.n_patients is None for group in groups):
        return ""
    smallest = min(groups, key=lambda group: group.n_patients)
    who = f"{attribute_title(finding)} {shown(smallest.name)}"
    return f" with {counted(smallest.n_patients, 'patient')} in {who}"
