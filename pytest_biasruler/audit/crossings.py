"""Two attributes at a time: means of the cells that hold enough patients, as a description."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_biasruler.benchmark.subgroups import Subgroups
    from pytest_biasruler.checks.evidence import Evidence

MOST_CROSSINGS = 6
"""Pairs of attributes that are described; those that a check crosses come first."""

_MOST_CELLS = 100


def describe_crossings(evidence: Evidence) -> list[dict[str, Any]]:
    """Return the mean default metric of each cell of two attributes that checks ask about.

    A subgroup may hide another: young women of one clinic among all young women. Nothing is
    judged here, and cells below `min_patients` are only counted.
    """
    metric = evidence.benchmark.defaults.metric
    if metric not in evidence.scored.table.columns:
        return []
    crossings = []
    for by in _pairs(evidence)[:MOST_CROSSINGS]:
        subgroups = evidence.cut(by)
        cells = [name for name in subgroups.order if name != subgroups.missing]
        if len(cells) > _MOST_CELLS:
            continue
        rows = list(_rows(evidence, metric, subgroups, cells))
        large = {row["subgroup"] for row in rows}
        crossings.append(
            {
                "by": list(by),
                "metric": metric,
                "n_cells": len(cells),
                "n_too_small": len(cells) - len(large),
                "means": rows,
            }
        )
    return crossings


def _pairs(evidence: Evidence) -> list[tuple[str, str]]:
    """Return pairs of attributes that checks name: those that are crossed by a check first."""
    asked = list(dict.fromkeys(name for check in evidence.declared for name in check.by))
    crossed = [check.by for check in evidence.declared if len(check.by) > 1]
    pairs = [pair for by in crossed for pair in combinations(by, 2)]
    known: dict[frozenset[str], tuple[str, str]] = {}
    for pair in (*pairs, *combinations(asked, 2)):
        known.setdefault(frozenset(pair), pair)
    return list(known.values())


def _rows(
    evidence: Evidence, metric: str, subgroups: Subgroups, cells: Sequence[str]
) -> Iterator[dict[str, Any]]:
    models = {model.name for model in evidence.benchmark.models}
    least = evidence.benchmark.defaults.min_patients
    for (model, reference, label), part in evidence.rows.items():
        if model not in models:
            continue
        scores = part[metric].astype(float)
        scores = scores[np.isfinite(scores.to_numpy())]
        of = subgroups.of.reindex(scores.index)
        for cell in cells:
            inside = scores[(of == cell).to_numpy()]
            n_patients = len(set(evidence.number_patients(inside.index)))
            if n_patients >= least:
                yield {
                    "label": label,
                    "model": model,
                    "reference": reference,
                    "subgroup": cell,
                    "n_cases": len(inside),
                    "n_patients": n_patients,
                    "mean": float(inside.mean()),
                }
