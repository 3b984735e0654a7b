"""All scores of one case: every mask is read once, and what pairs share is computed once."""

from __future__ import annotations

from functools import partial
from math import isfinite, nan
from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.crop import Crop, find_union
from pytest_biasruler.scoring.attempt import attempt
from pytest_biasruler.scoring.grid import Grid
from pytest_biasruler.scoring.ignored import Cutter, find_ignored
from pytest_biasruler.scoring.job import (
    CaseScores,
    EchoRow,
    Job,
    Role,
    ScoreRow,
    ShapeRow,
    Status,
    error_to_plain,
    failed_case,
)
from pytest_biasruler.scoring.measures import Measure, measure_echoes, measure_shapes
from pytest_biasruler.scoring.pairs import Drawing, Pair, score_pair, score_worst
from pytest_biasruler.scoring.stack import list_sheared, read_stack, state_facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_biasruler.benchmark.metrics import Metric

    Drawings = Mapping[str, Drawing]
    from pytest_biasruler.scoring.stack import Masks


def score_case(job: Job) -> CaseScores:
    """Return all scores of one case, and what else the job asks to be measured.

    Every model is scored against every reference, every automated reference against every expert
    one, and every expert reference against every other one. The grid is that of the first
    readable expert reference, else of the first readable reference.

    Returns
    -------
    CaseScores
        Plain JSON. A reference that cannot be used has no rows; a prediction that cannot be used
        has rows with the worst scores. Never raises: an unforeseen exception is BR899, of the
        mask it came from where that is known, else of the case.
    """
    scores = attempt(partial(_score_case, job))
    return failed_case(scores) if isinstance(scores, BiasRulerError) else scores


def pairs_of(roles: Mapping[str, Role]) -> Iterator[tuple[str, str]]:
    """Yield (model or other reference, reference) of everything that is scored.

    Examples
    --------
    >>> list(pairs_of({"e": Role.EXPERT, "a": Role.AUTOMATED, "m": Role.MODEL}))
    [('a', 'e'), ('m', 'e'), ('m', 'a')]
    """
    references = [(name, role) for name, role in roles.items() if role != Role.MODEL]
    for model, role in roles.items():
        for reference, kind in references:
            if reference != model and (role == Role.MODEL or kind == Role.EXPERT):
                yield model, reference


def _score_case(job: Job) -> CaseScores:
    masks, grid = read_stack(job)
    problems = list_sheared(job.entries, masks)
    rows: list[ScoreRow] = []
    shapes: list[ShapeRow] = []
    echoes: list[EchoRow] = []
    shape_roles, echo_roles = _roles_of(job, "shape"), _roles_of(job, "echo")
    for label, drawings, cutter in () if grid is None else _draw(job, masks, Grid(mask=grid)):
        rows += _score_label(job, drawings, cutter, label=label, problems=problems)
        if Measure.SHAPE in job.measures:
            shapes += measure_shapes(drawings, roles=shape_roles, label=label)
        if Measure.ECHO in job.measures:
            echoes += measure_echoes(drawings, cutter, roles=echo_roles, label=label)
    return CaseScores(
        masks={name: state_facts(mask, ignore=job.ignore) for name, mask in masks.items()},
        rows=rows,
        shapes=shapes,
        echoes=echoes,
        problems=problems,
        error=None,
    )


def _roles_of(job: Job, kind: str) -> dict[str, Role]:
    """Return the sets that the wanted pieces of one kind are about."""
    roles = {entry.set: entry.role for entry in job.entries}
    if job.wanted is None:
        return roles
    named = {name for piece in job.wanted if piece[0] == kind for name in piece[1:]}
    return {name: role for name, role in roles.items() if name in named}


def _draw(job: Job, masks: Masks, grid: Grid) -> Iterator[tuple[str, Drawings, Cutter]]:
    """Yield each label with the drawings of all usable masks, cropped to one box."""
    usable = {name: mask for name, mask in masks.items() if isinstance(mask, Crop)}
    # Where all are empty, one voxel of background stands for them.
    box = find_union(usable.values()) or (slice(0, 1),) * 3
    crops = {_content(mask): mask for mask in usable.values()}
    ignored = find_ignored(job, usable, box=box)
    labels: Mapping[str, tuple[int, ...] | None] = job.labels or {"": None}
    for label, values in labels.items():
        drawings = {
            content: Drawing(
                voxels=crop.draw(box, values=values), box=box, grid=grid, is_sheared=content[1]
            )
            for content, crop in crops.items()
        }
        of_sets = {name: drawings[_content(mask)] for name, mask in usable.items()}
        yield label, of_sets, Cutter(ignored)


