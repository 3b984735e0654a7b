"""`biasruler compare`: what became of each check between two audits of the same data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.cli.console import Exit, read_date, tell_error, write_last, write_lines
from pytest_biasruler.cli.reading import read_named, show_typed
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    import argparse


def run(arguments: argparse.Namespace) -> Exit:
    """Tell what changed; a check that got worse, or other data, is a failure.

    Raises
    ------
    BiasRulerError
        If an audit cannot be read.
    """
    from pytest_biasruler.audit.ratchet import tighten_audit
    from pytest_biasruler.audit.rejudging import judge_again
    from pytest_biasruler.report.compared import compare_lines, list_worse

    today = read_date()
    earlier, now = read_named(arguments.old), read_named(arguments.new)
    judged = judge_again(now, policy=None, today=today)
    try:
        compared = tighten_audit(judged, earlier, path=show_typed(arguments.old))
    except BiasRulerError as error:
        tell_error(error, place=show_typed(arguments.new))
        return Exit.FAILED
    lines = compare_lines(compared)
    write_lines(lines)
    write_last(f"biasruler: {lines[0][0]}")
    return Exit.FAILED if list_worse(compared) else Exit.OK
