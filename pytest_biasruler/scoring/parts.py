"""One case put together from what several processes said of its masks."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.confinement import Failure
from pytest_biasruler.scoring.job import CaseScores, MaskFacts, error_to_plain

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pytest_biasruler.scoring.job import Job

    Answer = CaseScores | Failure


def drop_models(scores: CaseScores, names: Collection[str]) -> CaseScores:
    """Return the scores without what was said of some models."""
    return CaseScores(
        masks={name: facts for name, facts in scores["masks"].items() if name not in names},
        rows=[row for row in scores["rows"] if row["model"] not in names],
        shapes=scores["shapes"],
        echoes=[row for row in scores["echoes"] if row["model"] not in names],
        problems=[problem for problem in scores["problems"] if problem[0] not in names],
        error=scores["error"],
    )


def join_parts(job: Job, base: CaseScores, alone: Mapping[str, Answer]) -> CaseScores:
    """Return the scores of the references and of each model that could be scored alone."""
    good = {name: found for name, found in alone.items() if not isinstance(found, Failure)}
    joined = drop_models(base, good)
    for name, found in good.items():
        part = drop_models(found, found["masks"].keys() - {name})
        joined["masks"][name] = part["masks"][name]
        joined["rows"] += part["rows"]
        joined["echoes"] += part["echoes"]
        joined["problems"] += part["problems"]
    titles = {entry.set: entry.title for entry in job.entries}
    for name in alone.keys() - good.keys():
        failure = cast("Failure", alone[name])
        joined["masks"][name]["error"] = error_to_plain(failure.of(titles[name]))
    order = [entry.set for entry in job.entries]
    return CaseScores(**{**joined, "masks": {name: joined["masks"][name] for name in order}})


def exclude_case(job: Job) -> CaseScores:
    """Return what is known of a case without a usable reference; predictions are not read."""
    masks = {
        entry.set: MaskFacts(
            error=error_to_plain(entry.source),
            sha256="",
            voxel_sha256="",
            notes=[],
            highest=0,
            is_large=False,
            n_ignored=0,
        )
        for entry in job.entries
        if isinstance(entry.source, BiasRulerError)
    }
    return CaseScores(masks=masks, rows=[], shapes=[], echoes=[], problems=[], error=None)
