"""Do subgroups score differently?

The column is s*y(model, reference). Without a baseline the gap is the largest minus the smallest
subgroup mean; with one it is the baseline's mean minus the subgroup's, signed. Own keys:
``continuous`` and ``step``: the slope of the column along a number, per step, in their place.
"""

from __future__ import annotations

from dataclasses import fields
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_biasruler.checks.answer import answer_comparison, note_automated
from pytest_biasruler.checks.bounds import bounds_of
from pytest_biasruler.checks.challenge import DICE, DISTANCE, describe_challenge
from pytest_biasruler.checks.comparison import compare, finite
from pytest_biasruler.checks.evidence import score_column
from pytest_biasruler.checks.numbers import format_number
from pytest_biasruler.checks.trend import follow_score
from pytest_biasruler.statistics.shrinkage import shrink_means
from pytest_biasruler.statistics.spread import tipping_point
from pytest_biasruler.statistics.summaries import summarise_subgroups

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.comparison import Comparison
    from pytest_biasruler.checks.evidence import Column, Evidence
    from pytest_biasruler.checks.finding import Finding

N_QUANTILES = 41


def check_gap(evidence: Evidence, declared: DeclaredCheck) -> Finding:
    """Return whether some subgroup is surely worse than another by more than the limit."""
    if declared.options.get("continuous"):
        return follow_score(evidence, declared)
    column = score_column(
        evidence,
        declared.metric,
        model=str(declared.model),
        reference=str(declared.reference),
        label=declared.label,
    )
    comparison = compare_scores(evidence, declared, column, limit=float(declared.limit or 0.0))
    return answer_comparison(
        evidence,
        declared,
        comparison,
        statement=state_gap(evidence, declared, comparison),
        details={} if evidence.is_brief else _details(evidence, declared, comparison),
    )


def compare_scores(
    evidence: Evidence, declared: DeclaredCheck, column: Column, *, limit: float
) -> Comparison:
    """Return the gap of a score column, guarded by the support that the check declares."""
    support: str | tuple[float, float] = "pooled"
    if declared.support == "bounds":
        support = bounds_of(evidence, declared, column)
    return compare(evidence, declared, column, support=support, limit=limit)


def state_gap(evidence: Evidence, declared: DeclaredCheck, comparison: Comparison) -> str:
    """Return the gap as one sentence."""
    metric = evidence.metric(declared.metric)
    title, spread = metric.title, comparison.spread
    attribute = " and ".join(declared.by)
    if spread is None:
        return f"{title} cannot be compared between subgroups of {attribute}"
    best, worst = comparison.pair
    value = format_number(spread.value, limit=declared.limit)
    unit = f" {metric.unit}" if metric.unit else ""
    of_best, of_worst = (
        f"{name}: {format_number(comparison.mean(name))}" for name in (best, worst)
    )
    ending = note_automated(evidence, declared)
    if declared.baseline is None:
        return (
            f"{title} differs by {value}{unit} between subgroups of {attribute} "
            f"(best {of_best}, worst {of_worst}){ending}"
        )
    return (
        f"{title} of {attribute} {worst} is {value}{unit} worse than of {best} "
        f"({of_worst}, {of_best}){ending}"
    )


def _details(
    evidence: Evidence, declared: DeclaredCheck, comparison: Comparison
) -> dict[str, Any]:
    metric = evidence.metric(declared.metric)
    shown = comparison.column.shown
    names = comparison.members.subgroups.of.reindex(shown.index)
    by_name = {str(name): part for name, part in shown.groupby(names, sort=True)}
    spread = comparison.spread
    return {
        "kind": "spread" if declared.baseline is None else "against baseline",
        "distribution": {
            name: [float(q) for q in np.quantile(part, np.linspace(0, 1, N_QUANTILES))]
            for name, part in by_name.items()
        },
        "complement": {
            name: finite(part.mean() - shown[(names != name).to_numpy()].mean())
            for name, part in by_name.items()
            if len(part) < len(shown)
        },
        "tipping": finite(tipping_point(spread.low, spread.high, comparison.limit))
        if spread
        else None,
        "heterogeneity_sd": finite(spread.heterogeneity_sd) if spread else None,
        "shrunk": _shrink(comparison, sign=metric.sign),
        "published": _publish(comparison) if metric.is_share else {},
        "challenge": _challenge(evidence, declared),
        **_without_absent(evidence, declared, comparison),
    }


def _shrink(comparison: Comparison, *, sign: float) -> dict[str, Any]:
    """Return the shrunk means of the subgroups that are too small to judge (method, 2.9)."""
    spread, members = comparison.spread, comparison.members
    if spread is None or not members.too_small:
        return {}
    known = [g for g in spread.groups if g.name != members.subgroups.missing and g.n_patients]
    means = shrink_means(
        [group.mean for group in known],
        variances=[group.variance for group in known],
        n_patients=[group.n_patients for group in known],
    )
    return {
        group.name: {"mean": finite(sign * shrunk.mean), "sd": finite(shrunk.sd)}
        for group, shrunk in zip(known, means, strict=True)
        if group.name in members.too_small
    }


def _publish(comparison: Comparison) -> dict[str, Any]:
    """Return the summaries that papers print, over the judged subgroups (method, 4.10)."""
    judged = [g for g in comparison.members.groups if g.name in comparison.members.judged]
    if len(judged) < 2:
        return {}
    summaries = summarise_subgroups(
        [nan if group.mean is None else group.mean for group in judged],
        sds=[nan if group.sd is None else group.sd for group in judged],
        n_cases=[group.n_cases for group in judged],
    )
    return {item.name: finite(getattr(summaries, item.name)) for item in fields(summaries)}


def _challenge(evidence: Evidence, declared: DeclaredCheck) -> dict[str, Any] | None:
    """Return the MAMA-MIA challenge's score of the model, beside the metrics it is made of."""
    if declared.metric not in (DICE, DISTANCE):
        return None
    return describe_challenge(
        evidence,
        model=str(declared.model),
        reference=str(declared.reference),
        label=declared.label,
    )


def _without_absent(
    evidence: Evidence, declared: DeclaredCheck, comparison: Comparison
) -> dict[str, Any]:
    """Return how many cases are agreed absent, and the gap when they are left out."""
    rows = evidence.pair(str(declared.model), str(declared.reference), declared.label)
    absent = rows.index[rows["status"] == "agreed absent"]
    of = comparison.members.subgroups.of
    counts = of.reindex(absent).value_counts()
    result: dict[str, Any] = {
        "agreed_absent": {str(name): int(counts[name]) for name in sorted(counts.index)},
        "gap_without_absent": None,
    }
    if len(absent):
        rest = comparison.column.only(comparison.column.per_case.index.difference(absent))
        spread = compare_scores(evidence, declared, rest, limit=comparison.limit).spread
        result["gap_without_absent"] = finite(spread.value) if spread else None
    return result
