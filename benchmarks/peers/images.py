"""Masks as most of the other tools get them: read whole by nibabel, in floating point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nibabel as nib

if TYPE_CHECKING:
    import numpy as np


def read_masks(paths: dict[str, str]) -> tuple[dict[str, np.ndarray], tuple[float, ...]]:
    """Return the masks as booleans, and the voxel size in mm."""
    images = {name: nib.load(path) for name, path in paths.items()}
    masks = {name: image.get_fdata() > 0.5 for name, image in images.items()}
    zooms = images["expert"].header.get_zooms()
    return masks, tuple(float(mm) for mm in zooms)
