"""`biasruler report`: the forms of an audit, written again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.refusals import raise_if_any
from pytest_biasruler.cli.console import Exit, outliving, write_lines
from pytest_biasruler.cli.reading import STREAM, read_named, show_typed
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.shell.exports import CSV_PLAN, read_exports
from pytest_biasruler.shell.outputs import clear_outputs, write_output

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping


def run(arguments: argparse.Namespace) -> Exit:
    """Write the forms that are asked for.

    Raises
    ------
    BiasRulerError
        If the audit cannot be read, or an output cannot be written; then none is.
    """
    from pytest_biasruler.report.forms import render_form

    wanted = _read_outputs(arguments)
    audit = read_named(arguments.audit)
    if CSV_PLAN in wanted and audit.settings.get("public"):
        found, expected = f"{CSV_PLAN} of a public audit", "no list of cases in public"
        raise BiasRulerError("BR602", found, expected, "Leave it out")
    folder = arguments.prefix.strip("/").removeprefix("./")
    prefix = f"{folder}/" if folder not in ("", ".") else ""
    texts = {kind: render_form(kind, audit, prefix=prefix) for kind in wanted}
    files = {kind: Path(name).absolute() for kind, name in wanted.items() if name != STREAM}
    raise_if_any(clear_outputs([*files.values()], root=Path.cwd()))
    for kind, path in files.items():
        write_output(path, texts[kind], root=Path.cwd())
        write_lines([(f"{kind} {show_typed(wanted[kind])}", "")], stream=sys.stderr)
    for kind in wanted.keys() - files.keys():
        with outliving(sys.stdout):
            sys.stdout.buffer.write(texts[kind].encode())
    return Exit.OK


def _read_outputs(arguments: argparse.Namespace) -> dict[str, str]:
    """Return where each form goes; the report beside the audit if nothing is said."""
    exports, problems = read_exports(arguments.export, place="--export")
    named = {"html": arguments.html, "markdown": arguments.markdown, **exports}
    wanted = {kind: name for kind, name in named.items() if name is not None}
    if not wanted and not problems:
        wanted = {"html": _beside(arguments.audit)}
    raise_if_any([*problems, *_clashes(wanted, audit=arguments.audit)])
    return wanted


def _beside(audit: str) -> str:
    """Return the report's path; of a report given for an audit another, to say what is wrong."""
    if audit == STREAM:
        return STREAM
    path = Path(audit)
    is_report = path.suffix == ".html"
    return str(path.with_name(f"{path.name}.html") if is_report else path.with_suffix(".html"))


def _clashes(wanted: Mapping[str, str], *, audit: str) -> list[BiasRulerError]:
    """Return BR602 for two outputs of one path, and for one that is the audit itself."""
    places = [name if name == STREAM else str(Path(name).resolve()) for name in wanted.values()]
    problems = []
    if len(set(places)) < len(places):
        problems.append(("two outputs have one path", "one path for each", "Rename one of them"))
    if audit != STREAM and str(Path(audit).resolve()) in places:
        found = "an output has the path of the audit"
        problems.append((found, "another, for the audit is kept", "Choose another"))
    return [BiasRulerError("BR602", *texts) for texts in problems]
