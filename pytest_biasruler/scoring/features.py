"""What shape a mask has: its size, how round and how long it is, in how many pieces it lies."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, log, nan, pi, prod, sqrt
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.scoring.shape import bounding_box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_biasruler.scoring.surface import Surface

FEATURES = (
    "volume_ml",
    "log_volume_ml",
    "sphericity",
    "elongation",
    "surface_to_volume",
    "n_components",
)
"""Names of the shape features, in the order of their columns."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """The shape features of one mask; all NaN where it is empty.

    Parameters
    ----------
    volume_ml : float
        Volume in ml.
    log_volume_ml : float
        Its natural logarithm.
    sphericity : float
        Above 0; surface of a ball of the same volume over the mask's own surface.
    elongation : float
        In [0, 1]; 1 is as wide as it is long, 0 a line of voxels.
    surface_to_volume : float
        Surface over volume in 1/mm.
    n_components : float
        Pieces that touch by no face, edge or corner.
    """

    volume_ml: float = nan
    log_volume_ml: float = nan
    sphericity: float = nan
    elongation: float = nan
    surface_to_volume: float = nan
    n_components: float = nan

    def to_plain(self) -> dict[str, float | None]:
        """Return the features by name, None for NaN."""
        values = {name: float(getattr(self, name)) for name in FEATURES}
        return {name: None if isnan(value) else value for name, value in values.items()}


def measure_shape(
    mask: NDArray[np.bool_],
    *,
    spacing_mm: Sequence[float],
    voxel_ml: float,
    surface: Surface | None,
    n_components: int,
) -> Shape:
    """Return the shape features of a mask.

    Parameters
    ----------
    mask : ndarray of bool, shape (M, N[, P])
        The mask, whole or cropped.
    spacing_mm : sequence of float
        Voxel size along each axis of `mask`, above 0.
    voxel_ml : float
        Volume of one voxel in ml.
    surface : Surface or None
        The mask's surface; None where distances cannot be measured (a sheared grid): sphericity,
        elongation and surface to volume are then NaN.
    n_components : int
        Connected components of the mask, 26 neighbours (8 in 2-D).

    Returns
    -------
    Shape
        NaN throughout if the mask is empty. With V the volume in mm³ and S the surface in mm²:
        sphericity is π^(1/3) (6V)^(2/3) / S, surface to volume S / V. In a 2-D image V is the
        area, S the length of the outline, and sphericity the circularity 2 √(πV) / S.
        Elongation is √(second / first eigenvalue of the covariance of the voxel centres in mm),
        NaN of a single voxel, which has no direction.

    Notes
    -----
    S follows the surfel convention, which cuts the corners of voxels, while V counts whole
    voxels: a tiny mask has a sphericity above 1, up to 2.79 of a single cubic voxel. On a large
    smooth mask the facets add about a tenth to S, so a ball comes to 0.9. Subgroups are compared
    by the same convention, and log volume stands beside it.

    References
    ----------
    Wadell, H. (1935). The Journal of Geology 43(3), 250-280. doi:10.1086/624298

    Examples
    --------
    Two pixels of 1 mm in a row: V = 2; the outline has four cut corners of √½ and two sides of 1;
    along the row the centres vary, across they do not:

    >>> from pytest_biasruler.scoring.surface import extract_surface
    >>> mask = np.ones((2, 1), bool)
    >>> shape = measure_shape(
    ...     mask, spacing_mm=(1.0, 1.0), voxel_ml=0.001, n_components=1,
    ...     surface=extract_surface(mask, spacing_mm=(1.0, 1.0)),
    ... )
    >>> shape.volume_ml, round(shape.surface_to_volume, 6), shape.elongation
    (0.002, 2.414214, 0.0)
    """
    box = bounding_box(mask)
    if box is None:
        return Shape()
    # The mask's own box alone: what else a crop had to hold must not change a rounding.
    own = mask[box]
    n_voxels = int(np.count_nonzero(own))
    volume_ml = n_voxels * voxel_ml
    known = {
        "volume_ml": volume_ml,
        "log_volume_ml": log(volume_ml),
        "n_components": float(n_components),
    }
    if surface is None:
        return Shape(**known)
    size = n_voxels * prod(surface.spacing_mm)
    return Shape(
        **known,
        sphericity=_roundest_surface(size, n_axes=len(surface.spacing_mm)) / surface.area_mm2,
        elongation=_elongation(own, spacing_mm=spacing_mm),
        surface_to_volume=surface.area_mm2 / size,
    )


def _roundest_surface(size: float, *, n_axes: int) -> float:
    """Return the surface of a ball of this volume, or the outline of a disc of this area."""
    return 2 * sqrt(pi * size) if n_axes == 2 else float(np.cbrt(pi) * np.cbrt(6 * size) ** 2)


def _elongation(mask: NDArray[np.bool_], *, spacing_mm: Sequence[float]) -> float:
    variances = np.linalg.eigvalsh(_covariance(mask, spacing_mm=spacing_mm))[::-1]
    if not variances[0] > 0:
        return nan
    return sqrt(max(float(variances[1]), 0.0) / float(variances[0]))


def _covariance(mask: NDArray[np.bool_], *, spacing_mm: Sequence[float]) -> NDArray[np.float64]:
    """Return the covariance of the voxel centres in mm², dividing by their number.

    From the counts along each axis and pair of axes: a list of all voxels would take 24 bytes for
    each of them. Sums of products in place of dot products, whose last digits are decided by the
    threads and the processor that they run on.
    """
    counts = [_project(mask, (axis,)) for axis in range(mask.ndim)]
    n_voxels = counts[0].sum()
    places = [np.arange(length) * mm for length, mm in zip(mask.shape, spacing_mm, strict=True)]
    centred = [
        at - np.sum(at * count) / n_voxels for at, count in zip(places, counts, strict=True)
    ]
    covariance = np.empty((mask.ndim, mask.ndim))
    for one in range(mask.ndim):
        covariance[one, one] = np.sum(centred[one] ** 2 * counts[one]) / n_voxels
        for two in range(one):
            plane = _project(mask, (two, one))
            along = np.sum(plane * centred[one], axis=1)
            covariance[one, two] = covariance[two, one] = np.sum(centred[two] * along) / n_voxels
    return covariance


def _project(mask: NDArray[np.bool_], kept: tuple[int, ...]) -> NDArray[np.int64]:
    """Return how many voxels lie at each place of the kept axes."""
    others = tuple(axis for axis in range(mask.ndim) if axis not in kept)
    return np.asarray(np.count_nonzero(mask, axis=others), np.int64)
