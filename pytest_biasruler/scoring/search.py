"""The way from each surfel to the nearest one of another surface: rings first, then a tree.

All surfels lie on the corners of one grid, and nearly all of a good model's are a few voxels from
the reference's. So each surfel first looks at the corners around it, nearest first; what is found
in that way needs no tree, neither built nor searched. Surfels that find nothing are searched for
among points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.scoring.ring import measure_steps
from pytest_biasruler.scoring.surface import grow_tree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pytest_biasruler.scoring.surface import Surface

FREE_LOOKS = 16
"""Corners that each surfel may look at before a tree is taken: less than a tenth of its price."""

LOOKS_FOR_FOUND = 160
"""Corners more for each surfel that found another one: less than the tree would have cost."""

_BLOCK = 2**13  # surfels that go through the rings together
_LOOKS = 2**15  # corners looked at in one go, so that their places stay in the cache
_MANY = 32  # surfels of another surface for each that is searched for, to leave most of them out
_STEPS = 255  # steps in one go: how near a step is must fit into one byte


def look_around(here: Surface, there: Surface) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the distances from one surface to another one and how much area lies at each.

    Parameters
    ----------
    here, there : Surface
        Surfaces on one grid, `there` not empty.

    Returns
    -------
    distances_mm : ndarray of float, shape (n,)
        Rising: surfels at exactly one distance share one entry.
    areas_mm2 : ndarray of float, shape (n,)
        Area of `here` at each distance, above 0; in 2-D, length in mm.

    Examples
    --------
    Two pixels of 1 mm side by side share two of their four grid corners:

    >>> from pytest_biasruler.scoring.surface import extract_surface
    >>> mask = np.array([[True, False]])
    >>> surfaces = [extract_surface(m, spacing_mm=(1.0, 1.0)) for m in (mask, ~mask)]
    >>> [column.round(3).tolist() for column in look_around(*surfaces)]
    [[0.0, 1.0], [1.414, 1.414]]
    """
    lengths_mm = there.rings.lengths_mm
    n_rings = len(lengths_mm)
    numbers = find_rings(here, there)
    areas_mm2 = _add_areas(numbers, here.areas_mm2, n=n_rings + 1)[:n_rings]
    is_met = areas_mm2 > 0
    distances_mm, areas_mm2 = lengths_mm[is_met], areas_mm2[is_met]
    far = np.flatnonzero(numbers == n_rings)
    if len(far) == 0:
        return distances_mm, areas_mm2
    distances_mm = np.concatenate([distances_mm, _search_tree(here, there, far=far)])
    areas_mm2 = np.concatenate([areas_mm2, here.areas_mm2[far]])
    distances_mm, entries = np.unique(distances_mm, return_inverse=True)
    return distances_mm, _add_areas(entries, areas_mm2, n=len(distances_mm))


def find_rings(here: Surface, there: Surface) -> NDArray[np.intp]:
    """Return the ring in which each surfel finds the nearest one of another surface.

    Parameters
    ----------
    here, there : Surface
        Surfaces on one grid.

    Returns
    -------
    ndarray of int, shape (n,)
        Index into `there.rings.lengths_mm`, exact wherever it is one; else their number: there is
        no surfel in reach, or looking on would cost more than a search.
    """
    n_rings = len(there.rings.lengths_mm)
    numbers = np.zeros(len(here.cells), np.intp)
    apart = np.flatnonzero(~_find_shared(here, there))
    numbers[apart] = n_rings
    corners = here.locate(here.cells[apart])
    near = _find_near(corners, here, there)
    corners = corners[near]
    blocks = [corners[first : first + _BLOCK] for first in range(0, len(corners) or 1, _BLOCK)]
    found = [_walk(_lay_flat(block, there), there) for block in blocks]
    numbers[apart[near]] = np.concatenate(found)
    return numbers


def _find_shared(here: Surface, there: Surface) -> NDArray[np.bool_]:
    """Return which surfels lie where the other surface has one, too: often half of them."""
    first = np.subtract(there.field_start, here.start)
    stop = np.minimum(first + there.field.shape, here.codes.shape)
    own, its = [], []
    for at, end in zip(first.tolist(), stop.tolist(), strict=True):
        own.append(slice(max(at, 0), max(end, 0)))
        its.append(slice(max(-at, 0), max(end - at, 0)))
    is_there = np.zeros(here.codes.shape, np.bool_)
    is_there[tuple(own)] = there.field[tuple(its)]
    return is_there.ravel()[here.cells]


