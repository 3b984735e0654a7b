"""Two audits of the same data as a table of text: what became of each check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_biasruler.audit.states import State
from pytest_biasruler.checks.numbers import format_number
from pytest_biasruler.checks.outcome import Outcome, is_screen
from pytest_biasruler.errors import printable
from pytest_biasruler.report.changes import count_changes
from pytest_biasruler.report.subgroup_table import LONGEST_TITLE, shown
from pytest_biasruler.report.told import own_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.told import Line

_WORSE = (State.WORSE, State.NO_LONGER_SHOWN, State.NOW_FAILS)
_COLOURS = {State.STILL_FAILS: "red", State.IMPROVED: "green", State.UNCHANGED: ""}
_HEAD = ("now", "check", "value", "limit", "verdict")


def list_worse(audit: Audit) -> list[Finding]:
    """Return the findings of a compared audit that fail now and did not, or fail for being worse.

    What is waived is worse only beyond the state that the waiver was granted for; a screen is told
    and never counted.
    """
    return [
        finding
        for finding in audit.findings
        if _state(finding) in _WORSE
        and finding.outcome == Outcome.FAILED
        and not is_screen(finding)
    ]


def compare_lines(audit: Audit) -> list[Line]:
    """Return a headline, a row for each check, the worst first, and what is asked no longer.

    Parameters
    ----------
    audit : Audit
        As `audit.ratchet.tighten_audit` returns it.
    """
    worse = {finding.id for finding in list_worse(audit)}
    order = list(State)
    ordered = sorted(audit.findings, key=lambda finding: order.index(_state(finding)))
    rows = _align([_HEAD, *map(_cells, ordered)])
    lines: list[Line] = [_headline(audit, n_worse=len(worse)), (rows[0], "")]
    for finding, row in zip(ordered, rows[1:], strict=True):
        colour = "red" if finding.id in worse else _COLOURS.get(_state(finding), "yellow")
        lines.append((row, colour))
        lines += [(f"    {printable(note)}", "") for note in _notes(finding)]
    gone = audit.accounting["compare"].get("gone") or ()
    return [*lines, *((_tell_gone(entry), "yellow") for entry in gone)]


def _headline(audit: Audit, *, n_worse: int) -> Line:
    compare = audit.accounting["compare"]
    n_all = len(audit.findings)
    of_all = f"{n_all} check" if n_all == 1 else f"{n_all} checks"
    word = f"WORSE {n_worse} of {of_all}" if n_worse else f"NOT WORSE, {of_all}"
    is_failing = bool((compare.get("counts") or {}).get(State.STILL_FAILS))
    colour = "red" if n_worse else ("yellow" if is_failing else "green")
    name = shown(audit.benchmark["name"], longest=LONGEST_TITLE)
    return f"{word}: {count_changes(compare)}   {name}", colour


def _state(finding: Finding) -> State:
    return State(finding.details["compare"]["state"])


def _cells(finding: Finding) -> Sequence[str]:
    compare = finding.details["compare"]
    value = finding.estimate.value if finding.estimate is not None else None
    return (
        str(_state(finding)),
        own_id(finding.id),
        _change(_number(compare.get("value"), finding), _number(value, finding)),
        "" if finding.limit is None else format_number(finding.limit),
        _change(str(compare.get("verdict") or ""), str(finding.verdict)),
    )


def _number(value: Any, finding: Finding) -> str:
    return "" if value is None else format_number(value, limit=finding.limit)


def _change(before: str, now: str) -> str:
    return now if before in ("", now) else f"{before} -> {now}"


def _notes(finding: Finding) -> Iterator[str]:
    compare = finding.details["compare"]
    if compare.get("obstacle"):
        yield f"not compared: {compare['obstacle']}"
    for change in compare.get("changes") or ():
        yield f"{_asks(change)}: {_told(change['earlier'])} -> {_told(change['now'])}"


def _asks(change: Mapping[str, Any]) -> str:
    return f"{change['what']} asks less" if change["loosened"] else f"{change['what']} changed"


def _told(value: Any) -> str:
    if isinstance(value, float):
        return format_number(value)
    return ", ".join(map(shown, value)) if isinstance(value, list | tuple) else shown(value)


def _tell_gone(entry: Mapping[str, str]) -> str:
    return f"  gone  {own_id(entry['id'])} (was {printable(entry['verdict'])})"


def _align(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            ["", *(cell.ljust(width) for cell, width in zip(row, widths, strict=True))]
        ).rstrip()
        for row in rows
    ]
