"""Scores by subgroup: the plain description beneath every finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_biasruler.benchmark.metrics import Direction

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.checks.evidence import Evidence

GOOD_SCORE = 0.8
"""Better scores are counted, for metrics on the 0-1 scale without a threshold of their own."""


def summarise_scores(evidence: Evidence, *, metrics: Sequence[str]) -> list[dict[str, Any]]:
    """Return one row for each metric, label, model, reference and subgroup, and for all cases.

    The worst tenth is the quantile that one case in ten is worse than or equal to, None for a
    signed error; `above_threshold` is the share of cases that are better than `find_threshold`
    of the metric, None where it has none. Cases without a score do not count.
    """
    rows = []
    known = {name: (evidence.metric(name), find_threshold(evidence, name)) for name in metrics}
    for (model, reference, label), part in evidence.rows.items():
        for name in metrics:
            metric, threshold = known[name]
            scores = part[name].astype(float)
            scores = scores[np.isfinite(scores.to_numpy())]
            about = {"metric": name, "label": label, "model": model, "reference": reference}
            rows += [
                {**about, **row}
                for row in _by_subgroup(evidence, metric, scores, threshold=threshold)
            ]
    return rows


def find_threshold(evidence: Evidence, metric: str) -> float | None:
    """Return the score that a success must be better than: that of the first `success` check.

    0.8 for metrics on the 0-1 scale of which no check names a number, None for the others.
    """
    declared = [
        check.options["threshold"]
        for check in evidence.declared
        if check.check == "success" and check.metric == metric
    ]
    numbers = [float(one) for one in declared if not isinstance(one, str)]
    if numbers:
        return numbers[0]
    return GOOD_SCORE if evidence.metric(metric).is_share else None


def _by_subgroup(
    evidence: Evidence, metric: Metric, scores: pd.Series, *, threshold: float | None
) -> list[dict[str, Any]]:
    whole = _describe(evidence, metric, scores, threshold=threshold)
    rows = [{"attribute": None, "subgroup": "all", **whole}]
    for name in sorted(evidence.subgroups):
        subgroups = evidence.subgroups[name]
        of = subgroups.of.reindex(scores.index)
        rows += [
            {
                "attribute": name,
                "subgroup": subgroup,
                **_describe(
                    evidence, metric, scores[(of == subgroup).to_numpy()], threshold=threshold
                ),
            }
            for subgroup in subgroups.order
        ]
    return rows


def _describe(
    evidence: Evidence, metric: Metric, scores: pd.Series, *, threshold: float | None
) -> dict[str, Any]:
    n_cases = len(scores)
    values = scores.to_numpy()
    is_empty = n_cases == 0
    return {
        "n_cases": n_cases,
        "n_patients": len(set(evidence.patients(scores.index))),
        "mean": None if is_empty else float(values.mean()),
        "sd": float(values.std(ddof=1)) if n_cases > 1 else None,
        "median": None if is_empty else float(np.median(values)),
        "worst_tenth": None
        if is_empty or metric.direction == Direction.SIGNED
        else float(metric.sign * np.quantile(metric.sign * values, 0.1)),
        "above_threshold": None
        if is_empty or threshold is None
        else float((metric.sign * values > metric.sign * threshold).mean()),
    }
