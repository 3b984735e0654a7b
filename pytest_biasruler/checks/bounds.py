"""What a metric can be at least and at most, for guards that look beyond what was observed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pytest_biasruler.benchmark.metrics import IMAGE_DIAGONAL

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.evidence import Column, Evidence


def bounds_of(
    evidence: Evidence, declared: DeclaredCheck, *columns: Column
) -> tuple[float, float]:
    """Return the smallest and largest possible s*y of a metric.

    A distance reaches up to the largest image diagonal among the cases of the columns, or the
    declared cap; where a metric has no bound at all, the observed extremes stand in. Nothing
    observed lies outside.
    """
    metric = evidence.metric(declared.metric)
    observed = pd.concat([column.shown for column in columns])
    low, high = (
        float(extreme) if bound is None else bound
        for bound, extreme in zip(metric.range, (observed.min(), observed.max()), strict=True)
    )
    if metric.range[1] is None:
        high = max([high, metric.cap or high, *_diagonals(evidence, declared, observed.index)])
    edges = (metric.sign * low, metric.sign * high)
    return min(edges), max(edges)


def _diagonals(evidence: Evidence, declared: DeclaredCheck, cases: pd.Index) -> list[float]:
    """Return the largest image diagonal among the cases, if the metric is a distance."""
    if evidence.metric(declared.metric).one_empty != IMAGE_DIAGONAL:
        return []
    scored_set = declared.automated if declared.model is None else declared.model
    rows = evidence.pair(str(scored_set), str(declared.reference), declared.label)
    largest = rows["diagonal_mm"].reindex(cases).max()
    return [float(largest)] if np.isfinite(largest) else []
