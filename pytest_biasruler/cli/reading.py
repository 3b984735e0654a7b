"""Paths as they were typed: an audit from a file or from standard input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_biasruler.shell.outputs import show_path

if TYPE_CHECKING:
    from pytest_biasruler.audit import Audit

STREAM = "-"


def read_named(name: str) -> Audit:
    """Return the audit in the file `name`, or that on standard input.

    Raises
    ------
    BiasRulerError
        ``BR603`` with the place.
    """
    from pytest_biasruler.audit.reading import read_audit, read_stream

    if name == STREAM:
        return read_stream(sys.stdin.buffer, shown="standard input")
    return read_audit(Path(name), shown=show_typed(name))


def show_typed(name: str) -> str:
    """Return what people see of a path: relative to where they are, else its last part."""
    return show_path(Path(name).absolute(), root=Path.cwd())
