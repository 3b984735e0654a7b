"""From one entry of ``[[checks]]`` to the values of each key: lists expanded, defaults filled."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.definition import ReferenceKind
from pytest_biasruler.benchmark.keys import key_rules, unfit
from pytest_biasruler.benchmark.lengths import refuse_many
from pytest_biasruler.benchmark.rules import Rule, distinct, listed, nearest, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_biasruler.benchmark.asked import Asked
    from pytest_biasruler.benchmark.problems import Problems
    from pytest_biasruler.benchmark.questions import Question
    from pytest_biasruler.benchmark.vocabulary import Vocabulary

_NEVER_LISTS = ("name", "waive")
_MOST_KEYS = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """The valid values of every key; `listed` are the keys that were given as a list."""

    values: Mapping[str, tuple[Any, ...]]
    listed: tuple[str, ...]


def choices(
    asked: Asked, question: Question, vocabulary: Vocabulary, *, problems: Problems
) -> Choices | None:
    """Return the values that an entry asks for, written keys first; None if one is wrong."""
    n_before = problems.n_noted
    rules = key_rules(question, vocabulary)
    values: dict[str, tuple[Any, ...]] = {}
    lists: list[str] = []
    given = dict(islice(asked.keys.items(), _MOST_KEYS))  # no check takes so many: refused anyway
    for key, value in given.items():
        with problems.at(*asked.path, key):
            if key not in rules:
                raise unfit(key, question, rules=rules, title=asked.title)
            if _is_expanded(key, value, question):
                lists.append(key)
                values[key] = _each(key, value, rules[key], asked=asked, problems=problems)
            else:
                values[key] = (rules[key](key, value),)
    # A slip of the pen is one mistake: "lable" is not also a missing label.
    written = {key if key in rules else nearest(key, rules) for key in given}
    defaults = _defaults(question, vocabulary, control=asked.keys.get("control"))
    for key, default in defaults.items():
        if key not in written:
            with problems.at(*asked.path, key):
                values[key] = default()
    if "baseline" in asked.keys and "by" in rules and not values.get("by"):
        with problems.at(*asked.path, "baseline"):
            raise refusal("baseline is given without by", "subgroups to compare", fix="Add by")
    if problems.n_noted > n_before:
        return None
    return Choices(values=values, listed=tuple(lists))


def _is_expanded(key: str, value: object, question: Question) -> bool:
    one_value = key in question.lists or key in _NEVER_LISTS
    return isinstance(value, list | tuple) and not one_value


def _each(
    key: str, values: list[Any], rule: Rule, *, asked: Asked, problems: Problems
) -> tuple[Any, ...]:
    if not values:
        raise refusal(f"{key} is an empty list", "at least one value")
    refuse_many(key, values)
    kept = []
    for number, value in enumerate(values):
        if problems.is_full:
            break
        with problems.at(*asked.path, key, number):
            kept.append(rule(key, value))
    if len(kept) == len(values) and all(map(_can_be_compared, kept)):
        distinct(key, tuple(kept))
    return tuple(kept)


def _can_be_compared(value: object) -> bool:
    return isinstance(value, str | int | float | tuple)


def _defaults(
    question: Question, vocabulary: Vocabulary, *, control: object
) -> dict[str, Callable[[], tuple[Any, ...]]]:
    """Return, for each key that an entry may leave out, what it then asks for."""
    defaults: dict[str, Callable[[], tuple[Any, ...]]] = {}
    if question.takes_metric:
        defaults["metric"] = lambda: question.metrics or (vocabulary.defaults.metric,)
    if vocabulary.labels:
        defaults["label"] = lambda: vocabulary.labels
    if question.needs_by:
        defaults["by"] = lambda: _missing_by(vocabulary)
    if question.needs_model:
        defaults["model"] = lambda: _models(question, vocabulary, control=control)
    kind = _judging_kind(question, vocabulary)
    defaults["reference"] = lambda: (vocabulary.only(kind, key="reference"),)
    automated = ReferenceKind.AUTOMATED
    if question.needs_both:
        defaults["automated"] = lambda: (vocabulary.only(automated, key="automated"),)
    elif not question.in_family:
        defaults["automated"] = lambda: (vocabulary.unless_several(automated),)
    return defaults


def silent_values(question: Question, vocabulary: Vocabulary) -> dict[str, str | None]:
    """Return the values that the id of an item need not say."""
    kind = _judging_kind(question, vocabulary)
    return {
        "label": vocabulary.labels[0] if len(vocabulary.labels) == 1 else None,
        "reference": vocabulary.unless_several(kind),
        "automated": vocabulary.unless_several(ReferenceKind.AUTOMATED),
    }


def _judging_kind(question: Question, vocabulary: Vocabulary) -> ReferenceKind:
    is_fixed = question.needs_both or question.needs_expert
    return ReferenceKind.EXPERT if is_fixed else vocabulary.judging_kind


def _missing_by(vocabulary: Vocabulary) -> tuple[Any, ...]:
    names = listed(vocabulary.attributes) or "an attribute"
    fix = "Add by" if vocabulary.attributes else "Add [attributes.NAME], and by"
    raise refusal("by is missing", f"one of {names}", fix=fix)


def _models(question: Question, vocabulary: Vocabulary, *, control: object) -> tuple[Any, ...]:
    """Return every model but the one that the others are held against."""
    models = tuple(model for model in vocabulary.models if model != control)
    if models:
        return models
    raise refusal(f"{question.check} needs a model", "at least one", fix="Add [models.NAME]")
