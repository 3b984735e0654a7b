"""What a ready score table claims, and what of it cannot be true."""

from __future__ import annotations

from math import inf, isfinite, isnan, nan
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.refusals import first_of, line_of
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.table import KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd

    from pytest_biasruler.benchmark.metrics import Metric

OVERLAPS = ("dice", "iou")
"""Scores that are 0 exactly where two masks do not touch."""

_DISTANCES = ("hd95_mm", "hd_mm", "assd_mm")
_UNDEFINED = ("", "nan")
_INFINITE = {"inf": inf, "+inf": inf, "infinity": inf, "+infinity": inf, "-inf": -inf}


def read_score(cell: str) -> float | None:
    """Return the number in `cell`, NaN for an undefined one, None for what is no number."""
    lower = cell.lower()
    if lower in _UNDEFINED:
        return nan
    if lower in _INFINITE:
        return _INFINITE[lower]
    if "_" in cell or not cell.isascii():  # float() alone takes "1_000" and digits of any script
        return None
    try:
        score = float(cell)
    except ValueError:
        return None
    return score if isfinite(score) else None


def rows_twice(frame: pd.DataFrame) -> Iterator[BiasRulerError]:
    """Yield BR422 for each row whose case, label, model and reference stood there before."""
    first: dict[tuple[str, ...], str] = {}
    for *key, where in frame[[*KEYS, "where"]].itertuples(index=False, name=None):
        earlier = first.setdefault(tuple(key), where)
        if earlier != where:
            found = f"row of line {line_of(earlier)} once more"
            expected = "one row for each case, label, model and reference"
            yield BiasRulerError("BR422", found, expected, "Remove one", where)


def check_ranges(
    scores: pd.DataFrame,
    where: pd.Series[str],
    *,
    metrics: Mapping[str, Metric],
    shown: str,
) -> list[BiasRulerError]:
    """Return BR420 for scores outside the range of their metric, and for negative facts."""
    problems: list[BiasRulerError] = []
    for name in scores.columns:
        low, high = metrics[name].range if name in metrics else (0.0, None)
        is_wrong = _is_outside(low, high)
        bad = (
            BiasRulerError(
                "BR420",
                f"{name} is {score:g}",
                _range_text(low, high),
                "Divide percentages by 100"
                if _is_percentage(score, high)
                else "Correct the score",
                place,
            )
            for score, place in zip(scores[name], where, strict=True)
            if is_wrong(score)
        )
        problems += first_of(bad, shown=shown)
    return problems


def _is_percentage(score: float, high: float | None) -> bool:
    return high == 1.0 and 1 < score <= 100


def _is_outside(low: float | None, high: float | None) -> Callable[[float], bool]:
    floor, ceiling = (-inf if low is None else low), (inf if high is None else high)
    return lambda score: not isnan(score) and not (floor <= score <= ceiling)


def _range_text(low: float | None, high: float | None) -> str:
    if high is None:
        return f"{low:g} or more"
    return f"at most {high:g}" if low is None else f"{low:g} to {high:g}"


def perfect_misses(scores: pd.DataFrame, where: pd.Series[str]) -> Iterator[BiasRulerError]:
    """Yield BR421 for 0 mm where nothing overlaps: the worst cases with the best distance."""
    for overlap in (name for name in OVERLAPS if name in scores.columns):
        for distance in (name for name in _DISTANCES if name in scores.columns):
            is_bad = (scores[overlap] == 0) & (scores[distance] == 0)
            for place in where[is_bad]:
                yield BiasRulerError(
                    "BR421",
                    f"{distance} is 0 where {overlap} is 0",
                    "a worst or no value",
                    "Leave the cell empty or write inf, and set cap",
                    place,
                )
