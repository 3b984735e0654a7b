"""How the answer of `success` depends on where success begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_biasruler.checks.comparison import conclude, finite
from pytest_biasruler.checks.membership import find_members
from pytest_biasruler.checks.rates import (
    compare_rates,
    compare_successes,
    judge_ratio,
    mark_successes,
    ratio_limit,
)

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.evidence import Column, Evidence

DEFAULT_SWEEP = tuple(round(0.50 + 0.05 * step, 2) for step in range(10))
"""Thresholds for metrics on the 0-1 scale; a metric with a unit must declare its own."""


def describe_sweep(
    evidence: Evidence, declared: DeclaredCheck, scores: Column, *, threshold: float
) -> dict[str, Any]:
    """Return rates, ratio with bounds, worst subgroup and verdict at each threshold of the sweep.

    `fragile`: verdict or worst subgroup change within one step of the declared threshold;
    `saturated`: some rate at the declared threshold is 0 or 1.
    """
    own = _at(evidence, declared, scores, threshold)
    thresholds = declared.options.get("sweep") or ()
    if not thresholds and evidence.metric(declared.metric).is_share:
        thresholds = DEFAULT_SWEEP
    sweep = [_at(evidence, declared, scores, float(tau)) for tau in sorted(thresholds)]
    return {
        "sweep": sweep,
        "fragile": any(
            (row["verdict"], row["worst"]) != (own["verdict"], own["worst"])
            for row in _neighbours(sweep, threshold)
        ),
        "saturated": any(rate in (0.0, 1.0) for rate in own["rates"].values()),
    }


def _neighbours(sweep: list[dict[str, Any]], threshold: float) -> list[dict[str, Any]]:
    """Return the steps of the sweep right below and right above the threshold."""
    below = [row for row in sweep if row["threshold"] < threshold]
    above = [row for row in sweep if row["threshold"] > threshold]
    return [*below[-1:], *above[:1]]


def _at(
    evidence: Evidence, declared: DeclaredCheck, scores: Column, threshold: float
) -> dict[str, Any]:
    column = mark_successes(evidence, declared, scores, threshold=threshold)
    members = find_members(evidence, column, by=declared.by, min_patients=declared.min_patients)
    ratio = compare_rates(evidence, declared, column, members)
    rates = {g.name: g.mean for g in members.groups if g.name in members.judged}
    if declared.options["statistic"] == "ratio":
        verdict, _ = judge_ratio(ratio, members, ratio_limit(declared))
    else:
        verdict, _ = conclude(compare_successes(evidence, declared, column))
    return {
        "threshold": threshold,
        "rates": rates,
        "dir": finite(ratio.value) if ratio else None,
        "low": finite(ratio.low) if ratio else None,
        "high": finite(ratio.high) if ratio else None,
        "dpd": finite(ratio.difference) if ratio else None,
        "worst": min(rates, key=lambda name: (rates[name], name)) if rates else None,
        "verdict": str(verdict),
    }
