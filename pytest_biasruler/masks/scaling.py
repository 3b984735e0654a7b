"""Whole numbers from floats and scaled integers, piece by piece."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_PIECE_VOXELS = 1 << 16  # temporary arrays stay in the cache of the processor
_WHOLE = 1e-3
_STORED_ERROR = 0.51  # of the slope: rounding to the nearest step is off by half a step
_MOST_COUNTED = 1000


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


def cut_pieces(voxels: NDArray[np.generic]) -> Iterator[NDArray[np.generic]]:
    """Yield all voxels in pieces, in the order of memory; no array of all of them is made."""
    flat = voxels.ravel(order="K")
    for start in range(0, flat.size, _PIECE_VOXELS):
        yield flat[start : start + _PIECE_VOXELS]


def bound_values(voxels: NDArray[np.generic], *, scaling: Scaling, name: str) -> tuple[int, int]:
    """Return the smallest and the largest value, if all of them are whole.

    Raises
    ------
    BiasRulerError
        ``BR302`` if some are NaN or infinite, ``BR301`` if some are not whole.
    """
    low, high, error, n_lost = np.inf, -np.inf, 0.0, 0
    for piece in cut_pieces(voxels):
        values = scaling.apply(piece)
        n_finite = int(np.isfinite(values).sum())
        n_lost += values.size - n_finite
        if n_finite < values.size:
            continue  # refused below, once all of them are counted
        whole = np.rint(values)
        error = max(error, float(np.abs(values - whole).max()))
        low, high = min(low, float(whole.min())), max(high, float(whole.max()))
    if n_lost:
        found = f"{n_lost} voxels of {name} are NaN or infinite"
        raise BiasRulerError("BR302", found, "none", "Export it again")
    if not error <= scaling.largest_error:
        found = f"{name} has {_count_values(voxels)} different values that are not whole"
        fix = "Save a label mask, for example probability > 0.5"
        raise BiasRulerError("BR301", found, "labels", fix)
    return int(low), int(high)


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


def _count_values(voxels: NDArray[np.generic]) -> str:
    found: set[float] = set()
    for piece in cut_pieces(voxels):
        found.update(np.unique(piece).tolist())
        if len(found) > _MOST_COUNTED:
            return f"more than {_MOST_COUNTED}"
    return str(len(found))
