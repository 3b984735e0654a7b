"""`biasruler init`: a first benchmark file for a folder."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_biasruler.cli.console import Exit, write_lines
from pytest_biasruler.cli.reading import show_typed
from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems, printable

if TYPE_CHECKING:
    import argparse

    from pytest_biasruler.proposal.proposing import Proposal

FILE = "biasruler.toml"


def run(arguments: argparse.Namespace) -> Exit:
    """Write the file, and tell what was seen and what to do next.

    Raises
    ------
    BiasRulerError
        If the folder holds nothing to audit, or the file cannot be written.
    """
    folder = Path(arguments.folder)
    typed = arguments.out if arguments.out is not None else str(folder / FILE)
    if os.path.lexists(typed):
        raise _is_taken(typed)
    proposal = _propose(folder, table=arguments.table, file=Path(typed))
    _write_new(typed, proposal.text)
    told = [f"wrote {show_typed(typed)}", *(f"  {note}" for note in proposal.notes)]
    command = f"pytest {shlex.quote(typed)}"
    told += [
        "Read the file, correct what was guessed wrongly, then run",
        f"  {command} --biasruler-html=report.html --biasruler-json=audit.json",
    ]
    write_lines((printable(line), "") for line in told)
    return Exit.OK


def _propose(folder: Path, *, table: str | None, file: Path) -> Proposal:
    """Return what is proposed for a folder; a table may be named from here or from there."""
    from pytest_biasruler.proposal.proposing import propose

    path = Path(table) if table is not None else None
    if path is not None and not path.exists() and (folder / path).exists():
        path = folder / path
    try:
        return propose(folder, table=path, file=file)
    except BiasRulerError as error:
        is_placed = error.where or isinstance(error, BiasRulerProblems)
        raise error if is_placed else error.at(show_typed(str(folder))) from None


def _write_new(typed: str, text: str) -> None:
    try:
        with Path(typed).open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise _is_taken(typed) from None
    except OSError as error:
        found = f"{show_typed(typed)} cannot be written ({error.strerror})"
        fix = "Choose another path by --out"
        raise BiasRulerError("BR701", found, "a folder that can be written to", fix) from None


def _is_taken(typed: str) -> BiasRulerError:
    found, fix = f"{show_typed(typed)} is there already", "Choose another by --out, or remove it"
    return BiasRulerError("BR702", found, "a free path", fix)