def _find_near(
    corners: NDArray[np.int32], here: Surface, there: Surface
) -> NDArray[np.intp] | slice:
    """Return which corners lie on the field of another surface: no ring reaches the others."""
    first = np.subtract(there.field_start, here.start)
    stop = first + there.field.shape
    if (first <= 0).all() and (stop >= here.codes.shape).all():
        return slice(None)
    steps = corners - np.array(here.start, np.int32)
    return np.flatnonzero(((steps >= first) & (steps < stop)).all(axis=1))


def _lay_flat(corners: NDArray[np.int32], there: Surface) -> NDArray[np.intp]:
    """Return places in the field of `there`, laid out flat."""
    places = np.zeros(len(corners), np.intp)
    axes = zip(corners.T, there.field_start, there.field.strides, strict=True)
    for along, start, stride in axes:
        # In the integers of an index: a field can be longer than 32 bits tell.
        places += np.multiply(along - np.int32(start), stride, dtype=np.intp)
    return places


def _walk(places: NDArray[np.intp], there: Surface) -> NDArray[np.intp]:
    """Return the ring in which each place finds a surfel, going out until that is too dear.

    A step from a place in the field may lead out of it along an axis, which in the flat array is
    into the next row: still into the margin, as wide as any step is long, where no surfel is.
    """
    rings, strides = there.rings, np.array(there.field.strides)
    flat = there.field.ravel()
    numbers = np.full(len(places), len(rings.lengths_mm), np.intp)
    left = np.arange(len(places))
    at, budget = 1, FREE_LOOKS * len(places)  # no step at all leads to what is shared
    while 0 < len(left) <= budget and at < len(rings.steps):
        n_steps = min(_STEPS, max(1, _LOOKS // len(left)), budget // len(left))
        some = slice(at, at + n_steps)
        beyond = rings.numbers[some][-1] + 1
        nearness = (beyond - rings.numbers[some]).astype(np.uint8)
        looks = places + (rings.steps[some] @ strides)[:, None]
        nearest = (flat.take(looks, mode="clip") * nearness[:, None]).max(axis=0)
        is_found = nearest > 0
        found = left[is_found]
        numbers[found] = beyond - nearest[is_found]
        budget += LOOKS_FOR_FOUND * len(found) - looks.size
        at += n_steps
        is_left = ~is_found
        left, places = left[is_left], places[is_left]
    return numbers


def _add_areas(
    entries: NDArray[np.intp], areas_mm2: NDArray[np.float64], *, n: int
) -> NDArray[np.float64]:
    return np.asarray(np.bincount(entries, weights=areas_mm2, minlength=n), np.float64)


def _search_tree(here: Surface, there: Surface, *, far: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the distances in mm of some surfels."""
    corners = here.corners[far]
    if len(far) * _MANY > len(there.corners):
        rivals, tree = there.corners, there.tree
    else:
        rivals = _find_rivals(corners, there)
        tree = grow_tree(rivals, spacing_mm=there.spacing_mm)
    nearest = tree.query(corners * np.array(here.spacing_mm))[1]
    return measure_steps(corners - rivals[nearest], spacing_mm=here.spacing_mm)


def _find_rivals(corners: NDArray[np.int32], there: Surface) -> NDArray[np.int32]:
    """Return those corners of a surface among which the nearest one of each of some others is.

    None is farther than the nearest one of a few; what lies outside a box so much wider than that
    of the others is nearest to none of them. A tree of all surfels costs more than all of this.
    """
    few = grow_tree(there.corners[::_MANY], spacing_mm=there.spacing_mm)
    # A little more, so that nothing is left out by rounding.
    most_mm = few.query(corners * np.array(there.spacing_mm))[0] * (1 + 1e-9)
    is_rival = np.ones(len(there.corners), np.bool_)
    for own, along, mm in zip(corners.T, there.corners.T, there.spacing_mm, strict=True):
        reach = most_mm / mm
        is_rival &= (along >= (own - reach).min()) & (along <= (own + reach).max())
    return there.corners[is_rival]
