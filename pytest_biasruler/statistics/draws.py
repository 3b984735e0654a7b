"""Random numbers that stay the same for every numpy release and any number of workers."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LARGEST_BELOW_ONE = 1 - 2.0**-53


class Stream:
    """A fresh PCG64 of which only the raw 64-bit stream is used, which numpy never changes.

    Parameters
    ----------
    seed : int, default 0
        A non-negative seed; the same seed gives the same numbers.

    Raises
    ------
    ValueError
        If `seed` is negative.

    Examples
    --------
    >>> Stream(0).uniforms(2).tolist()
    [0.6369616873214543, 0.26978671376387037]
    """

    __slots__ = ("_generator",)

    def __init__(self, seed: int = 0) -> None:
        self._generator = np.random.PCG64(seed)

    def uniforms(self, *shape: int) -> NDArray[np.float64]:
        """Return the next numbers of the stream in (0, 1), filled row by row."""
        raw = self._generator.random_raw(int(np.prod(shape))) >> np.uint64(11)
        numbers = (raw.astype(np.float64) + 0.5) * 2.0**-53
        # The largest raw number would round to 1, an index outside every array.
        return np.minimum(numbers, _LARGEST_BELOW_ONE, out=numbers).reshape(shape)

    def normals(self, *shape: int) -> NDArray[np.float64]:
        """Return standard normal numbers, the normal quantiles of `uniforms`."""
        numbers: NDArray[np.float64] = ndtri(self.uniforms(*shape))
        return numbers


@lru_cache(maxsize=16)
def normal_columns(n_rows: int, n_columns: int) -> NDArray[np.float64]:
    """Return ``Stream(0).normals(n_rows, n_columns)`` transposed and read-only.

    Every family of contrasts of one size uses the same numbers, so they are kept; one
    subgroup's draws lie together in memory.

    Parameters
    ----------
    n_rows, n_columns : int
        Draws and subgroups.

    Returns
    -------
    ndarray of float, shape (n_columns, n_rows)

    Examples
    --------
    >>> normal_columns(3, 2).shape
    (2, 3)
    """
    columns = np.ascontiguousarray(Stream(0).normals(n_rows, n_columns).T)
    columns.flags.writeable = False
    return columns
