"""The smallest box of a voxel grid that holds what is not background."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Triple = tuple[int, int, int]
    Labels = NDArray[np.unsignedinteger]


_WORD = np.dtype(np.uint64)


def trim(labels: Labels) -> tuple[Labels, Triple]:
    """Return the part of labels, shape (M, N, P), within the background, and where it starts.

    A view, of length 0 along each axis where there is nothing but background.
    """
    box = find_box(labels)
    if box is None:
        return labels[:0, :0, :0], (0, 0, 0)
    x, y, z = (side.start for side in box)
    return labels[box], (x, y, z)


def find_box(labels: Labels | NDArray[np.bool_]) -> tuple[slice, ...] | None:
    """Return the smallest box that holds every value that is not 0, None where there is none."""
    # Axes in the order of memory: along the outer ones whole slices are contiguous, and what they
    # hold is laid upon one another before the next axis is looked at, in a fraction of the size.
    order = sorted(
        range(labels.ndim), key=lambda axis: (-abs(labels.strides[axis]), labels.shape[axis])
    )
    box = [slice(0, length) for length in labels.shape]
    part = _view_words(labels.transpose(order))
    for axis in order[:-1]:
        if len(part) != 1:
            others = tuple(range(1, part.ndim))
            side = _find_side(np.bitwise_or.reduce(part, axis=others))
            if side is None:
                return None
            box[axis] = side
            part = np.bitwise_or.reduce(part[side], axis=0)
        else:
            part = part.reshape(part.shape[1:])
    side = _find_side(part.view(labels.dtype))
    if side is None:
        return None
    box[order[-1]] = side
    return tuple(box)


def _view_words(labels: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return labels eight bytes at a time along their last axis, as they are where it is odd."""
    if labels.strides[-1] != labels.itemsize or labels.shape[-1] * labels.itemsize % 8:
        return labels
    return labels.view(_WORD)


def _find_side(line: NDArray[np.generic]) -> slice | None:
    """Return from where to where a line is not 0."""
    (places,) = line.nonzero()
    return slice(int(places[0]), int(places[-1]) + 1) if places.size else None
