"""What was kept of ready score tables, as the documented table."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pytest_biasruler.benchmark.definition import BothEmpty
from pytest_biasruler.scoring.claims import OVERLAPS
from pytest_biasruler.scoring.job import Status
from pytest_biasruler.scoring.table import FACTS, KEYS, STATUS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.scoring.ledger import Kept

_STATUSES = (Status.SCORED, Status.UNDEFINED, Status.AGREED_ABSENT)


def tabulate(
    kept: Kept, order: NDArray[np.intp], *, metrics: Mapping[str, Metric], rule: BothEmpty
) -> dict[str, Any]:
    """Return the documented table, the place of each of its rows, and what is undefined."""
    measured = [metric for name, metric in metrics.items() if name in kept.scores]
    scores = {
        name: _capped(column[order], metrics.get(name)) for name, column in kept.scores.items()
    }
    status = _statuses(scores, metrics=measured, n_rows=len(order))
    is_absent = status == _STATUSES.index(Status.AGREED_ABSENT)
    _score_agreed_absent(scores, is_absent, metrics=measured, rule=rule)
    codes = {name: kept.codes[name][order] for name in KEYS}
    models = kept.names["model"]
    undefined: dict[str, dict[str, int]] = {}
    for metric in measured:
        is_undefined = np.isnan(scores[metric.name]) & ~is_absent
        counts = np.bincount(codes["model"][is_undefined], minlength=len(models))
        for model, n in zip(models, counts.tolist(), strict=True):
            if n:
                undefined.setdefault(model, {})[metric.name] = n
    columns: dict[str, pd.Series[Any]] = {
        name: _texts(kept.names[name], codes[name]) for name in KEYS
    }
    for name in (*(metric.name for metric in measured), *FACTS):
        column = scores.pop(name, None)
        columns[name] = pd.Series(np.full(len(order), nan) if column is None else column)
    columns[STATUS] = _texts([each.value for each in _STATUSES], status)
    return {
        "table": pd.DataFrame(columns, copy=False),
        "places": kept.lines[order],
        "n_undefined": undefined,
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
