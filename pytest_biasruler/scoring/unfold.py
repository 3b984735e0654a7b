"""Tables of other shapes, brought into ours part by part, as they are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.scoring.ledger import Coded
from pytest_biasruler.scoring.table import KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from pytest_biasruler.scoring.ledger import Cells, Part

    Names = dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """What one column holds: a metric, and those of model, reference and label that are known."""

    metric: str
    about: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """How a table is read.

    Attributes
    ----------
    case : str
        Their column of cases.
    slots : mapping
        Their column of scores -> what it holds.
    n_left : int
        Columns that are not understood, and left out.
    """

    case: str
    slots: Mapping[str, Slot]
    n_left: int = 0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rows:
    """Some rows in our form: columns that are read, and keys that are the same in every row."""

    header: tuple[str, ...]
    lines: Sequence[int]
    read: Mapping[str, Callable[[], Cells | Coded]] = field(repr=False)
    same: Mapping[str, str]

    def column(self, name: str) -> Cells | Coded:
        """Return the cells of a column; of a metric that these rows do not have, NaN."""
        if name in self.same:
            return Coded(names=(self.same[name],), codes=np.zeros(len(self.lines), dtype=np.int8))
        if name in self.read:
            return self.read[name]()
        return np.full(len(self.lines), np.nan)


def rename(part: Part, *, names: Mapping[str, str], same: Mapping[str, str]) -> Rows:
    """Return a part whose columns are called as ours are.

    Parameters
    ----------
    names : mapping
        Name of ours -> column of theirs.
    same : mapping
        Key -> what it is in every row.
    """
    return Rows(
        header=(*names, *same),
        lines=part.lines,
        read={ours: partial(part.column, theirs) for ours, theirs in names.items()},
        same=same,
    )


def unfold(
    part: Part,
    reading: Reading,
    *,
    cases: Callable[[Sequence[str]], Sequence[str]] = list,
) -> Iterator[Rows]:
    """Yield the rows of a part once for each model, reference and label of its columns.

    Parameters
    ----------
    cases : callable
        Cells of the column of cases -> names of cases.
    """
    metrics = tuple(dict.fromkeys(slot.metric for slot in reading.slots.values()))
    about: dict[tuple[tuple[str, str], ...], Names] = {}
    for theirs, slot in reading.slots.items():
        about.setdefault(slot.about, {})[slot.metric] = theirs
    named = _coded(part.column(reading.case), cases)
    for same, columns in about.items():
        yield Rows(
            header=("case", *(name for name, _ in same), *metrics),
            lines=part.lines,
            read={
                "case": lambda: named,
                **{metric: partial(part.column, theirs) for metric, theirs in columns.items()},
            },
            same=dict(same),
        )


def _coded(cells: Cells | Coded, cases: Callable[[Sequence[str]], Sequence[str]]) -> Coded:
    """Return the column of cases, so that its names are looked up once for each part."""
    if isinstance(cells, Coded):
        return Coded(names=cases(cells.names), codes=cells.codes)
    return Coded(names=cases([str(cell) for cell in cells]), codes=np.arange(len(cells)))


def without_blanks(rows: Rows) -> Rows:
    """Return the rows of which any score has a cell that is not empty.

    In a wide table an empty cell is how a row is left out that other models have.
    """
    scores = {name: rows.column(name) for name in rows.read if name not in KEYS}
    is_told = np.logical_or.reduce([_is_told(cells) for cells in scores.values()])
    if is_told.all():
        return rows
    places = np.flatnonzero(is_told)
    columns = {**scores, "case": rows.column("case")}
    return Rows(
        header=rows.header,
        lines=[rows.lines[place] for place in places.tolist()],
        read={name: partial(_taken, cells, places) for name, cells in columns.items()},
        same=rows.same,
    )


def _is_told(cells: Cells | Coded) -> NDArray[np.bool_]:
    if isinstance(cells, np.ndarray):
        return ~np.isnan(cells)
    if isinstance(cells, Coded):
        is_text = np.array([name != "" for name in cells.names], dtype=np.bool_)
        return np.take(is_text, cells.codes)
    if "" not in cells:
        return np.ones(len(cells), dtype=np.bool_)
    return np.fromiter(map(bool, cells), dtype=np.bool_, count=len(cells))


def _taken(cells: Cells | Coded, places: NDArray[np.intp]) -> Cells | Coded:
    if isinstance(cells, np.ndarray):
        return cells[places]
    if isinstance(cells, Coded):
        return Coded(names=cells.names, codes=cells.codes[places])
    return [cells[place] for place in places.tolist()]
