"""What a slope along a number shows beside its verdict: the line, and means beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pytest_biasruler.checks.comparison import finite
from pytest_biasruler.checks.finding import Status
from pytest_biasruler.statistics.cells import cut_cells
from pytest_biasruler.statistics.contrast import plain_interval
from pytest_biasruler.statistics.moments import moments_of, sum_cells

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.membership import Membership
    from pytest_biasruler.statistics.trend import Trend


def describe_trend(
    evidence: Evidence,
    declared: DeclaredCheck,
    trend: Trend,
    *,
    shown: pd.Series[float],
    members: Membership,
) -> dict[str, Any]:
    """Return the details of a slope; numbers in the metric's natural direction."""
    sign = evidence.metric(declared.metric).sign
    limit = float(declared.limit or 0.0)
    judged = [group for group in members.groups if group.status == Status.JUDGED]
    needed = {
        group.name: finite(trend.needed(group.n_patients, limit=limit, alpha=declared.alpha))
        for group in judged
    }
    return {
        "form": "trend",
        "counts": {"excluded": dict(members.excluded), "undefined": dict(members.undefined)},
        "too_small": list(members.too_small),
        "level": finite(trend.level),
        "needed": (needed or None) if finite(trend.slope) is not None else None,
        "trend": {
            "step": float(declared.options["step"]),
            "slope": finite(sign * trend.slope),
            "bounds": _sides(trend.bounds, sign=sign),
            "ci95": _sides(trend.ci95, sign=sign),
            "df": finite(trend.df),
            "leverage": finite(trend.leverage),
            "n_patients": trend.n_patients,
            "n_cases": len(shown),
            "center": [finite(trend.center[0]), finite(sign * trend.center[1])],
            "points": [*_points(evidence, declared, shown, judged=[g.name for g in judged])],
        },
    }


def _sides(ends: tuple[float, float], *, sign: float) -> list[float | None]:
    low, high = sorted(sign * end for end in ends)
    return [finite(low), finite(high)]


def _points(
    evidence: Evidence, declared: DeclaredCheck, shown: pd.Series[float], *, judged: list[str]
) -> Iterator[dict[str, Any]]:
    """Yield where the mean of each judged subgroup lies, with its plain 95 % interval."""
    cut = evidence.cut(declared.by)
    names = cut.of.reindex(shown.index)
    numbers = pd.Series(cut.numbers, dtype=float).reindex(shown.index)
    for name in judged:
        own = shown.index[(names == name).to_numpy()]
        cells = cut_cells(
            shown.loc[own].to_numpy(),
            subgroups=[name] * len(own),
            patients=evidence.number_patients(own),
        )
        moments = moments_of(sum_cells(cells[name]))
        low, high = plain_interval(
            moments.mean, se=float(np.sqrt(moments.variance)), df=moments.df
        )
        yield {
            "name": name,
            "number": finite(numbers.loc[own].mean()),
            "mean": finite(moments.mean),
            "low": finite(low),
            "high": finite(high),
        }
