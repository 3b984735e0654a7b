"""From numbers to places on paper: linear axes with round ticks."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import TYPE_CHECKING

from pytest_biasruler.report.marks import tenth
from pytest_biasruler.report.numbers import typeset

if TYPE_CHECKING:
    from collections.abc import Iterable

_CUT = 3.0
"""Bounds further from the estimates than this many of their spans end in an arrow."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """A linear map of [low, high] to the places [start, end]."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Return the coordinate of `value`, held within the axis, with one decimal."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return tenth(self.start + share * (self.end - self.start))

    def holds(self, value: float) -> bool:
        """Return whether `value` lies on the axis."""
        return self.low <= value <= self.high

    def ticks(self, most: int = 5) -> tuple[tuple[float, str], ...]:
        """Return at most `most` round numbers on the axis, each with its text."""
        step = _round_step((self.high - self.low) / most)
        first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
        decimals = max(0, -floor(log10(step) + 1e-9))
        return tuple(
            (n * step, typeset(f"{n * step + 0.0:.{decimals}f}")) for n in range(first, last + 1)
        )


def _round_step(least: float) -> float:
    """Return the smallest of 1, 2, 5, 10, ... (times a power of ten) that is not below `least`."""
    power = 10.0 ** floor(log10(least))
    return next(
        power * step for step in (1.0, 2.0, 5.0, 10.0) if power * step >= least * (1 - 1e-9)
    )


def fit_scale(
    values: Iterable[float | None],
    *,
    bounds: Iterable[float | None] = (),
    at_least: float = 0.0,
    start: float,
    end: float,
) -> Scale:
    """Return an axis that holds all `values`, and `bounds` as far as they leave these readable.

    Parameters
    ----------
    values, bounds : iterable of float or None
        None is left out. No value at all gives the axis 0 to 1.
    at_least : float
        What the axis spans at the least.
    start, end : float
        Coordinates of the two ends.
    """
    core = [value for value in values if value is not None and isfinite(value)]
    if not core:
        return Scale(low=0.0, high=1.0, start=start, end=end)
    low, high = min(core), max(core)
    span = (high - low) or abs(high) * 0.1 or 0.1
    wide = [bound for bound in bounds if bound is not None and isfinite(bound)]
    low = max(min([low, *wide]), low - _CUT * span)
    high = min(max([high, *wide]), high + _CUT * span)
    short = max(at_least - (high - low), 0.0) / 2
    low, high = low - short, high + short
    margin = 0.06 * ((high - low) or span)
    return Scale(low=low - margin, high=high + margin, start=start, end=end)