def _content(mask: Crop) -> tuple[str, bool]:
    """Return what two masks of one case must share to share all work."""
    return mask.voxel_sha256, mask.is_sheared


def _score_label(
    job: Job, drawings: Drawings, cutter: Cutter, *, label: str, problems: list[list[str]]
) -> Iterator[ScoreRow]:
    roles = {entry.set: entry.role for entry in job.entries}
    known: dict[tuple[int, int, bool], tuple[Pair, dict[str, float], list[BiasRulerError]]] = {}
    for model, reference in pairs_of(roles):
        if reference not in drawings or not job.wants("pair", model, reference):
            continue
        if model in drawings:
            # Whose a mask is matters only where it has no right angles.
            is_prediction = roles[model] == Role.MODEL or not drawings[model].is_sheared
            key = (id(drawings[model]), id(drawings[reference]), is_prediction)
            if key not in known:  # two sets may hold the same mask: it is measured once
                pair = Pair(
                    model=cutter.cut(drawings[model], model, reference),
                    reference=cutter.cut(drawings[reference], model, reference),
                    label=label,
                    is_prediction=is_prediction,
                    is_void=cutter.is_all(model, reference),
                )
                known[key] = (pair, *_score_all(pair, job=job))
            pair, scores, failures = known[key]
            problems += [[model, *error_to_plain(error)] for error in failures]
            yield _row(pair, scores, model=model, reference=reference)
        elif roles[model] == Role.MODEL:
            pair = Pair.with_nothing(drawings[reference], label=label)
            yield _worst_row(pair, job.metrics, model=model, reference=reference)


def _score_all(pair: Pair, *, job: Job) -> tuple[dict[str, float], list[BiasRulerError]]:
    """Return all scores; a metric of a plugin that fails is NaN and spoils no other one."""
    if pair.is_void:
        return {metric.name: nan for metric in job.metrics}, []
    own = [metric for metric in job.metrics if metric.score is None]
    scores = score_pair(pair, own, both_empty=job.both_empty)
    failures = []
    for metric in job.metrics:
        if metric.score is not None:
            found = attempt(partial(score_pair, pair, [metric], both_empty=job.both_empty))
            if isinstance(found, BiasRulerError):
                failures.append(found)
                found = {metric.name: nan}
            scores |= found
    return scores, failures


def _row(pair: Pair, scores: Mapping[str, float], *, model: str, reference: str) -> ScoreRow:
    status = Status.AGREED_ABSENT if pair.n_empty == 2 else Status.SCORED
    status = Status.UNDEFINED if pair.is_void else status
    return ScoreRow(
        label=pair.label,
        model=model,
        reference=reference,
        status=status.value,
        scores={name: _finite(score) for name, score in scores.items()},
        facts=_measures(pair),
    )


def _worst_row(pair: Pair, metrics: Iterable[Metric], *, model: str, reference: str) -> ScoreRow:
    scores = score_worst(pair, metrics)
    return ScoreRow(
        label=pair.label,
        model=model,
        reference=reference,
        status=Status.WORST.value,
        scores={name: _finite(score) for name, score in scores.items()},
        facts={**_measures(pair), "n_model": None, "n_both": None, "model_ml": None},
    )


def _measures(pair: Pair) -> dict[str, float | None]:
    counts, grid = pair.counts, pair.reference.grid
    return {
        "n_model": counts.n_model,
        "n_reference": counts.n_reference,
        "n_both": counts.n_both,
        "model_ml": _finite(counts.n_model * grid.voxel_ml),
        "reference_ml": _finite(counts.n_reference * grid.voxel_ml),
        "diagonal_mm": grid.diagonal_mm,
    }


def _finite(score: float) -> float | None:
    return float(score) if isfinite(score) else None
