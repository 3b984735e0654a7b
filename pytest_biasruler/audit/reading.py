"""An audit read from a file or a stream that may hold anything."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, BinaryIO

from pytest_biasruler.audit.record import Audit
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 2**26
"""Audits of 100,000 cases are far smaller; parsed, JSON takes ten times its size."""

# A pipe that nobody writes to would be waited for; elsewhere bytes would be changed.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_audit(path: Path, *, shown: str) -> Audit:
    """Return the audit in a file.

    Parameters
    ----------
    path : Path
        A regular file, or a link to one.
    shown : str
        What people may see of the path.

    Raises
    ------
    BiasRulerError
        ``BR603`` with `shown` if there is no such file, if it is larger than 64 MB, or if it is
        no audit.
    """
    try:
        descriptor = os.open(path, _FLAGS)
        with os.fdopen(descriptor, "rb") as file:
            kind = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(kind):
                raise _no_file(shown, _name_kind(kind))
            return read_stream(file, shown=shown)
    except OSError as error:
        found = _name_error(path, error)
        raise _no_file(shown, found) from None


def read_stream(stream: BinaryIO, *, shown: str) -> Audit:
    """Return the audit that a stream holds.

    Raises
    ------
    BiasRulerError
        ``BR603`` with `shown`.
    """
    content = stream.read(MOST_BYTES + 1)
    if not len(content) <= MOST_BYTES:
        found, expected = "more than 64 MB", "an audit of at most 64 MB"
        raise BiasRulerError("BR603", found, expected, "Name the JSON of an audit", shown)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"not UTF-8 text (byte {error.start})"
        fix = "Write it again with --biasruler-json"
        raise BiasRulerError("BR603", found, "an audit as UTF-8 text", fix, shown) from None
    try:
        return Audit.from_json(text)
    except BiasRulerError as error:
        raise error.at(shown) from None


def _name_kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a pipe" if stat.S_ISFIFO(mode) else "no ordinary file"


def _name_error(path: Path, error: OSError) -> str:
    if path.is_dir():  # some systems do not even open one
        return "a folder"
    reason = error.strerror or type(error).__name__
    return "no such file" if isinstance(error, FileNotFoundError) else f"cannot be read ({reason})"


def _no_file(shown: str, found: str) -> BiasRulerError:
    fix = "Correct the path, or write an audit there with --biasruler-json"
    return BiasRulerError("BR603", found, "the JSON file of an audit", fix, shown)
