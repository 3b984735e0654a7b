"""What a ready score table claims, and what of it cannot be true."""

from __future__ import annotations

from functools import partial
from math import inf, isfinite, nan
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.benchmark.refusals import Listing
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from pytest_biasruler.benchmark.metrics import Metric

OVERLAPS = ("dice", "iou")
"""Scores that are 0 exactly where two masks do not touch."""

_DISTANCES = ("hd95_mm", "hd_mm", "assd_mm")
_OF_NUMBERS = "0123456789.+-eE"
_UNDEFINED = ("", "nan")
_INFINITE = {"inf": inf, "+inf": inf, "infinity": inf, "+infinity": inf, "-inf": -inf}


def read_score(cell: str) -> float | None:
    """Return the number in `cell`, NaN for an undefined one, None for what is no number."""
    lower = cell.lower()
    if lower in _UNDEFINED:
        return nan
    if lower in _INFINITE:
        return _INFINITE[lower]
    if "_" in cell or not cell.isascii():  # float() alone takes "1_000" and digits of any script
        return None
    try:
        score = float(cell)
    except ValueError:
        return None
    return score if isfinite(score) else None


def read_numbers(cells: Sequence[str]) -> tuple[NDArray[np.float64], list[int]]:
    """Return the number in each cell, NaN for an undefined one, and where there is none.

    Examples
    --------
    >>> read_numbers(["0.5", "", "0,5"])
    (array([0.5, nan, nan]), [2])
    """
    if not "".join(cells).strip(_OF_NUMBERS):  # where float() takes nothing but plain numbers
        try:
            plain = np.fromiter(map(float, cells), dtype=np.float64, count=len(cells))
        except ValueError:
            plain = np.full(1, nan)
        if np.isfinite(plain).all():
            return plain, []
    known = {cell: read_score(cell) for cell in set(cells)}
    bad = [place for place, cell in enumerate(cells) if known[cell] is None]
    found = (nan if (score := known[cell]) is None else score for cell in cells)
    return np.fromiter(found, dtype=np.float64, count=len(cells)), bad


def rows_twice(
    keys: NDArray[np.int64], *, lines: NDArray[np.int64], shown: str
) -> tuple[NDArray[np.intp], list[BiasRulerError]]:
    """Return the order in which keys ascend, and BR422 for rows whose key stood there before.

    Parameters
    ----------
    keys : ndarray of int64, shape (n,)
        One number for each case, label, model and reference.
    lines : ndarray of int64, shape (n,)
        Where each row stands.
    """
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    is_new = np.diff(ordered, prepend=ordered[:1] - 1) != 0
    if is_new.all():
        return order, []
    # The sort is stable: the first row of a key is the one that stands first in the table.
    firsts = order[np.maximum.accumulate(np.where(is_new, np.arange(len(order)), 0))]
    repeated, first_of_it = order[~is_new], firsts[~is_new]
    # A line of a wide table makes several rows, and is one mistake.
    pairs = np.stack([lines[repeated], lines[first_of_it]])
    by_line = np.unique(pairs, axis=1, return_index=True)[1]

    def problem_at(place: int) -> BiasRulerError:
        found = f"row of line {lines[first_of_it[place]]} once more"
        expected = "one row for each case, label, model and reference"
        where = f"{shown}:{lines[repeated[place]]}"
        return BiasRulerError("BR422", found, expected, "Remove one", where)

    listing = Listing()
    listing.add_at(by_line, problem_at)
    return order, listing.told(shown=shown)


def check_ranges(
    scores: Mapping[str, NDArray[np.float64]],
    *,
    lines: NDArray[np.int64],
    metrics: Mapping[str, Metric],
    shown: str,
) -> list[BiasRulerError]:
    """Return BR420 for scores outside the range of their metric, and for negative facts."""
    problems: list[BiasRulerError] = []
    for name, column in scores.items():
        low, high = metrics[name].range if name in metrics else (0.0, None)
        is_inside = np.isnan(column)
        is_inside |= (column >= (-inf if low is None else low)) & (
            column <= (inf if high is None else high)
        )
        outside = np.flatnonzero(~is_inside)
        problem_at = partial(
            _out_of_range,
            name=name,
            column=column,
            bounds=(low, high),
            where=lambda place: f"{shown}:{lines[place]}",
        )
        listing = Listing()
        listing.add_at(outside, problem_at)
        problems += listing.told(shown=shown)
    return problems


def _out_of_range(
    place: int,
    *,
    name: str,
    column: NDArray[np.float64],
    bounds: tuple[float | None, float | None],
    where: Callable[[int], str],
) -> BiasRulerError:
    score = float(column[place])
    is_percentage = _is_percentage(score, bounds[1])
    fix = "Divide percentages by 100" if is_percentage else "Correct the score"
    return BiasRulerError("BR420", f"{name} is {score:g}", _range_text(*bounds), fix, where(place))


def _is_percentage(score: float, high: float | None) -> bool:
    return high == 1.0 and 1 < score <= 100


def _range_text(low: float | None, high: float | None) -> str:
    if high is None:
        return f"{low:g} or more"
    return f"at most {high:g}" if low is None else f"{low:g} to {high:g}"


def perfect_misses(
    scores: Mapping[str, NDArray[np.float64]], *, lines: NDArray[np.int64], shown: str
) -> list[BiasRulerError]:
    """Return BR421 for 0 mm where nothing overlaps: the worst cases with the best distance."""
    listing = Listing()
    for overlap in (name for name in OVERLAPS if name in scores):
        for distance in (name for name in _DISTANCES if name in scores):
            found = f"{distance} is 0 where {overlap} is 0"
            bad = np.flatnonzero((scores[overlap] == 0) & (scores[distance] == 0))
            listing.add_at(bad, partial(_perfect_miss, found=found, lines=lines, shown=shown))
    return listing.told(shown=shown)


def _perfect_miss(
    place: int, *, found: str, lines: NDArray[np.int64], shown: str
) -> BiasRulerError:
    fix = "Leave the cell empty or write inf, and set cap"
    return BiasRulerError("BR421", found, "a worst or no value", fix, f"{shown}:{lines[place]}")
