"""Cells that should be numbers, and what is said of those that are not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.bins import bin_of, number_text
from pytest_biasruler.benchmark.refusals import MOST_LISTED, first_of, line_of, lines_text
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# float() alone would take "nan", "inf", "1_000" and the digits of every script.
_NUMBER = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(\+?)")
_LONGEST_FORM = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """A cell read as a number; `is_open` if a plus stands behind it, as in ``90+``."""

    value: float
    is_open: bool = False


def read_number(cell: str) -> Number | None:
    """Return the number in `cell`, or None.

    Examples
    --------
    >>> read_number("34"), read_number("34y"), read_number("34,5"), read_number("nan")
    (Number(value=34.0, is_open=False), None, None, None)
    >>> read_number("90+")
    Number(value=90.0, is_open=True)
    """
    match = _NUMBER.fullmatch(cell)
    return Number(value=float(match[1]), is_open=bool(match[2])) if match else None


def form_of(cell: str) -> str:
    """Return `cell` with digits as 9 and letters as a, which shows its form but not its content.

    Examples
    --------
    >>> form_of("34y"), form_of("1,5"), form_of("Müller"), form_of("")
    ('99a', '9,9', 'aaaaaa', '')
    """
    form = "".join("9" if ch.isnumeric() else "a" if ch.isalpha() else ch for ch in cell)
    return form if len(form) <= _LONGEST_FORM else f"{form[:_LONGEST_FORM]}..."


def masked(cell: str) -> str:
    """Return how a cell looks, for messages that must not quote it.

    Examples
    --------
    >>> masked("34y")
    'looks like "99a" (9 for a digit, a for a letter)'
    """
    return f'looks like "{form_of(cell)}" (9 for a digit, a for a letter)'


def number_problems(
    cells: Mapping[str, str],
    *,
    edges: Sequence[float],
    column: str,
    places: Mapping[str, str],
    shown: str,
) -> list[BiasRulerError]:
    """Return why cells cannot be put into bins.

    Parameters
    ----------
    cells : mapping
        Case to cell, missing ones left out.
    places : mapping
        Case to its place, such as ``"clinical.csv:14"``.

    Returns
    -------
    list of BiasRulerError
        ``BR406`` for the first cells that are no number, or one for all if no cell of many has a
        digit; and one ``BR407`` for all numbers that lie in no bin.
    """
    numbers = {cell: read_number(cell) for cell in set(cells.values())}
    unread = []
    outside = []
    for case, cell in cells.items():
        number = numbers[cell]
        # "65+" is any age from 65 on, so it has a bin only if that is the last one.
        if number is None or (number.is_open and number.value < edges[-2]):
            unread.append((cell, places[case]))
        elif bin_of(number.value, edges=edges) is None:
            outside.append(line_of(places[case]))
    is_prose = not any(ch.isnumeric() for cell in numbers for ch in cell)
    if len(unread) > MOST_LISTED and is_prose:
        return [_no_numbers(len(unread), column=column, shown=shown)]
    unread.sort(key=lambda item: line_of(item[1]))
    problems = first_of((_no_number(*item, column=column) for item in unread), shown=shown)
    if outside:
        problems.append(_in_no_bin(outside, edges=edges, column=column, shown=shown))
    return problems


def _no_number(cell: str, place: str, *, column: str) -> BiasRulerError:
    return BiasRulerError(
        "BR406",
        f"{column} {masked(cell)}",
        "a number",
        "Correct the cell or list it in missing",
        place,
    )


def _no_numbers(n: int, *, column: str, shown: str) -> BiasRulerError:
    found = f"{column} has bins, and none of its {n} values is a number"
    return BiasRulerError("BR406", found, "numbers", "Remove bins, or name another column", shown)


def _in_no_bin(
    lines: Sequence[int], *, edges: Sequence[float], column: str, shown: str
) -> BiasRulerError:
    one = len(lines) == 1
    values = f"1 value of {column} lies" if one else f"{len(lines)} values of {column} lie"
    return BiasRulerError(
        "BR407",
        f"{values} in no bin (line{'' if one else 's'} {lines_text(lines)})",
        f"{number_text(edges[0])} to {number_text(edges[-1])}",
        "Widen bins or list them in missing",
        shown,
    )
