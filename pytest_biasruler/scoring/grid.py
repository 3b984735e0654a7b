"""The voxel grid of a case, and what is known of its size."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, nan
from typing import TYPE_CHECKING

from pytest_biasruler.masks.mask import NO_SIZE
from pytest_biasruler.scoring.surface import flat_axis

if TYPE_CHECKING:
    from pytest_biasruler.masks.crop import Crop


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Grid:
    """The voxel grid of a case: shape, affine and voxel size of its expert reference's mask."""

    mask: Crop

    @property
    def diagonal_mm(self) -> float:
        """Length of the diagonal of the whole image in mm; in 2-D that of its plane."""
        flat = flat_axis(self.mask.shape)
        sizes = zip(self.mask.shape, self.mask.spacing_mm, strict=True)
        return hypot(*(n * mm for axis, (n, mm) in enumerate(sizes) if axis != flat))

    @property
    def voxel_ml(self) -> float:
        """Volume of a voxel in ml; NaN where no file says how large it is."""
        return nan if NO_SIZE in self.mask.notes else self.mask.voxel_ml
