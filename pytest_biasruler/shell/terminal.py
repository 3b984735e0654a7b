"""The section that ends a run on the terminal: at most a dozen lines, failures first."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.checks.outcome import Outcome, is_screen
from pytest_biasruler.errors import printable
from pytest_biasruler.shell.accounting_line import accounting_line
from pytest_biasruler.shell.exports import CSV_PLAN
from pytest_biasruler.report.messages import long_line, short_line, title_of
from pytest_biasruler.shell.outputs import show_path
from pytest_biasruler.report.subgroup_table import LONGEST_TITLE, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import pytest

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.shell.accounting import Accounting
    from pytest_biasruler.shell.closing import Closed, Closing
    from pytest_biasruler.shell.ledger import Bundle

MOST_LINES = 8  # between headline and accounting, the masks that could not be used included
MOST_PROBLEMS = 2
_WIDEST_WORD = 12
_LONGEST = 160
_ORDER = (Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.WAIVED)

Line = tuple[str, str]
"""A text and its colour: red, yellow, green or ""."""


def section_lines(config: pytest.Config, closing: Closing) -> list[Line]:
    """Return the whole section."""
    is_quiet = config.get_verbosity() < 0
    lists_skips = any(char in str(config.getoption("reportchars")) for char in "saA")
    lines: list[Line] = []
    for closed in closing.audits:
        findings, accounting, bundle = closed.findings, closed.accounting, closed.bundle
        text, colour = headline(findings, accounting)
        name = shown(closed.subject.name, longest=LONGEST_TITLE)
        lines.append((f"{text:<62}  {name}".rstrip(), colour))
        problems = problem_lines(bundle) if bundle is not None and not is_quiet else []
        told = finding_lines(findings, accounting, is_quiet=is_quiet, lists_skips=lists_skips)
        most, has_report = MOST_LINES - len(problems), bool(closed.outputs)
        lines += told if lists_skips else _first(told, most=most, has_report=has_report)
        if bundle is not None and (not is_quiet or _has_losses(bundle)):
            lines.append(accounting_line(bundle, accounting))
        if not is_quiet and bundle is not None:
            lines += [*_labelled(bundle), *problems, *chance_lines(findings)]
        lines += [(printable(text), "yellow") for text in (bundle.notices if bundle else ())]
        lines += [(closed.tested, "")] if closed.tested else []
        lines.append((_outputs_line(closed, root=config.rootpath), ""))
    lines += [(printable(closing.cut_off), "yellow")] if closing.cut_off else []
    return lines + [(printable(reason), "red") for reason in closing.reasons]


def headline(findings: Sequence[Finding], accounting: Accounting) -> Line:
    """Return the verdict of an audit in one line, beginning with its worst word."""
    gating = [f for f in findings if not is_aside(f)]
    counts = {
        outcome: sum(finding.outcome == outcome for finding in gating) for outcome in Outcome
    }
    n_judged, n_failed = sum(counts.values()), counts[Outcome.FAILED]
    n_passed, n_errors = counts[Outcome.PASSED], len({e["node"] for e in accounting.errors})
    rest = [
        (n_errors if n_failed else 0, "in error"),
        (counts[Outcome.INCONCLUSIVE], "inconclusive"),
        (counts[Outcome.WAIVED], "waived"),
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
    tail = ", ".join(f"{n} {word}" for n, word in rest if n)
    text = "; ".join(filter(None, (head, tail)))
    colour = "red" if n_failed or n_errors else _mild(counts, accounting)
    return f"{_caution(accounting)}{text}", colour


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


def finding_lines(
    findings: Iterable[Finding], accounting: Accounting, *, is_quiet: bool, lists_skips: bool
) -> list[Line]:
    """Return a line for each finding that did not pass, then for each error."""
    ranks = {outcome: rank for rank, outcome in enumerate(_ORDER)}
    chosen = sorted(
        (finding for finding in findings if finding.outcome in ranks),
        key=lambda finding: ranks[Outcome(str(finding.outcome))],
    )
    if is_quiet and not lists_skips:
        chosen = [finding for finding in chosen if finding.outcome == Outcome.FAILED]
    failed = [_line(f) for f in chosen if f.outcome == Outcome.FAILED]
    errors = [] if is_quiet else [_error_line(error) for error in accounting.errors]
    # pytest lists skips by their reason, but knows nothing of an outcome of our own.
    others = [_line(f, is_whole=lists_skips) for f in chosen if f.outcome != Outcome.FAILED]
    return [*failed, *errors, *others]


def _first(lines: list[Line], *, most: int, has_report: bool) -> list[Line]:
    n_more = len(lines) - most
    if n_more <= 0:
        return lines
    where = "with -ra, or in the report" if has_report else "with -ra"
    return [*lines[:most], (f"  ... {n_more} more (see them {where})", "")]


def _has_losses(bundle: Bundle) -> bool:
    """Return whether a case was excluded or scored worst: told however quiet the run is."""
    cases = bundle.context["accounting"]
    shares = [share for part in cases.get("classes", {}).values() for share in part.values()]
    return bool(cases["excluded"] or cases["unreadable"] or set(shares) - {"none"})


def _labelled(bundle: Bundle) -> list[Line]:
    from pytest_biasruler.audit.accounting import labelled_lines

    texts = labelled_lines(bundle.findings, bundle.context["accounting"])
    return [(printable(text), "") for text in texts]


def problem_lines(bundle: Bundle) -> list[Line]:
    """Return what is wrong with the first masks that could not be used."""
    problems = bundle.context["accounting"]["problems"]
    lines = [(f"  {printable(problem['text'])}", "") for problem in problems[:MOST_PROBLEMS]]
    n_more = len(problems) - MOST_PROBLEMS
    return [*lines, (f"  ... {n_more} more in the report", "")] if n_more > 0 else lines


def chance_lines(findings: Iterable[Finding]) -> list[Line]:
    """Return what many single questions cost, if there were any.

    Findings of Python tests are each a family of one, so their errors add up.
    """
    alphas = [
        finding.estimate.alpha
        for finding in findings
        if finding.estimate is not None and "::" in finding.id.partition("::")[2]
    ]
    if len(alphas) < 2:
        return []
    text = (
        f"{len(alphas)} checks of test functions, each judged alone: up to {sum(alphas):.2f} "
        "false FAILs are to be expected"
    )
    return [(text, "")]


def own_id(identifier: str) -> str:
    """Return an id without its file."""
    return printable(identifier.partition("::")[2] or identifier)


_NAMES = {"html": "report", CSV_PLAN: "plan"}


def _outputs_line(closed: Closed, *, root: Path) -> str:
    if closed.bundle is None:
        return "nothing could be judged, so there is no report"
    named = sorted(closed.outputs.items(), key=lambda item: item[0] != "html")
    parts = [_output_part(kind, path, root=root) for kind, path in named]
    return "   ".join([*parts, f"policy {closed.bundle.settings['policy']}"])


def _output_part(kind: str, path: Path, *, root: Path) -> str:
    text = f"{_NAMES.get(kind, kind)} {show_path(path, root=root)}"
    if kind != CSV_PLAN:
        return text
    # A plan also lists cases that are labelled already, without a rank: they are not asked for.
    with path.open(encoding="utf-8", newline="") as file:
        n = len({row["case"] for row in csv.DictReader(file) if row.get("rank")})
    return f"{text} ({n} {'case' if n == 1 else 'cases'} to label)"


def _checks(n: int) -> str:
    return f"{n} check" if n == 1 else f"{n} checks"


def _caution(accounting: Accounting) -> str:
    if accounting.is_incomplete:
        n = len(accounting.missing)
        return (
            f"AUDIT INCOMPLETE: {n} collected {'check' if n == 1 else 'checks'} never reported; "
        )
    if accounting.is_partial:
        return (
            f"PARTIAL: {len(accounting.ran)} of {len(accounting.declared)} declared checks ran; "
        )
    return ""


def _mild(counts: dict[Outcome, int], accounting: Accounting) -> str:
    if accounting.is_incomplete:
        return "red"
    doubtful = counts[Outcome.INCONCLUSIVE] or counts[Outcome.WAIVED] or accounting.is_partial
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
