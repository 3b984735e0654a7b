"""An audit as a few lines of text: verdict first, then what failed, then what was counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_biasruler.audit.accounting import labelled_lines
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.checks.outcome import Outcome, is_screen
from pytest_biasruler.errors import printable
from pytest_biasruler.report.accounting_line import accounting_line
from pytest_biasruler.report.messages import long_line, short_line, title_of
from pytest_biasruler.report.noted import noted_lines
from pytest_biasruler.report.subgroup_table import LONGEST_TITLE, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_biasruler.audit.counts import Counts
    from pytest_biasruler.checks.finding import Finding

MOST_LINES = 8  # between headline and accounting, the masks that could not be used included
MOST_PROBLEMS = 2
_WIDEST_WORD = 12
_LONGEST = 160
_ORDER = (Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.WAIVED)

Line = tuple[str, str]
"""A text and its colour: red, yellow, green or ""."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What is told of one benchmark; `cases` are those counted, None if nothing was judged.

    `noted` are the codes of what was accepted and is worth knowing.
    """

    name: str
    findings: tuple[Finding, ...]
    counts: Counts
    cases: Mapping[str, Any] | None
    noted: tuple[str, ...] = ()


def tell_audit(told: Told, *, most: int | None = None, more: str = "") -> list[Line]:
    """Return the lines of one benchmark.

    Parameters
    ----------
    told : Told
        What is told.
    most : int, optional
        Lines about findings and masks; `more` says where to see the rest. None: all of them, each
        open question with what it would take to answer it.
    """
    counted = counted_lines(told)
    below = [*problem_lines(told), *noted_lines(told.noted)]
    lines = finding_lines(told, is_whole=most is None)
    lines = lines if most is None else cut_lines(lines, most=most - len(below), more=more)
    return [title_line(told), *lines, *counted, *below, *chance_lines(told)]


def title_line(told: Told) -> Line:
    """Return verdict and name of a benchmark."""
    text, colour = headline(told)
    name = shown(told.name, longest=LONGEST_TITLE)
    return f"{text:<62}  {name}".rstrip(), colour


def headline(told: Told) -> Line:
    """Return the verdict of an audit in one line, beginning with its worst word."""
    findings, counts = told.findings, told.counts
    gating = [f for f in findings if not is_aside(f)]
    n = {outcome: sum(finding.outcome == outcome for finding in gating) for outcome in Outcome}
    n_judged, n_failed = sum(n.values()), n[Outcome.FAILED]
    n_passed, n_errors = n[Outcome.PASSED], counts.n_in_error
    rest = [
        (n_errors if n_failed else 0, "in error"),
        (n[Outcome.INCONCLUSIVE], "inconclusive"),
        (n[Outcome.WAIVED], "waived"),
        (n_passed if n_passed < n_judged or n_errors else 0, "passed"),
        (len(findings) - len(gating), f"screened{_screened(findings)}"),
    ]
    head = ""
    if n_failed:
        head = f"FAIL {n_failed} of {_checks(n_judged)}"
    elif n_errors:
        head = f"ERROR {n_errors} of {_checks(n_judged + n_errors)}"
    elif n_passed == n_judged:
        head = f"PASS {_checks(n_passed)}" if n_passed else "no check was judged"
    tail = ", ".join(f"{number} {word}" for number, word in rest if number)
    text = "; ".join(filter(None, (head, tail)))
    colour = "red" if n_failed or n_errors or counts.missing else _mild(n, counts)
    return f"{_caution(counts)}{text}", colour


def is_aside(finding: Finding) -> bool:
    """Return whether a finding has an outcome only because every test must have one."""
    return is_screen(finding) and finding.outcome == Outcome.PASSED


def _screened(findings: Iterable[Finding]) -> str:
    """Return the verdicts of screens that are no PASS: nothing else on the terminal tells them."""
    verdicts = [finding.verdict for finding in findings if is_aside(finding)]
    counts = [
        (verdicts.count(verdict), verdict) for verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE)
    ]
    told = ", ".join(f"{n} {verdict}" for n, verdict in counts if n)
    return f" and not gated: {told}" if told else " and not gated"


def finding_lines(told: Told, *, is_whole: bool) -> list[Line]:
    """Return a line for each finding that did not pass and each error, the worst first.

    `is_whole` tells of open questions all that is known of why they stay open.
    """
    lines: dict[Outcome, list[Line]] = {outcome: [] for outcome in _ORDER}
    for finding in told.findings:
        if finding.outcome in lines:
            lines[Outcome(finding.outcome)].append(_line(finding, is_whole=is_whole))
    failed, *others = lines.values()
    return [*failed, *map(_error_line, told.counts.errors), *others[0], *others[1]]


def failed_lines(told: Told) -> list[Line]:
    """Return a line for each finding that failed."""
    return [_line(finding) for finding in told.findings if finding.outcome == Outcome.FAILED]


def cut_lines(lines: list[Line], *, most: int, more: str) -> list[Line]:
    """Return the first lines, and how many more there are and where."""
    n_more = len(lines) - most
    return [*lines[:most], (f"  ... {n_more} more ({more})", "")] if n_more > 0 else lines


def counted_lines(told: Told) -> list[Line]:
    """Return what became of every case and check, and how much was labelled of a part."""
    if told.cases is None:
        return []
    texts = labelled_lines(told.findings, told.cases)
    line = accounting_line(told.cases, told.findings, told.counts)
    return [(line, ""), *((printable(text), "") for text in texts)]


def problem_lines(told: Told) -> list[Line]:
    """Return what is wrong with the first masks that could not be used."""
    problems = told.cases["problems"] if told.cases is not None else []
    lines = [(f"  {printable(problem['text'])}", "") for problem in problems[:MOST_PROBLEMS]]
    n_more = len(problems) - MOST_PROBLEMS
    return [*lines, (f"  ... {n_more} more in the report", "")] if n_more > 0 else lines


def chance_lines(told: Told) -> list[Line]:
    """Return what many single questions cost, if there were any.

    Findings of Python tests are each a family of one, so their errors add up.
    """
    alphas = [
        finding.estimate.alpha
        for finding in told.findings
        if finding.estimate is not None and "::" in finding.id.partition("::")[2]
    ]
    if len(alphas) < 2 or told.cases is None:
        return []
    text = (
        f"{len(alphas)} checks of test functions, each judged alone: up to {sum(alphas):.2f} "
        "false FAILs are to be expected"
    )
    return [(text, "")]


def own_id(identifier: str) -> str:
    """Return an id without its file."""
    return printable(identifier.partition("::")[2] or identifier)


def _checks(n: int) -> str:
    return f"{n} check" if n == 1 else f"{n} checks"


def _caution(counts: Counts) -> str:
    if counts.missing:
        noun = "check" if counts.missing == 1 else "checks"
        return f"AUDIT INCOMPLETE: {counts.missing} collected {noun} never reported; "
    return f"PARTIAL: {counts.told_partial}; " if counts.is_partial else ""


def _mild(n: Mapping[Outcome, int], counts: Counts) -> str:
    doubtful = n[Outcome.INCONCLUSIVE] or n[Outcome.WAIVED] or counts.is_partial
    return "yellow" if doubtful else "green"


def _line(finding: Finding, *, is_whole: bool = False) -> Line:
    word = "waived" if finding.outcome == Outcome.WAIVED else title_of(finding)
    colour = "red" if finding.outcome == Outcome.FAILED else "yellow"
    start = f"  {word:<{_WIDEST_WORD}}  {own_id(finding.id)}"
    if is_whole and finding.outcome == Outcome.INCONCLUSIVE:
        return printable(f"{start} {long_line(finding)}"), colour
    return _cut(f"{start} {short_line(finding)}"), colour


def _error_line(error: Mapping[str, str]) -> Line:
    return _cut(f"  {'ERROR':<{_WIDEST_WORD}}  {own_id(error['id'])} {error['message']}"), "red"


def _cut(text: str) -> str:
    text = printable(text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
