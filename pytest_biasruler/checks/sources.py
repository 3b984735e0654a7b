"""The gap that automated labels alone and experts alone would show, beside the rectified one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_biasruler.checks.comparison import finite
from pytest_biasruler.statistics.spread import estimate_spread
from pytest_biasruler.statistics.support import pooled_support

if TYPE_CHECKING:
    from pytest_biasruler.checks.comparison import Comparison
    from pytest_biasruler.checks.evidence import Column, Evidence
    from pytest_biasruler.checks.labelling import Labelling


def compare_sources(
    evidence: Evidence, labelling: Labelling, comparison: Comparison
) -> dict[str, Any]:
    """Return the gap of one pair by each source alone, and what rectifying gained."""
    spread = comparison.spread
    if spread is None or spread.pair is None:
        return {}
    kinds = {
        "automated": _plain_gap(evidence, comparison, labelling.everyone),
        "expert": _plain_gap(evidence, comparison, labelling.labelled),
        "rectified": {
            "value": finite(spread.value),
            "ci95": [finite(spread.ci95[0]), finite(spread.ci95[1])],
        },
    }
    widths = [
        ci95[1] - ci95[0] if None not in ci95 else None
        for ci95 in (kinds["rectified"]["ci95"], kinds["expert"]["ci95"])
    ]
    gained = 1 - widths[0] / widths[1] if widths[0] is not None and widths[1] else None
    return {**kinds, "pair": list(spread.pair), "gained": finite(gained)}


def _plain_gap(evidence: Evidence, comparison: Comparison, column: Column) -> dict[str, Any]:
    pair = comparison.pair
    names = comparison.members.subgroups.of.reindex(column.per_case.index)
    plain = estimate_spread(
        column.per_case.to_numpy(),
        subgroups=names.to_numpy(dtype=object),
        patients=evidence.number_patients(names.index),
        judged=pair,
        limit=0.0,
        support=pooled_support(column.per_case.to_numpy()),
        baseline=pair[0],
    )
    return {
        "value": finite(plain.value),
        "ci95": [finite(plain.ci95[0]), finite(plain.ci95[1])],
        "means": {
            str(name): float(part.mean()) for name, part in column.shown.groupby(names, sort=True)
        },
    }
