"""What changed since an earlier audit, in sentences and in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_biasruler.audit.ratchet import is_held_back, own_id
from pytest_biasruler.audit.states import State
from pytest_biasruler.checks.outcome import is_better_above
from pytest_biasruler.checks.quantities import name_quantity
from pytest_biasruler.report.numbers import format_limit, format_number, joined, shown, typeset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding

ORDER = tuple(State)
_WAIVE = 'waive = { reason = "...", until = YYYY-MM-DD }'
_MOVE_ON = "keep the audit of this run in place of the earlier one"
_DECLINES = (State.WORSE, State.NO_LONGER_SHOWN, State.NOW_FAILS)


def change_line(audit: Audit) -> str:
    """Return how many checks came to what since the earlier audit; nothing if none was asked for.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> compare = {"state": "compared", "run_date": None, "counts": {"worse": 1, "new": 2}}
    >>> change_line(SimpleNamespace(accounting={"compare": compare}))
    'since the earlier audit: 1 worse, 2 new'
    """
    compare = audit.accounting.get("compare")
    if not compare:
        return ""
    if compare["state"] == "missing":
        return f"no earlier audit at {shown(compare['path'])}: nothing compared"
    date = compare.get("run_date")
    return f"since the earlier audit{f' of {date}' if date else ''}: {count_changes(compare)}"


def count_changes(compare: Mapping[str, Any]) -> str:
    """Return how many checks came to what, the worst first, from ``accounting.compare``."""
    counts = compare.get("counts") or {}
    parts = [f"{counts[state]} {state}" for state in ORDER if counts.get(state)]
    parts += [f"{len(compare['gone'])} gone"] if compare.get("gone") else []
    return ", ".join(parts) or "nothing to compare"


def change_lines(audit: Audit) -> list[tuple[str, str]]:
    """Return what changed for the terminal, as texts with their colours."""
    line, loosened, gone = change_line(audit), loosened_lines(audit), gone_ids(audit)
    lines = [(line, "yellow" if is_decline(audit) else "")] if line else []
    lines += [(f"limits loosened: {_first(loosened)}", "yellow")] if loosened else []
    return lines + ([(f"gone since then: {_first(gone)}", "yellow")] if gone else [])


def _first(texts: tuple[str, ...], *, most: int = 3) -> str:
    more = f"; and {len(texts) - most} more" if len(texts) > most else ""
    return f"{'; '.join(texts[:most])}{more}"


def is_decline(audit: Audit) -> bool:
    """Return whether a check got worse, or nothing could be compared at all."""
    compare = audit.accounting.get("compare") or {}
    counts = compare.get("counts") or {}
    return compare.get("state") == "missing" or any(counts.get(state) for state in _DECLINES)


def loosened_lines(audit: Audit) -> tuple[str, ...]:
    """Return what asks less than in the earlier audit, one text for each change."""
    compare = audit.accounting.get("compare") or {}
    return tuple(
        f"{shown(own_id(each['id']), longest=120)}: {tell_otherwise(each)}"
        for each in compare.get("loosened") or ()
    )


def gone_ids(audit: Audit) -> tuple[str, ...]:
    """Return the checks that only the earlier audit has, without their files."""
    gone = (audit.accounting.get("compare") or {}).get("gone") or ()
    return tuple(shown(own_id(each["id"]), longest=120) for each in gone)


def tell_otherwise(change: Mapping[str, Any]) -> str:
    """Return what is asked otherwise than in the earlier audit.

    Examples
    --------
    >>> tell_otherwise({"what": "limit", "earlier": 0.05, "now": 0.1})
    'limit from 0.050 to 0.100'
    >>> tell_otherwise({"what": "screen", "earlier": False, "now": True})
    'only screened from no to yes'
    """
    names = {"screen": "only screened", "alpha": "error rate alpha", "judged": "counts as a check"}
    what = names.get(change["what"], shown(change["what"]))
    return f"{what} from {_plain(change['earlier'])} to {_plain(change['now'])}"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return typeset(format_limit(float(value)))
    if isinstance(value, list | tuple):
        return joined(value)
    return "none" if value is None else shown(value)


def told_change(finding: Finding) -> str:
    """Return what became of a finding since the earlier audit, as sentences; or nothing."""
    compare = finding.details.get("compare")
    if not compare:
        return ""
    sentence = f"{_told(finding, compare)}{_consequence(finding)}"
    changes = [tell_otherwise(change) for change in compare.get("changes") or ()]
    return f"{sentence} Asked otherwise than then: {'; '.join(changes)}." if changes else sentence


def _told(finding: Finding, compare: Mapping[str, Any]) -> str:
    then = _verdict_then(finding, compare)
    since = compare.get("since")
    return {
        State.WORSE: f"Worse than in the earlier audit{_numbers(finding, compare)}.",
        State.NO_LONGER_SHOWN: (
            f"The earlier audit showed that this is {_good(finding)}; this one does not."
        ),
        State.NOW_FAILS: f"It fails now and did not in the earlier audit, which said {then}.",
        State.STILL_FAILS: (
            "It failed in the earlier audit too"
            f"{f', and has since {shown(since)} at least' if since else ''}."
        ),
        State.NOT_COMPARED: (
            "Its value is not compared with the earlier audit"
            f"{f', which said {then}' if compare.get('verdict') else ''}: "
            f"{shown(compare.get('obstacle') or '')}."
        ),
        State.LOOSENED: f"The earlier audit said {then}, but less is asked now.",
        State.TIGHTENED: "It is within the earlier limit still; the limit is stricter now.",
        State.NEW: "New: the earlier audit has no such check.",
        State.IMPROVED: f"Better than in the earlier audit, which said {then}.",
        State.UNCHANGED: (f"No change that these data can show: the earlier audit said {then}."),
    }[State(compare["state"])]


def _good(finding: Finding) -> str:
    return "good enough" if finding.check == "provenance" else "within its limit"


def _verdict_then(finding: Finding, compare: Mapping[str, Any]) -> str:
    verdict, value = str(compare.get("verdict")), compare.get("value")
    if value is None:
        return verdict
    return f"{verdict} ({_quantity(finding)} {_number(value, compare.get('limit'))})"


def _number(value: float, limit: float | None = None) -> str:
    return typeset(format_number(value, limit=limit))


def _numbers(finding: Finding, compare: Mapping[str, Any]) -> str:
    value = finding.estimate.value if finding.estimate else None
    then, bound = compare.get("value"), compare.get("bound")
    if value is None or then is None or bound is None:
        return ""
    how = "down to" if is_better_above(finding) else "up to"
    return (
        f": {_quantity(finding)} {_number(value, bound)} now, {_number(then)} then, with a "
        f"95 % interval {how} {_number(bound)}"
    )


def _quantity(finding: Finding) -> str:
    """Return what is compared: of a distortion its size, whatever its direction."""
    return "size of the distortion" if finding.check == "ruler" else name_quantity(finding)


def _consequence(finding: Finding) -> str:
    if not is_held_back(finding):
        return ""
    if finding.waive is not None and finding.details["compare"]["state"] == State.WORSE:
        return " The check fails for this alone: a waiver covers no worse state than its own."
    return " The check fails for this alone."


def tell_earlier(finding: Finding) -> str:
    """Return how a line about a finding ends that fails for the earlier audit alone."""
    if not is_held_back(finding):
        return ""
    compare = finding.details["compare"]
    if compare["state"] == State.NO_LONGER_SHOWN:
        return f"; earlier shown to be {_good(finding)}"
    then, bound = compare.get("value"), compare.get("bound")
    if then is None or bound is None:
        return "; worse than in the earlier audit"
    where = "down to" if is_better_above(finding) else "up to"
    size = " in size" if finding.check == "ruler" else ""
    return f"; earlier {format_number(then)}{size}, 95 % interval {where} {format_number(bound)}"


def next_step(finding: Finding) -> str:
    """Return what people can do about a failed finding but mend its cause."""
    state = (finding.details.get("compare") or {}).get("state")
    if state != State.WORSE:
        return f"to accept for a time: {_WAIVE}"
    if is_held_back(finding):
        return f"to accept it for good: {_MOVE_ON}"
    return f"to accept for a time: {_MOVE_ON}, and {_WAIVE}"
