"""The smallest box of a voxel grid that holds what is not background."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Triple = tuple[int, int, int]
    Labels = NDArray[np.unsignedinteger]


def trim(labels: Labels) -> tuple[Labels, Triple]:
    """Return the part of labels, shape (M, N, P), within the background, and where it starts.

    A view, of length 0 along each axis where there is nothing but background.
    """
    if labels.dtype == np.uint8 and labels.max() <= 1:  # nearly every mask
        is_inside = labels.view(np.bool_)
    else:
        is_inside = np.not_equal(labels, 0)  # a quarter of the time of a cast to bool
    box = find_box(is_inside)
    if box is None:
        return labels[:0, :0, :0], (0, 0, 0)
    x, y, z = (side.start for side in box)
    return labels[box], (x, y, z)


def find_box(is_inside: NDArray[np.bool_]) -> tuple[slice, ...] | None:
    """Return the smallest box that holds every True, None where there is none."""
    # One axis after the other, each on what the former ones left, and first the axis whose slices
    # are contiguous in memory: ten million voxels take 0.2 ms in place of 3 ms.
    box = [slice(0, length) for length in is_inside.shape]
    part, n_axes = is_inside, is_inside.ndim
    order = sorted(range(n_axes), key=lambda axis: -abs(is_inside.strides[axis]))
    for axis in [axis for axis in order if is_inside.shape[axis] > 1] or order[:1]:
        others = tuple(other for other in range(n_axes) if other != axis)
        (places,) = np.logical_or.reduce(part, axis=others).nonzero()
        if places.size == 0:
            return None
        box[axis] = slice(int(places[0]), int(places[-1]) + 1)
        part = is_inside[tuple(box)]
    return tuple(box)
