"""Where an open finding is heading, and how many labels or patients take it there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.statistics.power import POWER
from pytest_biasruler.statistics.settling import chance_of_verdict, settle_gap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_biasruler.audit.supply import Supply
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.statistics.allocation import Allocation, Stock


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """Where a finding is heading: the pairs that stand in the way, each with its margin."""

    towards: Verdict
    level: float
    margins: Mapping[tuple[str, str], float]


def find_goal(finding: Finding) -> Goal | None:
    """Return which pairs have to pass the limit, and in which direction."""
    estimate, limit = finding.estimate, finding.limit
    if estimate is None or estimate.value is None or estimate.pair is None or limit is None:
        return None
    if estimate.value == limit:
        return None
    pairs = {(pair["a"], pair["b"]): pair for pair in finding.details.get("pairs") or ()}
    level = finding.details.get("level")
    if estimate.value > limit:
        margins = {estimate.pair: estimate.value - limit}
        return Goal(towards=Verdict.FAIL, level=level or 1 - estimate.alpha, margins=margins)
    open_pairs = {
        names: limit - pair["estimate"]
        for names, pair in pairs.items()
        if pair["estimate"] is not None and not (pair["high"] or 0.0) < limit
    }
    return Goal(towards=Verdict.PASS, level=1 - estimate.alpha, margins=open_pairs)


def count_labels(
    goal: Goal, supplies: Mapping[str, Supply]
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the labelled patients that each subgroup wants, and the further patients."""
    wanted = {name: float(supply.stock.n_labelled) for name, supply in supplies.items()}
    further = dict.fromkeys(supplies, 0.0)
    # All of them have to pass: each gets its share of the chance that one does not.
    chance = 1 - (1 - POWER) / max(len(goal.margins), 1)
    for (a, b), margin in goal.margins.items():
        found = _settle(goal, supplies[a], supplies[b], margin=margin, chance=chance)
        for name, n in zip((a, b), found.labelled, strict=True):
            n_patients = supplies[name].stock.n_patients
            wanted[name] = max(wanted[name], n if found.is_possible else min(n, n_patients))
            further[name] = max(further[name], 0.0 if found.is_possible else n - n_patients)
    return wanted, further


def chance_of_labels(
    goal: Goal, supplies: Mapping[str, Supply], labelled: Mapping[str, float]
) -> float:
    """Return the chance of the verdict if so many patients are labelled in the end.

    Several pairs all have to pass, and each may fail to; so it is at least this.
    """
    missed = 0.0
    for (a, b), margin in goal.margins.items():
        chance = chance_of_verdict(
            *_stocks(goal, supplies[a], supplies[b]),
            labelled=(labelled[a], labelled[b]),
            margin=margin,
            level=goal.level,
        )
        missed += 1 - chance
    return max(1 - missed, 0.0)


def _settle(goal: Goal, a: Supply, b: Supply, *, margin: float, chance: float) -> Allocation:
    """Return the labels of one pair."""
    return settle_gap(*_stocks(goal, a, b), margin=margin, level=goal.level, chance=chance)


def _stocks(goal: Goal, a: Supply, b: Supply) -> tuple[Stock, Stock]:
    """Return the stocks of one pair; the phantoms stand where they hurt its verdict."""
    edges = (a.mean - a.low, b.high - b.mean)
    if goal.towards == Verdict.PASS:
        edges = (a.high - a.mean, b.mean - b.low)
    return replace(a.stock, edge=edges[0]), replace(b.stock, edge=edges[1])
