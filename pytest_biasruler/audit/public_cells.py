"""Which counts of a list may be printed, so that none of the small ones follows from the rest."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SMALLEST = 11
"""Patients from which on a count is printed; 0 is printed as well."""

LEAST_VALUES = 5
"""Values that each small cell must be able to take, to somebody who sees all that is printed.

One more where verdicts tell larger cells from smaller ones. Who knows this very rule can strike
out a value, there two; 4 are always left, as was checked on all short lists.
"""


class Cell(StrEnum):
    """What becomes of one count of a list."""

    SHOWN = "shown"
    SUPPRESSED = "suppressed"
    NOT_SHOWN = "not shown"


def is_small(n: float) -> bool:
    """Return whether so many patients are hidden: more than none and fewer than 11.

    Examples
    --------
    >>> [is_small(n) for n in (0, 1, 10, 11)]
    [False, True, True, False]
    """
    return 0 < n < SMALLEST


def hide_cells(counts: Sequence[int], *, edges: Sequence[int] = ()) -> tuple[Cell, ...] | None:
    """Return what becomes of each count of a list whose total is printed; None: print none of it.

    Counts from 1 to 10 are suppressed. While one of them could be found by subtraction to within
    fewer than 5 values, the smallest count that is still shown goes as well.

    Parameters
    ----------
    counts : sequence of int
        Patients of each subgroup.
    edges : sequence of int
        Sizes at which something else that is printed tells larger cells from smaller ones: a
        verdict is only given if two subgroups have `min_patients`.

    Examples
    --------
    >>> [str(cell) for cell in hide_cells([40, 30, 4]) or ()]
    ['shown', 'not shown', 'suppressed']

    Both tens would follow from 11, 10 and 10 with their total of 31, so the 11 goes too; nothing
    could keep 10 and 10 from their total of 20:

    >>> [str(cell) for cell in hide_cells([11, 10, 10]) or ()]
    ['not shown', 'suppressed', 'suppressed']
    >>> hide_cells([10, 10]) is None
    True
    """
    small = {place for place, n in enumerate(counts) if is_small(n)}
    further: set[int] = set()
    while not _is_safe(counts, small, further, edges=edges):
        large = [i for i, n in enumerate(counts) if n >= SMALLEST and i not in further]
        if not large:
            return None
        further.add(min(large, key=lambda place: counts[place]))
    return tuple(
        Cell.SUPPRESSED if place in small else (Cell.NOT_SHOWN if place in further else Cell.SHOWN)
        for place in range(len(counts))
    )


def _is_safe(
    counts: Sequence[int], small: set[int], further: set[int], *, edges: Sequence[int]
) -> bool:
    """Return whether every small cell can still be any of enough values."""
    hidden = sorted(small | further)
    rest = sum(counts[place] for place in hidden)
    shown = [n for i, n in enumerate(counts) if n >= SMALLEST and i not in further]
    highest = min(shown, default=rest)
    least_values = LEAST_VALUES + bool(edges)
    ranges = {
        place: (1, SMALLEST - 1) if place in small else _range(counts[place], highest, edges)
        for place in hidden
    }
    lows, highs = (sum(ends) for ends in zip(*ranges.values(), strict=True)) if ranges else (0, 0)
    for place in small:
        low, high = ranges[place]
        least, most = max(low, rest - (highs - high)), min(high, rest - (lows - low))
        if not most - least + 1 >= least_values:
            return False
    return True


def _range(n: int, highest: int, edges: Sequence[int]) -> tuple[int, int]:
    """Return between what a further hidden cell lies, to somebody who sees what is shown."""
    low, high = SMALLEST, highest
    for edge in edges:
        if n >= edge:
            low = max(low, edge)
        else:
            high = min(high, edge - 1)
    return low, high
