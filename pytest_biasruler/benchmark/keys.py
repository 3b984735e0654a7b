"""The keys of a check: which it takes, and what they may hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.check import Policy, Waiver
from pytest_biasruler.benchmark.definition import ReferenceKind
from pytest_biasruler.benchmark.forms import told_form
from pytest_biasruler.benchmark.label_choice import label_rule
from pytest_biasruler.benchmark.questions import COMMON_KEYS, SHAPE_FEATURES
from pytest_biasruler.benchmark.rules import (
    Rule,
    distinct,
    items,
    number,
    one_of,
    refusal,
    rising,
    shown,
    switch,
    text,
    texts,
    unknown,
    whole,
)

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.questions import Question
    from pytest_biasruler.benchmark.vocabulary import Vocabulary

TOP_QUARTILE = "top-quartile"
"""Value of ``threshold``: the pooled 75th percentile of the scores."""

_MIN_LEVELS = 3
_MOST_CROSSED = 3
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
    needs_expert = question.needs_both or question.needs_expert
    judges = experts if needs_expert else tuple(vocabulary.references)
    return {
        "metric": one_of(vocabulary.metrics, what="metric", otherwise="Declare [metrics.NAME]"),
        "by": _crossing(vocabulary),
        "label": label_rule(question, vocabulary),
        "model": one_of(vocabulary.models, what="model", otherwise="Declare [models.NAME]"),
        "reference": one_of(
            judges,
            what="expert reference" if needs_expert else "reference",
            otherwise="Declare [references.NAME]",
        ),
        "automated": one_of(automated, what="automated reference"),
        "limit": lambda _, value: value,
        "baseline": text,
        "alpha": number(low=0, high=0.49, beyond_low=True),
        "min_patients": whole(low=2),
        "policy": one_of(list(Policy)),
        "support": one_of(list(dict.fromkeys(["bounds", question.support]))),
        "screen": switch,
        "sensitivity": switch,
        "waive": waiver,
        "name": text,
    }


def _not_taken(question: Question) -> set[str]:
    taken = {
        "metric": question.takes_metric,
        "limit": question.takes_limit,
        "model": question.needs_model,
        "baseline": question.takes_baseline,
        "support": question.takes_support,
        "sensitivity": question.in_family,
        # provenance counts masks that are identical to an automated reference's.
        "automated": question.needs_both or not question.in_family,
    }
    return {key for key, is_taken in taken.items() if not is_taken}


def unfit(key: str, question: Question, *, rules: Mapping[str, Rule], title: str) -> Exception:
    """Return the error of a key that a check does not take."""
    if key in COMMON_KEYS:
        names = ", ".join(sorted(rules))
        found = f"{question.check} takes no {key}{told_form(question)}"
        return refusal(found, f"one of {names}", fix=f"Remove {key}")
    return unknown("key", key, names=["check", *sorted(rules)], where=title)


def _crossing(vocabulary: Vocabulary) -> Rule:
    one = one_of(vocabulary.attributes, what="attribute", otherwise="Declare [attributes.NAME]")

    def rule(key: str, value: object) -> tuple[str, ...]:
        names = (value,) if isinstance(value, str) else items(key, value)
        if not names:
            raise refusal(f"{key} holds an empty list", "attributes to cross")
        if len(names) > _MOST_CROSSED:
            found = f"{key} crosses {len(names)} attributes"
            raise refusal(found, f"at most {_MOST_CROSSED}", fix="Cross fewer, or merge cells")
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
    return Waiver(reason=text("reason", value["reason"]), until=_day("until", value["until"]))


def _day(key: str, value: object) -> dt.date:
    if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
        raise refusal(f"{key} is {shown(value)}", "a date such as 2027-03-31 without quotes")
    return value


def _threshold(key: str, value: object) -> object:
    if isinstance(value, str) and value != TOP_QUARTILE:
        raise refusal(f"{key} is {shown(value)}", f'a number or "{TOP_QUARTILE}"')
    return value


def _labelled(key: str, value: object) -> str:
    if value != "random":
        fix = f'Write {key} = "random", or name a column by probability'
        raise refusal(f"{key} is {shown(value)}", '"random"', fix=fix)
    return "random"


def _models(vocabulary: Vocabulary, *, at_least: int) -> Rule:
    return _some_of(vocabulary.models, what="model", at_least=at_least)


def _some_of(names: Collection[str], *, what: str, at_least: int) -> Rule:
    """Return the rule of a list of names, each once; one name alone is a list of one."""
    one = one_of(names, what=what)

    def rule(key: str, value: object) -> tuple[str, ...]:
        entries = (value,) if isinstance(value, str) else items(key, value)
        chosen = distinct(key, tuple(one(key, entry) for entry in entries))
        if len(chosen) < at_least:
            found = f"{key} names {len(chosen)}"
            raise refusal(found, f"at least {at_least}", fix=f"Name each {what}")
        return chosen

    return rule


def _covariates(vocabulary: Vocabulary) -> Rule:
    """Return the rule of what may explain a gap: never a score, nor what scores are made of."""
    circular = {*vocabulary.metrics, *vocabulary.models}
    circular |= set(vocabulary.of_kind(ReferenceKind.AUTOMATED))

    def rule(key: str, value: object) -> tuple[str, ...]:
        names = texts(key, value)
        for name in names:
            if name in circular:
                found = f"{key} names {shown(name)}, a score or what scores are made of"
                expected = "a shape feature of the expert mask or a column of the metadata"
                raise refusal(found, expected, fix="Remove it: the answer would be circular")
        if not names or not all(name.strip() for name in names):
            raise refusal(f"{key} holds no name", "at least one", fix=f"Remove {key}")
        return names

    return rule


def _levels(vocabulary: Vocabulary) -> Rule:
    """Return the rule of a table model -> level of label noise it was trained with."""
    model, level = one_of(vocabulary.models, what="model"), number(low=0)

    def rule(key: str, value: object) -> Mapping[str, float]:
        if not isinstance(value, Mapping):
            raise refusal(f"{key} is {shown(value)}", "a table { MODEL = 0.1 }")
        levels = {model(key, name): level(f"{key}.{name}", given) for name, given in value.items()}
        if len(set(levels.values())) < _MIN_LEVELS:
            found = f"{key} has {len(set(levels.values()))} different levels"
            raise refusal(found, f"at least {_MIN_LEVELS}", fix="Add models")
        return levels

    return rule


_OWN: Mapping[str, Callable[[Vocabulary], Rule]] = {
    "gap_limit": lambda _: number(low=0),
    "second_expert": lambda vocabulary: one_of(
        vocabulary.of_kind(ReferenceKind.EXPERT), what="expert reference"
    ),
    "threshold": lambda _: _threshold,
    "statistic": lambda _: one_of(["ratio", "difference"]),
    "sweep": lambda _: rising(at_least=2),
    "max_identical": lambda _: _share,
    "max_exclusion_gap": lambda _: _share,
    "max_missing": lambda _: _share,
    "min_expert_share": lambda _: _share,
    "automated_trained": lambda vocabulary: _models(vocabulary, at_least=1),
    "expert_trained": lambda vocabulary: _models(vocabulary, at_least=1),
    "control": lambda vocabulary: one_of(vocabulary.models, what="model"),
    "difficulty": _covariates,
    "max_off_support": lambda _: _share,
    "features": lambda _: _some_of(SHAPE_FEATURES, what="feature", at_least=1),
    "models": lambda vocabulary: _models(vocabulary, at_least=2),
    "min_sites": lambda _: whole(low=3),
    "min_patients_site": lambda _: whole(low=2),
    "levels": _levels,
    "continuous": lambda _: switch,
    "step": lambda _: number(low=0, beyond_low=True),
    "labelled": lambda _: _labelled,
    "probability": lambda _: text,
}
