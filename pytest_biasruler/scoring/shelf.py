"""Several ready score tables as one: rows of one key are one row, and no score stands twice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.benchmark.refusals import Listing, raise_if_any
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.claims import perfect_misses
from pytest_biasruler.scoring.ledger import Kept
from pytest_biasruler.scoring.table import KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_BITS = 44  # of the number of a line; the table stands in those above
_SEVERAL = "the score tables"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf:
    """How messages name the tables, from the first to the last.

    Examples
    --------
    >>> shelf = Shelf(names=("a.csv", "b.csv"))
    >>> shelf.where(7), shelf.where(int(shelf.places(np.array([7]), table=1)[0]))
    ('a.csv:7', 'b.csv:7')
    """

    names: tuple[str, ...]

    def places(self, lines: NDArray[np.int64], *, table: int) -> NDArray[np.int64]:
        """Return one number for each line of a table; of the first one, the line itself."""
        return lines + (table << _BITS)

    def where(self, place: int) -> str:
        """Return table and line."""
        return f"{self.names[place >> _BITS]}:{place & ((1 << _BITS) - 1)}"


def keys_of(kept: Kept) -> NDArray[np.int64]:
    """Return one number for each row, ascending with case, label, model and reference."""
    keys = np.zeros(len(kept.lines), dtype=np.int64)
    for name in KEYS:
        keys *= max(1, len(kept.names[name]))
        keys += kept.codes[name]
    return keys


def join(kepts: list[Kept], *, shelf: Shelf) -> tuple[Kept, NDArray[np.intp]]:
    """Return all rows with places in `shelf` for lines, and which of them are left, in order.

    A row that stands in several tables takes each score from the one that has it. `kepts` is
    empty then, since two copies of millions of rows would not fit beside each other.

    Raises
    ------
    BiasRulerProblems
        ``BR422`` for a score that two tables have, ``BR421`` for a distance of 0 in one table
        where another has no overlap.
    """
    whole = _stacked(kepts, shelf=shelf)
    keys = keys_of(whole)
    order = np.argsort(keys, kind="stable")
    is_new = np.diff(keys[order], prepend=keys[order][:1] - 1) != 0
    if is_new.all():
        return whole, order
    places = np.arange(len(order))
    starts = np.maximum.accumulate(np.where(is_new, places, 0))
    raise_if_any(_fill(whole, order=order, starts=starts, shelf=shelf))
    raise_if_any(_misses(whole, rows=order[np.unique(starts[~is_new])], shelf=shelf))
    return whole, order[is_new]


def _stacked(kepts: list[Kept], *, shelf: Shelf) -> Kept:
    """Return the rows of all tables, one below the other."""
    cases = sorted({case for kept in kepts for case in kept.names["case"]})
    numbers = {case: number for number, case in enumerate(cases)}
    metrics = list(dict.fromkeys(name for kept in kepts for name in kept.scores))
    columns: dict[str, list[NDArray[np.generic]]] = {
        name: [] for name in (*KEYS, *metrics, "line")
    }
    names = {**kepts[0].names, "case": cases}
    for table in range(len(kepts)):
        kept = kepts.pop(0)
        known = np.array([numbers[case] for case in kept.names["case"]], dtype=np.int32)
        columns["case"].append(known[kept.codes["case"]] if len(known) else kept.codes["case"])
        for key in KEYS[1:]:
            columns[key].append(kept.codes[key])
        gap = np.full(len(kept.lines), np.nan)
        for metric in metrics:
            columns[metric].append(kept.scores.get(metric, gap))
        columns["line"].append(shelf.places(kept.lines, table=table))
    joined = {name: np.concatenate(columns.pop(name)) for name in list(columns)}
    return Kept(
        names=names,
        codes={key: joined[key].astype(np.int32, copy=False) for key in KEYS},
        scores={name: joined[name].astype(np.float64, copy=False) for name in metrics},
        lines=joined["line"].astype(np.int64, copy=False),
    )


def _fill(
    whole: Kept, *, order: NDArray[np.intp], starts: NDArray[np.intp], shelf: Shelf
) -> list[BiasRulerError]:
    """Put each score of a later row into the first row of its key; return BR422 for clashes.

    Parameters
    ----------
    order : ndarray of int, shape (n,)
        Rows by key, those of one key as they stand.
    starts : ndarray of int, shape (n,)
        For each place in `order`, where its key begins.
    """
    ranks = np.arange(len(order)) - starts
    problems: list[BiasRulerError] = []
    for metric, column in whole.scores.items():
        is_told, listing = ~np.isnan(column), Listing()
        tell = partial(
            _twice, metric, order, starts, is_told=is_told, lines=whole.lines, shelf=shelf
        )
        for rank in range(1, int(ranks.max()) + 1):
            places = np.flatnonzero(ranks == rank)
            places = places[is_told[order[places]]]
            firsts = order[starts[places]]
            is_clash = ~np.isnan(column[firsts])
            listing.add_at(places[is_clash], tell)
            column[firsts[~is_clash]] = column[order[places[~is_clash]]]
        problems += listing.told(shown=_SEVERAL)
    return problems


def _twice(
    metric: str,
    order: NDArray[np.intp],
    starts: NDArray[np.intp],
    place: int,
    *,
    is_told: NDArray[np.bool_],
    lines: NDArray[np.int64],
    shelf: Shelf,
) -> BiasRulerError:
    rows = order[starts[place] : place + 1]
    first, last = rows[is_told[rows]][0], rows[-1]
    found = f"{metric} of this row stands at {shelf.where(int(lines[first]))}, too"
    where = shelf.where(int(lines[last]))
    fix = "Remove one of them, or one table"
    return BiasRulerError("BR422", found, "each score once", fix, where)


def _misses(whole: Kept, *, rows: NDArray[np.intp], shelf: Shelf) -> Iterator[BiasRulerError]:
    """Yield BR421 for rows that several tables make."""
    scores = {name: column[rows] for name, column in whole.scores.items()}
    for each in perfect_misses(scores, lines=whole.lines[rows], shown=""):
        number = each.where.rpartition(":")[2]
        if number:  # the first ones; that there are more has no place
            yield each.at(shelf.where(int(number)))
