"""A difference of shape in plain words: which side is larger, less round, in more pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.checks.numbers import format_number

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.anatomy import Sides

TITLES = {
    "log_volume_ml": "volume",
    "sphericity": "roundness",
    "elongation": "elongation",
    "surface_to_volume": "surface for the volume",
    "n_components": "number of pieces",
}

_VERBS = {"surface_to_volume": ("have", "seem to have"), "n_components": ("lie", "seem to lie")}

# Elongation is the second axis over the first: the larger number is the rounder mask.
_WORDS = {
    "log_volume_ml": ("larger", "smaller"),
    "sphericity": ("rounder", "less round"),
    "elongation": ("less elongated", "more elongated"),
    "surface_to_volume": ("more surface for their volume", "less surface for their volume"),
    "n_components": ("in more pieces", "in fewer pieces"),
}


def words_of_shift(feature: str, delta: float | None) -> str | None:
    """Return what the masks of the first side are, compared with those of the second.

    Examples
    --------
    >>> words_of_shift("sphericity", -0.3), words_of_shift("elongation", -0.3)
    ('less round', 'more elongated')
    >>> words_of_shift("sphericity", 0.0) is None
    True
    """
    if not delta:
        return None
    return _WORDS[feature][0 if delta > 0 else 1]


def state_shift(
    declared: DeclaredCheck, *, feature: str, sides: Sides, delta: float, verdict: Verdict
) -> str:
    """Return the largest difference of shape as one sentence."""
    masks = _masks(declared)
    attribute = " and ".join(declared.by)
    size = format_number(abs(delta), limit=declared.limit)
    words = words_of_shift(feature, delta)
    if verdict == Verdict.PASS or words is None:
        return (
            f"{masks} look alike in all judged subgroups of {attribute} "
            f"(largest Cliff's delta {size}: {TITLES[feature]} of {sides.a})"
        )
    verb = _VERBS.get(feature, ("are", "seem"))[0 if verdict == Verdict.FAIL else 1]
    return (
        f"{masks} of {attribute} {sides.a} {verb} {words} than those of {sides.b} "
        f"(Cliff's delta {size})"
    )


def _masks(declared: DeclaredCheck) -> str:
    return "Lesions" if declared.label is None else f"Masks of {declared.label}"
