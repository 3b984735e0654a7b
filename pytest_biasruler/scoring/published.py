"""Ready score tables: read, checked for what they claim, and brought into our form."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.definition import BothEmpty
from pytest_biasruler.benchmark.refusals import problems_of, raise_if_any
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.claims import check_ranges, perfect_misses, rows_twice
from pytest_biasruler.scoring.ledger import Coded, Ledger, Vocabulary
from pytest_biasruler.scoring.naming import suggestion
from pytest_biasruler.scoring.shelf import Shelf, join, keys_of
from pytest_biasruler.scoring.tabulate import tabulate

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from pytest_biasruler.scoring.ledger import Kept, Part

__all__ = ["Incoming", "Published", "Vocabulary", "publish"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Incoming:
    """A ready score table that is about to be read.

    Attributes
    ----------
    shown : str
        How messages name it.
    parts : generator of Part
        At least one. Columns ``case``, ``model``, ``reference``, ``label`` if there are several,
        and metrics; facts such as ``n_model`` or ``reference_ml`` where they are known. Other
        columns are not looked at. One row for each case, label, model and reference, in any order.
    n_left : int
        Columns that nobody understands.
    """

    shown: str
    parts: Generator[Part, None, None] = field(repr=False)
    n_left: int = 0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Published:
    """Ready score tables in our form.

    Attributes
    ----------
    table : DataFrame
        As `pytest_biasruler.scoring.table` documents it, with the metrics that are there.
    places : ndarray of int64, shape (n,)
        Where each row of `table` stands, for `where`.
    shelf : Shelf
        How messages name the tables.
    n_strangers : int
        Rows left out because their case is not in the metadata.
    n_respelt : int
        Those of them whose case is one of ours but for capitals or leading zeros.
    n_others : int
        Rows left out because the benchmark does not name their model, reference or label.
    n_left : int
        Columns left out because nobody understands them.
    n_undefined : mapping
        Model -> metric -> scores that are empty, NaN, or infinite without a declared cap.
    """

    table: pd.DataFrame
    places: NDArray[np.int64] = field(repr=False)
    shelf: Shelf
    n_strangers: int = 0
    n_respelt: int = 0
    n_others: int = 0
    n_left: int = 0
    n_undefined: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def where(self, place: int) -> str:
        """Return table and line of the row of `table` at `place`."""
        return self.shelf.where(int(self.places[place]))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Taken:
    """One table, read: its rows, the order of their keys, what it lacks and claims wrongly."""

    kept: Kept
    order: NDArray[np.intp]
    lacking: list[BiasRulerError]
    problems: list[BiasRulerError]
    labels: frozenset[str]
    n_strangers: int
    n_respelt: int
    n_others: int
    n_left: int


def publish(
    tables: Iterable[Callable[[], Incoming]],
    *,
    vocabulary: Vocabulary,
    shelf: Shelf,
    rule: BothEmpty = BothEmpty.SCORE,
) -> Published:
    """Return tables of scores as one, with their claims checked.

    Parameters
    ----------
    tables : iterable of callable
        Each opens a table; one after the other.
    shelf : Shelf
        How messages name the tables, in the same order.
    rule : BothEmpty
        What a case scores in which both masks are empty, as the volumes or counts tell.

    Raises
    ------
    BiasRulerProblems
        What opening and reading refuses, and all of ``BR406`` (no number), ``BR420`` (outside the
        metric's range), ``BR421`` (distance 0 where nothing overlaps), ``BR422`` (a row or a score
        twice), ``BR602`` (a column that is lacking).
    """
    taken: list[_Taken] = []
    refused: list[BiasRulerError] = []
    for opens in tables:
        refused += problems_of(lambda opens=opens: taken.append(_take(opens(), vocabulary)))  # type: ignore[misc]  # bound now
    refused += [problem for each in taken for problem in each.lacking]
    labels = frozenset[str]().union(*(each.labels for each in taken))
    if not vocabulary.labels and len(labels) > 1:
        shown = " and ".join(shelf.names[:2])
        found, fix = f"{shown} has several labels", "Name them in [labels]"
        refused.append(BiasRulerError("BR602", found, "one, without [labels]", fix, shown))
    elif not any(each.lacking for each in taken):
        refused += [problem for each in taken for problem in each.problems]
    raise_if_any(refused)
    counts = {
        count: sum(getattr(each, count) for each in taken)
        for count in ("n_strangers", "n_respelt", "n_others", "n_left")
    }
    kept, order = taken[0].kept, taken[0].order
    if len(taken) > 1:
        kepts = [each.kept for each in taken]
        taken.clear()
        kept, order = join(kepts, shelf=shelf)
    return Published(
        **tabulate(kept, order, metrics=vocabulary.metrics, rule=rule), shelf=shelf, **counts
    )


def _take(incoming: Incoming, vocabulary: Vocabulary) -> _Taken:
    """Read one table, and judge it by itself."""
    shown = incoming.shown
    with closing(incoming.parts) as stream:
        part = next(stream)
        lacking = list(_lacking(part.header, vocabulary=vocabulary, shown=shown))
        ledger = Ledger(vocabulary=vocabulary, header=part.header, shown=shown)
        labels: set[str] = set()
        for each in chain([part], stream):
            labels |= _labels_of(each)
            if not lacking:
                ledger.add(each)
    kept = ledger.close()
    order, problems = rows_twice(keys_of(kept), lines=kept.lines, shown=shown)
    problems += ledger.problems()
    where: dict[str, Any] = {"lines": kept.lines, "shown": shown}
    problems += check_ranges(kept.scores, metrics=vocabulary.metrics, **where)
    problems += perfect_misses(kept.scores, **where)
    return _Taken(
        kept=kept,
        order=order,
        lacking=lacking,
        problems=problems,
        labels=frozenset(labels),
        n_strangers=ledger.n_strangers,
        n_respelt=ledger.n_respelt,
        n_others=ledger.n_others,
        n_left=incoming.n_left,
    )


def _lacking(
    header: Sequence[str], *, vocabulary: Vocabulary, shown: str
) -> Iterator[BiasRulerError]:
    wanted = ["case", "model", "reference"]
    if len(vocabulary.labels) > 1:
        wanted.append("label")
    for name in wanted:
        if name not in header:
            found, fix = f'column "{name}" is not in {shown}', "Add the column"
            fix += " or name theirs in columns" if name == "case" else f", or {name} to [scores]"
            yield BiasRulerError("BR602", found, "case, model, reference, scores", fix, shown)
    if not any(name in vocabulary.metrics for name in header):
        found = f"{shown} has no column of a known metric"
        fix = suggestion(header) or "Declare the column as [metrics.NAME]"
        yield BiasRulerError("BR602", found, ", ".join(vocabulary.metrics), fix, shown)


def _labels_of(part: Part) -> set[str]:
    if "label" not in part.header:
        return set()
    labels = part.column("label")
    return set(labels.names if isinstance(labels, Coded) else labels)
