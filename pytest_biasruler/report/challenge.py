"""The table of the MAMA-MIA challenge's score, with what each number means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.cells import make_table, name_cell, number_cell, words
from pytest_biasruler.report.numbers import counted, joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
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


def describe_challenge(
    scores: Mapping[str, Mapping[str, Any]], *, of: str = ""
) -> Iterator[Block]:
    """Yield one table of challenge scores, a row per name and unit of distance.

    Parameters
    ----------
    scores : mapping
        Name shown -> what a finding's details hold of it.
    of : str, optional
        What the caption adds, such as "by the expert reference".
    """
    rows = [
        (
            name_cell(name),
            words(title),
            number_cell(score[unit].get("mean_dice")),
            number_cell(score[unit].get("mean_norm_hd")),
            number_cell(score[unit].get("performance")),
            number_cell(score[unit].get("fairness")),
            number_cell(score[unit].get("ranking"), decimals=4),
        )
        for unit, title in _UNITS.items()
        for name, score in scores.items()
        if score.get(unit)
    ]
    if not rows:
        return
    first = next(iter(scores.values()))
    yield make_table(
        f"Score of the MAMA-MIA challenge{f' {of}' if of else ''}; not judged",
        ("model", "distance", "Dice", "NormHD", "performance", "fairness", "score"),
        rows,
        note=" ".join([*_conditions(first), _DEFINITION]),
    )


def _conditions(score: Mapping[str, Any]) -> Iterator[str]:
    """Yield what this benchmark has of the challenge's inputs, as sentences."""
    variables, without = score.get("variables") or {}, score.get("without") or ()
    cut = "; ".join(f"{name}: {how}" for name, how in variables.items())
    yield f"{counted(score.get('n_cases') or 0, 'case')}."
    yield f"Variables: {cut}." if cut else "No variable of the challenge is an attribute here."
    if without:
        yield f"Without {joined(without)}."
    if not score.get("voxel"):
        yield "The challenge took HD95 in voxels; the voxel size is not known for every case."
    if score.get("both_empty"):
        yield f"Here {score['both_empty']}."
