"""Which way a slice is held up: as radiologists look at it, as far as its header tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SIDES = ("R", "L")
"""At the left and the right edge of a slice that is seen from the feet or from in front."""

LEFT_RIGHT = 0
"""The first axis of the world: it runs to the patient's right."""


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """How the axes of a grid are turned so that slices lie along the last one.

    `sides` are what lies at the left and at the right edge of a slice, empty where neither is a
    side of the patient or nobody knows.
    """

    axes: tuple[int, int, int]
    flips: tuple[bool, bool]
    sides: tuple[str, ...]

    def turn(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return a mask so turned; axis 0 of a slice then runs to the right and axis 1 down."""
        steps = (*(slice(None, None, -1 if flip else 1) for flip in self.flips), slice(None))
        return np.transpose(mask, self.axes)[steps]

    def turn_sizes(self, sizes: Sequence[float]) -> tuple[float, float, float]:
        """Return voxel sizes in the order of the turned axes."""
        first, second, third = (sizes[axis] for axis in self.axes)
        return first, second, third


def find_view(affine: NDArray[np.float64] | None, *, axis: int) -> View:
    """Return how slices across `axis` are held up.

    The patient's right is on the left, the front or the head on top. Without an affine, or with
    one of which two axes run mainly the same way, the grid is shown as it is stored.

    Parameters
    ----------
    affine : ndarray of float, shape (4, 4), or None
        From voxels to millimetres to the right, to the front and upwards (RAS+).

    Examples
    --------
    >>> find_view(np.eye(4), axis=2)
    View(axes=(0, 1, 2), flips=(True, True), sides=('R', 'L'))
    >>> find_view(None, axis=0)
    View(axes=(1, 2, 0), flips=(False, False), sides=())
    """
    first, second = (other for other in range(3) if other != axis)
    if affine is None:
        return View(axes=(first, second, axis), flips=(False, False), sides=())
    world = [int(np.argmax(np.abs(affine[:3, voxel]))) for voxel in range(3)]
    if len({*world}) < 3:
        return View(axes=(first, second, axis), flips=(False, False), sides=())
    across, down = sorted((first, second), key=lambda voxel: world[voxel])
    flips = (
        bool(affine[world[across], across] > 0),
        bool(affine[world[down], down] > 0),
    )
    sides = SIDES if world[across] == LEFT_RIGHT else ()
    return View(axes=(across, down, axis), flips=flips, sides=sides)
