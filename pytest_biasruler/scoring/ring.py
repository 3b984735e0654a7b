"""Steps on a voxel grid in the order of their length: rings around a corner, nearest first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import pi, prod
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

N_STEPS = 2048
"""About how many steps are listed: of generated tumours one surfel in a thousand is farther."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rings:
    """All steps from one corner of a grid to another that are shorter than any step left out.

    Parameters
    ----------
    steps : ndarray of int, shape (n, 3) or (n, 2)
        Voxels along each axis; nearest first, and in one fixed order where lengths are equal.
    numbers : ndarray of int, shape (n,)
        The ring of each step, from 0: steps of exactly one length are one ring.
    lengths_mm : ndarray of float, shape (m,)
        Length of each ring's steps, rising.
    reach : tuple of int
        The most voxels that a step leads along each axis.
    """

    steps: NDArray[np.intp]
    numbers: NDArray[np.intp]
    lengths_mm: NDArray[np.float64]
    reach: tuple[int, ...]


def measure_steps(
    steps: NDArray[np.integer], *, spacing_mm: Sequence[float]
) -> NDArray[np.float64]:
    """Return the lengths of steps on a grid in mm.

    Every distance between surfaces is such a length, whichever way it was found: of whole steps,
    not of differences between places in mm, so that three voxels are the same number everywhere
    in the image, on either side of a tolerance.

    Examples
    --------
    >>> measure_steps(np.array([[3, 0], [-3, 4]]), spacing_mm=(1.0, 1.0)).tolist()
    [3.0, 5.0]
    """
    lengths_mm: NDArray[np.float64] = np.sqrt(np.square(steps * np.array(spacing_mm)).sum(axis=-1))
    return lengths_mm


@lru_cache(maxsize=64)
def list_rings(spacing_mm: tuple[float, ...], *, n_steps: int = N_STEPS) -> Rings:
    """Return the shortest steps on a grid, about `n_steps` of them.

    Parameters
    ----------
    spacing_mm : tuple of float, length 2 or 3
        Voxel size along each axis, above 0.
    n_steps : int, optional
        How many voxels fill the ball within which a step is listed; at least 8.

    Returns
    -------
    Rings
        At least the step of no voxel and the two along the shortest side of a voxel.

    Examples
    --------
    No step, two along the shorter side of a pixel, two along the longer one, two longer still:

    >>> rings = list_rings((1.0, 1.5), n_steps=16)
    >>> rings.steps[:7].tolist()
    [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [1, -1]]
    >>> rings.lengths_mm[:4].round(3).tolist(), rings.reach
    ([0.0, 1.0, 1.5, 1.803], (2, 1))
    """
    n_axes = len(spacing_mm)
    ball = pi if n_axes == 2 else 4 / 3 * pi  # a ball's size over the power of its radius
    radius_mm = max((n_steps * prod(spacing_mm) / ball) ** (1 / n_axes), 1.01 * min(spacing_mm))
    # Among needles or plates of voxels a ball of that size can be far wider than they are many.
    most = [min(int(radius_mm / mm), n_steps // 2) for mm in spacing_mm]
    ahead = np.indices([length + 1 for length in most]).reshape(n_axes, -1).T
    lengths_mm = measure_steps(ahead, spacing_mm=spacing_mm)
    order = np.argsort(lengths_mm, kind="stable")
    # What lies at the very edge may be listed in part: it is left out.
    bound_mm = min(radius_mm, *((n + 1) * mm for n, mm in zip(most, spacing_mm, strict=True)))
    order = order[: np.searchsorted(lengths_mm[order], bound_mm * (1 - 1e-9))][: n_steps // 2]
    ahead, lengths_mm = ahead[order], lengths_mm[order]
    is_next = np.append(True, lengths_mm[1:] != lengths_mm[:-1])
    steps, copies = _mirror(ahead)
    return Rings(
        steps=steps,
        numbers=np.repeat(np.cumsum(is_next) - 1, copies),
        lengths_mm=lengths_mm[is_next],
        reach=tuple(int(length) for length in ahead.max(axis=0)),
    )


def _mirror(ahead: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return steps in every direction from those ahead, and how many each of them makes."""
    signs = np.array([*product((1, -1), repeat=ahead.shape[1])], np.intp)
    steps = ahead[:, None] * signs
    is_new = ~((steps == 0) & (signs < 0)).any(axis=-1)  # there is no other way to stay
    return steps[is_new], np.count_nonzero(is_new, axis=1)
