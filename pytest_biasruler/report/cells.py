"""Table cells from values: text for people, full precision for sorting."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING

from pytest_biasruler.report.blocks import Cell, Row, Table
from pytest_biasruler.report.numbers import (
    NOTHING,
    format_number,
    format_p,
    format_percent,
    format_signed,
    shown,
    slug,
    typeset,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMBER = re.compile(r"[+\N{MINUS SIGN}]?\d[\d,]*(\.\d+)?(e-?\d+)?")

MOST_ROWS = 500
FIRST_ROWS = 50
"""What is shown of a table with more than `MOST_ROWS` rows; all of it is in the JSON."""


def name_cell(name: object) -> Cell:
    """Return a name from a file."""
    return Cell(text=shown(name))


def words(text: str) -> Cell:
    """Return a text of ours."""
    return Cell(text=text)


def count_cell(n: int | None) -> Cell:
    """Return a count; None is a count that is not shown."""
    if n is None:
        return Cell(text=NOTHING, is_number=True)
    return Cell(text=f"{n:,}", is_number=True)


def patients_cell(n: int | None, status: object) -> Cell:
    """Return a number of patients, or why a public audit does not tell it."""
    if n is not None:
        return count_cell(n)
    text = {"suppressed": "10 or fewer", "not shown": "not shown"}.get(str(status), NOTHING)
    return Cell(text=text, is_number=True)


def number_cell(
    value: float | None, *, limit: float | None = None, signed: bool = False, decimals: int = 3
) -> Cell:
    """Return a number rounded for people, with its own digits for sorting."""
    if value is None or not isfinite(value):
        return Cell(text=NOTHING, is_number=True)
    write = format_signed if signed else format_number
    text = write(value, limit=limit, decimals=decimals)
    return Cell(text=typeset(text), sort=exact_sort(value, text), is_number=True)


def p_cell(p: float | None) -> Cell:
    """Return a p-value, never rounded to 0."""
    return Cell(text=format_p(p), sort="" if p is None else repr(p), is_number=True)


def exact_sort(value: float | None, text: str) -> str:
    """Return the key to sort by, or nothing where the text itself says the same."""
    return "" if value is None or float(text) == value else repr(value)


def bounds_cell(text: str) -> Cell:
    """Return bounds, which must not break over lines."""
    return Cell(text=text, is_number=True)


def percent_cell(share: float | None) -> Cell:
    """Return a share in percent."""
    if share is None or not isfinite(share):
        return Cell(text=NOTHING, is_number=True)
    return Cell(text=format_percent(share), sort=repr(share), is_number=True)


def exact_cell(value: object) -> Cell:
    """Return a value as it stands in the JSON, unrounded."""
    if value is None:
        return Cell(text=NOTHING)
    if isinstance(value, float):
        return Cell(text=typeset(repr(value)))
    return Cell(text=shown(value, longest=200))


def make_table(
    caption: str,
    head: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    note: str = "",
    is_sortable: bool = True,
) -> Table:
    """Return a table, cut to its first rows if there are too many to read."""
    kept = rows if len(rows) <= MOST_ROWS else rows[:FIRST_ROWS]
    if len(kept) < len(rows):
        note = f"{note} The first {len(kept)} of {len(rows):,} rows; all are in the JSON.".strip()
    return Table(
        caption=caption,
        head=tuple(head),
        rows=tuple(Row(cells=tuple(cells)) for cells in _with_short_keys(kept)),
        note=note,
        is_sortable=is_sortable and len(kept) > 2,
    )


def _with_short_keys(rows: Sequence[Sequence[Cell]]) -> Sequence[Sequence[Cell]]:
    """Return rows whose keys are places in the order of their column, and none if not needed.

    A column that its texts put in the same order needs no keys.
    """
    columns = [_shorten(column) for column in zip(*rows, strict=True)]
    return [*zip(*columns, strict=True)]


def _shorten(column: Sequence[Cell]) -> Sequence[Cell]:
    if not any(cell.sort for cell in column):
        return column
    if _is_ordered_by_text(column):
        return [replace(cell, sort="") for cell in column]
    exact = [float(cell.sort or _read(cell.text)) for cell in column]
    place = {value: n for n, value in enumerate(sorted({*exact}))}
    return [
        replace(cell, sort="" if cell.text == NOTHING else str(place[value]))
        for cell, value in zip(column, exact, strict=True)
    ]


def _is_ordered_by_text(column: Sequence[Cell]) -> bool:
    told = [cell for cell in column if cell.sort or cell.text != NOTHING]
    if not all(cell.is_number and _NUMBER.match(cell.text) for cell in told):
        return False
    pairs = sorted((float(cell.sort or _read(cell.text)), _read(cell.text)) for cell in told)
    return all((a[0] < b[0]) == (a[1] < b[1]) for a, b in pairwise(pairs))


def _read(text: str) -> float:
    """Return the number that a text begins with, as the script of the page reads it."""
    found = _NUMBER.match(text)
    return float(found[0].replace("\N{MINUS SIGN}", "-").replace(",", "")) if found else 0.0


def slugs(**values: object) -> tuple[tuple[str, str], ...]:
    """Return values by which a page is filtered, as slugs; what is None is left out."""
    return tuple((key, slug(str(value))) for key, value in values.items() if value is not None)
