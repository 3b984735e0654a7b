"""Boundary IoU: how well two masks agree in a band along their boundaries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_biasruler import Mask

WIDTH_MM = 2.0
"""How far the band reaches into a mask."""


def boundary_iou(model: Mask, reference: Mask) -> float:
    """Return the IoU of the two inner bands of width `WIDTH_MM`.

    The band of a mask holds its voxels whose centre is at most that far from the centre of the
    nearest voxel outside. Where voxels are larger the band is one voxel wide. What lies beyond
    the image is outside.

    Parameters
    ----------
    model, reference : Mask
        Neither is empty: what empty masks score is data of the metric.

    Returns
    -------
    float
        From 0 to 1, higher is better.

    References
    ----------
    B. Cheng et al., "Boundary IoU: Improving Object-Centric Image Segmentation Evaluation",
    CVPR 2021, doi:10.1109/CVPR46437.2021.01508. There the band is 2 % of the image's diagonal
    wide; here it is fixed in mm, so that the field of view of a scan does not matter.

    Examples
    --------
    Two squares of 9 x 9 voxels of 2 mm, one moved by a voxel. Each band is one voxel wide and has
    9 * 9 - 7 * 7 = 32 voxels. The bands share 8 voxels of each of two rows, and where one square's
    first column crosses the other's rows nothing more: 16 of 32 + 32 - 16.

    >>> import numpy as np
    >>> from pytest_biasruler import Mask
    >>> def square(column):
    ...     voxels = np.zeros((16, 16), dtype=bool)
    ...     voxels[3:12, column : column + 9] = True
    ...     return Mask(voxels=voxels, spacing_mm=(2, 2, 1))
    >>> round(boundary_iou(square(3), square(3)), 3), round(boundary_iou(square(4), square(3)), 3)
    (1.0, 0.333)
    """
    masks = [mask.voxels != 0 for mask in (model, reference)]
    box = ndimage.find_objects((masks[0] | masks[1]).astype(np.uint8))[0]
    is_wide = [n > 1 for n in model.shape]  # an image of one slice has no boundary across it
    one, two = (
        inner_band(mask[box], spacing_mm=model.spacing_mm, is_wide=is_wide) for mask in masks
    )
    return float((one & two).sum() / (one | two).sum())


def inner_band(
    voxels: NDArray[np.bool_], *, spacing_mm: Sequence[float], is_wide: Sequence[bool]
) -> NDArray[np.bool_]:
    """Return the voxels of a mask that lie within `WIDTH_MM` of its outside."""
    margin = [(int(wide), int(wide)) for wide in is_wide]
    width_mm = max(WIDTH_MM, min(mm for mm, wide in zip(spacing_mm, is_wide, strict=True) if wide))
    depth_mm = ndimage.distance_transform_edt(np.pad(voxels, margin), sampling=spacing_mm)
    inside = tuple(slice(one, -one or None) for one, _ in margin)
    # Sums of decimal voxel sizes miss the width by the last bit of a float.
    return voxels & (depth_mm[inside] <= width_mm * (1 + 1e-9))
