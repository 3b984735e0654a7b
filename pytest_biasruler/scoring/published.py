"""Ready score tables: read, checked for what they claim, and brought into our form."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pytest_biasruler.benchmark.definition import BothEmpty
from pytest_biasruler.benchmark.refusals import raise_if_any
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.claims import OVERLAPS, check_ranges, perfect_misses, rows_twice
from pytest_biasruler.scoring.job import Status
from pytest_biasruler.scoring.ledger import Coded, Ledger, Vocabulary
from pytest_biasruler.scoring.table import FACTS, KEYS, STATUS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.scoring.ledger import Kept, Part

__all__ = ["Published", "Vocabulary", "publish"]

_STATUSES = (Status.SCORED, Status.UNDEFINED, Status.AGREED_ABSENT)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Published:
    """A ready score table in our form.

    Attributes
    ----------
    table : DataFrame
        As `pytest_biasruler.scoring.table` documents it, with the metrics that are there.
    lines : ndarray of int64, shape (n,)
        Where each row of `table` stands: its line in a file, or its number from 1.
    shown : str
        How messages name the table.
    n_strangers : int
        Rows left out because their case is not in the metadata.
    n_others : int
        Rows left out because the benchmark does not name their model, reference or label.
    n_undefined : mapping
        Model -> scores that are empty, NaN, or infinite without a declared cap.
    """

    table: pd.DataFrame
    lines: NDArray[np.int64] = field(repr=False)
    shown: str
    n_strangers: int = 0
    n_others: int = 0
    n_undefined: Mapping[str, int] = field(default_factory=dict)

    def where(self, place: int) -> str:
        """Return file and line of the row of `table` at `place`."""
        return f"{self.shown}:{self.lines[place]}"


def publish(
    parts: Iterable[Part],
    *,
    vocabulary: Vocabulary,
    shown: str,
    rule: BothEmpty = BothEmpty.SCORE,
) -> Published:
    """Return a table of scores with its claims checked.

    Parameters
    ----------
    parts : iterable of Part
        At least one. Columns ``case``, ``model``, ``reference``, ``label`` if there are several,
        and metrics; facts such as ``n_model`` or ``reference_ml`` where they are known. Other
        columns are not looked at. One row for each case, label, model and reference, in any order.
    shown : str
        How messages name the table.
    rule : BothEmpty
        What a case scores in which both masks are empty, as the volumes or counts tell.

    Raises
    ------
    BiasRulerProblems
        All of ``BR406`` (no number), ``BR420`` (outside the metric's range), ``BR421`` (distance
        0 where nothing overlaps), ``BR422`` (a row twice), ``BR602`` (a column that is lacking).
    """
    stream = iter(parts)
    part = next(stream)
    lacking = list(_lacking(part.header, vocabulary=vocabulary, shown=shown))
    ledger = Ledger(vocabulary=vocabulary, header=part.header, shown=shown)
    labels: set[str] = set()
    for each in chain([part], stream):
        labels |= _labels_of(each)
        if not lacking:
            ledger.add(each)
    if not vocabulary.labels and len(labels) > 1:
        found, fix = f"{shown} has several labels", "Name them in [labels]"
        lacking.append(BiasRulerError("BR602", found, "one, without [labels]", fix, shown))
    raise_if_any(lacking)
    kept = ledger.close()
    order, problems = rows_twice(_keys(kept), lines=kept.lines, shown=shown)
    problems += ledger.problems()
    where: dict[str, Any] = {"lines": kept.lines, "shown": shown}
    problems += check_ranges(kept.scores, metrics=vocabulary.metrics, **where)
    problems += perfect_misses(kept.scores, **where)
    raise_if_any(problems)
    return Published(
        **_tabulate(kept, order, metrics=vocabulary.metrics, rule=rule),
        shown=shown,
        n_strangers=ledger.n_strangers,
        n_others=ledger.n_others,
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
            yield BiasRulerError("BR602", found, "case, model, reference, scores", fix, shown)
    if not any(name in vocabulary.metrics for name in header):
        found = f"{shown} has no column of a known metric"
        fix = "Declare the column as [metrics.NAME]"
        yield BiasRulerError("BR602", found, ", ".join(vocabulary.metrics), fix, shown)


def _labels_of(part: Part) -> set[str]:
    if "label" not in part.header:
        return set()
    labels = part.column("label")
    return set(labels.names if isinstance(labels, Coded) else labels)


def _keys(kept: Kept) -> NDArray[np.int64]:
    """Return one number for each row, ascending with case, label, model and reference."""
    keys = np.zeros(len(kept.lines), dtype=np.int64)
    for name in KEYS:
        keys *= max(1, len(kept.names[name]))
        keys += kept.codes[name]
    return keys


def _tabulate(
    kept: Kept, order: NDArray[np.intp], *, metrics: Mapping[str, Metric], rule: BothEmpty
) -> dict[str, Any]:
    """Return the documented table, the line of each of its rows, and what is undefined."""
    measured = [metric for name, metric in metrics.items() if name in kept.scores]
    scores = {
        name: _capped(column[order], metrics.get(name)) for name, column in kept.scores.items()
    }
    status = _statuses(scores, metrics=measured, n_rows=len(order))
    is_absent = status == _STATUSES.index(Status.AGREED_ABSENT)
    _score_agreed_absent(scores, is_absent, metrics=measured, rule=rule)
    codes = {name: kept.codes[name][order] for name in KEYS}
    models, counts = kept.names["model"], np.zeros(len(kept.names["model"]), dtype=np.int64)
    for metric in measured:
        is_undefined = np.isnan(scores[metric.name]) & ~is_absent
        counts += np.bincount(codes["model"][is_undefined], minlength=len(models))
    columns: dict[str, pd.Series[Any]] = {
        name: _texts(kept.names[name], codes[name]) for name in KEYS
    }
    for name in (*(metric.name for metric in measured), *FACTS):
        column = scores.pop(name, None)
        columns[name] = pd.Series(np.full(len(order), nan) if column is None else column)
    columns[STATUS] = _texts([each.value for each in _STATUSES], status)
    return {
        "table": pd.DataFrame(columns, copy=False),
        "lines": kept.lines[order],
        "n_undefined": {model: int(n) for model, n in zip(models, counts, strict=True) if n},
    }


def _texts(names: Sequence[str], codes: NDArray[np.integer]) -> pd.Series[str]:
    """Return a column whose equal texts are one object."""
    known = np.empty(len(names), dtype=object)
    known[:] = names
    return pd.Series(known[codes], dtype=object)


def _capped(scores: NDArray[np.float64], metric: Metric | None) -> NDArray[np.float64]:
    """Return scores with infinite ones at the declared cap, without one undefined."""
    cap = None if metric is None else metric.cap
    return np.where(np.isinf(scores), nan if cap is None else cap, scores)


def _statuses(
    scores: Mapping[str, NDArray[np.float64]], *, metrics: Sequence[Metric], n_rows: int
) -> NDArray[np.int8]:
    """Return where the status of each row stands in `_STATUSES`."""
    is_undefined = np.logical_and.reduce([np.isnan(scores[metric.name]) for metric in metrics])
    status = np.where(is_undefined, _STATUSES.index(Status.UNDEFINED), 0).astype(np.int8)
    is_nothing = np.zeros(n_rows, dtype=np.bool_)
    for model, reference in (("n_model", "n_reference"), ("model_ml", "reference_ml")):
        if model in scores and reference in scores:
            is_nothing |= (scores[model] == 0) & (scores[reference] == 0)
    # Some tools leave the Dice of two empty masks undefined, others call it 1.
    judges = [metric for metric in metrics if metric.name in OVERLAPS] or metrics
    for metric in judges:
        told = scores[metric.name]
        agrees = np.isnan(told) | (told == metric.both_empty)
        status[is_nothing & agrees] = _STATUSES.index(Status.AGREED_ABSENT)
    return status


def _score_agreed_absent(
    scores: Mapping[str, NDArray[np.float64]],
    is_absent: NDArray[np.bool_],
    *,
    metrics: Sequence[Metric],
    rule: BothEmpty,
) -> None:
    """Give the cases in which both masks are empty what the policy says, as masks would get it."""
    for metric in metrics:
        told = scores[metric.name]
        if rule == BothEmpty.SCORE:
            told[is_absent & np.isnan(told)] = metric.both_empty
        else:
            told[is_absent] = nan
