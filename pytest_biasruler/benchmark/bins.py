"""Bins: their names, what falls into them, and numbers that only fill a column."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.notes import Note
from pytest_biasruler.benchmark.toml import key, listed
from pytest_biasruler.errors import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_biasruler.benchmark.definition import Attribute

# A filler holds a fifth of the rows of a column that is varied otherwise, or many rows far below
# the rest: ages of 15 for half of a published set, 0 for a whole source.
_FILLER_SHARE = 0.2
_VARIED = 20
_MANY = 10
_FAR = 5.0


def number_text(value: float) -> str:
    """Return `value` with as many digits as it takes, whole numbers without a point.

    Examples
    --------
    >>> number_text(18.0), number_text(1.6), number_text(float("inf"))
    ('18', '1.6', 'inf')
    """
    return (
        str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
    )


def bin_names(edges: Sequence[float], *, whole: bool) -> tuple[str, ...]:
    """Return the name of each bin; `whole`: all values are whole numbers.

    Examples
    --------
    >>> bin_names([0, 41, 56, 120], whole=True)
    ('0–40', '41–55', '56–120')
    >>> bin_names([0, 1.6, 3], whole=True)
    ('[0, 1.6)', '[1.6, 3]')
    """
    if whole and all(float(edge).is_integer() for edge in edges):
        lasts = [edge - 1 for edge in edges[1:-1]] + [edges[-1]]
        return tuple(
            number_text(low) if low == last else f"{number_text(low)}–{number_text(last)}"
            for low, last in zip(edges[:-1], lasts, strict=True)
        )
    closing = [")"] * (len(edges) - 2) + ["]"]
    return tuple(
        f"[{number_text(low)}, {number_text(high)}{end}"
        for (low, high), end in zip(pairwise(edges), closing, strict=True)
    )


def bin_of(value: float, *, edges: Sequence[float]) -> int | None:
    """Return the position of the bin that holds `value`, left-closed, the last one closed.

    Examples
    --------
    >>> [bin_of(value, edges=[18, 40, 60, 90]) for value in (17, 18, 40, 60, 90, 91)]
    [None, 0, 1, 2, 2, None]
    """
    if not edges[0] <= value <= edges[-1]:
        return None
    return min(bisect_right(edges, value), len(edges) - 1) - 1


def filler_note(values: Sequence[float], *, attribute: Attribute, n_rows: int) -> tuple[Note, ...]:
    """Return a note if one number looks as if it stood for "not recorded".

    Parameters
    ----------
    values : sequence of float
        One per case whose cell is a number.
    n_rows : int
        Rows of the table, those without a number included.
    """
    counts = Counter(values)
    if not counts:
        return ()
    value, n = max(counts.items(), key=lambda item: (item[1], -item[0]))
    if n > _FILLER_SHARE * n_rows and len(counts) >= _VARIED:
        found = f"stands in {100 * n / n_rows:.0f} % of the rows of {attribute.name}"
        return (_filler(value, n, f"{found}; expected no single value to dominate", attribute),)
    value, *others = sorted(counts)
    n = counts[value]
    if n >= _MANY and others and others[0] - value > _FAR:
        found = f"stands in {n} rows of {attribute.name}"
        far = f"more than {number_text(_FAR)} below all others"
        return (_filler(value, n, f"{found}, {far}; expected no such gap", attribute),)
    return ()


def _filler(value: float, n: int, found: str, attribute: Attribute) -> Note:
    line = f"missing = {listed([*attribute.missing, number_text(value)])}"
    text = (
        f"{number_text(value)} {found}. If it is a filler, write {line} in "
        f"[attributes.{key(attribute.name)}]"
    )
    return Note(code="BR412", set=attribute.name, n=n, text=printable(text))
