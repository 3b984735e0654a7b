"""The table of the MAMA-MIA challenge's score, with what each number means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.cells import make_table, name_cell, number_cell, words
from pytest_biasruler.report.numbers import joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from pytest_biasruler.report.blocks import Block

_UNITS = {
    "mm": "HD95 in mm",
    "voxel": "HD95 in edges of a cube of one voxel's volume",
}
_DEFINITION = (
    "NormHD = HD95/150, 1 where it is infinite, not clipped. Performance = (Dice + 1 − NormHD)/2. "
    "Fairness = mean over variables of 1 − (largest − smallest subgroup mean of Dice, plus that "
    "of NormHD)/2, subgroups of any size, unknown included. Score = (performance + fairness)/2 "
    "(arXiv 2603.01250)."
)


def describe_challenge(scores: Sequence[tuple[str, str, Mapping[str, Any]]]) -> Iterator[Block]:
    """Yield one table of challenge scores, a row per model, reference and unit of distance.

    `scores` are model, reference and what a finding's details hold of the two.
    """
    rows = [
        (
            name_cell(model),
            name_cell(reference),
            words(title),
            number_cell(score[unit].get("mean_dice")),
            number_cell(score[unit].get("mean_norm_hd")),
            number_cell(score[unit].get("performance")),
            number_cell(score[unit].get("fairness")),
            number_cell(score[unit].get("ranking"), decimals=4),
        )
        for unit, title in _UNITS.items()
        for model, reference, score in scores
        if score.get(unit)
    ]
    if not rows:
        return
    columns = ("Dice", "NormHD", "performance", "fairness", "score")
    yield make_table(
        "Score of the MAMA-MIA challenge; not judged",
        ("model", "reference", "distance", *columns),
        rows,
        note=" ".join([*_conditions([score for *_, score in scores]), _DEFINITION]),
    )


def _conditions(scores: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what this benchmark has of the challenge's inputs, as sentences."""
    first = scores[0]
    variables, without = first.get("variables") or {}, first.get("without") or ()
    cut = "; ".join(f"{name}: {how}" for name, how in variables.items())
    yield f"Variables: {cut}." if cut else "No variable of the challenge is an attribute here."
    if without:
        yield f"Without {joined(without)}."
    if not all(score.get("voxel") for score in scores):
        yield (
            "The challenge took HD95 in voxels; where no such row stands, the voxel size is not "
            "known for every case."
        )
    if first.get("both_empty"):
        yield f"Here {first['both_empty']}."
