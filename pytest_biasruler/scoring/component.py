"""The connected components of a mask, as runs of voxels along its longest axis.

A smooth mask has far fewer runs than voxels, so joining runs takes a third of the time of
labelling voxels, and hardly any memory. Where runs are short, voxels are labelled.

References
----------
He, L., Chao, Y., Suzuki, K. (2008). IEEE Transactions on Image Processing 17(5), 749-756.
doi:10.1109/TIP.2008.919369
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHORT = 32  # voxels of the box for each run below which labelling voxels costs less


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Components:
    """The components of one mask: voxels hang together by a face, an edge or a corner.

    Parameters
    ----------
    starts, stops : ndarray of int, shape (r,)
        Where each run of voxels begins and ends (that place is no more in it), both rising: places
        in the mask laid out flat, with one voxel of background before each line and each plane.
    numbers : ndarray of int, shape (r,)
        The component of each run, from 0.
    n : int
        How many components there are.
    shape : tuple of int
        Shape of the mask; only components of masks of one shape are laid out alike.
    """

    starts: NDArray[np.intp]
    stops: NDArray[np.intp]
    numbers: NDArray[np.intp]
    n: int
    shape: tuple[int, ...]


def find_components(mask: NDArray[np.bool_]) -> Components:
    """Return the components of a mask.

    Parameters
    ----------
    mask : ndarray of bool, shape (M, N[, P])
        Crop it first: the cost grows with the whole array.

    Returns
    -------
    Components
        Voxels of one component touch by a face, an edge or a corner: 26 neighbours, or 8 in an
        image of two axes or with an axis of length 1.

    Examples
    --------
    >>> find_components(np.array([[1, 0, 0, 1], [0, 1, 0, 1]], dtype=bool)).n
    2
    """
    laid = _lay_out(mask)
    flat = laid.ravel()
    # Each line begins with background, so places where it changes are starts and stops in turn.
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    starts, stops = changes[::2], changes[1::2]
    if flat.size < _SHORT * len(starts):
        labels, n = ndimage.label(laid, structure=np.ones((3,) * laid.ndim, bool))
        numbers = labels.ravel()[starts].astype(np.intp) - 1
    else:
        roots = _join(*_find_touching(starts, stops, shape=laid.shape), n_runs=len(starts))
        found, numbers = np.unique(roots, return_inverse=True)
        n = len(found)
    return Components(starts=starts, stops=stops, numbers=numbers, n=int(n), shape=mask.shape)


def count_touched(components: Components, *, by: Components) -> int:
    """Return how many components of one mask share a voxel with another mask of the same shape.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> pair = [np.array([line], bool) for line in ([1, 0, 1, 0, 1], [1, 1, 1, 0, 0])]
    >>> two, one = map(find_components, pair)
    >>> count_touched(two, by=one), count_touched(one, by=two)
    (2, 1)
    """
    if components.shape != by.shape:
        raise ValueError(f"masks must have one shape; found {components.shape} and {by.shape}")
    # Runs of the other mask that begin before this one ends, but for those that end before it.
    n_begun = np.searchsorted(by.starts, components.stops, side="left")
    n_ended = np.searchsorted(by.stops, components.starts, side="right")
    is_touched = np.zeros(components.n, np.bool_)
    is_touched[components.numbers[n_begun > n_ended]] = True
    return int(np.count_nonzero(is_touched))


def _lay_out(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask with its longest axis last and background around every line.

    Runs do not touch across what is background, so that steps between neighbouring lines never
    lead round from one end of a plane to the other.
    """
    longest = int(np.argmax(mask.shape))
    turned = np.moveaxis(mask, longest, -1)
    # Behind the last voxel too, else the last run had no end.
    laid = np.zeros((turned.shape[0] + 1, *(length + 1 for length in turned.shape[1:])), np.bool_)
    laid[(slice(-1), *(slice(1, None),) * (mask.ndim - 1))] = turned
    return laid


def _find_touching(
    starts: NDArray[np.intp], stops: NDArray[np.intp], *, shape: tuple[int, ...]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return pairs of runs in neighbouring lines that touch, each pair once."""
    ones, others = [], []
    for step in _steps_ahead(shape):
        # By a corner too: a run may begin right behind the place where the other one ends.
        first = np.searchsorted(stops, starts + step, side="left")
        n_touched = np.searchsorted(starts, stops + step, side="right") - first
        ends = np.cumsum(n_touched)
        ones.append(np.repeat(np.arange(len(starts)), n_touched))
        others.append(np.arange(len(ones[-1])) + np.repeat(first + n_touched - ends, n_touched))
    return np.concatenate(ones), np.concatenate(others)


def _steps_ahead(shape: tuple[int, ...]) -> list[int]:
    """Return how far ahead, in the flat array, those neighbouring lines are that come later."""
    strides = [prod(shape[axis + 1 :]) for axis in range(len(shape) - 1)]
    moves = product((-1, 0, 1), repeat=len(strides))
    steps = (sum(m * s for m, s in zip(move, strides, strict=True)) for move in moves)
    return sorted(step for step in steps if step > 0)


def _join(one: NDArray[np.intp], other: NDArray[np.intp], *, n_runs: int) -> NDArray[np.intp]:
    """Return, for each run, the first run of its component, from pairs that touch."""
    roots = np.arange(n_runs)
    while len(one):
        # The later one joins the first of all that it touches: a comb is joined in two rounds.
        np.minimum.at(roots, np.maximum(one, other), np.minimum(one, other))
        while not np.array_equal(jumped := roots[roots], roots):
            roots = jumped
        one, other = roots[one], roots[other]
        is_apart = one != other
        one, other = one[is_apart], other[is_apart]
    return roots
