"""Outlines of masks in one slice, as SVG paths that share one frame.

Paths are made of the edges between inside and outside cells and of nothing else: no intensity of
an image ever gets here. Axis 0 of the slice runs to the right and axis 1 down.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.scoring.overlap import require_one_grid
from pytest_biasruler.scoring.shape import bounding_box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MOST_CELLS = 96
"""Cells along the longer side of a frame: a path stays near 1 KB however large the mask is."""

MOST_CHARACTERS = 1024
"""Length of a path: one of noise, a loop around every second cell, is drawn in larger cells."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outline:
    """The outline of one mask in one slice.

    Parameters
    ----------
    path : str
        For the ``d`` of an SVG path: closed loops of ``M x y``, ``h``, ``v`` and ``z``. Fill with
        the rule ``evenodd``. Empty if the mask has no voxel in the slice.
    width, height : float
        The frame, for the ``viewBox``: ``0 0 width height``. The unit is the smaller voxel side
        of the slice, so that what is square in the body is square in the figure.
    is_coarse : bool
        The cells are larger than those of the frame, since the path would have been too long.
    """

    path: str
    width: float
    height: float
    is_coarse: bool = False


def pick_slice(first: NDArray[np.bool_], second: NDArray[np.bool_], *, axis: int = -1) -> int:
    """Return the slice in which two masks differ by most voxels.

    Parameters
    ----------
    first, second : ndarray of bool, shape (M, N, P)
        Masks on one voxel grid; crop them first, the cost grows with the whole array.
    axis : int
        The axis across which slices are counted.

    Returns
    -------
    int
        The first such slice; of masks that are equal, the one with most of them; 0 if both are
        empty.

    Examples
    --------
    >>> mask = np.zeros((2, 2, 3), bool)
    >>> mask[:, :, 1] = True
    >>> pick_slice(mask, np.zeros((2, 2, 3), bool))
    1
    """
    require_one_grid(first, second)
    apart = first ^ second
    shown = apart if apart.any() else first
    return int(np.argmax([np.count_nonzero(plane) for plane in np.moveaxis(shown, axis, 0)]))


def draw_outlines(
    masks: Sequence[NDArray[np.bool_]], *, index: int, spacing_mm: Sequence[float], axis: int = -1
) -> tuple[Outline, ...]:
    """Draw the outlines of several masks in one slice, in one frame.

    Parameters
    ----------
    masks : sequence of ndarray of bool, shape (M, N, P)
        Masks on one voxel grid, or on one crop of it.
    index : int
        The slice, along `axis`.
    spacing_mm : sequence of three float
        Voxel size along each axis.
    axis : int
        The axis across which slices are counted.

    Returns
    -------
    tuple of Outline
        One for each mask. The frame is the bounding box of all masks in the slice, with a tenth
        of it on each side; where it has more than `MOST_CELLS` cells to a side, squares of cells
        are drawn as one, inside as soon as one of them is: no lesion is too small to be seen.
        A mask whose path has more than `MOST_CHARACTERS` is drawn in squares twice, four times
        ... as wide, until it has not; the others stay as they are.

    Raises
    ------
    BiasRulerError
        ``BR220`` if the shapes differ.

    Examples
    --------
    >>> mask = np.zeros((8, 8, 1), bool)
    >>> mask[2:5, 3] = True
    >>> draw_outlines([mask], index=0, spacing_mm=(1.0, 1.0, 5.0))
    (Outline(path='M1 1h3v1h-3z', width=5.0, height=3.0, is_coarse=False),)
    """
    require_one_grid(*masks)
    slices = [np.moveaxis(mask, axis, 0)[index] for mask in masks]
    box = bounding_box(*slices)
    if box is None:
        return (Outline(path="", width=0.0, height=0.0),) * len(masks)
    spacing = np.delete(np.array(spacing_mm, float), axis)
    margin = [ceil((side.stop - side.start) / 10) for side in box]
    framed = [np.pad(plane[box], [(width, width) for width in margin]) for plane in slices]
    factor = ceil(max(framed[0].shape) / MOST_CELLS)
    n_cells = -(-np.array(framed[0].shape) // factor)
    scale = factor * spacing / spacing.min()
    width, height = (round(float(side), 2) for side in n_cells * scale)
    drawn = [_draw(plane, factor=factor, spacing=spacing) for plane in framed]
    return tuple(
        Outline(path=path, width=width, height=height, is_coarse=is_coarse)
        for path, is_coarse in drawn
    )


def _draw(
    plane: NDArray[np.bool_], *, factor: int, spacing: NDArray[np.float64]
) -> tuple[str, bool]:
    """Return the path of a mask, and whether its cells had to be larger than `factor` wide."""
    for doublings in count():  # ends at one cell, of one short loop, at the latest
        side = factor << doublings
        path = _trace(_merge_cells(plane, side), side * spacing / spacing.min())
        if len(path) <= MOST_CHARACTERS or side >= max(plane.shape):
            break
    return path, doublings > 0


def _merge_cells(plane: NDArray[np.bool_], factor: int) -> NDArray[np.bool_]:
    """Return `plane` with squares of `factor` cells merged: inside if any of them is."""
    merged = np.pad(plane, [(0, -length % factor) for length in plane.shape])
    rows, columns = (length // factor for length in merged.shape)
    squares = merged.reshape(rows, factor, columns, factor)
    return np.asarray(squares.any(axis=(1, 3)))


def _trace(plane: NDArray[np.bool_], scale: NDArray[np.float64]) -> str:
    """Return the closed loops around the inside cells of `plane` as one path."""
    turns = _turns(plane)
    # Along each row the turns pair up, first with second, third with fourth: between the two of
    # a pair runs an edge. So they do along each column.
    across = _partners(np.lexsort((turns[:, 0], turns[:, 1])))
    down = _partners(np.lexsort((turns[:, 1], turns[:, 0])))
    # Differences of rounded places, so that rounding does not add up along a loop.
    places = [(round(x, 2), round(y, 2)) for x, y in (turns * scale).tolist()]
    loops, left = [], dict.fromkeys(range(len(turns)))
    while left:
        start = here = next(iter(left))
        loop = ["M" + _number(places[start][0]) + " " + _number(places[start][1])]
        while True:
            corner, end = across[here], down[across[here]]
            del left[here], left[corner]
            loop.append("h" + _number(places[corner][0] - places[here][0]))
            if end == start:  # z draws the last edge
                break
            loop.append("v" + _number(places[end][1] - places[corner][1]))
            here = end
        loops.append("".join(loop) + "z")
    return "".join(loops)


def _turns(plane: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the grid corners where the outline turns, shape (n, 2); touching loops meet twice."""
    padded = np.pad(plane, 1)
    a, b, c, d = padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    once = np.argwhere(a ^ b ^ c ^ d)
    twice = np.argwhere((a == d) & (b == c) & (a != b))
    return np.concatenate([once, twice, twice])


def _partners(order: NDArray[np.intp]) -> list[int]:
    """Return, for each turn, the other one of its pair when they are taken in this order."""
    partner = np.empty_like(order)
    partner[order[0::2]], partner[order[1::2]] = order[1::2], order[0::2]
    return [int(other) for other in partner]


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
