"""Outlines of one case's masks: what a reader sees of a worst case, never an intensity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_biasruler.masks.crop import Crop, find_union
from pytest_biasruler.scoring import answer
from pytest_biasruler.scoring.confinement import Confinement, Failure
from pytest_biasruler.scoring.errand import Task, pack_errand
from pytest_biasruler.scoring.ignored import find_ignored
from pytest_biasruler.scoring.outline import draw_outlines, pick_slice
from pytest_biasruler.scoring.sources import list_sets, make_job
from pytest_biasruler.scoring.stack import read_stack
from pytest_biasruler.scoring.surface import flat_axis
from pytest_biasruler.scoring.upright import SIDES, find_view

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.masks.mask import Mask
    from pytest_biasruler.scoring.job import Job

    Readers = Mapping[str, Callable[[Path], Mask]]

_LARGEST_FRAME = 1e6


@dataclass(frozen=True, kw_only=True, slots=True)
class CasePicture:
    """Outlines of one slice by set, as SVG paths in a frame of `width` by `height`.

    `coarse` are the sets drawn in larger cells than the frame has, such as a mask of noise;
    `sides` the sides of the patient at its left and right edge, empty where they are not known.
    """

    outlines: Mapping[str, str]
    width: float
    height: float
    coarse: tuple[str, ...] = ()
    sides: tuple[str, ...] = ()


def draw_case(
    benchmark: Benchmark,
    case: str,
    *,
    sets: Sequence[str],
    label: str | None,
    readers: Readers | None = None,
) -> CasePicture | None:
    """Return the outlines of the named sets' masks in the slice in which they differ most.

    The slice is chosen between the first two masks that can be read, across the shortest axis of
    a flat image and the third of any other; of the mean or the worst of all labels, the outlines
    are those of all of them as one. Sets without a readable mask are left out, and
    without any there is no picture. Masks of an untrusted benchmark are drawn in a process of
    their own.
    """
    known = {each.name: each for each in list_sets(benchmark)}
    used = [known[name] for name in sets if name in known]
    job = make_job(benchmark, case, sets=used, readers=readers or {})
    if benchmark.untrusted:
        return _draw_confined(job, label=label)
    return draw_job(job, label=label)


def draw_job(job: Job, *, label: str | None) -> CasePicture | None:
    """Return the outlines of a job's masks, in the order of its entries; see `draw_case`."""
    read, _ = read_stack(job)
    found = ((entry.set, read[entry.set]) for entry in job.entries)
    crops = {name: crop for name, crop in found if isinstance(crop, Crop)}
    values = job.values_of(label)
    box = find_union(crops.values(), values=values)
    if box is None:
        return None
    first = next(iter(crops.values()))
    flat = flat_axis(first.shape)
    view = find_view(first.affine, axis=2 if flat is None else flat)
    region = find_ignored(job, crops, box=box).of(*crops)
    drawings = [
        view.turn(_leave_out(crop.draw(box, values=values), region)) for crop in crops.values()
    ]
    drawn = draw_outlines(
        drawings,
        index=pick_slice(drawings[0], drawings[min(1, len(drawings) - 1)]),
        spacing_mm=view.turn_sizes(first.spacing_mm),
    )
    return CasePicture(
        outlines=dict(zip(crops, (outline.path for outline in drawn), strict=True)),
        width=drawn[0].width,
        height=drawn[0].height,
        coarse=tuple(name for name, each in zip(crops, drawn, strict=True) if each.is_coarse),
        sides=view.sides,
    )


def _leave_out(voxels: NDArray[np.bool_], region: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """Return what was compared: what any reference in the picture ignores is nobody's outline."""
    return voxels if region is None else voxels & ~region


def _draw_confined(job: Job, *, label: str | None) -> CasePicture | None:
    confinement = Confinement(limits=job.limits)
    try:
        heard = confinement.ask(pack_errand(Task.DRAW, job, label=label))
    finally:
        confinement.stop()
    if isinstance(heard, Failure):
        return None  # where it was scored, the case told what is wrong with it
    try:
        return _hear(answer.parse(heard), job)
    except answer.Malformed:
        return None


def _hear(plain: Any, job: Job) -> CasePicture | None:
    if plain is None:
        return None
    given = answer.table(plain, ("outlines", "width", "height", "coarse", "sides"))
    order = [entry.set for entry in job.entries]
    coarse = answer.rows(given["coarse"], most=len(order))
    if not isinstance(given["outlines"], dict) or not given["outlines"].keys() <= set(order):
        raise answer.Malformed("sets")
    if coarse != [name for name in order if name in coarse and name in given["outlines"]]:
        raise answer.Malformed("coarse sets")
    sides = tuple(answer.rows(given["sides"], most=2))
    if sides not in ((), SIDES):
        raise answer.Malformed("sides")
    return CasePicture(
        outlines={name: answer.outline(path) for name, path in given["outlines"].items()},
        width=answer.number(given["width"], 0.0, _LARGEST_FRAME),
        height=answer.number(given["height"], 0.0, _LARGEST_FRAME),
        coarse=tuple(coarse),
        sides=sides,
    )
