"""Whether the sets of masks that a check needs can be used at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.forms import form_of
from pytest_biasruler.benchmark.metrics import DISTANCES
from pytest_biasruler.benchmark.questions import QUESTIONS
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.evidence import Evidence

_BY_EXPERTS_ALONE = ("amplification",)
_BY_AUTOMATED_ALONE = ("noise",)
_WITHOUT_SCORES = ("morphology",)


def refuse_unusable_sets(evidence: Evidence, declared: DeclaredCheck) -> None:
    """Raise if a set of masks that the check needs cannot be used at all.

    Raises
    ------
    BiasRulerError
        Why the set cannot be used; BR122 for a check in mm of predictions mostly on sheared
        grids; BR121 for predictions that are copies of the reference;
        BR503 if no case has a score of a pair that the check compares.
    """
    models = models_of(declared)
    question = form_of(QUESTIONS[declared.check], declared.options)
    automated = declared.automated if question.needs_both else None
    second = declared.options.get("second_expert")
    for name in filter(None, (*models, declared.reference, automated, second)):
        if name in evidence.scored.errors:
            raise evidence.scored.errors[name]
    for model in models:
        if declared.metric in DISTANCES and model in evidence.scored.errors_in_mm:
            raise evidence.scored.errors_in_mm[model]
        copied = evidence.scored.copied.get((model, str(declared.reference)))
        if copied is not None:
            raise copied
    for scored_set, reference in _pairs(declared, models=models, automated=automated):
        if evidence.pair(scored_set, reference, declared.label).empty:
            raise BiasRulerError(
                "BR503",
                f"no case has a score of {scored_set} against {reference}",
                "at least one",
                "Add masks, or rows to the score table",
            )


def models_of(declared: DeclaredCheck) -> tuple[str, ...]:
    """Return every model that a check looks at, each once."""
    question = form_of(QUESTIONS[declared.check], declared.options)
    named = [declared.model] if declared.model is not None else []
    for key in question.model_keys:
        given = declared.options.get(key)
        named += [given] if isinstance(given, str) else list(given or ())
    return tuple(dict.fromkeys(named))


def _pairs(
    declared: DeclaredCheck, *, models: tuple[str, ...], automated: str | None
) -> Iterator[tuple[str, str]]:
    """Yield what must have been scored: model (or reference) and reference."""
    if declared.check in _WITHOUT_SCORES or declared.reference is None:
        return
    if not models:
        yield str(automated), declared.reference
        return
    for model in models:
        if automated is None or declared.check not in _BY_AUTOMATED_ALONE:
            yield model, declared.reference
        if automated is not None and declared.check not in _BY_EXPERTS_ALONE:
            yield model, automated
