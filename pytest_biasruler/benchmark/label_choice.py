"""What a check may say of labels: one of them, the mean or the worst of all, a limit for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.label_keys import AGGREGATES
from pytest_biasruler.benchmark.rules import Rule, listed, one_of, refusal, shown, unknown

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.questions import Question
    from pytest_biasruler.benchmark.vocabulary import Vocabulary


def label_rule(question: Question, vocabulary: Vocabulary) -> Rule:
    """Return the rule of the key ``label``: a label, or ``"mean"`` or ``"worst"`` of all."""
    one = one_of(vocabulary.labels, what="label", otherwise="Declare it in [labels]")

    def rule(key: str, value: object) -> str:
        if value not in AGGREGATES:
            name: str = one(key, value)
            return name
        said = f"{key} is {shown(value)}"
        if not question.takes_metric:
            found = f"{said}, and {question.check} has no score of which that could be"
            raise refusal(found, "one label", fix="Name a label")
        if len(vocabulary.labels) < 2:
            found = f"{said}, and [labels] names {len(vocabulary.labels)}"
            raise refusal(found, "two labels or more", fix=f"Remove {key}")
        return str(value)

    return rule


def limits_by_label(values: Mapping[str, tuple[Any, ...]]) -> Mapping[str, Any] | None:
    """Return label -> its limit where ``limit`` is a table; None where it is not.

    Parameters
    ----------
    values : mapping
        The valid values of each key of one entry.

    Raises
    ------
    BiasRulerError
        BR602 unless the table has the limit of each label that is asked about, and no other.

    Examples
    --------
    >>> limits_by_label({"label": ("a", "b"), "limit": ({"a": 0.05, "b": 0.08},)})
    {'a': 0.05, 'b': 0.08}
    """
    given = values.get("limit", ())
    if not any(isinstance(value, Mapping) for value in given):
        return None
    table = given[0]
    if len(given) > 1 or not isinstance(table, Mapping):
        raise refusal("limit is a list of tables", "one table", fix="Ask twice")
    asked = [str(label) for label in values.get("label", ())]
    if not asked:
        expected = "a number where [labels] names none"
        raise refusal("limit is a table", expected, fix="Write one number")
    for name in table:
        if name not in asked:
            raise unknown("label", name, names=asked, where="limit")
    lacking = [label for label in asked if label not in table]
    if lacking:
        found = f"limit has no number for {listed(lacking)}"
        raise refusal(found, f"one for each of {listed(asked)}", fix="Add it")
    return dict(table)
