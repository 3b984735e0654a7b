"""Predictions on sheared grids: worst in mm, counted, and not judged in mm where they are many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.errors import CODES, BiasRulerError, Consequence
from pytest_biasruler.scoring.accounting import FEWEST_ALIKE, MOST_UNUSABLE, codes_of, readable
from pytest_biasruler.scoring.job import Role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_biasruler.scoring.accounting import Done
    from pytest_biasruler.scoring.job import CaseScores
    from pytest_biasruler.scoring.sources import MaskSet


def find_sheared(done: Done, sets: Sequence[MaskSet]) -> dict[str, dict[str, str]]:
    """Return model -> case -> code where a prediction's grid made it the worst in mm.

    A case whose references are sheared themselves is left out: nobody has a distance there.
    """
    found: dict[str, dict[str, str]] = {each.name: {} for each in sets if each.role == Role.MODEL}
    for case, scores in sorted(done.items()):
        sheared = {
            problem[0]: problem[1]
            for problem in scores["problems"]
            if CODES.get(problem[1]) == Consequence.DISTANCES
        }
        if sheared and _has_right_reference(scores, sets, sheared=set(sheared)):
            for model in sheared.keys() & found.keys():
                found[model][case] = sheared[model]
    return found


def _has_right_reference(
    scores: CaseScores, sets: Sequence[MaskSet], *, sheared: set[str]
) -> bool:
    names = {each.name for each in sets if each.role != Role.MODEL} - sheared
    return any(facts["error"] is None for name, facts in scores["masks"].items() if name in names)


def find_errors_in_mm(
    done: Done, sets: Sequence[MaskSet], *, sheared: Mapping[str, Mapping[str, str]]
) -> dict[str, BiasRulerError]:
    """Return by model why no check in mm judges it: most of its predictions would be the worst.

    Were they judged, all subgroups would be equally bad, and a gap would pass.
    """
    references = [each for each in sets if each.role != Role.MODEL]
    asked = {case for each in references for case, _ in readable(done, each)}
    errors = {}
    for each in sets if len(done) >= FEWEST_ALIKE else ():
        of_model = sheared.get(each.name)
        if not of_model:
            continue
        lost = (of_model.keys() | codes_of(done, each).keys()) & asked
        if len(lost) > MOST_UNUSABLE * len(asked):
            found = (
                f"{len(lost)} of {len(asked)} predictions of {each.name} have no distance in mm, "
                f"{len(of_model)} of them for a sheared grid or no voxel size"
            )
            fix = "Use overlap metrics or resample beforehand"
            errors[each.name] = BiasRulerError("BR122", found, "right angles, in mm", fix)
    return errors
