"""Voxels that a reference says to leave out: background of both masks of a comparison."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import reduce
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.benchmark.label_keys import IGNORE
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.job import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from pytest_biasruler.masks.crop import Crop
    from pytest_biasruler.scoring.job import Job
    from pytest_biasruler.scoring.pairs import Drawing
    from pytest_biasruler.scoring.strata import Strata

    Region = NDArray[np.bool_]
    Values = Mapping[str, Sequence[int]]


def allowed_values(labels: Values, *, ignore: int | None, role: Role) -> Values | None:
    """Return what the integers of a mask may be: the value to ignore stands in references alone.

    Examples
    --------
    >>> allowed_values({"tumor": (1,)}, ignore=7, role=Role.EXPERT)
    {'tumor': (1,), 'ignore': (7,)}
    >>> allowed_values({"tumor": (1,)}, ignore=7, role=Role.MODEL)
    {'tumor': (1,)}
    """
    if ignore is None or role == Role.MODEL:
        return labels or None
    return {**labels, IGNORE: (ignore,)}


@contextmanager
def telling_of_ignored(*, ignore: int | None, role: Role) -> Iterator[None]:
    """Let a prediction be refused for its labels with what there is to know of `ignore`."""
    try:
        yield
    except BiasRulerError as error:
        if error.code != "BR303" or ignore is None or role != Role.MODEL:
            raise
        fix = f"Save it with the labels of [labels]; ignore = {ignore} stands in references alone"
        raise BiasRulerError("BR303", error.found, error.expected, fix) from None


def count_ignored(mask: Crop, *, ignore: int | None) -> int:
    """Return how many voxels of a mask are to be left out."""
    return 0 if ignore is None else int(np.count_nonzero(mask.voxels == ignore))


def refuse_all_ignored(mask: Crop, *, name: str, ignore: int | None) -> None:
    """Refuse a reference that leaves nothing to be compared.

    Raises
    ------
    BiasRulerError
        ``BR303``: two masks without a voxel to compare would agree.
    """
    if count_ignored(mask, ignore=ignore) == prod(mask.shape):
        found = f"every voxel of {name} is to be ignored"
        raise BiasRulerError("BR303", found, "some that are not", "Leave this mask out")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Ignored:
    """Where each reference of a case is to be left out, within one box of the grid.

    Attributes
    ----------
    regions : mapping
        Reference -> its ignored voxels, of those references that have any.
    n_voxels : int
        Of the whole grid.
    """

    regions: Mapping[str, Region] = field(default_factory=dict)
    n_voxels: int = 0

    def of(self, *sets: str) -> Region | None:
        """Return what a comparison of these sets leaves out; None: nothing."""
        found = [self.regions[name] for name in sets if name in self.regions]
        return reduce(np.logical_or, found) if found else None

    def is_all(self, *sets: str) -> bool:
        """Return whether a comparison of these sets has no voxel left."""
        region = self.of(*sets)
        return region is not None and int(np.count_nonzero(region)) == self.n_voxels


def find_ignored(job: Job, masks: Mapping[str, Crop], *, box: tuple[slice, ...]) -> Ignored:
    """Return what each reference of a case ignores, within a box that holds all of that.

    Parameters
    ----------
    masks : mapping
        The usable masks of the case by set, on one grid.
    box : tuple of slice
        Voxels outside it are not told.
    """
    if job.ignore is None:
        return Ignored()
    references = [each.set for each in job.entries if each.role != Role.MODEL]
    there = [name for name in references if name in masks]
    drawn = {name: masks[name].draw(box, values=(job.ignore,)) for name in there}
    return Ignored(
        regions={name: region for name, region in drawn.items() if region.any()},
        n_voxels=prod(masks[there[0]].shape) if there else 0,
    )


class Cutter:
    """Drawings of one label without what is ignored, each made once however often it is asked.

    A drawing of which nothing is ignored stays itself, so that all who share it share its work.
    """

    def __init__(self, ignored: Ignored) -> None:
        self._ignored = ignored
        self._made: dict[tuple[int, tuple[str, ...]], tuple[Drawing, Drawing]] = {}

    def cut(self, drawing: Drawing, *sets: str) -> Drawing:
        """Return the drawing without what a comparison of these sets leaves out."""
        if not self._ignored.regions:
            return drawing
        key = (id(drawing), sets)
        if key not in self._made:  # the drawing is held too, so that its id stays its own
            self._made[key] = (drawing, cut_drawing(drawing, self._ignored.of(*sets)))
        return self._made[key][1]

    def is_all(self, *sets: str) -> bool:
        """Return whether a comparison of these sets has no voxel left."""
        return self._ignored.is_all(*sets)

    def thin(self, strata: Strata, *sets: str) -> Strata:
        """Return the strata without the voxels that a comparison of these sets leaves out."""
        return thin_strata(strata, self._ignored.of(*sets))


def cut_drawing(drawing: Drawing, region: Region | None) -> Drawing:
    """Return the drawing without the voxels of a region; itself where it has none of them."""
    if region is None or not (drawing.voxels & region).any():
        return drawing
    return replace(drawing, voxels=drawing.voxels & ~region)


def thin_strata(strata: Strata, region: Region | None) -> Strata:
    """Return strata that count no voxel of a region; which stratum a voxel is in stays."""
    if region is None:
        return strata
    n_left_out = np.bincount(strata.codes[region], minlength=len(strata.n_voxels))
    return replace(strata, n_voxels=strata.n_voxels - n_left_out)
