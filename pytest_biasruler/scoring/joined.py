"""Scores of several labels joined into one for each case: their mean, or the worst of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pytest_biasruler.benchmark.label_keys import MEAN
from pytest_biasruler.benchmark.metrics import Direction
from pytest_biasruler.scoring.job import Status
from pytest_biasruler.scoring.table import FACTS, STATUS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

_OF_IMAGE = "diagonal_mm"
"""The one fact that is not a label's but the image's."""


def join_labels(
    frames: Sequence[pd.DataFrame], *, how: str, directions: Mapping[str, Direction]
) -> pd.DataFrame:
    """Return the rows of one pair with the scores of all its labels joined.

    Parameters
    ----------
    frames : sequence of DataFrame
        Rows of one model and reference of the score table, indexed by case: one for each label.
        The order of the labels changes nothing.
    how : {"mean", "worst"}
        The unweighted mean; or the lowest score, the highest where lower is better, and of a
        signed error the one farthest from zero (of two equally far ones that above it).
    directions : mapping
        Metric -> which way it is better; these columns are joined.

    Returns
    -------
    DataFrame
        Indexed by case. A score is NaN if that of any label is, or if the case has no row of one;
        but a label that is empty in both masks and left out by ``both_empty = "exclude"`` is left
        out of this case's score, too, which is NaN only if no label remains. Facts are NaN, but
        the image's diagonal. The status is ``worst`` if that of any label is, ``agreed absent``
        if all are, ``undefined`` if one of the others is.

    Examples
    --------
    >>> rows = [
    ...     pd.DataFrame({"dice": [dice], "status": "scored"}, index=["a"]) for dice in (0.9, 0.5)
    ... ]
    >>> for how in ("mean", "worst"):
    ...     print(join_labels(rows, how=how, directions={"dice": Direction.HIGHER})["dice"]["a"])
    0.7
    0.5
    """
    cases = _all_cases(frames)
    first = frames[0].reindex(cases)
    status = np.array([_column(frame, STATUS, cases) for frame in frames], dtype=object)
    status[pd.isna(status)] = Status.UNDEFINED.value
    joined = first.assign(**{STATUS: _join_status(status)})
    if "label" in joined:
        joined["label"] = how
    for name in FACTS:
        if name in joined and name != _OF_IMAGE:
            joined[name] = np.nan
    for name, direction in directions.items():
        if name in joined:
            scores = np.array([_column(frame, name, cases) for frame in frames], dtype=float)
            is_left_out = (status == Status.AGREED_ABSENT.value) & np.isnan(scores)
            joined[name] = _join_scores(scores, is_left_out, how=how, direction=direction)
    return joined


def count_partial(frames: Sequence[pd.DataFrame], *, metric: str) -> int:
    """Return in how many cases some labels, but not all, are left out of the joined score.

    Those are empty in both masks, and ``both_empty = "exclude"`` leaves them out.
    """
    cases = _all_cases(frames)
    is_left_out = np.array(
        [
            (_column(frame, STATUS, cases) == Status.AGREED_ABSENT.value)
            & np.isnan(_column(frame, metric, cases).astype(float))
            for frame in frames
        ]
    )
    return int((is_left_out.any(axis=0) & ~is_left_out.all(axis=0)).sum())


def _all_cases(frames: Sequence[pd.DataFrame]) -> pd.Index:
    cases = frames[0].index
    for frame in frames[1:]:
        cases = cases if cases.equals(frame.index) else cases.union(frame.index)
    return cases


def _column(frame: pd.DataFrame, name: str, cases: pd.Index) -> NDArray[np.object_]:
    column: NDArray[np.object_] = frame[name].reindex(cases).to_numpy(dtype=object)
    return column


def _join_status(status: NDArray[np.object_]) -> NDArray[np.object_]:
    joined = np.full(status.shape[1], Status.SCORED.value, dtype=object)
    joined[(status == Status.UNDEFINED.value).any(axis=0)] = Status.UNDEFINED.value
    joined[(status == Status.AGREED_ABSENT.value).all(axis=0)] = Status.AGREED_ABSENT.value
    joined[(status == Status.WORST.value).any(axis=0)] = Status.WORST.value
    return joined


def _join_scores(
    scores: Numbers, is_left_out: NDArray[np.bool_], *, how: str, direction: Direction
) -> Numbers:
    """Return one score for each column, whatever the order of the rows."""
    is_kept = ~is_left_out
    # Left out: of no weight in a sum, and never the lowest or highest.
    low = np.where(is_kept, scores, np.inf).min(axis=0)
    high = np.where(is_kept, scores, -np.inf).max(axis=0)
    if how == MEAN:
        ordered = np.sort(np.where(is_kept, scores, 0.0), axis=0)
        joined = np.clip(ordered.sum(axis=0) / np.maximum(is_kept.sum(axis=0), 1), low, high)
    elif direction == Direction.HIGHER:
        joined = low
    elif direction == Direction.LOWER:
        joined = high
    else:
        joined = np.where(np.abs(low) > np.abs(high), low, high)
    return np.where(is_kept.any(axis=0), joined, np.nan)
