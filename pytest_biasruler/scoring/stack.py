"""The masks of one case, each read once, laid on one grid."""

from __future__ import annotations

from functools import partial
from math import prod
from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.crop import Crop
from pytest_biasruler.masks.geometry import align_crop, check_right_angles
from pytest_biasruler.masks.reader import read_crop
from pytest_biasruler.scoring.attempt import attempt
from pytest_biasruler.scoring.ignored import (
    allowed_values,
    count_ignored,
    refuse_all_ignored,
    telling_of_ignored,
)
from pytest_biasruler.scoring.job import MaskFacts, Role, error_to_plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pytest_biasruler.scoring.job import Entry, Job

    Masks = Mapping[str, Crop | BiasRulerError]

_RANKS = {Role.EXPERT: 0, Role.AUTOMATED: 1, Role.MODEL: 2}
_LARGE = 0.5  # share of the volume above which foreground is worth a note


def read_stack(job: Job) -> tuple[Masks, Crop | None]:
    """Return the masks of a case by set, or why there is none, and the one that sets the grid.

    The grid is that of the first readable expert reference, else of the first readable reference;
    without one nothing is compared.
    """
    masks, grid = _read_entries(job)
    if grid is None:
        return masks, None
    aligned = {
        entry.set: attempt(partial(_align, masks[entry.set], grid, entry=entry, job=job))
        for entry in job.entries
    }
    return aligned, grid


def _read_entries(job: Job) -> tuple[Masks, Crop | None]:
    """Return all masks, and the first readable one in the order of who may set the grid.

    Experts come first, models last, so that a prediction's header can be held against the grid
    before its voxels are inflated.
    """
    masks: dict[str, Crop | BiasRulerError] = {}
    grid = None
    for entry in sorted(job.entries, key=lambda entry: _RANKS[entry.role]):  # stable: file order
        found = attempt(partial(_read_entry, entry, job=job, grid=grid))
        masks[entry.set] = found
        if grid is None and entry.role != Role.MODEL and isinstance(found, Crop):
            grid = found
    return {entry.set: masks[entry.set] for entry in job.entries}, grid


def _read_entry(entry: Entry, *, job: Job, grid: Crop | None) -> Crop:
    if isinstance(entry.source, BiasRulerError):
        raise entry.source
    if isinstance(entry.source, Crop):
        mask = entry.source  # checked where it was given
    else:
        mask = _read_file(entry, entry.source, job=job, grid=grid)
    refuse_all_ignored(mask, name=entry.title, ignore=job.ignore)
    return mask


def _read_file(entry: Entry, path: Path, *, job: Job, grid: Crop | None) -> Crop:
    with telling_of_ignored(ignore=job.ignore, role=entry.role):
        mask = read_crop(
            path,
            name=entry.title,
            root=job.root,
            limits=job.limits,
            labels=allowed_values(job.labels, ignore=job.ignore, role=entry.role),
            place=entry.place,
            readers=job.readers,
            partner=grid,
        )
    if entry.digest and entry.digest != mask.sha256:
        found, fix = f"{entry.title} changed during the run", "Run again when copying has ended"
        raise BiasRulerError("BR123", found, "stable files", fix)
    return mask


def _align(mask: Crop | BiasRulerError, grid: Crop, *, entry: Entry, job: Job) -> Crop:
    if isinstance(mask, BiasRulerError):
        raise mask
    if mask is grid:
        return mask
    return align_crop(
        mask,
        grid,
        name=entry.title,
        reference_name="the reference",
        tolerance=job.limits.grid_tolerance,
    )


def list_sheared(entries: Iterable[Entry], masks: Masks) -> list[list[str]]:
    """Return [set, code, found, expected, fix] for each mask without right angles."""
    listed = []
    for entry in entries:
        mask = masks[entry.set]
        if isinstance(mask, Crop):
            error = attempt(partial(check_right_angles, mask, name=entry.title))
            if error is not None:
                listed.append([entry.set, *error_to_plain(error)])
    return listed


def state_facts(mask: Crop | BiasRulerError, *, ignore: int | None = None) -> MaskFacts:
    """Return what is kept of a mask that was read, or of one that could not be."""
    if isinstance(mask, BiasRulerError):
        return MaskFacts(
            error=error_to_plain(mask),
            sha256="",
            voxel_sha256="",
            notes=[],
            highest=0,
            is_large=False,
            n_ignored=0,
        )
    n_ignored = count_ignored(mask, ignore=ignore)
    n_foreground = mask.n_foreground - n_ignored
    return MaskFacts(
        error=None,
        sha256=mask.sha256,
        voxel_sha256=mask.voxel_sha256 if n_foreground else "",
        notes=list(mask.notes),
        highest=mask.highest,
        is_large=n_foreground > _LARGE * prod(mask.shape),
        n_ignored=n_ignored,
    )
