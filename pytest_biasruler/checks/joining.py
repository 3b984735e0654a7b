"""How a finding tells that its scores are those of several labels joined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.label_keys import AGGREGATES, MEAN
from pytest_biasruler.scoring.joined import count_partial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.evidence import Evidence


def joined_details(evidence: Evidence, declared: DeclaredCheck) -> dict[str, Any]:
    """Return how the labels were joined; empty where the question is about one label.

    Returns
    -------
    dict
        ``aggregation``, ``"mean"`` or ``"worst"``; ``aggregated``, the labels; ``n_partial``, in
        how many cases both masks of some of them are empty and left out, by ``both_empty``.
    """
    if declared.label not in AGGREGATES:
        return {}
    return {
        "aggregation": declared.label,
        "aggregated": list(evidence.benchmark.labels),
        "n_partial": _count_partial(evidence, declared),
    }


def note_joined(evidence: Evidence, declared: DeclaredCheck) -> str:
    """Return what a statement adds about joined labels; empty where there is one label."""
    if declared.label not in AGGREGATES:
        return ""
    labels = list(evidence.benchmark.labels)
    words = (
        f"; a case's {evidence.metric(declared.metric).title} is {describe(declared.label)} of "
    )
    n_partial = _count_partial(evidence, declared)
    if not n_partial:
        return f"{words}{_list(labels)}"
    return f"{words}{_list(labels)}, without labels that both masks lack in {n_partial} cases"


def describe(how: str) -> str:
    """Return the words for how labels are joined.

    Examples
    --------
    >>> describe("mean"), describe("worst")
    ('the mean', 'the worst')
    """
    return "the mean" if how == MEAN else "the worst"


def _count_partial(evidence: Evidence, declared: DeclaredCheck) -> int:
    """Return the most cases of any pair asked about of which some labels are left out."""
    models = [declared.model or declared.automated, *(declared.options.get("models") or ())]
    counts = [0]
    for model in filter(None, models):
        for reference in filter(None, (declared.reference, declared.automated)):
            frames = [
                evidence.pair(model, reference, label) for label in evidence.benchmark.labels
            ]
            if all(len(frame) and declared.metric in frame for frame in frames):
                counts.append(count_partial(frames, metric=declared.metric))
    return max(counts)


def _list(names: Sequence[str]) -> str:
    """Return names as a sentence lists them.

    Examples
    --------
    >>> _list(["tumor", "edema", "necrosis"])
    'tumor, edema and necrosis'
    """
    return f"{', '.join(names[:-1])} and {names[-1]}"
