"""Edges of bins that hold about equally many patients each."""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise
from math import ceil, floor, log10
from statistics import fmean
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.bins import number_text
from pytest_biasruler.benchmark.notes import Note

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_DIGITS = 3
_MOST_DIGITS = 16


def patient_values(values: Mapping[str, float], patients: Mapping[str, str]) -> list[float]:
    """Return one value for each patient: the mean of those of the patient's cases.

    Examples
    --------
    >>> patient_values({"a": 40.0, "b": 42.0, "c": 60.0}, {"a": "p", "b": "p", "c": "q"})
    [41.0, 60.0]
    """
    by_patient: dict[str, list[float]] = {}
    for case in sorted(values):
        by_patient.setdefault(patients[case], []).append(values[case])
    return sorted(map(fmean, by_patient.values()))


def quantile_edges(
    values: Sequence[float], *, n_bins: int, cases: Sequence[float]
) -> tuple[float, ...]:
    """Return rising edges between which about equally many values lie.

    Parameters
    ----------
    values : sequence of float
        One per patient, ascending.
    n_bins : int
        How many bins are asked for; ties may leave fewer.
    cases : sequence of float
        The value of each case, all of which the edges enclose.

    Returns
    -------
    tuple of float
        Type 7 quantiles, rounded to about a thousandth of the range (to whole numbers, if all
        cases have those), or to as many more digits as it takes to move nobody to the other side.
        Two or more; none without values.

    References
    ----------
    Hyndman, R. J., Fan, Y. (1996). The American Statistician 50(4), 361-365 (type 7).
    doi:10.1080/00031305.1996.10473566

    Examples
    --------
    >>> ages = [20.0, 31.0, 40.0, 55.0, 61.0, 90.0]
    >>> quantile_edges(ages, n_bins=2, cases=ages)
    (20.0, 48.0, 90.0)
    >>> quantile_edges([0.0, 0.0, 0.0, 7.0], n_bins=4, cases=[0.0, 0.0, 0.0, 7.0])
    (0.0, 2.0, 7.0)
    >>> volumes = [0.11, 0.25, 0.4, 900.0]
    >>> quantile_edges(volumes, n_bins=2, cases=volumes)
    (0.1, 0.3, 900.0)
    """
    if not values:
        return ()
    low, high = min(cases), max(cases)
    if not low < high:
        return low, high
    decimals = _DIGITS - floor(log10(high - low))
    is_whole = all(value.is_integer() for value in cases)
    kept = [_outwards(low, decimals, floor)]
    for place in range(1, n_bins):
        edge = _rounded(
            _quantile(values, place / n_bins), values, decimals=decimals, whole=is_whole
        )
        # A bin in which nobody is, or nobody's mean, is joined with the one before it.
        if any(kept[-1] <= value < edge for value in values) and any(v >= edge for v in values):
            kept.append(edge)
    return (*kept, _outwards(high, decimals, ceil))


def _quantile(values: Sequence[float], share: float) -> float:
    place = round(share * (len(values) - 1), 9)  # 3.0000000000000004 is the value itself
    first = floor(place)
    if first + 1 >= len(values):
        return values[-1]
    return values[first] + (place - first) * (values[first + 1] - values[first])


def _rounded(edge: float, values: Sequence[float], *, decimals: int, whole: bool) -> float:
    """Return an edge with as few digits as leave everybody on one side of it."""
    n_below = bisect_left(values, edge)
    ways = (ceil,) if whole else (round, floor, ceil)
    for digits in range(min(decimals, 0) if whole else decimals, _MOST_DIGITS):
        for way in ways:
            tried = round(way(edge * 10.0**digits) / 10.0**digits, max(digits, 0))
            if bisect_left(values, tried) == n_below:
                return float(tried)
    return edge


def coarse_edges(edges: Sequence[float]) -> tuple[float, ...] | None:
    """Return edges with no more digits than about a thousandth of the range takes.

    Those of `quantile_edges` may have more, and then say where two patients' values lie, nearly
    to their last digits. None if two of them would be one.

    Examples
    --------
    >>> coarse_edges([0.0, 12.3456007, 100.0])
    (0.0, 12.3, 100.0)
    >>> coarse_edges([0.0, 12.31, 12.34, 100.0]) is None
    True
    """
    if len(edges) < 3:
        return tuple(edges)
    decimals = _DIGITS - floor(log10(edges[-1] - edges[0]))
    coarse = edges[0], *(round(edge, decimals) for edge in edges[1:-1]), edges[-1]
    return coarse if all(low < high for low, high in pairwise(coarse)) else None


def _outwards(value: float, decimals: int, rounded: Callable[[float], int]) -> float:
    return value if value.is_integer() else float(rounded(value * 10.0**decimals)) / 10.0**decimals


def quantile_names(edges: Sequence[float], *, whole: bool) -> tuple[str, ...]:
    """Return the names of quantile bins, open at both ends: these are one patient's numbers.

    Examples
    --------
    >>> quantile_names([20, 41, 60, 90], whole=True)
    ('under 41', '41–59', '60+')
    >>> quantile_names([0, 1.6, 2.5, 3], whole=False), quantile_names([7, 7], whole=True)
    (('under 1.6', '[1.6, 2.5)', '2.5+'), ('all',))
    """
    if len(edges) < 3:
        return ("all",) * (len(edges) - 1)
    inner = [_between(low, high, whole=whole) for low, high in pairwise(edges[1:-1])]
    return (f"under {number_text(edges[1])}", *inner, f"{number_text(edges[-2])}+")


def _between(low: float, high: float, *, whole: bool) -> str:
    if not whole:
        return f"[{number_text(low)}, {number_text(high)})"
    last = high - 1
    return number_text(low) if low == last else f"{number_text(low)}–{number_text(last)}"


def quantile_note(edges: Sequence[float], *, n_bins: int, attribute: str) -> tuple[Note, ...]:
    """Return the note that tells where an attribute was cut, and whether ties joined bins."""
    if not edges:
        return ()
    n_cut = len(edges) - 1
    at = ", ".join(map(number_text, edges[1:-1]))
    told = f"{attribute} is cut into {n_cut} quantile bins at {at}"
    if not at:
        told = f"{attribute} cannot be cut at quantiles: nearly all its values are the same"
    ties = f"; {n_bins} were asked for, and ties join the others" if n_cut < n_bins else ""
    text = f"{told} (one value for each patient, type 7; an edge counts upwards){ties}"
    return (Note(code="BR414", set=attribute, n=n_cut, text=text),)
