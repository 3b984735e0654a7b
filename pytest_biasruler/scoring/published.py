"""Ready score tables: read, checked for what they claim, and brought into our form."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isinf, nan
from typing import TYPE_CHECKING

import pandas as pd

from pytest_biasruler.benchmark.definition import BothEmpty
from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.benchmark.numbers import masked
from pytest_biasruler.benchmark.refusals import first_of, raise_if_any
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.claims import (
    OVERLAPS,
    check_ranges,
    perfect_misses,
    read_score,
    rows_twice,
)
from pytest_biasruler.scoring.job import Status
from pytest_biasruler.scoring.table import FACTS, KEYS, STATUS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.benchmark.texttable import TextTable


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """The names that a score table may use.

    `labels` is empty where the benchmark has no ``[labels]``; `cases` is None where nobody knows
    which cases there are.
    """

    cases: Collection[str] | None = field(repr=False)
    models: Collection[str]
    references: Collection[str]
    labels: Collection[str] = ()
    metrics: Mapping[str, Metric] = field(default_factory=lambda: CATALOGUE)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Published:
    """A ready score table in our form.

    Attributes
    ----------
    table : DataFrame
        Columns as `pytest_biasruler.scoring.table` documents them, unsorted, and ``where``: file
        and line of each row.
    n_strangers : int
        Rows left out because their case is not in the metadata.
    n_others : int
        Rows left out because the benchmark does not name their model, reference or label.
    n_undefined : mapping
        Model -> scores that are empty, NaN, or infinite without a declared cap.
    """

    table: pd.DataFrame
    n_strangers: int = 0
    n_others: int = 0
    n_undefined: Mapping[str, int] = field(default_factory=dict)


def publish(
    text: TextTable,
    *,
    vocabulary: Vocabulary,
    shown: str,
    rule: BothEmpty = BothEmpty.SCORE,
) -> Published:
    """Return a table of scores with its claims checked.

    Parameters
    ----------
    text : TextTable
        Columns ``case``, ``model``, ``reference``, ``label`` if there are several, and metrics;
        facts such as ``n_model`` or ``reference_ml`` where they are known. Other columns are not
        looked at. One row for each case, label, model and reference, in any order.
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
    raise_if_any(_lacking(text, vocabulary=vocabulary, shown=shown))
    frame = _columns(text, vocabulary=vocabulary)
    frame["label"] = _labels(frame, vocabulary=vocabulary)
    names = frame["case"] if vocabulary.cases is None else list(vocabulary.cases)
    is_known_case = frame["case"].isin(names)
    is_ours = _is_ours(frame, vocabulary=vocabulary)
    n_strangers = int((is_ours & ~is_known_case).sum())
    kept = frame[is_known_case & is_ours].reset_index(drop=True)
    lines = pd.Series(text.lines, dtype=object)[is_known_case & is_ours]
    kept["where"] = [f"{shown}:{line}" for line in lines]
    problems = first_of(rows_twice(kept), shown=shown)
    numbers = {}
    for name in (*vocabulary.metrics, *FACTS):
        if name in kept.columns:
            numbers[name] = _read_column(kept, name, problems=problems, shown=shown)
    scores = pd.DataFrame(numbers, index=kept.index)
    problems += check_ranges(scores, kept["where"], metrics=vocabulary.metrics, shown=shown)
    problems += first_of(perfect_misses(scores, kept["where"]), shown=shown)
    raise_if_any(problems)
    metrics = [name for name in vocabulary.metrics if name in scores.columns]
    capped = _cap(scores, metrics=vocabulary.metrics)
    table = pd.concat([kept[[*KEYS, "where"]], capped], axis=1)
    declared = [vocabulary.metrics[name] for name in metrics]
    table[STATUS] = _statuses(table, metrics=declared)
    _score_agreed_absent(table, metrics=declared, rule=rule)
    return Published(
        table=table,
        n_strangers=n_strangers,
        n_others=int((~is_ours).sum()),
        n_undefined=_count_undefined(table, metrics=metrics),
    )


