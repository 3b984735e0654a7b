"""What a command prints and how it ends."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import sys
from enum import IntEnum
from typing import TYPE_CHECKING, TextIO

from pytest_biasruler.benchmark.refusals import summarise_problems
from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_COLOURS = {"red": "31", "yellow": "33", "green": "32"}


class Exit(IntEnum):
    """Exit codes, with the meanings that pytest gives them."""

    OK = 0
    FAILED = 1
    INTERRUPTED = 2
    INTERNAL = 3
    USAGE = 4
    NOTHING = 5


def read_date() -> dt.date:
    """Return the UTC date of the clock; waivers end by it."""
    return dt.datetime.now(tz=dt.UTC).date()


def write_lines(lines: Iterable[tuple[str, str]], *, stream: TextIO | None = None) -> None:
    """Print texts, each in its colour where a terminal shows colours and ``NO_COLOR`` is unset."""
    stream = sys.stdout if stream is None else stream
    is_coloured = (
        stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )
    for text, colour in lines:
        code = _COLOURS.get(colour) if is_coloured else None
        print_text(f"\x1b[{code}m{text}\x1b[0m\n" if code else f"{text}\n", stream=stream)


def write_last(line: str) -> None:
    """Print the result in one line of ASCII where stderr is read by a program, as pytest does."""
    with outliving(sys.stdout):
        sys.stdout.flush()
    if not sys.stderr.isatty():
        write_lines([(line.encode("ascii", "backslashreplace").decode(), "")], stream=sys.stderr)


def print_text(text: str, *, stream: TextIO) -> None:
    """Print a text; letters that the terminal does not know become escapes."""
    encoding = stream.encoding or "ascii"
    with outliving(stream):
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


@contextlib.contextmanager
def outliving(stream: TextIO) -> Iterator[None]:
    """Go on if whoever reads `stream` has read enough: the exit code is still to come."""
    try:
        yield
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())  # Python would complain at its end
        os.close(nowhere)


def tell_error(error: BiasRulerError, *, place: str) -> int:
    """Print every problem to stderr, the last line standing alone; return the exit code."""
    problems = list(error.problems) if isinstance(error, BiasRulerProblems) else [error]
    with outliving(sys.stdout):
        sys.stdout.flush()
    text = summarise_problems(problems, place)
    write_lines([(line, "red") for line in text.splitlines()], stream=sys.stderr)
    return Exit.INTERNAL if error.code == "BR899" else Exit.USAGE
