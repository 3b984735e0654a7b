"""Outlines of one case's masks: what a reader sees of a worst case, never an intensity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_biasruler.masks.labels import select_label
from pytest_biasruler.masks.mask import Mask
from pytest_biasruler.scoring.job import Job
from pytest_biasruler.scoring.outline import draw_outlines, pick_slice
from pytest_biasruler.scoring.shape import bounding_box
from pytest_biasruler.scoring.sources import find_entry, list_sets
from pytest_biasruler.scoring.stack import read_stack
from pytest_biasruler.scoring.surface import flat_axis

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pytest_biasruler.benchmark.definition import Benchmark

    Readers = Mapping[str, Callable[[Path], Mask]]


@dataclass(frozen=True, kw_only=True, slots=True)
class CasePicture:
    """Outlines of one slice by set, as SVG paths in a frame of `width` by `height`."""

    outlines: Mapping[str, str]
    width: float
    height: float


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
    a flat image and the third of any other; sets without a readable mask are left out, and
    without any there is no picture.
    """
    masks = _read(benchmark, case, sets=sets, readers=readers or {})
    voxels = {name: select_label(mask, _values(benchmark, label)) for name, mask in masks.items()}
    box = bounding_box(*voxels.values()) if voxels else None
    if box is None:
        return None
    cropped = [mask[box] for mask in voxels.values()]
    flat = flat_axis(next(iter(voxels.values())).shape)
    axis = 2 if flat is None else flat
    drawn = draw_outlines(
        cropped,
        index=pick_slice(cropped[0], cropped[min(1, len(cropped) - 1)], axis=axis),
        spacing_mm=next(iter(masks.values())).spacing_mm,
        axis=axis,
    )
    return CasePicture(
        outlines=dict(zip(voxels, (outline.path for outline in drawn), strict=True)),
        width=drawn[0].width,
        height=drawn[0].height,
    )


def _values(benchmark: Benchmark, label: str | None) -> tuple[int, ...] | None:
    return benchmark.labels[label] if label else None


def _read(
    benchmark: Benchmark, case: str, *, sets: Sequence[str], readers: Readers
) -> dict[str, Mask]:
    known = {each.name: each for each in list_sets(benchmark)}
    entries = tuple(
        find_entry(known[name], case, benchmark=benchmark) for name in sets if name in known
    )
    job = Job(
        case=case,
        entries=entries,
        metrics=(),
        labels=benchmark.labels,
        limits=benchmark.limits,
        root=benchmark.root,
        readers=readers,
    )
    masks, _ = read_stack(job)
    found = ((name, masks.get(name)) for name in sets)
    return {name: mask for name, mask in found if isinstance(mask, Mask)}
