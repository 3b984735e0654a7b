"""The keys of a check: which it takes, what they may hold, and its limit."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.definition import Policy, ReferenceKind, Waiver
from pytest_biasruler.benchmark.questions import COMMON_KEYS
from pytest_biasruler.benchmark.rules import (
    Rule,
    day,
    distinct,
    items,
    number,
    one_of,
    refusal,
    rising,
    shown,
    switch,
    text,
    unknown,
    whole,
)

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.benchmark.questions import Question
    from pytest_biasruler.benchmark.vocabulary import Vocabulary

TOP_QUARTILE = "top-quartile"
"""Value of ``threshold``: the pooled 75th percentile of the scores."""

_SUCCESS_LIMITS = {"ratio": 0.8, "difference": 0.10}
_share = number(low=0, high=1)


def key_rules(question: Question, vocabulary: Vocabulary) -> dict[str, Rule]:
    """Return the keys that a check takes and the rule of one value of each.

    ``limit``, ``threshold`` and ``sweep`` depend on the metric: `limit_of` and `options_of` judge
    them for each item.
    """
    missing = _not_taken(question)
    common = {
        key: rule
        for key, rule in _common_rules(question, vocabulary).items()
        if key not in missing
    }
    own = {key: _OWN[key](vocabulary) for key in question.keys}
    return {**common, **own}


def _common_rules(question: Question, vocabulary: Vocabulary) -> dict[str, Rule]:
    experts = vocabulary.of_kind(ReferenceKind.EXPERT)
    automated = vocabulary.of_kind(ReferenceKind.AUTOMATED)
    judges = experts if question.needs_both else tuple(vocabulary.references)
    return {
        "metric": one_of(vocabulary.metrics, what="metric", otherwise="Declare [metrics.NAME]"),
        "by": _crossing(vocabulary),
        "label": one_of(vocabulary.labels, what="label", otherwise="Declare it in [labels]"),
        "model": one_of(vocabulary.models, what="model", otherwise="Declare [models.NAME]"),
        "reference": one_of(
            judges,
            what="expert reference" if question.needs_both else "reference",
            otherwise="Declare [references.NAME]",
        ),
        "automated": one_of(automated, what="automated reference"),
        "limit": lambda _, value: value,
        "baseline": text,
        "alpha": number(low=0, high=0.5, beyond_low=True),
        "min_patients": whole(low=2),
        "policy": one_of(list(Policy)),
        "support": one_of(list(dict.fromkeys(["bounds", question.support]))),
        "screen": switch,
        "waive": waiver,
        "name": text,
    }


def _not_taken(question: Question) -> set[str]:
    taken = {
        "metric": question.takes_metric,
        "limit": question.takes_limit,
        "model": question.needs_model,
        "baseline": question.takes_baseline,
        "support": question.takes_metric,
        # provenance counts masks that are identical to an automated reference's.
        "automated": question.needs_both or not question.takes_metric,
    }
    return {key for key, is_taken in taken.items() if not is_taken}


def unfit(key: str, question: Question, *, rules: Mapping[str, Rule], title: str) -> Exception:
    """Return the error of a key that a check does not take."""
    if key in COMMON_KEYS:
        names = ", ".join(sorted(rules))
        return refusal(f"{question.check} takes no {key}", f"one of {names}", fix=f"Remove {key}")
    return unknown("key", key, names=["check", *sorted(rules)], where=title)


def _crossing(vocabulary: Vocabulary) -> Rule:
    one = one_of(vocabulary.attributes, what="attribute", otherwise="Declare [attributes.NAME]")

    def rule(key: str, value: object) -> tuple[str, ...]:
        names = (value,) if isinstance(value, str) else items(key, value)
        if not names:
            raise refusal(f"{key} holds an empty list", "attributes to cross")
        return distinct(key, tuple(one(key, name) for name in names))

    return rule


def waiver(key: str, value: object) -> Waiver:
    """Return a waiver: a table of ``reason`` and ``until``, both needed."""
    if isinstance(value, Waiver):
        value = {"reason": value.reason, "until": value.until}
    if not isinstance(value, Mapping):
        raise refusal(f"{key} is {shown(value)}", 'a table { reason = "...", until = 2027-03-31 }')
    for name in value:
        if name not in ("reason", "until"):
            raise unknown("key", name, names=("reason", "until"), where=key)
    for name in ("reason", "until"):
        if name not in value:
            raise refusal(f"{key} has no {name}", "reason and until", fix=f"Add {name}")
    return Waiver(reason=text("reason", value["reason"]), until=day("until", value["until"]))


def _threshold(key: str, value: object) -> object:
    if isinstance(value, str) and value != TOP_QUARTILE:
        raise refusal(f"{key} is {shown(value)}", f'a number or "{TOP_QUARTILE}"')
    return value


_OWN: Mapping[str, Callable[[Vocabulary], Rule]] = {
    "gap_limit": lambda _: number(low=0),
    "second_expert": lambda vocabulary: one_of(
        vocabulary.of_kind(ReferenceKind.EXPERT), what="expert reference"
    ),
    "threshold": lambda _: _threshold,
    "statistic": lambda _: one_of(list(_SUCCESS_LIMITS)),
    "sweep": lambda _: rising(at_least=2),
    "max_identical": lambda _: _share,
    "max_exclusion_gap": lambda _: _share,
    "max_missing": lambda _: _share,
    "min_expert_share": lambda _: _share,
}


def limit_of(question: Question, metric: Metric, *, chosen: Mapping[str, Any]) -> float | None:
    """Return the limit of one item: the given one within its range, else the check's default.

    Raises
    ------
    BiasRulerError
        BR602 if it lies out of range, or is missing where there is no default: a metric with a
        unit has none.
    """
    if not question.takes_limit:
        return None
    low, high, of, default = _limit_range(question, metric, chosen=chosen)
    if "limit" in chosen:
        is_ratio = of == "a ratio of rates"  # nothing is a multiple of no success at all
        rule = number(low=low, high=high, of=of, beyond_low=is_ratio)
        return float(rule("limit", chosen["limit"]))
    if default is None:
        unit = f" in {metric.unit}" if metric.unit else ""
        expected = f"a number{unit} for {question.check} of {metric.name}, which has no default"
        raise refusal("limit is missing", expected, fix="Add limit")
    return default


def _limit_range(
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
    width = math.inf if low is None or high is None else high - low
    return 0, width, metric.name, question.limit if is_on_unit_scale(metric) else None


def is_on_unit_scale(metric: Metric) -> bool:
    """Return whether the default limits mean something: a share, or a signed share."""
    return metric.unit == "" and metric.range in ((0.0, 1.0), (-1.0, 1.0))
