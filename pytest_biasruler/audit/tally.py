"""What many worlds add up to: shares with exact intervals, and the smallest bias caught."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.statistics.binomial import exact_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_biasruler.audit.scene import Answer

CAUGHT = 0.8
"""Share of worlds in which a bias must be caught to count as caught."""

STRONG = 2.0
"""Biases of at least so many limits count as mutants that a gate has to catch."""


@dataclass(kw_only=True, slots=True)
class Tally:
    """One operator at one size in all worlds; or no bias at all."""

    n: int = 0
    n_fail: int = 0
    n_caught: int = 0
    n_pass: int = 0
    realised: list[float] = field(default_factory=list)

    def count(self, answer: Answer) -> None:
        """Note one world."""
        self.n += 1
        self.n_caught += answer.is_caught
        self.n_fail += answer.verdict == Verdict.FAIL
        self.n_pass += answer.verdict == Verdict.PASS
        if answer.realised is not None:
            self.realised.append(answer.realised)

    @property
    def mean_size(self) -> float | None:
        """Mean realised size, in limits."""
        return sum(self.realised) / len(self.realised) if self.realised else None


def share_of(count: int, n: int, *, alpha: float | None = None) -> dict[str, Any]:
    """Return a share with its exact 95 % interval, flagged if that lies above `alpha`.

    Examples
    --------
    >>> share = share_of(20, 200, alpha=0.05)
    >>> share["share"], round(share["low"], 3), share["flagged"]
    (0.1, 0.062, True)
    """
    low, high = exact_interval(count, n)
    return {
        "count": count,
        "n": n,
        "share": count / n if n else None,
        "low": low,
        "high": high,
        "flagged": alpha is not None and low > alpha,
    }


def point_of(size: float, tally: Tally, as_is: Answer, *, signed: bool) -> dict[str, Any]:
    """Return one point of a catch curve.

    `signed`: only a bias in the direction that the check looks at counts as one.
    """
    realised = tally.mean_size
    if realised is None:
        realised = as_is.realised
    return {
        "size": size,
        "realised": realised if realised is None or signed else abs(realised),
        "n": tally.n,
        "fail": tally.n_fail / tally.n if tally.n else None,
        "caught": tally.n_caught / tally.n if tally.n else None,
        "pass": tally.n_pass / tally.n if tally.n else None,
        "as_is": None if as_is.verdict is None else str(as_is.verdict),
        "as_is_caught": as_is.is_caught,
    }


def known_points(operators: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return all points that were counted in null worlds and have a size, the smallest first."""
    points = [
        {**point, "operator": operator["name"]}
        for operator in operators
        for point in operator["points"]
        if point["n"] and point["realised"] is not None
    ]
    return sorted(points, key=lambda point: point["realised"])


def smallest_caught(points: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the smallest bias that is caught in at least 80 % of worlds."""
    caught = (point for point in points if point["realised"] > 0 and point["caught"] >= CAUGHT)
    return next(caught, None)


def false_safe(points: Sequence[dict[str, Any]], *, alpha: float) -> dict[str, Any] | None:
    """Return how often a bias at the limit passes: at the smallest size that is not below it."""
    at_limit = next((point for point in points if point["realised"] >= 1), None)
    if at_limit is None:
        return None
    n_pass = round(at_limit["pass"] * at_limit["n"])
    return {
        **share_of(n_pass, at_limit["n"], alpha=alpha),
        "operator": at_limit["operator"],
        "realised": at_limit["realised"],
    }


def mutation_score(points: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Return how many biases of at least two limits there were, and how many are caught.

    Examples
    --------
    >>> points = [{"realised": size, "caught": 0.9} for size in (1.0, 2.0, 3.0)]
    >>> mutation_score(points)
    {'caught': 2, 'of': 2}
    """
    mutants = [point for point in points if point["realised"] >= STRONG]
    return {
        "caught": sum(point["caught"] >= CAUGHT for point in mutants),
        "of": len(mutants),
    }
