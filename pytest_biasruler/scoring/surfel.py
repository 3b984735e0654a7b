"""How much surface crosses each cell between voxel centres.

A cell has the centres of 2 x 2 (x 2) neighbouring voxels as its corners. Which of them lie
inside the mask is its *neighbour code*: bit ``c`` is set if corner ``c`` is inside, and bit ``a``
of ``c`` is the corner's place along axis ``a``. The surface inside a cell (its *surfel*) goes
through the midpoints of the edges that join an inside to an outside corner, as in marching cubes.

References
----------
Lorensen, W. E., Cline, H. E. (1987). SIGGRAPH 21(4), 163-169. doi:10.1145/37402.37422
Nikolov, S. et al. (2021). J Med Internet Res 23(7), e26151. doi:10.2196/26151
"""

from __future__ import annotations

from functools import lru_cache
from math import hypot, prod
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@lru_cache(maxsize=256)
def measure_surfels(spacing_mm: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the size of the surfel of every neighbour code.

    Parameters
    ----------
    spacing_mm : tuple of float, length 2 or 3
        Voxel size along each axis.

    Returns
    -------
    ndarray of float, shape (16,) or (256,), read-only
        Lengths in mm (two axes) or areas in mm² (three axes); 0 for the two codes whose corners
        are all inside or all outside, above 0 for every other one.

    Examples
    --------
    One pixel of 3 mm x 4 mm has four corners cut off, each half a diagonal of 5 mm long; two
    inside corners along axis 0 make a straight edge of 3 mm:

    >>> lengths = measure_surfels((3.0, 4.0))
    >>> float(lengths[0b0001]), float(lengths[0b0011])
    (2.5, 3.0)
    """
    n_axes = len(spacing_mm)
    # Seen along an axis, a cell shows a face of this size: the scale of a facet's normal there.
    face = [prod(spacing_mm) / length for length in spacing_mm]
    scale = [
        hypot(*(face[axis] for axis in range(n_axes) if facing >> axis & 1))
        for facing in range(2**n_axes)
    ]
    sizes: NDArray[np.float64] = (_facets_by_code(n_axes) * np.array(scale)).sum(axis=1)
    sizes.flags.writeable = False
    return sizes


def find_surfels(codes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which cells have a surfel: those whose corners are neither all inside nor all out.

    Examples
    --------
    >>> find_surfels(np.array([[0b0000, 0b0001, 0b1111]], np.uint8)).tolist()
    [[False, True, False]]
    """
    # 0 wraps round to 255: one comparison refuses both codes.
    return np.asarray(codes - np.uint8(1) < 2 ** (2**codes.ndim) - 2)


@lru_cache(maxsize=2)
def _facets_by_code(n_axes: int) -> NDArray[np.float64]:
    """Return the facets of each code: row = code, column = bit set of the axes a facet faces."""
    n_corners = 2**n_axes
    table = np.zeros((2**n_corners, n_corners))
    for code in range(1, 2**n_corners - 1):
        inside = {corner for corner in range(n_corners) if code >> corner & 1}
        outside = set(range(n_corners)) - inside
        for piece in _pieces(min(inside, outside, key=len), n_axes):
            for facing, size in _facets(piece, n_axes):
                table[code, facing] += size
    return table


def _pieces(corners: set[int], n_axes: int) -> list[set[int]]:
    """Return the groups of corners that hang together along edges of the cell."""
    left, pieces = set(corners), []
    while left:
        piece = {left.pop()}
        while more := {c for c in left if any(c ^ 1 << a in piece for a in range(n_axes))}:
            piece |= more
            left -= more
        pieces.append(piece)
    return pieces


def _facets(piece: set[int], n_axes: int) -> list[tuple[int, float]]:
    """Return the facets that cut `piece` off the rest of a cell of side 1.

    A facet is the bit set of the axes that its normal leans to (equally to each, since all
    vertices are midpoints) and the length of each component of its area vector. A piece never
    has more than half of the corners, so seven shapes are all there are.
    """
    every = 2**n_axes - 1
    degree = {c: sum(c ^ 1 << a in piece for a in range(n_axes)) for c in piece}
    along = {
        a: [degree[c] for c in piece if c ^ 1 << a in piece]  # the ends of inner edges along a
        for a in range(n_axes)
    }
    across = sum(1 << a for a in range(n_axes) if not along[a])
    if len(piece) == 1:  # a tip: one triangle, or half a diagonal
        return [(every, 0.5 ** (2 * n_axes - 3))]
    if len(piece) == 2**n_axes // 2 and across:  # a whole face, or side: a flat cut
        return [(across, 1.0)]
    if len(piece) == 2:  # an edge: a slanted rectangle
        return [(across, 0.5)]
    if len(piece) == 3:  # an L: half a flat cut, and a trapezium beside it
        return [(across, 0.5), (every, 0.375)]
    if 3 in degree.values():  # a corner with its three neighbours: a regular hexagon
        return [(every, 0.75)]
    # A winding path: half the hexagon, and a triangle of a slanted cut at each of its ends.
    ends = [every ^ 1 << a for a in range(n_axes) if 1 in along[a]]
    return [(every, 0.5), *((facing, 0.25) for facing in ends)]
