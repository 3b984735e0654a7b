"""Whole numbers from floats and scaled integers, piece by piece."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_PIECE_VOXELS = 1 << 16  # temporary arrays stay in the cache of the processor
_WHOLE = 1e-3
_STORED_ERROR = 0.51  # of the slope: rounding to the nearest step is off by half a step


@dataclass(frozen=True, kw_only=True, slots=True)
class Scaling:
    """Value = stored * slope + intercept."""

    slope: float
    intercept: float

    @property
    def is_none(self) -> bool:
        """Whether values are what is stored."""
        return (self.slope, self.intercept) == (1, 0)

    @property
    def largest_error(self) -> float:
        """How far a label may lie from a whole number."""
        return _WHOLE if self.is_none else _STORED_ERROR * self.slope

    def apply(self, stored: NDArray[np.generic]) -> NDArray[np.float64]:
        """Return the values of what is stored."""
        with np.errstate(all="ignore"):  # what overflows becomes infinite and is refused as that
            values = stored.astype(np.float64)
            return values if self.is_none else values * self.slope + self.intercept


UNSCALED = Scaling(slope=1.0, intercept=0.0)
"""Values are what is stored."""


def cut_pieces(voxels: NDArray[np.generic]) -> Iterator[NDArray[np.generic]]:
    """Yield all voxels in pieces, in the order of memory; no array of all of them is made."""
    flat = voxels.ravel(order="K")
    for start in range(0, flat.size, _PIECE_VOXELS):
        yield flat[start : start + _PIECE_VOXELS]


def round_values(
    voxels: NDArray[np.generic], *, scaling: Scaling, dtype: np.dtype[np.unsignedinteger]
) -> NDArray[np.unsignedinteger]:
    """Return the nearest whole numbers, in Fortran order."""
    ordered = np.asfortranarray(voxels)
    made = np.empty_like(ordered, dtype=dtype)
    start, flat = 0, made.ravel(order="K")
    for piece in cut_pieces(ordered):
        flat[start : start + piece.size] = np.rint(scaling.apply(piece))
        start += piece.size
    return made
