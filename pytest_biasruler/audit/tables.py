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
"""Scores above it are counted for metrics on the 0-1 scale."""


def summarise_scores(evidence: Evidence, *, metrics: Sequence[str]) -> list[dict[str, Any]]:
    """Return one row for each metric, label, model, reference and subgroup, and for all cases.

    The worst tenth is the quantile that one case in ten is worse than or equal to, None for a
    signed error; `above` is the share of cases above 0.8, for metrics on the 0-1 scale. Cases
    without a score do not count.
    """
    rows = []
    for (model, reference, label), part in evidence.rows.items():
        for name in metrics:
            scores = part[name].astype(float)
            scores = scores[np.isfinite(scores.to_numpy())]
            about = {"metric": name, "label": label, "model": model, "reference": reference}
            rows += [
                {**about, **row} for row in _by_subgroup(evidence, evidence.metric(name), scores)
            ]
    return rows


def _by_subgroup(evidence: Evidence, metric: Metric, scores: pd.Series) -> list[dict[str, Any]]:
    rows = [{"attribute": None, "subgroup": "all", **_describe(evidence, metric, scores)}]
    for name in sorted(evidence.subgroups):
        subgroups = evidence.subgroups[name]
        of = subgroups.of.reindex(scores.index)
        rows += [
            {
                "attribute": name,
                "subgroup": subgroup,
                **_describe(evidence, metric, scores[(of == subgroup).to_numpy()]),
            }
            for subgroup in subgroups.order
        ]
    return rows


def _describe(evidence: Evidence, metric: Metric, scores: pd.Series) -> dict[str, Any]:
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
        "above_threshold": float((values > GOOD_SCORE).mean())
        if metric.is_share and not is_empty
        else None,
    }
