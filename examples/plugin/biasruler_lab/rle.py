"""Run-length encoded masks in JSON, as COCO and annotation servers write them uncompressed.

``{"size": [3, 2], "counts": [1, 2, 3], "spacing_mm": [0.5, 0.5]}``: runs of 0 and 1 in turn, first
those of 0, along the first axis first. COCO knows two axes and no millimetres; we write three axes
and ``affine`` or ``spacing_mm`` where they are known.
"""

from __future__ import annotations

import json
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_biasruler import BiasRulerError, Mask

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MAX_VOXELS = 2**28
"""A text of 40 bytes can ask for any amount of memory: this bounds it."""


def read_rle(path: Path) -> Mask:
    """Return the mask of a file.

    Raises
    ------
    BiasRulerError
        BR113 if the file holds no such mask. The prediction then counts as unreadable: the worst
        score, and a line in the accounting. Its message names no case.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        voxels = decode(content["size"], content["counts"])
        spacing_mm = _three(content.get("spacing_mm"))
        return Mask(voxels=voxels, affine=content.get("affine"), spacing_mm=spacing_mm)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        found = f"the mask is no run-length encoding ({type(error).__name__})"
        expected = "JSON with size and counts"
        raise BiasRulerError("BR113", found, expected, "Export it again, uncompressed") from None


def decode(size: list[int], counts: list[int]) -> NDArray[np.bool_]:
    """Return the voxels that these runs describe.

    Raises
    ------
    ValueError
        If they are no whole numbers, too many, or do not fill the image.

    Examples
    --------
    >>> decode([3, 2], [1, 2, 3]).astype(int).tolist()
    [[0, 0], [1, 0], [1, 0]]
    """
    if any(type(n) is not int or n < 0 for n in [*size, *counts]):
        raise ValueError("sizes and runs are whole numbers from 0")
    if prod(size) > MAX_VOXELS or sum(counts) != prod(size):
        raise ValueError("the runs do not fill the image")
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape(size, order="F")


def encode(mask: Mask) -> dict[str, Any]:
    """Return what `read_rle` reads: every voxel that is not 0 belongs to the object.

    Examples
    --------
    >>> encode(Mask(voxels=decode([3, 2, 1], [1, 2, 3]), spacing_mm=(1, 1, 4)))
    {'size': [3, 2, 1], 'counts': [1, 2, 3], 'spacing_mm': [1.0, 1.0, 4.0]}
    """
    flat = (mask.voxels != 0).ravel(order="F")
    ends = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    counts = np.diff([0, *ends, flat.size]).tolist()
    content: dict[str, Any] = {
        "size": list(mask.shape),
        "counts": [0, *counts] if flat[0] else counts,
        "spacing_mm": list(mask.spacing_mm),
    }
    return content if mask.affine is None else {**content, "affine": mask.affine.tolist()}


def _three(spacing_mm: list[float] | None) -> tuple[float, float, float] | None:
    return None if spacing_mm is None else (*spacing_mm, 1.0)[:3]
