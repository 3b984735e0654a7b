"""Which models a check compares, and what they were trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.definition import ReferenceKind
from pytest_biasruler.benchmark.rules import listed, refusal, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_biasruler.benchmark.problems import KeyPath, Problems
    from pytest_biasruler.benchmark.questions import Question
    from pytest_biasruler.benchmark.vocabulary import Vocabulary

_MIN_RANKED = 2


def with_models(
    question: Question,
    options: Mapping[str, Any],
    *,
    chosen: Mapping[str, Any],
    vocabulary: Vocabulary,
    path: KeyPath,
    problems: Problems,
) -> dict[str, Any]:
    """Return a check's own keys with the models that they leave open.

    What is wrong with one key is noted at that key, below `path`.

    Raises
    ------
    BiasRulerError
        BR602 if the check needs sites that the benchmark lacks, or if there are too few models.
    """
    options = dict(options)
    if question.needs_site and not vocabulary.has_site:
        fix = "Add site, the column of the metadata that names it, to [benchmark]"
        raise refusal(f"{question.check} needs sites", "a benchmark with site", fix=fix)
    if question.check == "amplification":
        for key, kind in _ARMS.items():
            with problems.at(*path, key):
                options[key] = _arm(key, kind, options[key], chosen=chosen, vocabulary=vocabulary)
    if question.check == "ranking":
        options["models"] = _ranked(options["models"], vocabulary=vocabulary)
    if options.get("control") is not None:
        with problems.at(*path, "control"):
            _judge_control(str(options["control"]), chosen=chosen, vocabulary=vocabulary)
    if options.get("labelled") is not None and options.get("probability") is not None:
        found, fix = "labelled and probability are both given", "Remove labelled"
        raise refusal(found, "how the labelled cases were chosen, once", fix=fix)
    return options


_ARMS = {
    "automated_trained": ReferenceKind.AUTOMATED,
    "expert_trained": ReferenceKind.EXPERT,
}


def _arm(
    key: str,
    kind: ReferenceKind,
    given: tuple[str, ...] | None,
    *,
    chosen: Mapping[str, Any],
    vocabulary: Vocabulary,
) -> tuple[str, ...]:
    trained = vocabulary.trained_on(kind)
    if kind == ReferenceKind.AUTOMATED:  # on the labels that are asked about, no others
        trained = tuple(m for m in trained if vocabulary.models[m] == chosen["automated"])
    expected = f"models with trained_on set to {_name(kind, chosen)}"
    if given is not None:
        strangers = [model for model in given if model not in trained]
        if strangers:
            found = f"{key} names {_trainings(strangers, vocabulary)}"
            raise refusal(found, expected, fix="Name another model, or correct trained_on")
        return given
    if len(trained) > 1:
        found = f"{key} is missing, and {len(trained)} models may be meant"
        fix = f"Add {key}; several are runs of one training"
        raise refusal(found, f"one or more of {listed(trained)}", fix=fix)
    if not trained:
        found = f"no model is trained_on {_name(kind, chosen)}"
        raise refusal(found, "at least one", fix="Add trained_on to [models.NAME]")
    return trained


def _name(kind: ReferenceKind, chosen: Mapping[str, Any]) -> str:
    if kind == ReferenceKind.AUTOMATED:
        return shown(chosen["automated"])
    return "an expert reference"


def _ranked(given: tuple[str, ...] | None, *, vocabulary: Vocabulary) -> tuple[str, ...]:
    models = tuple(vocabulary.models) if given is None else given
    if len(models) < _MIN_RANKED:
        found = f"the benchmark has {len(models)} models to rank"
        raise refusal(found, f"at least {_MIN_RANKED}", fix="Add [models.NAME]")
    return models


def _judge_control(control: str, *, chosen: Mapping[str, Any], vocabulary: Vocabulary) -> None:
    if control == chosen.get("model"):
        found = f"control is {shown(control)}, the model itself"
        raise refusal(found, "another model, trained on expert labels")
    if control not in vocabulary.trained_on(ReferenceKind.EXPERT):
        found = f"control is {_trainings([control], vocabulary)}"
        expected = "a model with trained_on set to an expert reference"
        raise refusal(found, expected, fix="Name another model, or correct trained_on")


def _trainings(models: Iterable[str], vocabulary: Vocabulary) -> str:
    """Return models and what each was trained on, as the benchmark says it."""
    texts = []
    for model in models:
        trained_on = vocabulary.models[model]
        on_what = "no trained_on" if trained_on is None else f"trained_on {shown(trained_on)}"
        texts.append(f"{model} with {on_what}")
    return listed(texts)
