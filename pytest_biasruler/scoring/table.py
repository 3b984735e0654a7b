"""The score table: one row for each case, label, model and reference; one column for each metric.

==============  =====  ==========================================================================
column          type   meaning
==============  =====  ==========================================================================
``case``        str    name of the case, as the metadata has it
``label``       str    name of the label; ``""`` where the benchmark has no ``[labels]``
``model``       str    whose masks are scored; in rows of one reference against another one, the
                       name of the reference that is scored
``reference``   str    the reference that counts as the answer
a metric        float  the score in its natural direction; NaN where it is undefined
``n_model``     float  voxels of the model's mask; NaN where unknown, as in all facts below
``n_reference`` float  voxels of the reference's mask
``n_both``      float  voxels that both have
``model_ml``    float  volume of the model's mask in ml
``reference_ml``  float  volume of the reference's mask in ml
``diagonal_mm`` float  diagonal of the reference's image in mm: what a missed mask scores
``status``      str    ``scored``; ``agreed absent`` (both masks empty; NaN if such cases are left
                       out by option); ``worst`` (prediction missing or unreadable);
                       ``undefined`` (a row of a ready score table that is missing or empty)
==============  =====  ==========================================================================

Rows are sorted by case, label, model and reference. A case whose mask of a reference is missing or
unreadable has no row with that reference. Rows of reference against reference: every automated one
against every expert one, and every expert one against every other expert one.
"""

from __future__ import annotations

from math import nan
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pytest_biasruler.benchmark.refusals import first_of, raise_if_any
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.job import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from pytest_biasruler.scoring.job import CaseScores

KEYS = ("case", "label", "model", "reference")
FACTS = ("n_model", "n_reference", "n_both", "model_ml", "reference_ml", "diagonal_mm")
STATUS = "status"


def build_table(done: Mapping[str, CaseScores], *, metrics: Sequence[str]) -> pd.DataFrame:
    """Return the score table of the cases in `done`.

    Parameters
    ----------
    done : mapping
        Case -> its scores, in any order.
    metrics : sequence of str
        Metric columns, in this order; a score that a case lacks is NaN.
    """
    order = itemgetter("label", "model", "reference")
    cases, rows = [], []
    for case, scores in sorted(done.items()):
        rows += sorted(scores["rows"], key=order)
        cases += [case] * len(scores["rows"])
    columns: dict[str, pd.Series] = {"case": pd.Series(cases, dtype=object)}
    for key in KEYS[1:]:
        columns[key] = pd.Series([row[key] for row in rows], dtype=object)  # type: ignore[literal-required]
    for metric in metrics:
        columns[metric] = pd.Series([row["scores"].get(metric) for row in rows], dtype=float)
    for fact in FACTS:
        columns[fact] = pd.Series([row["facts"][fact] for row in rows], dtype=float)
    columns[STATUS] = pd.Series([row["status"] for row in rows], dtype=object)
    return pd.DataFrame(columns)


def order_table(table: pd.DataFrame, *, metrics: Sequence[str]) -> pd.DataFrame:
    """Return `table` with the documented columns and nothing else, sorted, numbers as float."""
    columns = [*KEYS, *metrics, *FACTS, STATUS]
    ordered = table.reindex(columns=columns)
    for name in (*metrics, *FACTS):
        ordered[name] = ordered[name].astype(float)
    for name in (*KEYS, STATUS):
        ordered[name] = ordered[name].astype(object)
    return ordered.sort_values(list(KEYS), kind="stable").reset_index(drop=True)


def positions_of_pairs(table: pd.DataFrame) -> dict[tuple[str, str, str], NDArray[np.intp]]:
    """Return model, reference and label -> where their rows stand, in the order of these names."""
    found: dict[Any, Any] = dict(table.groupby(["model", "reference", "label"]).indices)
    return {(str(m), str(r), str(x)): found[m, r, x] for m, r, x in sorted(found)}


def join_tables(
    measured: pd.DataFrame,
    given: pd.DataFrame,
    *,
    metrics: Sequence[str],
    where: Callable[[int], str] = lambda _: "scores",
) -> pd.DataFrame:
    """Return the rows of both tables, a row that stands in both as one.

    Parameters
    ----------
    measured : DataFrame
        Scores of masks.
    given : DataFrame
        A ready score table, sorted.
    where : callable
        Returns file and line of row i of `given`.

    Raises
    ------
    BiasRulerProblems
        ``BR422`` if masks and table both give a score of one case, label, model, reference and
        metric: nobody could say which one was judged.
    """
    if measured.empty and list(given.columns) == [*KEYS, *metrics, *FACTS, STATUS]:
        return given  # as it is: a copy of millions of rows is what would take most memory
    if given.empty or measured.empty:
        return order_table(measured if given.empty else given, metrics=metrics)
    left = measured.set_index(list(KEYS))
    right = given.set_index(list(KEYS))
    both = left.index.intersection(right.index)
    twice = _twice(left, right, both, metrics=metrics, where=where)
    raise_if_any(first_of(twice, shown="scores"))
    joined = left.combine_first(right)
    # What is known of the masks themselves is not overruled by somebody else's row.
    joined.loc[left.index, [*FACTS, STATUS]] = left[[*FACTS, STATUS]]
    return order_table(joined.reset_index(), metrics=metrics)


def _twice(
    left: pd.DataFrame,
    right: pd.DataFrame,
    both: pd.Index,
    *,
    metrics: Iterable[str],
    where: Callable[[int], str],
) -> Iterator[BiasRulerError]:
    for metric in metrics:
        if metric not in left.columns or metric not in right.columns:
            continue
        clash = left.loc[both, metric].notna() & right.loc[both, metric].notna()
        for place in right.index.get_indexer(both[clash.to_numpy()]):
            yield BiasRulerError(
                "BR422",
                f"{metric} of this case is given by masks too",
                "masks or a score, not both",
                "Remove the column or the masks",
                where(int(place)),
            )


def complete_table(
    table: pd.DataFrame,
    *,
    cases: Sequence[str],
    excluded: Mapping[str, Iterable[str]],
    metrics: Sequence[str],
) -> pd.DataFrame:
    """Return `table` with an undefined row for every score that should exist but does not.

    For each label, model and reference that occur together, each case that is not excluded for
    the reference (or for the other reference that is scored) gets a row, so that a score left out
    of a ready table is counted, never forgotten.
    """
    gap = {**dict.fromkeys((*metrics, *FACTS), nan), STATUS: Status.UNDEFINED.value}
    known = pd.Index(np.array(cases, dtype=object))
    places = known.get_indexer(pd.Index(table["case"]))
    added = [table]
    for (model, reference, label), rows in positions_of_pairs(table).items():
        names = [*excluded.get(reference, ()), *excluded.get(model, ())]
        left_out = known.get_indexer(pd.Index(names, dtype="object"))
        is_lacking = np.ones(len(known), dtype=np.bool_)
        for present in (places[rows], left_out):
            is_lacking[present[present >= 0]] = False
        if is_lacking.any():
            keys = {"case": known[is_lacking], "label": label, "model": model}
            added.append(pd.DataFrame({**keys, "reference": reference, **gap}))
    if len(added) == 1:
        return table
    return order_table(pd.concat(added, ignore_index=True), metrics=metrics)
