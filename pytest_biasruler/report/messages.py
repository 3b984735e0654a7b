"""A finding in words: line 1 of a failure, the table below it, the reason of a skip."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_biasruler.audit.ratchet import is_held_back
from pytest_biasruler.benchmark.check import Policy
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.checks.numbers import format_number
from pytest_biasruler.checks.outcome import Outcome, is_better_above, waiver_end
from pytest_biasruler.checks.quantities import name_quantity, tell_quantity
from pytest_biasruler.errors import printable
from pytest_biasruler.report.changes import next_step, tell_earlier, told_change
from pytest_biasruler.report.circumstances import circumstances_of
from pytest_biasruler.report.reasons import tell_reason, unmet_criteria
from pytest_biasruler.report.subgroup_table import (
    format_bounds,
    is_mirrored,
    method_line,
    negative,
    pair_in_order,
    shown,
    subgroup_table,
)

if TYPE_CHECKING:
    import datetime as dt

    from pytest_biasruler.checks.finding import Finding

LONGEST_LINE = 200
_TOLD_IN_FULL = (
    *("ruler", "amplification", "echo", "difficulty", "morphology", "ranking", "transport"),
    *("noise", "rectified"),
)
MOST_NEEDED = 10_000


def first_line(finding: Finding) -> str:
    """Return the whole finding in one line of at most 200 characters.

    Its first 50 name verdict, check, metric and pair, because short summaries are cut.
    """
    subject = " ".join(filter(None, (finding.check, finding.metric, finding.label)))
    pair = " vs ".join(shown(name) for name in pair_in_order(finding))
    place = " ".join(filter(None, ("+".join(finding.by), pair)))
    asked = ", ".join(filter(None, (subject, place)))
    by_whom = f" ({', '.join(circumstances_of(finding))})"
    line = f"{title_of(finding)} {asked}: {_answer(finding)}{by_whom}"
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 3]}..."


def short_line(finding: Finding) -> str:
    """Return value, bounds and limit, for one line of the terminal section."""
    if finding.outcome == Outcome.WAIVED and finding.waive is not None:
        return f"until {finding.waive['until']}: {shown(finding.waive['reason'])}"
    if is_held_back(finding):
        return _answer(finding)
    if finding.limit is None or finding.estimate is None:
        return _without_limit(finding)
    if _is_unbounded(finding):
        return _answer(finding)
    return f"{measure(finding)}, limit {format_number(finding.limit)}"


def long_line(finding: Finding) -> str:
    """Return the answer with all that is known of why it stays open."""
    return _answer(finding)


def full_message(finding: Finding, *, report: str | None, today: dt.date) -> str:
    """Return line 1, the table of subgroups, how it was computed, and what to do next.

    `report` is the report's place as people may see it, None if none is written.
    """
    lines = [first_line(finding)]
    if finding.check in _TOLD_IN_FULL:
        lines.append(f"  {finding.statement}")
    lines += ["", *subgroup_table(finding), method_line(finding)]
    if finding.waive is not None and waiver_end(finding) < today:
        lines.append(f"  waiver ended {finding.waive['until']}")
    lines += [f"  {told_change(finding)}"] if finding.details.get("compare") else []
    step = next_step(finding)
    lines.append(f"  see {report}; {step}" if report else f"  {step}")
    return "\n".join(printable(line) for line in lines)


def skip_reason(finding: Finding, *, would_pass: bool = False) -> str:
    """Return why a test with this finding is skipped: it is inconclusive, or waived."""
    if finding.outcome == Outcome.WAIVED and finding.waive is not None:
        reason = (
            f"waived until {finding.waive['until']}: {shown(finding.waive['reason'])} "
            f"(verdict {finding.verdict})"
        )
        ending = "; passes without the waiver: remove it" if would_pass else ""
        return f"{reason}{ending}"
    subject = " ".join(filter(None, (finding.check, finding.metric, finding.label)))
    asked = ", ".join(filter(None, (subject, "+".join(finding.by))))
    return printable(f"INCONCLUSIVE: {asked}: {_answer(finding)}")


def explain_comparison(op: str, left: object, right: object) -> list[str] | None:
    """Return what a failed ``assert`` on findings shows: line 1 of each finding."""
    from pytest_biasruler.checks.finding import Finding

    sides = [side for side in (left, right) if isinstance(side, Finding)]
    if not sides:
        return None
    shown_sides = [
        f"<finding {side.id}>" if isinstance(side, Finding) else repr(side)
        for side in (left, right)
    ]
    return [f" {op} ".join(shown_sides), *(printable(first_line(side)) for side in sides)]


def title_of(finding: Finding) -> str:
    """Return the word that a line about the finding begins with."""
    if is_held_back(finding):
        return "WORSE"
    if finding.outcome == Outcome.FAILED and finding.policy == Policy.PROVE_SAFE:
        return "FAIL" if finding.verdict == Verdict.FAIL else "NOT PROVEN"
    if finding.policy == Policy.POINT:
        # What the point estimate says decides, so it is what stands in front.
        words = {Outcome.FAILED: "FAIL", Outcome.PASSED: "PASS"}
        return words.get(Outcome(finding.outcome or Outcome.INCONCLUSIVE), "INCONCLUSIVE")
    return str(finding.verdict)


def measure(finding: Finding) -> str:
    """Return quantity, value and bounds; a distortion with its sign, where that is known."""
    estimate = finding.estimate
    if estimate is None or estimate.value is None:
        return f"{name_quantity(finding)} undefined"
    mirrored = is_mirrored(finding)
    bounds = format_bounds(estimate.low, estimate.high, limit=finding.limit, mirrored=mirrored)
    return _tell_value(finding, f" {bounds}")


def _tell_value(finding: Finding, bounds: str = "") -> str:
    known = finding.estimate.value if finding.estimate is not None else None
    value = format_number(known, limit=finding.limit)
    value = negative(value) if is_mirrored(finding) else value
    unit = f" {finding.unit}" if finding.unit else ""
    return f"{tell_quantity(finding)} {value}{bounds}{unit}"


def brief_answer(finding: Finding) -> str:
    """Return value and limit, and the bounds only where they lie on both sides of it."""
    relation = _relation(finding)
    if is_held_back(finding) and finding.estimate is not None:
        return f"{_tell_value(finding)}{tell_earlier(finding)}"
    if relation in ("beside", "spans") or _is_unbounded(finding):
        return _answer(finding)
    return f"{_tell_value(finding)} {relation} limit {format_number(finding.limit)}"


def _answer(finding: Finding) -> str:
    earlier = tell_earlier(finding)
    if finding.estimate is None or finding.estimate.value is None or finding.limit is None:
        return f"{_without_limit(finding)}{earlier}"
    limit = format_number(finding.limit)
    if _is_unbounded(finding):
        value = format_number(finding.estimate.value, limit=finding.limit)
        return f"{name_quantity(finding)} {value}, not judged: {tell_reason(finding)}{earlier}"
    text = f"{measure(finding)} {_relation(finding)} limit {limit}{earlier}"
    if earlier:
        return text
    if finding.policy == Policy.POINT:
        return f"{text}, point estimate, uncontrolled"
    if finding.verdict == Verdict.INCONCLUSIVE:
        return "; ".join([text, *what_is_needed(finding)])
    if finding.outcome == Outcome.FAILED and finding.verdict == Verdict.PASS:
        return f"{text}, but judged by an automated reference only"
    return text


def _is_unbounded(finding: Finding) -> bool:
    """Return whether there is a value that nothing is known about, and a reason for that."""
    known = finding.estimate
    if known is None or known.value is None or not finding.reason:
        return False
    return known.low is None and known.high is None


def _without_limit(finding: Finding) -> str:
    if finding.is_public:
        reason = f"; {tell_reason(finding)}" if finding.reason else ""
        return f"{finding.statement.partition(': ')[2]}{reason}"
    unmet = unmet_criteria(finding)
    if finding.verdict != Verdict.PASS and unmet:
        return "; ".join(unmet)
    if finding.reason:
        return f"{name_quantity(finding)} undefined, {tell_reason(finding)}"
    return shown(finding.statement)


def what_is_needed(finding: Finding) -> list[str]:
    """Return why an open question stays open and what would answer it, in short clauses."""
    is_told = finding.reason in (None, "underpowered", "borderline")
    parts = [] if is_told else [tell_reason(finding)]
    parts.append(tell_detectable(finding))
    needed = finding.details.get("needed") or {}
    for name, n_more in sorted(needed.items()):
        if n_more == 0:
            continue
        is_countable = n_more is not None and n_more <= MOST_NEEDED
        n_text = f"about {math.ceil(n_more)}" if is_countable else f"more than {MOST_NEEDED:,}"
        parts.append(f"{n_text} more patients in {shown(name)} needed")
    return [part for part in parts if part]


def tell_detectable(finding: Finding) -> str:
    """Return the value beyond the limit from which on these data would give a FAIL, if known."""
    if finding.min_detectable is None or finding.limit is None:
        return ""
    is_floor = is_better_above(finding)
    edge = finding.limit + (-1.0 if is_floor else 1.0) * finding.min_detectable
    extreme = "largest" if is_floor else "smallest"
    quantity = f"{extreme} {name_quantity(finding).removeprefix('largest ')}"
    return f"{quantity} this data can show {format_number(edge)}"


def _relation(finding: Finding) -> str:
    """Return on which side of the limit the bounds lie; under `point`, the value."""
    estimate, limit = finding.estimate, finding.limit
    if estimate is None or limit is None or estimate.value is None:
        return "beside"
    low, high = estimate.low, estimate.high
    if finding.policy == Policy.POINT:
        low = high = estimate.value
    is_distortion = finding.check == "ruler"
    if low is not None and low > limit:
        return "beyond" if is_distortion else "above"
    if high is not None and high < limit:
        return "within" if is_distortion else "below"
    return "at" if low == high == limit else "spans"
