"""A finding in words: line 1 of a failure, the table below it, the reason of a skip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.definition import Policy
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.checks.numbers import format_number
from pytest_biasruler.errors import printable
from pytest_biasruler.shell.outcome import Outcome, is_better_above, waiver_end
from pytest_biasruler.shell.subgroup_table import method_line, shown, subgroup_table

if TYPE_CHECKING:
    import datetime as dt

    from pytest_biasruler.checks.finding import Estimate, Finding

LONGEST_LINE = 200
MOST_NEEDED = 10_000

_QUANTITIES = {"gap": "gap", "ruler": "distortion", "labels": "label gap", "floor": "worst mean"}
_NEXT = 'to accept for a time: waive = { reason = "...", until = YYYY-MM-DD }'


def first_line(finding: Finding, *, sign: float = 1.0) -> str:
    """Return the whole finding in one line of at most 200 characters.

    Its first 50 name verdict, check, metric and pair, because short summaries are cut.
    """
    subject = " ".join(filter(None, (finding.check, finding.metric, finding.label)))
    place = " ".join(filter(None, ("+".join(finding.by), _pair(finding.estimate))))
    by_whom = f" ({', '.join(_circumstances(finding))})"
    line = f"{title_of(finding)} {subject}, {place}: {_answer(finding, sign=sign)}{by_whom}"
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 3]}..."


def short_line(finding: Finding) -> str:
    """Return value, bounds and limit, for one line of the terminal section."""
    if finding.outcome == Outcome.WAIVED and finding.waive is not None:
        return f"until {finding.waive['until']}: {shown(finding.waive['reason'])}"
    if finding.limit is None or finding.estimate is None:
        return _without_limit(finding)
    return f"{measure(finding)}, limit {format_number(finding.limit)}"


def full_message(finding: Finding, *, report: str | None, today: dt.date, sign: float) -> str:
    """Return line 1, the table of subgroups, how it was computed, and what to do next.

    `report` is the report's place as people may see it, None if none is written.
    """
    lines = [first_line(finding, sign=sign)]
    if finding.check == "ruler" and finding.details.get("gap_expert"):
        lines.append(f"  {finding.statement}")
    lines += ["", *subgroup_table(finding), method_line(finding)]
    if finding.waive is not None and waiver_end(finding) < today:
        lines.append(f"  waiver ended {finding.waive['until']}")
    lines.append(f"  see {report}; {_NEXT}" if report else f"  {_NEXT}")
    return "\n".join(printable(line) for line in lines)


def skip_reason(finding: Finding, *, would_pass: bool = False, sign: float = 1.0) -> str:
    """Return why a test with this finding is skipped: it is inconclusive, or waived."""
    if finding.outcome == Outcome.WAIVED and finding.waive is not None:
        reason = (
            f"waived until {finding.waive['until']}: {shown(finding.waive['reason'])} "
            f"(verdict {finding.verdict})"
        )
        ending = "; passes without the waiver: remove it" if would_pass else ""
        return f"{reason}{ending}"
    subject = " ".join(filter(None, (finding.check, finding.metric, finding.label)))
    return f"INCONCLUSIVE: {subject}, {'+'.join(finding.by)}: {_answer(finding, sign=sign)}"


def title_of(finding: Finding) -> str:
    """Return the word that a line about the finding begins with."""
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
        return f"{_quantity(finding)} undefined"
    value, low, high = (
        format_number(number, limit=finding.limit)
        for number in (estimate.value, estimate.low, estimate.high)
    )
    if _is_mirrored(finding):
        value, low, high = _negative(value), _negative(high), _negative(low)
    unit = f" {finding.unit}" if finding.unit else ""
    return f"{_quantity(finding)} {value} [{low}, {high}]{unit}"


def _answer(finding: Finding, *, sign: float) -> str:
    if finding.estimate is None or finding.limit is None:
        return _without_limit(finding)
    limit = format_number(finding.limit)
    text = f"{measure(finding)} {_relation(finding, sign=sign)} limit {limit}"
    if finding.policy == Policy.POINT:
        return f"{text}, point estimate, uncontrolled"
    if finding.verdict == Verdict.INCONCLUSIVE:
        return "; ".join([text, *_what_is_needed(finding, sign=sign)])
    if finding.outcome == Outcome.FAILED and finding.verdict == Verdict.PASS:
        return f"{text}, but judged by an automated reference only"
    return text


def _without_limit(finding: Finding) -> str:
    criteria = finding.details.get("criteria", ())
    unmet = [shown(item["text"]) for item in criteria if item["verdict"] not in ("PASS", "INFO")]
    if finding.verdict != Verdict.PASS and unmet:
        return "; ".join(unmet)
    if finding.reason == "too few subgroups":
        sizes = ", ".join(f"{shown(g.name)} has {g.n_patients} patients" for g in finding.groups)
        return f"{_quantity(finding)} undefined, {finding.reason}: {sizes}"
    if finding.reason:
        return f"{_quantity(finding)} undefined, {finding.reason}"
    return shown(finding.statement)


def _what_is_needed(finding: Finding, *, sign: float) -> list[str]:
    parts = [finding.reason] if finding.reason not in (None, "underpowered", "borderline") else []
    if finding.min_detectable is not None and finding.limit is not None:
        is_floor = is_better_above(finding, sign=sign)
        edge = finding.limit + (-1.0 if is_floor else 1.0) * finding.min_detectable
        extreme = "largest" if is_floor else "smallest"
        parts.append(f"{extreme} {_quantity(finding)} this data can show {format_number(edge)}")
    needed = finding.details.get("needed") or {}
    for name, n_more in sorted(needed.items()):
        n_text = f"about {n_more}" if n_more <= MOST_NEEDED else f"more than {MOST_NEEDED:,}"
        parts.append(f"{n_text} more patients in {shown(name)} needed")
    return [part for part in parts if part]


def _relation(finding: Finding, *, sign: float) -> str:
    is_failed = finding.verdict == Verdict.FAIL
    if finding.policy == Policy.POINT:
        is_failed = finding.outcome == Outcome.FAILED
    elif finding.verdict == Verdict.INCONCLUSIVE:
        return "spans"
    if finding.check == "ruler":
        return "beyond" if is_failed else "within"
    return "above" if is_failed != is_better_above(finding, sign=sign) else "below"


def _quantity(finding: Finding) -> str:
    if finding.check == "success":
        return f"success {finding.details.get('statistic', 'ratio')}"
    return _QUANTITIES.get(finding.check, finding.check)


def _is_mirrored(finding: Finding) -> bool:
    signed = finding.details.get("distortion_signed") or {}
    value = signed.get("value")
    return finding.check == "ruler" and value is not None and value < 0


def _negative(number: str) -> str:
    if number == "undefined":
        return number
    return number.removeprefix("-") if number.startswith("-") else f"-{number}"


def _pair(estimate: Estimate | None) -> str | None:
    if estimate is None or estimate.pair is None:
        return None
    return " vs ".join(shown(name) for name in reversed(estimate.pair))


def _circumstances(finding: Finding) -> list[str]:
    sizes = {group.name: group.n_patients for group in finding.groups}
    pair = finding.estimate.pair if finding.estimate is not None else None
    names = reversed(pair) if pair else sizes
    counts = "/".join(str(sizes.get(name, 0)) for name in names)
    references = finding.reference
    if finding.automated and finding.check in ("ruler", "labels"):
        references = f"{finding.automated} - {finding.reference}"
    return [part for part in (f"{counts} patients", references, finding.model) if part]
