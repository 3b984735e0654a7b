"""A slope along a number as one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.bins import number_text
from pytest_biasruler.checks.comparison import finite
from pytest_biasruler.checks.numbers import format_number, format_signed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.statistics.trend import Trend


def state_trend(metric: Metric, declared: DeclaredCheck, trend: Trend) -> str:
    """Return how fast a score changes along a number."""
    if finite(trend.slope) is None:
        return f"{metric.title} cannot be followed along {declared.by[0]}"
    way = "falls" if metric.sign * trend.slope < 0 else "rises"
    value = format_number(trend.value, limit=declared.limit)
    return f"{metric.title} {way} by {value}{_unit(metric)} {_per(declared)}"


def state_bend(
    metric: Metric, declared: DeclaredCheck, trend: Trend, slopes: Mapping[str, float | None]
) -> str:
    """Return how far the automated reference bends what a score does along a number."""
    if finite(trend.slope) is None:
        return f"The two references cannot be compared along {declared.by[0]}"
    value = format_number(trend.value, limit=declared.limit)
    expert, automated = (format_signed(slopes[name]) for name in ("expert", "automated"))
    return (
        f"The automated reference bends {metric.title} by {value}{_unit(metric)} "
        f"{_per(declared)} (experts {expert}, automated {automated})"
    )


def _unit(metric: Metric) -> str:
    return f" {metric.unit}" if metric.unit else ""


def _per(declared: DeclaredCheck) -> str:
    return f"per {number_text(float(declared.options['step']))} of {declared.by[0]}"
