"""What the process of one case is asked to do, as plain JSON on the way there."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from enum import StrEnum
from functools import reduce
from importlib import import_module
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.definition import BothEmpty
from pytest_biasruler.benchmark.metrics import Direction, Metric
from pytest_biasruler.errors import BiasRulerError, Limits
from pytest_biasruler.masks.crop import Crop
from pytest_biasruler.scoring.job import Entry, Job, Role, error_from_plain, error_to_plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_biasruler.scoring.job import CaseScores


class Task(StrEnum):
    """What is done with the masks of a case."""

    NOTHING = "nothing"
    SCORE = "score"
    DRAW = "draw"
    ALTER = "alter"


def pack_errand(task: Task, job: Job, **details: object) -> dict[str, Any]:
    """Return an errand as plain data: the task, the job, its limits and what else the task needs.

    Links were resolved or refused before, so none is followed where the masks are read.
    """
    functions = [metric.score for metric in job.metrics if metric.score is not None]
    return {
        "task": task.value,
        "memory_mb": job.limits.case_memory_mb,
        "time_s": job.limits.case_timeout_s,
        "folders": sorted({_folder_of(function.__module__) for function in functions}),
        "entries": [_pack_entry(entry) for entry in job.entries],
        "metrics": [_pack_metric(metric) for metric in job.metrics],
        "measures": list(job.measures),
        "labels": {name: list(values) for name, values in job.labels.items()},
        "ignore": job.ignore,
        "both_empty": job.both_empty.value,
        "limits": asdict(replace(job.limits, allow_symlinks=False)),
        "details": details,
    }


def unpack_job(errand: Mapping[str, Any]) -> Job:
    """Return the job of an errand, without the name of its case."""
    return Job(
        case="",
        entries=tuple(_unpack_entry(entry) for entry in errand["entries"]),
        metrics=tuple(_unpack_metric(metric) for metric in errand["metrics"]),
        measures=tuple(errand["measures"]),
        labels={name: tuple(values) for name, values in errand["labels"].items()},
        ignore=errand["ignore"],
        both_empty=BothEmpty(errand["both_empty"]),
        limits=Limits(**errand["limits"]),
    )


def carry_out(errand: Mapping[str, Any]) -> object:
    """Do what an errand asks, and return the answer as plain data.

    Raises
    ------
    MemoryError
        If there was not enough of it for something other than reading one mask.
    """
    task, details = Task(errand["task"]), errand["details"]
    if task == Task.SCORE:
        return _score(unpack_job(errand))
    if task == Task.DRAW:
        from pytest_biasruler.scoring.gallery import draw_job

        picture = draw_job(unpack_job(errand), **details)
        return None if picture is None else asdict(picture)
    if task == Task.ALTER:
        from pytest_biasruler.scoring.alteration import Change
        from pytest_biasruler.scoring.altered import Altered, score_alterations

        wanted = [Altered(**{**one, "change": Change(one["change"])}) for one in details["wanted"]]
        scores = score_alterations(unpack_job(errand), wanted)
        return [scores.get(one) for one in wanted]
    return None


def _score(job: Job) -> CaseScores:
    from pytest_biasruler.scoring.case import score_case

    scores = score_case(job)
    failures = [scores["error"], *(problem[1:] for problem in scores["problems"])]
    if any(map(_is_of_memory, failures)):
        raise MemoryError
    is_alone = not any(entry.role == Role.MODEL for entry in job.entries)
    for entry in job.entries:
        facts = scores["masks"][entry.set] if scores["masks"] else None
        if facts is None or not _is_of_memory(facts["error"]):
            continue
        if entry.role != Role.MODEL and not is_alone:
            raise MemoryError  # perhaps the predictions took it all
        facts["error"] = _too_large(job)
    return scores


def _is_of_memory(error: list[str] | None) -> bool:
    return error is not None and error[0] == "BR899" and "MemoryError" in error[1]


def _too_large(job: Job) -> list[str]:
    memory_mb = job.limits.case_memory_mb
    found = f"a mask needs more than the {memory_mb} MB that its process has"
    return ["BR803", found, "a smaller one", "Raise biasruler_case_memory_mb if it is honest"]


def _pack_entry(entry: Entry) -> dict[str, Any]:
    packed = {"set": entry.set, "role": entry.role.value, "place": entry.place}
    if isinstance(entry.source, BiasRulerError):
        return {**packed, "error": error_to_plain(entry.source)}
    if isinstance(entry.source, Crop):  # such a benchmark is refused before anything is scored
        raise TypeError("a mask given in code cannot be sent to the process of a case")
    return {**packed, "path": str(Path(entry.source).absolute()), "digest": entry.digest}


def _unpack_entry(packed: Mapping[str, Any]) -> Entry:
    error, path = packed.get("error"), packed.get("path", "")
    return Entry(
        set=packed["set"],
        role=Role(packed["role"]),
        source=Path(path) if error is None else error_from_plain(error),
        place=packed["place"],
        digest=packed.get("digest", ""),
    )


def _pack_metric(metric: Metric) -> dict[str, Any]:
    function = metric.score
    return {
        "name": metric.name,
        "unit": metric.unit,
        "direction": metric.direction.value,
        "range": list(metric.range),
        "both_empty": metric.both_empty,
        "one_empty": metric.one_empty,
        "parameters": dict(metric.parameters),
        "score": None if function is None else [function.__module__, function.__qualname__],
    }


def _unpack_metric(packed: Mapping[str, Any]) -> Metric:
    low, high = packed["range"]
    score = None
    if packed["score"] is not None:
        module, name = packed["score"]
        score = reduce(getattr, name.split("."), import_module(module))
    direction = Direction(packed["direction"])
    return Metric(**{**packed, "direction": direction, "range": (low, high), "score": score})


def _folder_of(module: str) -> str:
    """Return the folder from which a module's first package is imported."""
    spec = PathFinder.find_spec(module.partition(".")[0])
    if spec is None:
        return ""
    if spec.submodule_search_locations:
        return str(Path(next(iter(spec.submodule_search_locations))).absolute().parent)
    return str(Path(spec.origin or sys.prefix).absolute().parent)
