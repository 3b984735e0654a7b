"""A column compared between subgroups: the spread, and what may be concluded from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_biasruler.checks.finding import Estimate, Verdict
from pytest_biasruler.checks.membership import Membership, find_members
from pytest_biasruler.statistics.spread import Spread, estimate_spread, judge_bounds

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.evidence import Column, Evidence


def finite(number: float | None) -> float | None:
    """Return a plain float, or None where it is missing, NaN or infinite."""
    return float(number) if number is not None and math.isfinite(number) else None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Comparison:
    """A column, its subgroups and the spread between them."""

    column: Column
    members: Membership
    spread: Spread | None
    support: tuple[float, float] | None
    limit: float

    @property
    def pair(self) -> tuple[str, str]:
        """The two subgroups of the value.

        Raises
        ------
        ValueError
            If nothing could be compared.
        """
        if self.spread is None or self.spread.pair is None:
            raise ValueError("nothing was compared")
        return self.spread.pair

    @property
    def judged_cases(self) -> pd.Index:
        """Index of the cases that are in a judged subgroup."""
        return self.members.judged_among(self.column.per_case.index)

    def mean(self, name: str) -> float:
        """Mean of the column in a subgroup, in natural direction."""
        return next(g.mean for g in self.members.groups if g.name == name) or 0.0

    def n_patients(self, name: str) -> int:
        """Patients of a subgroup."""
        return int(next(g.n_patients for g in self.members.groups if g.name == name))


def compare(
    evidence: Evidence,
    declared: DeclaredCheck,
    column: Column,
    *,
    support: str | tuple[float, float],
    limit: float,
    both_orders: bool = False,
    by: Sequence[str] | None = None,
) -> Comparison:
    """Return the spread of the column's subgroup means with its guarded bounds.

    `support` is ``"pooled"``, ``"symmetric"`` or a pair of numbers (method, 2.3).
    """
    members = find_members(
        evidence, column, by=by or declared.by, min_patients=declared.min_patients
    )
    names = members.subgroups.of.reindex(column.per_case.index)
    kept = column.per_case[names.isin(members.judged).to_numpy()]
    baseline = declared.baseline
    if len(members.judged) < 2 or (baseline is not None and baseline not in members.judged):
        return Comparison(column=column, members=members, spread=None, support=None, limit=limit)
    edges = _edges(kept.to_numpy(), support)
    spread = estimate_spread(
        column.per_case.to_numpy(),
        subgroups=names.to_numpy(dtype=object),
        patients=evidence.number_patients(names.index),
        judged=members.judged,
        limit=limit,
        support=edges,
        baseline=baseline,
        both_orders=both_orders,
        alpha=declared.alpha,
    )
    return Comparison(column=column, members=members, spread=spread, support=edges, limit=limit)


def _edges(values: np.ndarray, support: str | tuple[float, float]) -> tuple[float, float]:
    if not isinstance(support, str):  # never narrower than what was seen
        return min(support[0], float(np.min(values))), max(support[1], float(np.max(values)))
    if support == "symmetric":
        widest = float(np.max(np.abs(values)))
        return -widest, widest
    return float(np.min(values)), float(np.max(values))


def conclude(
    comparison: Comparison, *, none_scored: str | None = None, wrong_pairing: bool = False
) -> tuple[Verdict, str | None]:
    """Return the verdict and, if it is INCONCLUSIVE, why.

    `none_scored` is the reason to give if no case has a value at all.
    """
    spread = comparison.spread
    if none_scored is not None and len(comparison.column.per_case) == 0:
        return Verdict.INCONCLUSIVE, none_scored
    if spread is None:
        return Verdict.INCONCLUSIVE, "too few subgroups"
    verdict = Verdict(judge_bounds(spread.low, spread.high, comparison.limit))
    if verdict == Verdict.PASS and wrong_pairing:
        return Verdict.INCONCLUSIVE, "wrong pairing"
    if verdict == Verdict.PASS and comparison.members.crowded:
        return Verdict.INCONCLUSIVE, "missing values"
    if verdict != Verdict.INCONCLUSIVE:
        return verdict, None
    detectable = finite(spread.min_detectable)
    weak = detectable is None or detectable > comparison.limit
    return verdict, "underpowered" if weak else "borderline"


def estimate_of(comparison: Comparison, *, alpha: float) -> Estimate | None:
    """Return the spread as the finding carries it."""
    spread = comparison.spread
    if spread is None:
        return None
    return Estimate(
        value=finite(spread.value),
        low=finite(spread.low),
        high=finite(spread.high),
        ci95=(finite(spread.ci95[0]), finite(spread.ci95[1])),
        pair=spread.pair,
        method=(
            f"guarded cluster-robust Welch, max-T level {spread.p_level:.4f} for the lower bound, "
            f"{1 - alpha:.4f} for the upper"
        ),
        alpha=alpha,
    )


def comparison_details(comparison: Comparison) -> dict[str, Any]:
    """Return what every check that compares subgroups shows."""
    spread, members = comparison.spread, comparison.members
    details: dict[str, Any] = {
        "counts": {"excluded": dict(members.excluded), "undefined": dict(members.undefined)},
        "too_small": list(members.too_small),
        "pairs": [],
        "level": None,
        "needed": None,
        "support": list(comparison.support) if comparison.support else None,
    }
    if spread is not None:
        details["level"] = finite(spread.p_level)
        details["needed"] = {name: finite(n) for name, n in spread.needed.items()} or None
        details["pairs"] = [
            {
                "a": contrast.a,
                "b": contrast.b,
                "estimate": finite(contrast.estimate),
                "low": finite(contrast.low),
                "high": finite(contrast.high),
                "p": finite(contrast.p),
            }
            for contrast in spread.contrasts
        ]
    return details
