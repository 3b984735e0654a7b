"""Voxels as they come out of a stream: the background is dropped before anything is kept."""

from __future__ import annotations

from itertools import product
from math import ceil, prod
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.masks.box import trim
from pytest_biasruler.masks.stream import holds_less, holds_more

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from pytest_biasruler.masks.crop import Labels, Triple
    from pytest_biasruler.masks.stream import GzipStream, PlainStream
    from pytest_biasruler.masks.tally import Tally
    from pytest_biasruler.masks.volume import Volume

TILE_BYTES = 2**17
"""How much is looked at together: it stays in the cache of the processor. Half and twice as much
take the same time."""

_ZEROS = bytes(TILE_BYTES)


class Gathered:
    """What is kept of a volume: the parts of it that hold foreground, each with its start."""

    def __init__(self) -> None:
        self._parts: list[tuple[Triple, Labels]] = []
        self._is_lost = False

    def keep(self, labels: Labels | None, *, start: Triple, shape: Triple) -> None:
        """Keep the foreground of a tile; nothing at all once a tile holds what are no labels."""
        if labels is None:
            self._is_lost = True
            self._parts.clear()
        if labels is None or self._is_lost:
            return
        trimmed, (x, y, z) = trim(labels.reshape(shape, order="F"))
        if trimmed.size:
            first, second, third = start
            # A copy: what is not kept goes, also where most of the tile is.
            kept = np.array(trimmed, order="F")
            self._parts.append(((first + x, second + y, third + z), kept))

    def assemble(self, dtype: np.dtype[np.unsignedinteger]) -> tuple[Labels, Triple]:
        """Return all that was kept as one box, in Fortran order, and its start; then forget it."""
        if not self._parts:
            return np.zeros((0, 0, 0), np.uint8, order="F"), (0, 0, 0)
        x, y, z = (min(start[axis] for start, _ in self._parts) for axis in range(3))
        origin = (x, y, z)
        ends = [
            max(start[axis] + part.shape[axis] for start, part in self._parts) for axis in range(3)
        ]
        sides = [end - begin for begin, end in zip(origin, ends, strict=True)]
        voxels = np.zeros(sides, dtype, order="F")
        while self._parts:  # as the box fills, its parts are given back
            start, part = self._parts.pop()
            places = zip(start, origin, part.shape, strict=True)
            voxels[tuple(slice(at - o, at - o + n) for at, o, n in places)] = part
        return voxels, origin


def gather_voxels(
    stream: PlainStream | GzipStream, header: Volume, *, name: str, tally: Tally
) -> Gathered:
    """Return the foreground of the volume that comes next in `stream`, which must end there.

    Every value is counted in `tally`, which judges them once the whole file was found sound. No
    more of the background is held than one tile.

    Raises
    ------
    BiasRulerError
        ``BR111`` or ``BR112`` if the stream does not end just there, and what it raises itself.
    """
    gathered, skips_zeros = Gathered(), None
    left, n_bytes = header.declared - header.vox_offset, header.dtype.itemsize
    native = header.dtype.newbyteorder("=")
    for start, shape in cut_tiles(header.shape, n_bytes=n_bytes):
        size = prod(shape) * n_bytes
        piece = stream.read(size)
        left -= len(piece)
        if len(piece) < size:
            raise holds_less(left, name)
        if _ZEROS.startswith(piece):
            if skips_zeros is None:
                skips_zeros = _is_background(tally.add(np.zeros(1, native)))
            if skips_zeros:
                continue
        stored = np.frombuffer(piece, header.dtype).astype(native, copy=False)
        gathered.keep(tally.add(stored), start=start, shape=shape)
    if stream.read(1):  # the one byte more tells a bomb
        what = f"more data than its header declares ({header.declared} bytes)"
        raise holds_more(what, name, expected="exactly that")
    return gathered


def cut_tiles(shape: Sequence[int], *, n_bytes: int) -> Iterator[tuple[Triple, Triple]]:
    """Yield start and shape of the parts of a volume that each fill one stretch of a file.

    Parameters
    ----------
    shape : sequence of int
        Number of voxels along each axis, the first of which runs fastest.
    n_bytes : int
        Size of one voxel.

    Examples
    --------
    Each plane of 512 x 512 voxels in two halves, or 32 small planes at once:

    >>> [shape for _, shape in cut_tiles((512, 512, 2), n_bytes=1)]
    [(512, 256, 1), (512, 256, 1), (512, 256, 1), (512, 256, 1)]
    >>> list(cut_tiles((64, 64, 40), n_bytes=1))
    [((0, 0, 0), (64, 64, 20)), ((0, 0, 20), (64, 64, 20))]
    """
    x, y, z = shape
    width = _share(x, most=TILE_BYTES // n_bytes)
    height = _share(y, most=TILE_BYTES // (n_bytes * x))
    depth = _share(z, most=TILE_BYTES // (n_bytes * x * y))
    for third, second, first in product(
        range(0, z, depth), range(0, y, height), range(0, x, width)
    ):
        lengths = min(width, x - first), min(height, y - second), min(depth, z - third)
        yield (first, second, third), lengths


def _share(length: int, *, most: int) -> int:
    """Return how long the parts are if a length is cut evenly: at most `most`, at least 1."""
    return ceil(length / ceil(length / most)) if most else 1


def _is_background(labels: NDArray[np.generic] | None) -> bool:
    """Whether zeros need no second look: where an intercept makes them foreground, they do."""
    return labels is None or not labels.any()
