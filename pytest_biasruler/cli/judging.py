"""`biasruler judge`: outcomes and exit code as a test run would give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.check import Policy
from pytest_biasruler.cli.console import Exit, read_date, tell_error, write_last, write_lines
from pytest_biasruler.cli.reading import read_named, show_typed
from pytest_biasruler.errors import BiasRulerError, printable

if TYPE_CHECKING:
    import argparse
    import datetime as dt
    from collections.abc import Sequence

    from pytest_biasruler.audit import Audit


def run(arguments: argparse.Namespace) -> Exit:
    """Judge an audit, tell it, and return what it ends with.

    Raises
    ------
    BiasRulerError
        If an audit cannot be read.
    """
    from pytest_biasruler.audit.ratchet import tighten_audit
    from pytest_biasruler.audit.rejudging import is_red, judge_again, list_reasons

    today, place = read_date(), show_typed(arguments.audit)
    kept = read_named(arguments.audit)
    earlier = read_named(arguments.compare) if arguments.compare is not None else None
    judged = judge_again(kept, policy=arguments.policy, today=today)
    if earlier is not None:
        try:
            judged = tighten_audit(judged, earlier, path=show_typed(arguments.compare))
        except BiasRulerError as error:  # of other data: an error of every check
            tell_error(error, place=place)
            return Exit.FAILED
    asked = {"policy": arguments.policy, "min_checks": arguments.min_checks}
    reasons = list_reasons(kept, judged, place=place, **asked)
    _tell(judged, today=today, reasons=reasons)
    if reasons or is_red(judged):
        return Exit.FAILED
    return Exit.OK if judged.findings else Exit.NOTHING


def _tell(audit: Audit, *, today: dt.date, reasons: Sequence[str]) -> None:
    """Print what the section of a run says, and its last line."""
    from pytest_biasruler.audit.counts import count_checks
    from pytest_biasruler.report.changes import change_lines
    from pytest_biasruler.report.last_line import last_line
    from pytest_biasruler.report.noted import noted_codes
    from pytest_biasruler.report.told import Told, tell_audit

    told = Told(
        name=str(audit.benchmark["name"]),
        findings=audit.findings,
        counts=count_checks(audit),
        cases=audit.accounting,
        noted=noted_codes(audit.warnings),
    )
    changes = [(printable(text), colour) for text, colour in change_lines(audit)]
    red = [(printable(text), "red") for text in reasons]
    write_lines([*tell_audit(told), *changes, (_circumstances(audit, today), ""), *red])
    write_last(last_line([told], reasons=reasons))


def _circumstances(audit: Audit, today: dt.date) -> str:
    """Return by which policy and when an audit was made and judged."""
    policy, run_date = audit.settings["policy"], audit.settings["run_date"]
    uncontrolled = ", uncontrolled" if policy == Policy.POINT else ""
    ran = f"   audit of {run_date}" if run_date else ""
    return printable(f"policy {policy}{uncontrolled}{ran}   judged {today}")
