"""A figure: all values measured of one thing, told by median and spread."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """Values of one thing in one run.

    Attributes
    ----------
    name : str
        Unique in its section; targets and pages find the figure by it.
    title : str
        What a reader sees.
    unit : str
        ``"s"``, ``"ms"``, ``"MiB"`` or ``"x"`` for a ratio.
    """

    name: str
    title: str
    unit: str
    values: tuple[float, ...]
    note: str = ""

    def to_plain(self) -> dict[str, Any]:
        """Return the figure as it stands in the results: median, smallest, largest, how many."""
        return {
            "name": self.name,
            "title": self.title,
            "unit": self.unit,
            "median": round_off(statistics.median(self.values)),
            "min": round_off(min(self.values)),
            "max": round_off(max(self.values)),
            "n": len(self.values),
            "note": self.note,
        }


def list_ratios(above: Sequence[float], below: Sequence[float]) -> tuple[float, ...]:
    """Return `above` / `below` value by value: both were measured in turn.

    Examples
    --------
    >>> list_ratios([6.0, 9.0], [2.0, 2.0])
    (3.0, 4.5)
    """
    return tuple(a / b for a, b in zip(above, below, strict=True))


def round_off(value: float, *, digits: int = 4) -> float:
    """Return `value` with so many significant digits; more than these no clock can tell.

    Examples
    --------
    >>> round_off(0.0123456), round_off(123456.0)
    (0.01235, 123500.0)
    """
    return float(f"{value:.{digits}g}")
