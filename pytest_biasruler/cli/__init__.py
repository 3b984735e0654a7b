"""The `biasruler` command, for those who hold an audit but no test run: it knows no pytest."""

from __future__ import annotations

import sys
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from pytest_biasruler.cli.console import Exit, outliving, tell_error
from pytest_biasruler.cli.parser import make_parser
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

_HOMES = {"report": "reporting", "judge": "judging", "compare": "comparing", "init": "beginning"}
"""Which module answers which command; it imports only what that takes."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; whatever goes wrong is told in a sentence, never as a traceback.

    Parameters
    ----------
    argv : sequence of str, optional
        The words after ``biasruler``; None: those of this process.

    Returns
    -------
    int
        The exit code, one of `Exit`.
    """
    try:
        code = _run(make_parser().parse_args(argv))
        with outliving(sys.stdout):
            sys.stdout.flush()
        return code
    except SystemExit as ended:  # --help, --version, or wrong usage
        return int(ended.code or Exit.OK)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED


def _run(arguments: argparse.Namespace) -> int:
    from pytest_biasruler.scoring.attempt import attempt

    home = import_module(f"pytest_biasruler.cli.{_HOMES[arguments.command]}")
    done = attempt(partial(home.run, arguments))
    if not isinstance(done, BiasRulerError):
        return int(done)
    place = f"biasruler {arguments.command}"
    if done.code == "BR899":  # what nobody foresaw in a file may stand there by hand
        fix = f"{done.fix}, unless a file that was read has been edited"
        done = BiasRulerError(done.code, done.found, done.expected, fix, done.where)
    return tell_error(done, place=place)
