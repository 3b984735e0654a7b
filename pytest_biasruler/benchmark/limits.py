"""The limit of one item: the given one within its range, else the check's default."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.forms import is_continuous
from pytest_biasruler.benchmark.rules import number, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.benchmark.questions import Question

_SUCCESS_LIMITS = {"ratio": 0.8, "difference": 0.10}
_ECHO_LIMIT, _ECHO_LIMIT_ALONE = 0.10, 0.30


def limit_of(
    question: Question, metric: Metric | None, *, chosen: Mapping[str, Any]
) -> float | None:
    """Return the limit of one item; `metric` is None where the check has none.

    Raises
    ------
    BiasRulerError
        BR602 if it lies out of range, or is missing where there is no default: a metric with a
        unit has none.
    """
    if not question.takes_limit:
        return None
    if metric is None:
        limit = number(low=0, high=1, of=question.check)
        return float(limit("limit", chosen.get("limit", _default_share(question, chosen))))
    low, high, of, default = _range(question, metric, chosen=chosen)
    if "limit" in chosen:
        is_ratio = of == "a ratio of rates"  # nothing is a multiple of no success at all
        rule = number(low=low, high=high, of=of, beyond_low=is_ratio)
        return float(rule("limit", chosen["limit"]))
    if default is None:
        unit = f" in {metric.unit}" if metric.unit else ""
        expected = f"a number{unit} for {question.check} of {metric.name}, which has no default"
        raise refusal("limit is missing", expected, fix="Add limit")
    return default


def _default_share(question: Question, chosen: Mapping[str, Any]) -> float | None:
    """Return the default limit of a check without metric."""
    if question.check != "echo":
        return question.limit
    is_alone = chosen.get("control") is None and not chosen.get("by")
    return _ECHO_LIMIT_ALONE if is_alone else _ECHO_LIMIT


def _range(
    question: Question, metric: Metric, *, chosen: Mapping[str, Any]
) -> tuple[float, float, str, float | None]:
    """Return smallest and largest limit, to what they belong, and the default."""
    if question.check == "success":
        statistic = chosen.get("statistic", question.keys["statistic"])
        return 0, 1, f"a {statistic} of rates", _SUCCESS_LIMITS[statistic]
    low, high = metric.range
    if question.check == "floor":
        least = -math.inf if low is None else low
        return least, math.inf if high is None else high, metric.name, None
    default = question.limit if is_on_unit_scale(metric) else None
    is_slope = question.check == "noise" or is_continuous(question.check, chosen)
    if is_slope:  # per unit of the level of noise, or per step
        return 0, math.inf, metric.name, default
    width = math.inf if low is None or high is None else high - low
    return 0, width, metric.name, default


def is_on_unit_scale(metric: Metric) -> bool:
    """Return whether the default limits mean something: a share, or a signed share."""
    return metric.unit == "" and metric.range in ((0.0, 1.0), (-1.0, 1.0))
