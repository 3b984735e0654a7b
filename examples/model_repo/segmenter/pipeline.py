"""The model: smooth, threshold, clean, keep the largest component."""

from __future__ import annotations

import numpy as np
from scipy import ndimage


def segment(image, spacing_mm):
    """Return the lesion of an image as a mask."""
    smooth = ndimage.gaussian_filter(image, [1.0 / mm for mm in spacing_mm])
    threshold = find_threshold(smooth)
    opened = ndimage.binary_opening(smooth > threshold)
    components, n = ndimage.label(opened)
    if n == 0:
        return opened
    largest = np.bincount(components.ravel())[1:].argmax() + 1
    return ndimage.binary_fill_holes(components == largest)


def find_threshold(image):
    """Return the value that parts an image into two classes as unlike as possible (Otsu 1979)."""
    if image.min() == image.max():
        return image.max()
    counts, edges = np.histogram(image, bins=128)
    values = (edges[:-1] + edges[1:]) / 2
    below = counts.cumsum()
    above = counts.sum() - below
    sums = (counts * values).cumsum()
    with np.errstate(invalid="ignore"):
        apart = sums / below - (sums[-1] - sums) / above
    return values[np.nanargmax(below * above * apart**2)]
