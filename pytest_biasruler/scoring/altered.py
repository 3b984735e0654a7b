"""What one case would score if one of its masks were altered: each mask is read once."""

from __future__ import annotations

import contextlib
import multiprocessing
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from math import ceil, isfinite, nan
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.crop import Crop, find_union
from pytest_biasruler.scoring.alteration import Change, change_mask, copy_errors, finest_mm
from pytest_biasruler.scoring.altered_confined import alter_confined
from pytest_biasruler.scoring.attempt import attempt
from pytest_biasruler.scoring.echo import measure_echo
from pytest_biasruler.scoring.grid import Grid
from pytest_biasruler.scoring.ignored import Ignored, cut_drawing, find_ignored, thin_strata
from pytest_biasruler.scoring.pairs import Drawing, Pair, is_measured, score_pair
from pytest_biasruler.scoring.sources import list_sets, make_job
from pytest_biasruler.scoring.stack import read_stack
from pytest_biasruler.scoring.strata import cut_strata

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.masks.mask import Mask
    from pytest_biasruler.scoring.job import Job

    Drawings = Mapping[str, Drawing]

KAPPA = "kappa"
"""In place of a metric's name: what a model repeats of an automated reference's errors."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Altered:
    """One mask altered, and whom it is then compared with.

    `automated` is only given for COPY, which makes `model` repeat that reference's errors.
    """

    change: Change
    size: float
    set: str
    model: str
    reference: str
    label: str
    metric: str
    automated: str = ""


def score_altered(
    benchmark: Benchmark,
    wanted: Sequence[Altered],
    *,
    cases: Sequence[str],
    metrics: Mapping[str, Metric],
    readers: Mapping[str, Callable[[Path], Mask]],
    lost: Mapping[str, Collection[str]] | None = None,
    workers: int = 1,
    progress: Callable[[int, int, int], None] | None = None,
) -> dict[Altered, pd.Series]:
    """Return the score of each case for each alteration, NaN where a mask cannot be used.

    Parameters
    ----------
    wanted : sequence of Altered
        Those of sets without masks are answered by NaN.
    metrics : mapping
        Every metric that `wanted` names, but `KAPPA`.
    lost : mapping, optional
        Model -> cases whose prediction could not be used. None of them is opened again: one that
        killed its process would do so once more, and take the case from other models.
    workers : int
        Processes, where masks are files and nothing but our own code is needed to score them; of
        an untrusted benchmark each case has a process of its own.
    progress : callable, optional
        Called with (done, total, 0) after each case.
    """
    with_masks = {each.name: each for each in list_sets(benchmark)}
    named = {name for one in wanted for name in (one.model, one.reference, one.automated)}
    used = [each for name, each in with_masks.items() if name in named]
    is_plain = all(each.template for each in used) and not readers
    has_functions = any(each.score is not None for each in metrics.values())
    n_processes = 1 if has_functions or not is_plain else workers

    def job_of(case: str) -> Job:
        own = [each for each in metrics.values() if is_measured(each)]
        kept = [each for each in used if case not in (lost or {}).get(each.name, ())]
        return make_job(benchmark, case, sets=kept, metrics=own, readers=readers)

    scores = {one: np.full(len(cases), nan) for one in wanted}
    done = _score_jobs(job_of, cases, wanted=tuple(wanted), workers=n_processes)
    if benchmark.untrusted:
        done = alter_confined(map(job_of, cases), tuple(wanted), workers=workers)
    for number, found in enumerate(done):
        for one, score in found.items():
            scores[one][number] = score
        if progress is not None:
            progress(number + 1, len(cases), 0)
    return {one: pd.Series(values, index=pd.Index(cases)) for one, values in scores.items()}


def _score_jobs(
    job_of: Callable[[str], Job],
    cases: Sequence[str],
    *,
    wanted: tuple[Altered, ...],
    workers: int,
) -> Iterator[dict[Altered, float]]:
    """Yield the scores of each case in order; what no process could do is done here."""
    n_done = 0
    score = partial(_score_safely, wanted=wanted)
    if workers > 1 and len(cases) > workers:
        context = multiprocessing.get_context("spawn")  # threads of numpy may hold a lock
        with (
            contextlib.suppress(BrokenExecutor),
            ProcessPoolExecutor(workers, mp_context=context) as pool,
        ):
            for found in pool.map(score, map(job_of, cases), chunksize=4):
                yield found
                n_done += 1
    yield from map(score, map(job_of, cases[n_done:]))


def _score_safely(job: Job, *, wanted: tuple[Altered, ...]) -> dict[Altered, float]:
    found = attempt(partial(score_alterations, job, wanted))
    # What was wrong with the masks of this case is told where they were scored as they are.
    return {} if isinstance(found, BiasRulerError) else found


def score_alterations(job: Job, wanted: Sequence[Altered]) -> dict[Altered, float]:
    """Return the score of one case for each alteration whose masks can be used.

    Scores that are not finite, and those of masks on sheared grids, are left out.
    """
    masks, grid = read_stack(job)
    usable = {name: mask for name, mask in masks.items() if isinstance(mask, Crop)}
    if grid is None:
        return {}
    found: dict[Altered, float] = {}
    for label in dict.fromkeys(one.label for one in wanted):
        asked = [one for one in wanted if one.label == label]
        drawings = _draw(job, usable, Grid(mask=grid), asked)
        found |= dict(_score_label(job, drawings, asked, ignored=_ignored(job, usable, drawings)))
    return {one: score for one, score in found.items() if isfinite(score)}


def _draw(
    job: Job, masks: Mapping[str, Crop], grid: Grid, wanted: Sequence[Altered]
) -> dict[str, Drawing]:
    """Return all masks of one label, cropped with room for the largest alteration."""
    values = job.labels[wanted[0].label] if wanted[0].label else None
    box = find_union(masks.values(), values=values)
    if box is None:
        return {}
    if job.ignore is not None:  # all that is ignored is told from the voxels in the box
        box = find_union(masks.values()) or box
    spacing_mm, shape = grid.mask.spacing_mm, grid.mask.shape
    reach_mm = max(one.size for one in wanted) * finest_mm(shape, spacing_mm=spacing_mm)
    room = tuple(
        slice(max(side.start - ceil(reach_mm / mm) - 1, 0), side.stop + ceil(reach_mm / mm) + 1)
        for side, mm in zip(box, spacing_mm, strict=True)
    )
    room = tuple(slice(*side.indices(n)) for side, n in zip(room, shape, strict=True))
    return {
        name: Drawing(
            voxels=mask.draw(room, values=values),
            box=room,
            grid=grid,
            is_sheared=mask.is_sheared,
        )
        for name, mask in masks.items()
    }


def _ignored(job: Job, masks: Mapping[str, Crop], drawings: Drawings) -> Ignored:
    """Return what is left out after a mask was altered: it may grow into what is ignored."""
    boxes = [drawing.box for drawing in drawings.values()]
    return find_ignored(job, masks, box=boxes[0]) if boxes else Ignored()


def _score_label(
    job: Job, drawings: Drawings, wanted: Sequence[Altered], *, ignored: Ignored
) -> Iterator[tuple[Altered, float]]:
    metrics = {metric.name: metric for metric in job.metrics}
    changed: dict[tuple[str, Change, float], Drawing] = {}
    for one in wanted:
        needed = filter(None, (one.set, one.model, one.reference, one.automated))
        if any(name not in drawings or drawings[name].is_sheared for name in needed):
            continue
        if one.change == Change.COPY:
            yield one, _score_copy(drawings, one, ignored=ignored)
        elif one.metric in metrics:
            key = (one.set, one.change, one.size)
            if key not in changed:
                changed[key] = _change(drawings[one.set], one)
            altered = {**drawings, one.set: changed[key]}
            region = ignored.of(one.model, one.reference)
            cut = {name: cut_drawing(altered[name], region) for name in (one.model, one.reference)}
            yield one, _score(job, cut, one, metrics[one.metric])


def _change(drawing: Drawing, one: Altered) -> Drawing:
    spacing_mm = drawing.grid.mask.spacing_mm
    voxels = change_mask(drawing.voxels, one.change, size=one.size, spacing_mm=spacing_mm)
    return replace(drawing, voxels=voxels)


def _score(job: Job, drawings: Drawings, one: Altered, metric: Metric) -> float:
    pair = Pair(model=drawings[one.model], reference=drawings[one.reference], label=one.label)
    found = attempt(partial(score_pair, pair, [metric], both_empty=job.both_empty))
    return nan if isinstance(found, BiasRulerError) else found[metric.name]


def _score_copy(drawings: Drawings, one: Altered, *, ignored: Ignored) -> float:
    region = ignored.of(one.automated, one.reference)
    names = (one.model, one.automated, one.reference)
    drawn, automated, expert = (cut_drawing(drawings[name], region).voxels for name in names)
    model = copy_errors(drawn, automated=automated, expert=expert, share=one.size)
    uncut = drawings[one.reference]
    strata = cut_strata(
        uncut.voxels,
        spacing_mm=uncut.grid.mask.spacing_mm,
        offset=[side.start for side in uncut.box],
        grid_shape=uncut.grid.mask.shape,
    )
    thinned = thin_strata(strata, region)
    return measure_echo(model, automated=automated, expert=expert, strata=thinned).kappa
