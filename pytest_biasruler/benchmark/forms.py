"""Questions that are asked in another form, with needs of their own, if certain keys are there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.questions import ALONG, QUESTIONS
from pytest_biasruler.benchmark.rules import refusal, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_biasruler.benchmark.questions import Question
    from pytest_biasruler.benchmark.vocabulary import Vocabulary

_DOSE = replace(
    QUESTIONS["noise"],
    keys={"levels": None},
    limit=0.05,
    needs_model=False,
    needs_both=False,
    needs_expert=True,
    takes_limit=True,
    model_keys=("levels",),
)
"""``noise`` with ``levels``: models trained on labels of growing error, no automated reference."""

_CONTINUOUS = {
    check: replace(QUESTIONS[check], keys=ALONG, takes_baseline=False)
    for check in ("gap", "ruler")
}
"""With ``continuous = true``: a slope along a number, in place of a spread of subgroups."""


def form_of(question: Question, keys: Mapping[str, object]) -> Question:
    """Return the question in the form in which these keys ask it.

    Examples
    --------
    >>> noise = QUESTIONS["noise"]
    >>> form_of(noise, {}).needs_both, form_of(noise, {"levels": {"m": 0.1}}).needs_both
    (True, False)
    >>> form_of(QUESTIONS["gap"], {"continuous": True}).takes_baseline
    False
    """
    if question.check == "noise" and keys.get("levels") is not None:
        return _DOSE
    return _CONTINUOUS[question.check] if is_continuous(question.check, keys) else question


def is_continuous(check: str, keys: Mapping[str, object]) -> bool:
    """Return whether a check with these keys follows a number in place of subgroups."""
    return check in _CONTINUOUS and keys.get("continuous") is True


def told_form(question: Question) -> str:
    """Return which form of a question is meant, where keys depend on it, for a message."""
    if question.check == "noise":
        return " with levels" if "levels" in question.model_keys else " without levels"
    return " with continuous" if question in _CONTINUOUS.values() else ""


def refuse_unfit_number(check: str, keys: Mapping[str, object], vocabulary: Vocabulary) -> None:
    """Refuse a slope that cannot be: over no number, over several, or per no step.

    Raises
    ------
    BiasRulerError
        ``BR602``.
    """
    if check not in _CONTINUOUS:
        return
    if not is_continuous(check, keys):
        if keys.get("step") is not None:
            fix = "Add continuous = true, or remove step"
            raise refusal("step stands without continuous", "both or none", fix=fix)
        return
    if keys.get("step") is None:
        expected = "how many units of the attribute a limit is for, such as step = 10"
        raise refusal("step is missing beside continuous", expected, fix="Add step")
    by = keys["by"]
    names = by if isinstance(by, tuple) else ()
    if len(names) != 1:
        found = f"continuous crosses {len(names)} attributes"
        raise refusal(found, "one attribute", fix="Name one in by")
    if names[0] not in vocabulary.numeric:
        found = f"continuous follows {shown(names[0])}, which holds categories"
        fix = f"Add quantiles = 4, or bins, to [attributes.{names[0]}]"
        raise refusal(found, "an attribute of numbers", fix=fix)
