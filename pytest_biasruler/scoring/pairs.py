"""All scores of one mask against another, and what empty masks score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.benchmark.definition import BothEmpty
from pytest_biasruler.benchmark.metrics import CATALOGUE, DISTANCES, IMAGE_DIAGONAL
from pytest_biasruler.errors import call_other
from pytest_biasruler.masks.mask import Mask
from pytest_biasruler.scoring import distance, overlap, shape
from pytest_biasruler.scoring.component import find_components
from pytest_biasruler.scoring.surface import Surface, extract_surface

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.scoring.component import Components
    from pytest_biasruler.scoring.grid import Grid
    from pytest_biasruler.scoring.shape import Box

_BY_COUNTS: Mapping[str, Callable[[overlap.Counts], float]] = {
    "dice": overlap.dice_of,
    "iou": overlap.iou_of,
    "precision": overlap.precision_of,
    "recall": overlap.recall_of,
    "relative_volume_error": overlap.relative_volume_error_of,
    "signed_volume_error": overlap.signed_volume_error_of,
}
_BY_LESIONS: Mapping[str, Callable[[shape.LesionCounts], float]] = {
    "lesion_recall": shape.lesion_recall,
    "lesion_precision": shape.lesion_precision,
    "lesion_f1": shape.lesion_f1,
}
_BY_SURFACES: Mapping[str, Callable[[distance.SurfaceDistances], float]] = {
    "hd95_mm": distance.hd95,
    "hd_mm": distance.hd,
    "assd_mm": distance.assd,
}


@dataclass(frozen=True, kw_only=True, eq=False)  # no slots: cached_property needs a __dict__
class Drawing:
    """One label of one mask, cropped to a box that holds every mask of the case."""

    voxels: NDArray[np.bool_]
    box: Box
    grid: Grid
    is_sheared: bool

    @cached_property
    def surface(self) -> Surface:
        """The surface, extracted once however many pairs need it."""
        return extract_surface(
            self.voxels,
            spacing_mm=self.grid.mask.spacing_mm,
            offset=[side.start for side in self.box],
            grid_shape=self.grid.mask.shape,
        )

    @cached_property
    def lesions(self) -> Components:
        """The components of the mask, found once however many pairs need them."""
        return find_components(self.voxels)

    @cached_property
    def whole(self) -> Mask:
        """The same on the whole grid, as metrics of plugins expect it."""
        voxels = np.zeros(self.grid.mask.shape, np.uint8)
        voxels[self.box] = self.voxels
        grid = self.grid.mask
        return Mask(voxels=voxels, affine=grid.affine, spacing_mm=grid.spacing_mm)


@dataclass(frozen=True, kw_only=True, eq=False)  # no slots: cached_property needs a __dict__
class Pair:
    """Two drawings of one label on one grid; what several metrics share is computed once.

    `is_prediction` is false where one reference is scored against another one: a sheared grid is
    then nobody's loss, and the distances are undefined. `is_void`: they ignore every voxel.
    """

    model: Drawing
    reference: Drawing
    label: str = ""
    is_prediction: bool = True
    is_void: bool = False
    counts: overlap.Counts = field(init=False)

    def __post_init__(self) -> None:
        counts = overlap.count_voxels(self.model.voxels, self.reference.voxels)
        object.__setattr__(self, "counts", counts)

    @classmethod
    def with_nothing(cls, reference: Drawing, *, label: str) -> Pair:
        """Return `reference` paired with an empty mask."""
        nothing = replace(reference, voxels=np.zeros_like(reference.voxels))
        return cls(model=nothing, reference=reference, label=label)

    @property
    def n_empty(self) -> int:
        """How many of the two masks are empty."""
        return (self.counts.n_model == 0) + (self.counts.n_reference == 0)

    @property
    def is_identical(self) -> bool:
        """Whether the two masks have the same voxels."""
        return self.counts.n_apart == 0

    @property
    def has_distances(self) -> bool:
        """Whether distances are defined: those of a sheared prediction are, as the worst."""
        is_lost = self.model.is_sheared and not self.is_prediction
        return not (is_lost or self.reference.is_sheared)

    @cached_property
    def distances(self) -> distance.SurfaceDistances:
        """Distances between the two surfaces."""
        return distance.measure_surfaces(self.model.surface, self.reference.surface)

    @cached_property
    def lesions(self) -> shape.LesionCounts:
        """Lesions of both masks and their matches."""
        return shape.match_lesions(self.model.lesions, self.reference.lesions)


def is_measured(metric: Metric) -> bool:
    """Return whether masks have this score: a built-in metric, or one with a function."""
    return metric.name in CATALOGUE or metric.score is not None


def score_pair(
    pair: Pair, metrics: Iterable[Metric], *, both_empty: BothEmpty = BothEmpty.SCORE
) -> dict[str, float]:
    """Return every score of one drawing against another.

    Parameters
    ----------
    pair : Pair
        The model's (or another reference's) drawing and the reference's.
    metrics : iterable of Metric
        Built-in ones by name, and those of plugins by their function.
    both_empty : BothEmpty
        Whether two empty masks score as each metric says, or NaN.

    Returns
    -------
    dict
        Metric -> score in natural direction; NaN where undefined: distances on a reference's
        sheared grid, both masks empty and excluded, a relative error of an empty reference, ml of
        voxels whose size is not known.
        Distances of a sheared prediction are those of an empty one: no header hides a case.
    """
    return {metric.name: _score(pair, metric, both_empty=both_empty) for metric in metrics}


def score_worst(pair: Pair, metrics: Iterable[Metric]) -> dict[str, float]:
    """Return what a missing or unreadable prediction scores: as an empty one would.

    Parameters
    ----------
    pair : Pair
        Made by `Pair.with_nothing`.
    metrics : iterable of Metric

    Returns
    -------
    dict
        Metric -> score. If the reference is empty too, the scores are still those of one empty
        mask, for a missing file is not a correct answer; errors of volume, which have no such
        score, are then NaN.
    """
    return {
        metric.name: nan
        if pair.n_empty == 2 and metric.one_empty is None
        else _score_one_empty(pair, metric)
        for metric in metrics
    }


def _score(pair: Pair, metric: Metric, *, both_empty: BothEmpty) -> float:
    if _is_undefined(pair, metric):
        return nan
    if metric.name in DISTANCES and pair.model.is_sheared:
        return _score_one_empty(pair, metric)
    if pair.n_empty == 2:
        return metric.both_empty if both_empty == BothEmpty.SCORE else nan
    if pair.n_empty == 1:
        return _score_one_empty(pair, metric)
    return _measure(pair, metric)


def _score_one_empty(pair: Pair, metric: Metric) -> float:
    if _is_undefined(pair, metric):
        return nan
    if metric.one_empty == IMAGE_DIAGONAL:
        return pair.reference.grid.diagonal_mm
    if metric.one_empty is None:
        return _measure(pair, metric)
    return float(metric.one_empty)


def _is_undefined(pair: Pair, metric: Metric) -> bool:
    return metric.name in DISTANCES and not pair.has_distances


def _measure(pair: Pair, metric: Metric) -> float:
    if metric.score is not None:
        score = partial(metric.score, pair.model.whole, pair.reference.whole)
        return float(call_other(score))
    if metric.name in DISTANCES and pair.is_identical:
        return metric.both_empty  # the best score there is, without a search
    if metric.name == "nsd":
        return distance.nsd(pair.distances, tolerance_mm=_tolerance_mm(metric, pair.label))
    if metric.name == "volume_error_ml":
        return overlap.volume_error_ml_of(pair.counts, voxel_ml=pair.reference.grid.voxel_ml)
    if metric.name in _BY_SURFACES:
        return _BY_SURFACES[metric.name](pair.distances)
    if metric.name in _BY_LESIONS:
        return _BY_LESIONS[metric.name](pair.lesions)
    return _BY_COUNTS[metric.name](pair.counts)


def _tolerance_mm(metric: Metric, label: str) -> float:
    default = CATALOGUE["nsd"].parameters["tolerance_mm"]
    given = metric.parameters.get("tolerance_mm", default)
    return float(given.get(label, default) if isinstance(given, Mapping) else given)
