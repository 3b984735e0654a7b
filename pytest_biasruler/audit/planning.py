"""What to label next: how many labels, and whose, would turn an open finding into a verdict."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any

from pytest_biasruler.audit.goal import chance_of_labels, count_labels, find_goal
from pytest_biasruler.audit.queue import draw_queue
from pytest_biasruler.audit.supply import Supply, find_supplies
from pytest_biasruler.checks.finding import Status, Verdict
from pytest_biasruler.checks.quantities import is_trend
from pytest_biasruler.statistics.power import POWER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_biasruler.audit.goal import Goal
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.finding import Finding

PLANNED = ("gap", "ruler", "rectified")
"""Checks whose open findings more labels may settle."""

_FIRST = {
    "no pairs": "no case has a score by both references yet",
    "wrong pairing": "most predictions do not touch their reference, which has to be mended first",
    "not a random subset": "the labelled cases are not known to be a random part, so more labels "
    "beside them settle nothing; draw a random part and declare how",
    "multiplicity": "it is beyond the limit alone and open only among all checks of the file",
    "too few subgroups": "fewer than two subgroups have enough patients with an expert's label",
}
"""What stands before any number of labels, by the reason why a finding is open."""

_LOST = "more than 5 % of the cases of a subgroup are lost for other reasons than a missing label"
_AT_LIMIT = "the estimate lies at the limit"
_TOO_MANY = "more than 10,000 patients would be needed"


def plan_labels(evidence: Evidence, finding: Finding, *, show_cases: bool = False) -> Finding:
    """Return the finding with ``details["plan"]`` if it is open and labels might settle it.

    Case names in it are aliases unless `show_cases` is true.
    """
    is_planned = finding.check in PLANNED and not is_trend(finding)
    if not is_planned or finding.verdict != Verdict.INCONCLUSIVE:
        return finding
    plan = _plan(evidence, finding)
    if not show_cases:
        plan = {**plan, "queue": [_aliased(evidence, entry) for entry in plan["queue"]]}
    details = {**finding.details, "needed": _needed(finding, plan), "plan": plan}
    return replace(finding, details=details)


def _needed(finding: Finding, plan: Mapping[str, Any]) -> dict[str, float | None] | None:
    """Return how many more patients with a label it takes, as the plan says, if it says that.

    By itself a check knows the patients it has judged, not who is there and could be labelled.
    """
    known: dict[str, float | None] | None = finding.details.get("needed")
    if known is None:  # more labels may do, and only the plan tells how many
        return None
    if plan["level"] is not None:
        return {row["name"]: row["labels"] + row["further"] for row in plan["subgroups"]}
    return dict.fromkeys(known) if _TOO_MANY in str(plan["reason"]) else known


def _aliased(evidence: Evidence, entry: Mapping[str, Any]) -> dict[str, Any]:
    aliases = evidence.scored.aliases
    return {**entry, "cases": [aliases.get(case, "case") for case in entry["cases"]]}


def _plan(evidence: Evidence, finding: Finding) -> dict[str, Any]:
    if finding.reason in _FIRST:
        return _fill(evidence, finding) or _nothing(_FIRST[str(finding.reason)])
    goal = find_goal(finding)
    if goal is None:
        return _nothing(_AT_LIMIT)
    judged = [group.name for group in finding.groups if group.status == Status.JUDGED]
    supplies = find_supplies(evidence, finding, names=judged)
    covers = goal.towards == Verdict.PASS and finding.check != "rectified"
    if covers and any(supply.n_spare < 0 for supply in supplies.values()):
        return _nothing(_LOST, towards=goal.towards)
    wanted, further = count_labels(goal, supplies)
    if inf in (*wanted.values(), *further.values()):
        return _nothing(f"it cannot be settled at this limit: {_TOO_MANY}", towards=goal.towards)
    seed = sum(supply.stock.n_labelled for supply in supplies.values())
    drawn = {
        name: draw_queue(
            evidence,
            finding,
            supply,
            n_wanted=int(wanted[name]),
            n_spare=supply.n_spare if covers else None,
            seed=seed,
        )
        for name, supply in supplies.items()
    }
    rows = [_row(supply, drawn[name], further[name]) for name, supply in supplies.items()]
    return {
        "towards": str(goal.towards),
        "settled_by": _settled_by(rows),
        "reason": None,
        "chance": POWER,
        "chance_labels": _chance_of_list(goal, supplies, rows),
        "level": goal.level,
        "seed": seed,
        "subgroups": rows,
        "queue": [entry for entries in drawn.values() for entry in entries],
    }


def _chance_of_list(
    goal: Goal, supplies: Mapping[str, Supply], rows: Sequence[Mapping[str, Any]]
) -> float:
    """Return the chance of a verdict with the listed labels and no further patient."""
    if _settled_by(rows) == "labels":
        return POWER
    there = {row["name"]: float(row["labelled"] + row["labels"]) for row in rows}
    return chance_of_labels(goal, supplies, there)


def _fill(evidence: Evidence, finding: Finding) -> dict[str, Any] | None:
    """Return the labels that make subgroups large enough to be judged, if they are there."""
    design = finding.details.get("design") or {}
    if finding.reason != "too few subgroups" or not design.get("is_random"):
        return None
    names = [group.name for group in finding.groups if group.status != Status.MISSING]
    supplies = find_supplies(evidence, finding, names=names)
    enough = {
        name: supply
        for name, supply in supplies.items()
        if supply.stock.n_patients >= design["min_patients"]
    }
    if len(enough) < 2:
        return None
    seed = sum(supply.stock.n_labelled for supply in supplies.values())
    drawn = {
        name: draw_queue(
            evidence,
            finding,
            supply,
            n_wanted=max(design["min_patients"], supply.stock.n_labelled),
            n_spare=None,
            seed=seed,
        )
        for name, supply in enough.items()
    }
    return {
        **_nothing(f"{_FIRST[finding.reason]}; these labels would let them be judged, no more"),
        "settled_by": "labels",
        "seed": seed,
        "subgroups": [_row(supply, drawn[name], 0) for name, supply in enough.items()],
        "queue": [entry for entries in drawn.values() for entry in entries],
    }


def _nothing(reason: str, *, towards: Verdict | None = None) -> dict[str, Any]:
    """Return the plan of a finding that labels alone cannot settle."""
    return {
        "towards": None if towards is None else str(towards),
        "settled_by": "nothing",
        "reason": reason,
        "chance": None,
        "chance_labels": None,
        "level": None,
        "seed": None,
        "subgroups": [],
        "queue": [],
    }


def _settled_by(rows: Sequence[Mapping[str, Any]]) -> str:
    return "patients" if any(row["further"] for row in rows) else "labels"


def _row(supply: Supply, entries: Sequence[Mapping[str, Any]], further: float) -> dict[str, Any]:
    asked = [entry for entry in entries if entry["rank"] is not None]
    return {
        "name": supply.stock.name,
        "labelled": supply.stock.n_labelled,
        "open": supply.n_open,
        "labels": len(asked),
        "cases": sum(len(entry["cases"]) for entry in asked),
        "further": int(further),
    }
