"""Who agrees with whom: the triangle of model, automated and expert, and what looks too sure."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from pytest_biasruler.checks.comparison import finite
from pytest_biasruler.checks.evidence import paired_difference, score_column
from pytest_biasruler.statistics.spread import estimate_mean
from pytest_biasruler.statistics.variance import estimate_variance_ratio
from pytest_biasruler.statistics.worst import find_worst_flip

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.comparison import Comparison
    from pytest_biasruler.checks.evidence import Column, Evidence

MAX_SHARE_OF_TRAINING_MASKS = 0.01
"""Share of a model's masks that may equal the automated ones before it is called leakage."""


def agreement_details(
    evidence: Evidence,
    declared: DeclaredCheck,
    comparison: Comparison,
    *,
    expert: Column,
    automated: Column,
) -> dict[str, Any]:
    """Return triangle, near twins, leakage, ratio of spreads and flips of the worst subgroup."""
    labels = score_column(
        evidence,
        declared.metric,
        model=str(declared.automated),
        reference=str(declared.reference),
        label=declared.label,
    )
    return {
        "agreement": _triangle(comparison, expert, automated, labels),
        **_near_twins(evidence, declared, expert, automated, labels),
        "leakage": _leakage(evidence, declared),
        **_spread_of_scores(evidence, declared, comparison, expert, automated),
        "worst_flip": _worst_flip(evidence, declared, comparison, expert, automated),
    }


def _triangle(
    comparison: Comparison, expert: Column, automated: Column, labels: Column
) -> dict[str, dict[str, float | None]]:
    """Return the three mean scores over complete cases, of all and of each subgroup."""
    cases = comparison.column.per_case.index.intersection(labels.per_case.index)
    names = comparison.members.subgroups.of.reindex(cases)
    edges = {
        "model_expert": expert.shown,
        "model_automated": automated.shown,
        "automated_expert": labels.shown,
    }
    triangle = {"all": {edge: finite(shown.loc[cases].mean()) for edge, shown in edges.items()}}
    for name in comparison.members.subgroups.order:
        part = names.index[names == name]
        triangle[str(name)] = {edge: finite(s.loc[part].mean()) for edge, s in edges.items()}
    return triangle


def _near_twins(
    evidence: Evidence,
    declared: DeclaredCheck,
    expert: Column,
    automated: Column,
    labels: Column,
) -> dict[str, Any]:
    """Return whether model and automated label are surely closer than either is to the expert.

    `near_twins_low` is by how much they are, at the least: the smaller of both lower bounds.
    """
    lows = [
        _plain_lower_bound(evidence, paired_difference(automated, other), declared.alpha)
        for other in (expert, labels)
    ]
    are_known = all(isfinite(low) for low in lows)
    return {
        "near_twins": all(low > 0 for low in lows),
        "near_twins_low": min(lows) if are_known else None,
    }


def _plain_lower_bound(evidence: Evidence, column: Column, alpha: float) -> float:
    if len(column.per_case) == 0:
        return float("nan")
    patients = evidence.patients(column.per_case.index)
    return estimate_mean(column.per_case.to_numpy(), patients=patients, alpha=alpha).low


def _leakage(evidence: Evidence, declared: DeclaredCheck) -> dict[str, Any]:
    """Return whether the model knows the automated labels it is judged by."""
    model = next(m for m in evidence.benchmark.models if m.name == declared.model)
    same = evidence.scored.identical.get((str(declared.model), str(declared.automated)))
    n_scored = len(evidence.pair(model.name, str(declared.automated), declared.label))
    share = len(same) / n_scored if same is not None and n_scored else None
    trained_on_it = model.trained_on == declared.automated
    return {
        "found": trained_on_it or (share is not None and share > MAX_SHARE_OF_TRAINING_MASKS),
        "trained_on": trained_on_it,
        "identical_share": share,
    }


def _spread_of_scores(
    evidence: Evidence,
    declared: DeclaredCheck,
    comparison: Comparison,
    expert: Column,
    automated: Column,
) -> dict[str, Any]:
    """Return the ratio of the within-subgroup SDs, automated over expert (method, 3.4)."""
    cases = comparison.judged_cases
    ratio = estimate_variance_ratio(
        automated.per_case.loc[cases].to_numpy(),
        expert.per_case.loc[cases].to_numpy(),
        subgroups=comparison.members.subgroups.of.reindex(cases).to_numpy(dtype=object),
        patients=evidence.patients(cases),
        alpha=declared.alpha,
    )
    return {
        "sd_ratio": {
            "value": finite(ratio.value),
            "low": finite(ratio.low),
            "high": finite(ratio.high),
        },
        "variance_collapse": ratio.is_collapse,
    }


def _worst_flip(
    evidence: Evidence,
    declared: DeclaredCheck,
    comparison: Comparison,
    expert: Column,
    automated: Column,
) -> dict[str, Any]:
    """Return whether the worst subgroup differs between the references (method, 3.6)."""
    cases = comparison.judged_cases
    flip = find_worst_flip(
        automated.per_case.loc[cases].to_numpy(),
        expert.per_case.loc[cases].to_numpy(),
        subgroups=comparison.members.subgroups.of.reindex(cases).to_numpy(dtype=object),
        patients=evidence.patients(cases),
        alpha=declared.alpha,
    )
    return {
        "point": flip.point,
        "confirmed": flip.confirmed,
        "probability": finite(flip.probability),
        "worst_expert": flip.worst_second,
        "worst_automated": flip.worst_first,
        "shares_expert": flip.shares_second,
        "shares_automated": flip.shares_first,
    }
