"""Distances between two surfaces, by the surfel convention.

The distance of a surfel is that to the nearest surfel of the other surface; every mean, share and
percentile weighs surfels by their area (in 2-D by their length).

References
----------
Nikolov, S. et al. (2021). J Med Internet Res 23(7), e26151. doi:10.2196/26151
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.scoring.crowded import are_crowded, look_across
from pytest_biasruler.scoring.search import look_around

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from pytest_biasruler.scoring.surface import Surface

    Look = Callable[[Surface, Surface], tuple[NDArray[np.float64], NDArray[np.float64]]]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Side:
    """Distances from all surfels of one surface to the other surface, nearest first.

    Parameters
    ----------
    distances_mm : ndarray of float, shape (n,)
        Sorted; infinite if the other surface is empty. Surfels that are as many steps away along
        each axis share one.
    areas_mm2 : ndarray of float, shape (n,)
        Area of the surfels at each distance, in the order of `distances_mm`.
    """

    distances_mm: NDArray[np.float64]
    areas_mm2: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SurfaceDistances:
    """Distances between two surfaces, seen from either side."""

    first: Side
    second: Side

    @property
    def is_empty(self) -> bool:
        """Neither surface has a surfel."""
        return len(self.first.areas_mm2) == 0 and len(self.second.areas_mm2) == 0


def measure_surfaces(first: Surface, second: Surface) -> SurfaceDistances:
    """Return the distance of every surfel of each surface to the other surface.

    Parameters
    ----------
    first, second : Surface
        Surfaces of masks on one voxel grid.

    Returns
    -------
    SurfaceDistances
        Distances to an empty surface are infinite; an empty surface has none.

    Raises
    ------
    ValueError
        If the voxel sizes or the numbers of axes differ.

    Examples
    --------
    Two pixels of side 1 mm, side by side, share two of their four grid corners:

    >>> from pytest_biasruler.scoring.surface import extract_surface
    >>> mask = np.array([[True, False]])
    >>> surfaces = [extract_surface(m, spacing_mm=(1.0, 1.0)) for m in (mask, ~mask)]
    >>> measure_surfaces(*surfaces).first.distances_mm
    array([0., 1.])
    """
    if first.spacing_mm != second.spacing_mm:
        raise ValueError(
            f"surfaces must be of one grid; found {first.spacing_mm} and {second.spacing_mm} mm"
        )
    look = look_across if are_crowded(first, second) else look_around
    return SurfaceDistances(
        first=_look_from(first, second, look=look), second=_look_from(second, first, look=look)
    )


def nsd(distances: SurfaceDistances, *, tolerance_mm: float) -> float:
    """Return the normalised surface Dice: the share of both surfaces within the tolerance.

    Parameters
    ----------
    distances : SurfaceDistances
        Of a model's and a reference's surface.
    tolerance_mm : float
        A surfel counts as agreeing if it is at most so far from the other surface; 0 or more.

    Returns
    -------
    float
        In [0, 1], higher is better; 0 if one surface is empty, NaN if both are.

    Raises
    ------
    ValueError
        If the tolerance is negative, infinite or NaN.

    References
    ----------
    Nikolov, S. et al. (2021). J Med Internet Res 23(7), e26151. doi:10.2196/26151
    """
    if not 0 <= tolerance_mm < inf:
        raise ValueError(f"tolerance_mm must be 0 or more and finite, not {tolerance_mm}")
    if distances.is_empty:
        return nan
    sides = (distances.first, distances.second)
    near = sum(float(side.areas_mm2[side.distances_mm <= tolerance_mm].sum()) for side in sides)
    return near / sum(float(side.areas_mm2.sum()) for side in sides)


def hd95(distances: SurfaceDistances) -> float:
    """Return the robust Hausdorff distance: the larger of the two 95th percentiles, in mm.

    Parameters
    ----------
    distances : SurfaceDistances
        Of a model's and a reference's surface.

    Returns
    -------
    float
        0 or more, lower is better: of either surface, 95 % of the area is within it. Infinite if
        one surface is empty, NaN if both are.
    """
    if distances.is_empty:
        return nan
    return max(_reach(side, share=0.95) for side in (distances.first, distances.second))


def hd(distances: SurfaceDistances) -> float:
    """Return the Hausdorff distance in mm: how far the two surfaces ever lie apart.

    Parameters
    ----------
    distances : SurfaceDistances
        Of a model's and a reference's surface.

    Returns
    -------
    float
        0 or more, lower is better; infinite if one surface is empty, NaN if both are.
    """
    if distances.is_empty:
        return nan
    return max(_reach(side, share=1.0) for side in (distances.first, distances.second))


def assd(distances: SurfaceDistances) -> float:
    """Return the average symmetric surface distance in mm.

    Parameters
    ----------
    distances : SurfaceDistances
        Of a model's and a reference's surface.

    Returns
    -------
    float
        Mean over the area of both surfaces together: 0 or more, lower is better; infinite if one
        surface is empty, NaN if both are.
    """
    if distances.is_empty:
        return nan
    sides = (distances.first, distances.second)
    # No dot product: the threads and the processor that it runs on decide its last digits.
    total = sum(float(np.sum(side.distances_mm * side.areas_mm2)) for side in sides)
    return total / sum(float(side.areas_mm2.sum()) for side in sides)


def _look_from(here: Surface, there: Surface, *, look: Look) -> Side:
    if there.is_empty:
        return Side(distances_mm=np.full(len(here.areas_mm2), inf), areas_mm2=here.areas_mm2)
    distances_mm, areas_mm2 = look(here, there)
    return Side(distances_mm=distances_mm, areas_mm2=areas_mm2)


def _reach(side: Side, *, share: float) -> float:
    """Return the distance within which `share` of the area lies; infinite if there is none."""
    if len(side.areas_mm2) == 0:
        return inf
    reached = np.cumsum(side.areas_mm2)
    # Less a rounding error of the sum: the order of equal distances must not decide.
    at = np.searchsorted(reached, share * reached[-1] * (1 - 1e-12))
    return float(side.distances_mm[at])
