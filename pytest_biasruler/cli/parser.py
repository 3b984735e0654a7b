"""What can be typed after `biasruler`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_biasruler.benchmark.check import Policy
from pytest_biasruler.cli.console import tell_error, write_lines
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.shell.exports import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

_AUDIT = "an audit.json, or - for standard input"

_ABOUT = """\
Work with the audits that pytest writes by --biasruler-json=audit.json, without a test run.

  biasruler init data/                              write a first benchmark file for a folder
  biasruler report audit.json                       write the report again, as audit.html
  biasruler judge audit.json --policy prove-safe    judge the audit as a release gate would
  biasruler compare old.json new.json               tell what improved and what got worse
"""

_CODES = """\
exit codes: 0 all well; 1 a check failed, or got worse; 2 interrupted; 3 a bug of ours;
4 wrong usage, or a file that cannot be read or written; 5 judge: an audit without a check
"""

_REPORT = """\
Write an audit again in the forms that a run writes. The same audit gives the same bytes, but for
parts that other plugins add. Without an output, the report is written beside the audit.

  biasruler report audit.json
  biasruler report audit.json --markdown summary.md --export badge=badge.json
  biasruler report - --html - < audit.json > report.html
"""

_JUDGE = """\
Judge an audit anew: the outcomes and the exit code that pytest gives under the same policy.
Waivers are judged by today's date (UTC).

  biasruler judge audit.json
  biasruler judge audit.json --policy prove-safe --min-checks 6
  biasruler judge new.json --compare old.json

policies: point (the estimate alone decides, uncontrolled), confident-fail (FAIL fails), prove-safe
(whatever is not proven fails too: for releases)
"""

_COMPARE = """\
Tell of each check what became of it between two audits of the same data. The exit code is 1 if a
check got worse; that one has failed all along is told, and is for judge to fail.

  biasruler compare old.json new.json
"""

_INIT = """\
Look at a folder with masks and at a table with one row for each case, and write a benchmark file
to begin with. Nothing is overwritten; read the file before you trust it.

  biasruler init data/
  biasruler init data/ --table data/clinical.csv --out biasruler.toml
"""


class _Parser(argparse.ArgumentParser):
    """A parser that ends with the exit code that pytest has for wrong usage."""

    def error(self, message: str) -> NoReturn:
        fix = f"Correct it; {self.prog} --help tells what can be typed"
        wrong = BiasRulerError("BR602", message, "a command that can be read", fix)
        self.exit(tell_error(wrong, place="the command line"))


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; what it reads has the name of one in ``command``."""
    parser = _Parser(prog="biasruler", **_form(_ABOUT, _CODES))
    parser.add_argument("--version", action=_Version, help="print the version, and end")
    commands = parser.add_subparsers(
        title="commands", dest="command", metavar="COMMAND", required=True
    )
    declared: dict[str, tuple[str, str, Callable[[argparse.ArgumentParser], None]]] = {
        "report": ("write report, summary or tables of an audit again", _REPORT, _ask_report),
        "judge": ("judge an audit, also under another policy", _JUDGE, _ask_judge),
        "compare": ("tell what became of each check between two audits", _COMPARE, _ask_compare),
        "init": ("write a first benchmark file for a folder", _INIT, _ask_init),
    }
    for name, (summary, about, ask) in declared.items():
        ask(commands.add_parser(name, help=summary, **_form(about, _CODES)))
    return parser


def _form(about: str, codes: str) -> dict[str, Any]:
    return {
        "description": about,
        "epilog": codes,
        "formatter_class": argparse.RawDescriptionHelpFormatter,
        "allow_abbrev": False,
    }


class _Version(argparse.Action):
    """Tell the version; looking it up takes longer than all the rest, so only if asked for."""

    def __init__(self, **keys: Any) -> None:
        super().__init__(**keys, nargs=0)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        write_lines([(f"pytest-biasruler {version('pytest-biasruler')}", "")])
        parser.exit()


def _ask_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("audit", metavar="AUDIT", help=_AUDIT)
    parser.add_argument(
        "--html",
        metavar="PATH",
        help="the report; - for standard output (default, if no other output is named: the path "
        "of the audit, ending in .html)",
    )
    parser.add_argument("--markdown", metavar="PATH", help="the summary; - for standard output")
    parser.add_argument(
        "--export",
        metavar="KIND=PATH",
        action="append",
        default=[],
        help=f"another form; may be given again. KIND is one of {', '.join(KINDS)}",
    )
    parser.add_argument(
        "--prefix",
        metavar="FOLDER",
        default="",
        help="folder of the tests within the repository, for paths in gitlab-codequality",
    )


def _ask_judge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("audit", metavar="AUDIT", help=_AUDIT)
    parser.add_argument(
        "--policy",
        choices=[str(policy) for policy in Policy],
        help="what a verdict makes of a check (default: what the audit was run under)",
    )
    parser.add_argument(
        "--compare",
        metavar="OLD",
        help="an earlier audit of the same data: a check that got worse since then fails",
    )
    parser.add_argument(
        "--min-checks",
        metavar="N",
        type=_whole_number,
        help="fail if fewer checks ran",
    )


def _ask_compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("old", metavar="OLD", help="the earlier audit.json")
    parser.add_argument("new", metavar="NEW", help="the later one, or - for standard input")


def _ask_init(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="where masks and tables lie")
    parser.add_argument(
        "--table",
        metavar="TABLE",
        help="CSV or TSV in the folder, with one row for each case (default: the one that names "
        "most masks)",
    )
    parser.add_argument(
        "--out", metavar="PATH", help="the file to write (default: biasruler.toml in the folder)"
    )


def _whole_number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text} is no whole number")
    return int(text)
