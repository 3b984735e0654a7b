"""What a check's own keys may hold beside the metric, reference and statistic of one item."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.keys import TOP_QUARTILE
from pytest_biasruler.benchmark.metrics import Direction
from pytest_biasruler.benchmark.rules import number, refusal, shown

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.benchmark.problems import KeyPath, Problems
    from pytest_biasruler.benchmark.questions import Question

Judge = Callable[[Any, "Metric", Mapping[str, Any]], Any]
"""Value, metric and all keys of an item -> the value; raises `BiasRulerError`."""


def options_of(
    question: Question,
    metric: Metric | None,
    *,
    chosen: Mapping[str, Any],
    path: KeyPath,
    problems: Problems,
) -> dict[str, Any]:
    """Return a check's own keys with their defaults; what does not fit is noted.

    Parameters
    ----------
    metric : Metric or None
        None for a check without metric.
    chosen : mapping
        The keys of this item.
    path : tuple
        Where its keys stand.
    """
    options: dict[str, Any] = {}
    for key, default in question.keys.items():
        with problems.at(*path, key):
            options[key] = chosen.get(key, default)
            if metric is not None and key in _JUDGES:
                options[key] = _JUDGES[key](chosen.get(key), metric, chosen)
    return options


def _threshold(value: Any, metric: Metric, chosen: Mapping[str, Any]) -> Any:
    del chosen
    if value is None:
        if metric.is_share:
            return 0.8
        expected = f'a number or "{TOP_QUARTILE}" for {metric.name}, which has no default'
        raise refusal("threshold is missing", expected, fix="Add threshold")
    return value if value == TOP_QUARTILE else _score(metric)("threshold", value)


def _sweep(value: Any, metric: Metric, chosen: Mapping[str, Any]) -> Any:
    del chosen
    if value is None:
        if metric.is_share:
            return None
        expected = f"a list of thresholds for {metric.name}, which has no default"
        raise refusal("sweep is missing", expected, fix="Add sweep")
    return tuple(_score(metric)("sweep", threshold) for threshold in value)


def _score(metric: Metric) -> Callable[[str, object], Any]:
    low, high = metric.range
    return number(
        low=-math.inf if low is None else low,
        high=math.inf if high is None else high,
        of=metric.name,
    )


def _second_expert(value: Any, metric: Metric, chosen: Mapping[str, Any]) -> Any:
    del metric
    if value is not None and value == chosen["reference"]:
        found = f"second_expert is {shown(value)}, the reference itself"
        raise refusal(found, "another expert reference")
    return value


def _gap_limit(value: Any, metric: Metric, chosen: Mapping[str, Any]) -> Any:
    del chosen
    low, high = metric.range
    width = math.inf if low is None or high is None else high - low
    return None if value is None else number(low=0, high=width, of=metric.name)("gap_limit", value)


_JUDGES: Mapping[str, Judge] = {
    "threshold": _threshold,
    "sweep": _sweep,
    "second_expert": _second_expert,
    "gap_limit": _gap_limit,
}


def refuse_unranked(question: Question, metric: Metric | None) -> None:
    """Refuse to ask for good and bad scores of a metric that is best at zero.

    Raises
    ------
    BiasRulerError
        BR602 where the check asks which score is better, of a signed error.
    """
    if metric is not None and question.is_ranked and metric.direction == Direction.SIGNED:
        found = f"metric is {metric.name}, which is best at zero"
        raise refusal(found, "a metric with a better end", fix="Choose another metric")
