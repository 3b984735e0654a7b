"""Problems of a table, told in reading order and without drowning the reader."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from pytest_biasruler.errors import (
    BiasRulerError,
    BiasRulerProblems,
    explained_in,
    printable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

MOST_LISTED = 10
"""Problems of one kind told one by one; a column of a million bad cells is one mistake."""

MOST_TOLD = 200
"""Problems of one benchmark told at once; nobody mends more before trying again."""

_PLACE = re.compile(r"(.+?):(\d+)")


def first_of(problems: Iterable[BiasRulerError], *, shown: str) -> list[BiasRulerError]:
    """Return the first problems of one kind and, if there are more, how many.

    Examples
    --------
    >>> cells = (BiasRulerError("BR406", "x", "y", "z", f"a.csv:{n}") for n in range(2, 15))
    >>> listed = first_of(cells, shown="a.csv")
    >>> len(listed), str(listed[-1])
    (11, 'BR406 a.csv: 3 more problems like that at a.csv:11; expected y. z.')
    """
    listing = Listing()
    listing.add(problems)
    return listing.told(shown=shown)


@dataclass(kw_only=True, slots=True)
class Listing:
    """What `first_of` tells, of problems that come in parts.

    Examples
    --------
    >>> listing = Listing()
    >>> for lines in (range(2, 9), range(9, 15)):
    ...     listing.add_at(lines, lambda n: BiasRulerError("BR406", "x", "y", "z", f"a.csv:{n}"))
    >>> str(listing.told(shown="a.csv")[-1])
    'BR406 a.csv: 3 more problems like that at a.csv:11; expected y. z.'
    """

    first: list[BiasRulerError] = field(default_factory=list)
    n_more: int = 0

    def add(self, problems: Iterable[BiasRulerError]) -> None:
        """Take problems in the order in which they are told."""
        stream = iter(problems)
        self.first += islice(stream, MOST_LISTED - len(self.first))
        self.n_more += sum(1 for _ in stream)

    def add_at(
        self,
        places: Sequence[int] | NDArray[np.intp],
        problem_at: Callable[[int], BiasRulerError],
    ) -> None:
        """Take one problem for each of `places`; those that are only counted are never made."""
        n_told = MOST_LISTED - len(self.first)
        self.first += map(problem_at, places[:n_told])
        self.n_more += max(0, len(places) - n_told)

    def told(self, *, shown: str) -> list[BiasRulerError]:
        """Return the first problems and, if there are more, how many."""
        if not self.n_more:
            return list(self.first)
        last = self.first[-1]
        found = f"{self.n_more} more problems like that at {last.where}"
        return [*self.first, BiasRulerError(last.code, found, last.expected, last.fix, shown)]


def raise_if_any(problems: Iterable[BiasRulerError]) -> None:
    """Raise all `problems` at once, sorted by file and line; return if there are none."""
    listed = in_order(problems)
    if listed:
        told, n_more = listed[:MOST_TOLD], len(listed) - MOST_TOLD
        raise BiasRulerProblems([*told, *more_problems(told, n=n_more)])


def more_problems(told: Sequence[BiasRulerError], *, n: int) -> list[BiasRulerError]:
    """Return a last line if at least `n` problems more were found than are told.

    Examples
    --------
    >>> told = [BiasRulerError("BR602", "x", "y", "z", "a.toml:7")]
    >>> str(more_problems(told, n=3)[0])
    'BR602 a.toml: at least 3 more problems; expected none. Correct those told first.'
    """
    if n <= 0:
        return []
    where = _place(told[-1])[0]
    found, fix = f"at least {n} more problem{'s' if n > 1 else ''}", "Correct those told first"
    return [BiasRulerError(told[-1].code, found, "none", fix, where)]


def problems_of(work: Callable[[], object]) -> list[BiasRulerError]:
    """Return what `work` refuses; nothing if it refuses nothing."""
    try:
        work()
    except BiasRulerProblems as error:
        return list(error.problems)
    except BiasRulerError as error:
        return [error]
    return []


def in_order(problems: Iterable[BiasRulerError]) -> list[BiasRulerError]:
    """Return `problems` sorted by file and line; what has no line comes after what has one."""
    return sorted(problems, key=_place)


def summarise_problems(problems: Sequence[BiasRulerError], place: str) -> str:
    """Return all problems, and a last line that stands alone; one problem is said once.

    Some platforms show only the last line of stderr, so it says where codes are explained.
    """
    lines, place = [str(problem) for problem in problems], printable(place)
    see = f"See {explained_in(problem.code for problem in problems)}."
    if len(lines) == 1:
        return f"biasruler: 1 problem in {place}: {lines[0]} {see}"
    last = f"biasruler: {len(lines)} problems in {place}, first: {lines[0]} {see}"
    return "\n".join([*lines, last])


def lines_text(lines: Iterable[int]) -> str:
    """Return line numbers in words, at most the first ten.

    Examples
    --------
    >>> lines_text([40, 12]), lines_text(range(1, 15))
    ('12, 40', '1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...')
    """
    numbers = sorted(lines)
    dots = ["..."] if len(numbers) > MOST_LISTED else []
    return ", ".join([*map(str, numbers[:MOST_LISTED]), *dots])


def line_of(where: str) -> int:
    """Return the line in ``"clinical.csv:14"``."""
    return int(where.rpartition(":")[2])


def _place(problem: BiasRulerError) -> tuple[str, float]:
    place = _PLACE.match(problem.where)
    return (place[1], int(place[2])) if place else (problem.where, float("inf"))
