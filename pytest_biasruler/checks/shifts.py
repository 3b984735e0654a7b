"""Every shape feature of every contrast, judged together: by how much some of them differ."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan
from typing import TYPE_CHECKING

from pytest_biasruler.statistics.guarded_shift import guard_delta
from pytest_biasruler.statistics.side import FEWEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_biasruler.checks.anatomy import Patients, Sides
    from pytest_biasruler.statistics.shift import Delta


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift:
    """One feature between two sides.

    Attributes
    ----------
    delta : Delta or None
        Plain; None if a side has fewer than two patients with this feature.
    low, high : float
        Guarded bounds of delta that decide; -1 and 1 where there is none.
    p : float
        Guarded, one-sided, of "the size of delta does not exceed the limit", not adjusted.
    medians : tuple of float
        Of both sides; NaN of a side without a patient.
    """

    feature: str
    sides: Sides
    delta: Delta | None
    low: float
    high: float
    p: float
    medians: tuple[float, float]

    @property
    def size(self) -> float:
        """|delta|; below every other where there is none."""
        return abs(self.delta.value) if self.delta else -1.0

    @property
    def size_bounds(self) -> tuple[float, float]:
        """Lower and upper bound of |delta|."""
        return max(0.0, self.low, -self.high), max(-self.low, self.high)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shifts:
    """All features of all contrasts.

    Attributes
    ----------
    each : tuple of Shift
        By contrast, then by feature.
    limit : float
        What no |delta| should exceed.
    level : float
        One-sided level of the bounds that show a shift, corrected for both sides of all of them.
    alpha : float
    """

    each: tuple[Shift, ...]
    limit: float
    level: float
    alpha: float

    @property
    def told(self) -> Shift | None:
        """The shift of the largest size, of those surely beyond the limit if there are any.

        The first of equals; None if no delta is known.
        """
        top = max(self.each, key=lambda shift: (self._is_sure(shift), shift.size), default=None)
        return top if top is not None and top.delta is not None else None

    @property
    def bounds(self) -> tuple[float, float]:
        """Lower bound of what is told, and the largest of all upper bounds."""
        top = self.told
        return top.size_bounds[0] if top else 0.0, max(s.size_bounds[1] for s in self.each)

    def _is_sure(self, shift: Shift) -> bool:
        return shift.size_bounds[0] > self.limit

    @property
    def p_fail(self) -> float:
        """Bonferroni's p over both sides of every shift."""
        return min(1.0, 2 * len(self.each) * min(shift.p for shift in self.each))

    @property
    def min_detectable(self) -> float:
        """Excess of the largest |delta| over the limit that a FAIL finds in 80 %."""
        top = self.told
        if top is None or top.delta is None:
            return nan
        return top.delta.detectable(self.limit, level=self.level)

    @property
    def needed(self) -> dict[str, float]:
        """More patients of each side for a verdict: all must pass, but one is enough to fail."""
        top = self.told
        if top is not None and top.size > self.limit:
            return _more_patients(top, self.limit, level=self.level)
        needed: dict[str, float] = {}
        for shift in self.each:
            for name, n in _more_patients(shift, self.limit, level=1 - self.alpha).items():
                needed[name] = max(n, needed.get(name, 0))
        return needed


def measure_shifts(
    rows: Sequence[Patients], *, features: Sequence[str], limit: float, alpha: float
) -> Shifts:
    """Return how far every feature of every contrast differs; at least one of each is given."""
    level = 1 - alpha / (2 * len(features) * len(rows))
    each = tuple(
        _measure_shift(patients, feature, limit=limit, levels=(level, 1 - alpha))
        for patients in rows
        for feature in features
    )
    return Shifts(each=each, limit=limit, level=level, alpha=alpha)


def _measure_shift(
    patients: Patients, feature: str, *, limit: float, levels: tuple[float, float]
) -> Shift:
    first, second = patients.values(feature)
    is_known = min(len(first), len(second)) >= FEWEST
    guarded = guard_delta(first, second) if is_known else None
    strict, plain = levels
    low, high = guarded.decision_bounds(strict=strict, plain=plain) if guarded else (-1.0, 1.0)
    return Shift(
        feature=feature,
        sides=patients.sides,
        delta=guarded.plain if guarded else None,
        low=low,
        high=high,
        p=guarded.tail(limit) if guarded else 1.0,
        medians=patients.medians(feature),
    )


def _more_patients(shift: Shift, limit: float, *, level: float) -> dict[str, float]:
    names = (shift.sides.a, shift.sides.b)
    if shift.delta is None:
        return dict.fromkeys(names, inf)
    more = shift.delta.more_patients(limit, level=level)
    return dict(zip(names, more, strict=True))
