"""`biasruler judge`: outcomes and exit code as a test run would give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.cli.console import Exit, read_date, tell_error, write_lines
from pytest_biasruler.cli.reading import read_named, show_typed
from pytest_biasruler.errors import BiasRulerError, printable

if TYPE_CHECKING:
    import argparse
    import datetime as dt
    from collections.abc import Sequence

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.report.told import Line


def run(arguments: argparse.Namespace) -> Exit:
    """Judge an audit, tell it, and return what it ends with.

    Raises
    ------
    BiasRulerError
        If an audit cannot be read.
    """
    from pytest_biasruler.audit.ratchet import tighten_audit
    from pytest_biasruler.audit.rejudging import judge_again, list_reasons

    today = read_date()
    kept = read_named(arguments.audit)
    earlier = read_named(arguments.compare) if arguments.compare is not None else None
    judged = judge_again(kept, policy=arguments.policy, today=today)
    if earlier is not None:
        try:
            judged = tighten_audit(judged, earlier, path=show_typed(arguments.compare))
        except BiasRulerError as error:  # of other data: an error of every check
            tell_error(error, place=show_typed(arguments.audit))
            return Exit.FAILED
    place = show_typed(arguments.audit)
    reasons = list_reasons(
        kept, judged, policy=arguments.policy, min_checks=arguments.min_checks, place=place
    )
    write_lines(_section(judged, today=today, reasons=reasons))
    return _end(judged, reasons)


def _section(audit: Audit, *, today: dt.date, reasons: Sequence[str]) -> list[Line]:
    from pytest_biasruler.audit.counts import count_checks
    from pytest_biasruler.report.changes import change_lines
    from pytest_biasruler.report.told import Told, tell_audit

    told = Told(
        name=str(audit.benchmark["name"]),
        findings=audit.findings,
        counts=count_checks(audit),
        cases=audit.accounting,
    )
    run_date = audit.settings["run_date"]
    ran = f"   audit of {run_date}" if run_date else ""
    last = printable(f"policy {audit.settings['policy']}{ran}   judged {today}")
    changes = [(printable(text), colour) for text, colour in change_lines(audit)]
    return [
        *tell_audit(told),
        *changes,
        (last, ""),
        *((printable(text), "red") for text in reasons),
    ]


def _end(audit: Audit, reasons: Sequence[str]) -> Exit:
    from pytest_biasruler.audit.rejudging import is_red

    if reasons or is_red(audit):
        return Exit.FAILED
    return Exit.OK if audit.findings else Exit.NOTHING
