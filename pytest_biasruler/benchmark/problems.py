"""What is wrong with a benchmark, gathered so that a file with five mistakes is told all five."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
        case ("checks", int(number), *_):
            return f"[[checks]] {number + 1}"
        case ("references" | "models" | "attributes" | "metrics" as section, name, *_):
            return f"[{section}.{name}]"
        case (section, *_):
            return f"[{section}]"
    return "the file"


class Problems:
    """The problems found so far, at most one for each place.

    Parameters
    ----------
    place : callable
        Key path -> (line for sorting, text for `BiasRulerError.where`).
    """

    def __init__(self, place: Callable[[KeyPath], tuple[int, str]]) -> None:
        self._place = place
        self._found: dict[KeyPath, tuple[int, BiasRulerError]] = {}

    def add(self, path: KeyPath, error: BiasRulerError) -> None:
        """Note a problem, unless this place already has one: the first explains the others."""
        line, where = self._place(path)
        self._found.setdefault(path, (line, error.at(where)))

    @contextmanager
    def at(self, *path: str | int) -> Iterator[None]:
        """Note the `BiasRulerError` that the block raises, and go on behind it."""
        try:
            yield
        except BiasRulerError as error:
            self.add(path, error)

    def __len__(self) -> int:
        """Return how many places have a problem."""
        return len(self._found)

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
            raise BiasRulerProblems(dict.fromkeys(error for _, error in by_line))
