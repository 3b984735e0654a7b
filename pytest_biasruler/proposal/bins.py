"""Bins for a column of numbers: round edges, and enough patients in each bin."""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OLDEST = 120
"""Upper edge of bins of age, above every age; where the oldest patient stands is not told."""

_MOST_BINS = 3
_NARROWEST, _LARGEST = 1e-6, 1e12  # beyond these, round edges are lost in the digits of a float


def propose_bins(
    values: Mapping[str, Sequence[float]], *, min_patients: int, is_age: bool = False
) -> tuple[float, ...] | None:
    """Return edges of up to three bins, rounded as far as each bin keeps enough patients.

    Parameters
    ----------
    values : mapping
        Patient to the values of the cases of that patient, finite.
    min_patients : int
        Patients that each bin must hold; with too few of them in all, two bins are made anyway.
    is_age : bool
        Whether the numbers are years of age, for which the outer edges are 0 and 120.

    Returns
    -------
    tuple of float or None
        Rising edges, left-closed; None for one value alone, for numbers above 10**12 and for ages
        below 0 or above 120.

    Examples
    --------
    >>> ages = {f"p{n}": [20 + n] for n in range(60)}
    >>> propose_bins(ages, min_patients=20, is_age=True)
    (0.0, 40.0, 60.0, 120.0)
    >>> propose_bins(ages, min_patients=25, is_age=True)
    (0.0, 50.0, 120.0)
    """
    every = sorted(value for each in values.values() for value in each)
    if not every or not max(map(abs, every)) <= _LARGEST:
        return None
    if not every[-1] - every[0] >= _NARROWEST:
        return None
    if is_age and not 0 <= every[0] <= every[-1] <= OLDEST:
        return None
    steps = _steps(every, is_age=is_age)
    ends = (0.0, float(OLDEST)) if is_age else _ends(every, step=steps[0])
    for n_bins in range(_MOST_BINS, 1, -1):
        for step in steps:
            edges = _edges(every, n_bins=n_bins, step=step, ends=ends)
            if edges and min(count_patients(values, edges)) >= min_patients:
                return edges
    return _edges(every, n_bins=2, step=steps[-1], ends=ends)


def count_patients(values: Mapping[str, Sequence[float]], edges: Sequence[float]) -> list[int]:
    """Return how many patients have a case in each bin.

    Examples
    --------
    >>> count_patients({"a": [1], "b": [2, 7], "c": [8]}, [0, 5, 8])
    [2, 2]
    """
    counts = [0] * (len(edges) - 1)
    for each in values.values():
        for place in {min(bisect_right(edges, value), len(counts)) - 1 for value in each}:
            counts[place] += 1
    return counts


def _steps(every: Sequence[float], *, is_age: bool) -> list[float]:
    """Return to what edges are rounded, the roundest first."""
    if is_age:
        return [10.0, 5.0, 1.0]
    size = math.floor(math.log10(every[-1] - every[0]))
    steps = [10.0**size, 5 * 10.0 ** (size - 1), 10.0 ** (size - 1), 10.0 ** (size - 2)]
    is_whole = all(value.is_integer() for value in every)
    return [step for step in steps if step >= 1] or [1.0] if is_whole else steps


def _edges(
    every: Sequence[float], *, n_bins: int, step: float, ends: tuple[float, float]
) -> tuple[float, ...] | None:
    """Return edges near the quantiles, None if two of them meet."""
    near = (every[len(every) * n // n_bins] for n in range(1, n_bins))
    inner = [math.floor(value / step) * step for value in near]
    inner = [edge if edge > every[0] else edge + step for edge in inner]
    edges = tuple(_clean(edge) for edge in (ends[0], *inner, ends[1]))
    rises = all(a < b for a, b in pairwise(edges))
    holds_all = edges[0] <= every[0] and edges[-2] <= every[-1] <= edges[-1]
    return edges if rises and holds_all else None


def _ends(every: Sequence[float], *, step: float) -> tuple[float, float]:
    """Return the outer edges, round enough not to tell the smallest and the largest value."""
    return math.floor(every[0] / step) * step, math.ceil(every[-1] / step) * step


def _clean(edge: float) -> float:
    """Return an edge without the dust of arithmetic, such as 0.30000000000000004."""
    return float(f"{edge:.12g}")