def _lacking(text: TextTable, *, vocabulary: Vocabulary, shown: str) -> Iterator[BiasRulerError]:
    wanted = ["case", "model", "reference"]
    if len(vocabulary.labels) > 1:
        wanted.append("label")
    for name in wanted:
        if name not in text.header:
            found, fix = f'column "{name}" is not in {shown}', "Add the column"
            yield BiasRulerError("BR602", found, "case, model, reference, scores", fix, shown)
    if not any(name in vocabulary.metrics for name in text.header):
        found = f"{shown} has no column of a known metric"
        fix = "Declare the column as [metrics.NAME]"
        yield BiasRulerError("BR602", found, ", ".join(vocabulary.metrics), fix, shown)
    if not vocabulary.labels and "label" in text.header:
        position = text.header.index("label")
        if len({row[position] for row in text.rows}) > 1:
            found, fix = f"{shown} has several labels", "Name them in [labels]"
            yield BiasRulerError("BR602", found, "one, without [labels]", fix, shown)


def _columns(text: TextTable, *, vocabulary: Vocabulary) -> pd.DataFrame:
    """Return the columns that mean something to us."""
    ours = {*KEYS, *vocabulary.metrics, *FACTS}
    columns = {
        name: [row[position] for row in text.rows]
        for position, name in enumerate(text.header)
        if name in ours
    }
    return pd.DataFrame(columns, dtype=object)


def _labels(frame: pd.DataFrame, *, vocabulary: Vocabulary) -> pd.Series[str] | str:
    if not vocabulary.labels:
        return ""
    if "label" in frame.columns:
        return frame["label"]
    (only,) = vocabulary.labels
    return only


def _is_ours(frame: pd.DataFrame, *, vocabulary: Vocabulary) -> pd.Series[bool]:
    names = [*vocabulary.models, *vocabulary.references]
    return (
        frame["model"].isin(names)
        & frame["reference"].isin(list(vocabulary.references))
        & frame["label"].isin(list(vocabulary.labels or [""]))
        & (frame["model"] != frame["reference"])
    )


def _read_column(
    frame: pd.DataFrame, name: str, *, problems: list[BiasRulerError], shown: str
) -> pd.Series[float]:
    cells = frame[name]
    known = {cell: read_score(cell) for cell in cells.unique()}
    bad = (
        BiasRulerError(
            "BR406",
            f"{name} {masked(cell)}",
            "a number",
            "Correct the cell or leave it empty",
            where,
        )
        for cell, where in zip(cells, frame["where"], strict=True)
        if known[cell] is None
    )
    problems += first_of(bad, shown=shown)
    return cells.map({cell: nan if score is None else score for cell, score in known.items()})


def _cap(scores: pd.DataFrame, *, metrics: Mapping[str, Metric]) -> pd.DataFrame:
    """Return scores with infinite ones at the declared cap, without one undefined."""
    capped = scores.copy()
    for name in scores.columns:
        cap = metrics[name].cap if name in metrics else None
        capped[name] = scores[name].where(~scores[name].map(isinf), nan if cap is None else cap)
    return capped


def _statuses(table: pd.DataFrame, *, metrics: Sequence[Metric]) -> pd.Series[str]:
    status = pd.Series(Status.SCORED.value, index=table.index, dtype=object)
    names = [metric.name for metric in metrics]
    status[table[names].isna().all(axis=1)] = Status.UNDEFINED.value
    nothing = pd.Series(data=False, index=table.index)
    for model, reference in (("n_model", "n_reference"), ("model_ml", "reference_ml")):
        if model in table.columns and reference in table.columns:
            nothing |= (table[model] == 0) & (table[reference] == 0)
    # Some tools leave the Dice of two empty masks undefined, others call it 1.
    judges = [metric for metric in metrics if metric.name in OVERLAPS] or metrics
    for metric in judges:
        told = table[metric.name]
        agrees = told.isna() | (told == metric.both_empty)
        status[nothing & agrees] = Status.AGREED_ABSENT.value
    return status


def _score_agreed_absent(
    table: pd.DataFrame, *, metrics: Sequence[Metric], rule: BothEmpty
) -> None:
    """Give the cases in which both masks are empty what the policy says, as masks would get it."""
    absent = table[STATUS] == Status.AGREED_ABSENT.value
    for metric in metrics:
        told = table.loc[absent, metric.name]
        scored = told.fillna(metric.both_empty)
        table.loc[absent, metric.name] = scored if rule == BothEmpty.SCORE else nan


def _count_undefined(table: pd.DataFrame, *, metrics: Sequence[str]) -> dict[str, int]:
    judged = table[table[STATUS] != Status.AGREED_ABSENT.value]
    counts = judged[list(metrics)].isna().sum(axis=1).groupby(judged["model"]).sum()
    return {str(model): int(n) for model, n in counts.items() if n}
