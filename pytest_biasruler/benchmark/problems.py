"""What is wrong with a benchmark, gathered so that a file with five mistakes is told all five."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.lines import read_lines
from pytest_biasruler.benchmark.refusals import MOST_TOLD, more_problems
from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.benchmark.lines import Lines

KeyPath = tuple[str | int, ...]
"""Where a value stands in a benchmark file, such as ``("checks", 0, "limit")``."""


def title_of(path: KeyPath) -> str:
    """Return the name of the table that a path points into, as its header spells it.

    Examples
    --------
    >>> title_of(("references", "expert", "kind"))
    '[references.expert]'
    >>> title_of(("checks", 0, "limit"))
    '[[checks]] 1'
    >>> title_of(("defaults", "alpha"))
    '[defaults]'
    """
    match path:
        case ("checks" | "scores" as section, int(number), *_):
            return f"[[{section}]] {number + 1}"
        case ("references" | "models" | "attributes" | "metrics" as section, name, *_):
            return f"[{section}.{name}]"
        case (section, *_):
            return f"[{section}]"
    return "the file"


def place_of(benchmark: Benchmark) -> Callable[[KeyPath], tuple[int, str]]:
    """Return where the keys of a benchmark stand: in its file as far as known, else in code."""
    file = benchmark.file
    # A benchmark does not carry the lines of its file: they are read for the first error alone.
    lines = cache(lambda: None if file is None else _lines_of(file))

    def place(path: KeyPath) -> tuple[int, str]:
        if file is None:
            return 0, f'benchmark "{benchmark.name}" {title_of(path)}'
        match path:
            case ("checks", int(number), *_):
                line = benchmark.checks[number].line
            case _:
                known = lines()
                line = None if known is None else known.of(path)
        return line or 0, f"{file.name}:{line}" if line else file.name

    return place


def _lines_of(file: Path) -> Lines | None:
    try:
        return read_lines(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return None


class Problems:
    """The problems found so far, at most one for each place, and not more than one can read.

    Parameters
    ----------
    place : callable
        Key path -> (line for sorting, text for `BiasRulerError.where`).

    Attributes
    ----------
    n_noted : int
        How many problems were noted, those left out included.
    """

    def __init__(self, place: Callable[[KeyPath], tuple[int, str]]) -> None:
        self._place = place
        self._found: dict[KeyPath, tuple[int, BiasRulerError]] = {}
        self._others: set[KeyPath] = set()
        self.n_noted = 0

    @property
    def is_full(self) -> bool:
        """Whether more was found than is told, so that there is no use in looking further."""
        return bool(self._others)

    def add(self, path: KeyPath, error: BiasRulerError) -> None:
        """Note a problem, unless this place already has one: the first explains the others."""
        self.n_noted += 1
        if path in self._found:
            return
        if len(self._found) == MOST_TOLD:
            self._others.add(path)
            return
        line, where = self._place(path)
        self._found[path] = (line, error.at(where))

    @contextmanager
    def at(self, *path: str | int) -> Iterator[None]:
        """Note the `BiasRulerError` that the block raises, and go on behind it."""
        try:
            yield
        except BiasRulerError as error:
            self.add(path, error)

    def raise_any(self) -> None:
        """Raise all problems at once, sorted by line; do nothing if there are none.

        Raises
        ------
        BiasRulerProblems
            If any problem was noted.
        """
        if self._found:
            by_line = sorted(self._found.values(), key=lambda entry: entry[0])
            # A list that makes three items repeats its mistake three times: say it once.
            told = list(dict.fromkeys(error for _, error in by_line))
            raise BiasRulerProblems([*told, *more_problems(told, n=len(self._others))])
