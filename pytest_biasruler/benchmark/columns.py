"""``[metrics.*]``: parameters of a metric that we know, or what a column of scores means."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.metrics import CATALOGUE, Direction, Metric
from pytest_biasruler.benchmark.rules import (
    Rule,
    items,
    number,
    one_of,
    refusal,
    text,
    unknown,
)
from pytest_biasruler.benchmark.tables import read_table

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.problems import Problems


def known_metrics(plugins: Collection[Metric], *, problems: Problems) -> dict[str, Metric]:
    """Return the built-in metrics and those of plugins, which may not take a name of ours."""
    known = dict(CATALOGUE)
    for metric in plugins:
        if metric.name in known:
            error = refusal(
                f"a plugin adds the metric {metric.name}, which exists",
                "a new name",
                fix="Rename the plugin's metric",
            )
            problems.add(("metrics", metric.name), error)
        known[metric.name] = metric
    return known


def read_metric(
    name: str,
    raw: object,
    *,
    known: Mapping[str, Metric],
    labels: Collection[str],
    problems: Problems,
) -> Metric:
    """Return one of ``[metrics.*]``; in code it may be a `Metric` already."""
    if isinstance(raw, Metric):
        if raw.name != name:
            error = refusal(f"metric {raw.name} stands under the name {name}", "one name")
            problems.add(("metrics", name), error)
        return raw
    if name in known:
        return _read_parameters(known[name], raw, labels=labels, problems=problems)
    return _read_column(name, raw, problems=problems)


def _read_parameters(
    metric: Metric, raw: object, *, labels: Collection[str], problems: Problems
) -> Metric:
    rules: dict[str, Rule] = {key: parameter(labels) for key in metric.parameters}
    if metric.range[1] is None:
        rules["cap"] = number(low=0)
    if not rules:
        error = refusal(f"{metric.name} takes no parameters", "none", fix="Remove the table")
        problems.add(("metrics", metric.name), error)
        return metric
    path, title = ("metrics", metric.name), f"[metrics.{metric.name}]"
    kept = read_table(raw, rules, path=path, problems=problems, title=title)
    cap = kept.pop("cap", metric.cap)
    return replace(metric, parameters={**metric.parameters, **kept}, cap=cap)


def parameter(labels: Collection[str]) -> Rule:
    """Return the rule of a positive number, or of one for each label, such as a tolerance."""
    one = number(low=0, beyond_low=True)

    def rule(key: str, value: object) -> object:
        if not isinstance(value, Mapping):
            return one(key, value)
        for label in value:
            if label not in labels:
                raise unknown("label", label, names=labels, where=key)
        forgotten = [label for label in labels if label not in value]
        if forgotten:
            raise refusal(f"{key} has no value for label {forgotten[0]}", "one for each label")
        return {label: one(f"{key} of {label}", entry) for label, entry in value.items()}

    return rule


def bounds(key: str, value: object) -> tuple[float | None, float | None]:
    """Return smallest and largest score; an infinity means that there is no bound."""
    ends = items(key, value)
    if len(ends) != 2:
        raise refusal(f"{key} has {len(ends)} numbers", "the smallest and the largest score")
    low, high = (end if end in (math.inf, -math.inf, None) else number()(key, end) for end in ends)
    low, high = (None if end is None or math.isinf(end) else end for end in (low, high))
    if low is not None and high is not None and not low < high:
        raise refusal(f"{key} is {low:g} to {high:g}", "the smaller number first")
    return low, high


_COLUMN: Mapping[str, Rule] = {
    "direction": one_of(list(Direction)),
    "range": bounds,
    "unit": lambda key, value: value if value == "" else text(key, value),
    "cap": number(),
}


def _read_column(name: str, raw: object, *, problems: Problems) -> Metric:
    """Return the metric of a column of the score table that we do not know."""
    path, title = ("metrics", name), f"[metrics.{name}]"
    kept = read_table(
        raw, _COLUMN, path=path, problems=problems, title=title, required=["direction"]
    )
    direction = Direction(kept.get("direction", Direction.HIGHER))
    low, high = kept.get("range", (None, None))
    cap = kept.get("cap")
    if cap is not None and low is not None and not low <= cap:
        problems.add((*path, "cap"), refusal(f"cap is {cap:g}", f"a number from {low:g} up"))
        cap = None
    both_empty, one_empty = _empty_masks(direction, low=low, high=high, cap=cap)
    return Metric(
        name=name,
        unit=kept.get("unit", ""),
        direction=direction,
        range=(low, high),
        cap=cap,
        both_empty=both_empty,
        one_empty=one_empty,
    )


def _empty_masks(
    direction: Direction, *, low: float | None, high: float | None, cap: float | None
) -> tuple[float, float]:
    """Return what empty masks score in a column: its best and worst possible value.

    A missed lesion must never vanish or look good, so what is not known is undefined (NaN) and
    counted, not 0.
    """
    best, worst = {
        Direction.HIGHER: (high, low),
        Direction.LOWER: (low, cap if high is None else high),
        Direction.SIGNED: (0.0, None),
    }[direction]
    return math.nan if best is None else best, math.nan if worst is None else worst
