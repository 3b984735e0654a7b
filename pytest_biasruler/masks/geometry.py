"""Whether two masks lie on one grid, and how to store one as the other without loss."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.affine import measure_displacement
from pytest_biasruler.masks.crop import Crop, hash_labels
from pytest_biasruler.masks.mask import NO_SIZE, describe_shape, is_same_spacing, join_notes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class Gridded(Protocol):
    """A mask, or the header of one that is not read yet."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along each axis."""

    @property
    def affine(self) -> NDArray[np.float64] | None:
        """From voxel indices to millimetres."""

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Voxel size along each axis."""


def align_crop(
    mask: Crop,
    reference: Crop,
    *,
    name: str = "mask",
    reference_name: str = "reference",
    tolerance: float = 0.1,
) -> Crop:
    """Return `mask` stored as `reference` is; nothing is ever resampled.

    Axes are swapped and flipped, which loses nothing (note ``BR222``); whatever takes more
    than that is refused.

    Parameters
    ----------
    mask, reference : Crop
        Both with an affine or both without one.
    name, reference_name : str, optional
        What messages call them.
    tolerance : float, optional
        How far the worst corner voxel may lie off, in smallest voxel sizes of `reference`.

    Returns
    -------
    Crop
        On the grid of `reference`: its affine and voxel size are those of `reference`, which
        differ from its own by no more than `tolerance`, and it is sheared if either is.
        `Crop.voxel_sha256` is that of the voxels as they now lie.

    Raises
    ------
    BiasRulerError
        ``BR213`` if one has no affine, or both have none and their voxel sizes differ;
        ``BR220`` if shapes differ; ``BR221`` if the grids lie apart or oblique to each other.

    Examples
    --------
    A mask stored from right to left, and its affine says so:

    >>> import numpy as np
    >>> from pytest_biasruler.masks.crop import crop_mask
    >>> from pytest_biasruler.masks.mask import Mask
    >>> labels = np.array([1, 0, 0], dtype=np.uint8).reshape(3, 1, 1)
    >>> reference = crop_mask(Mask(voxels=labels, affine=np.eye(4)))
    >>> flipped = np.array([[-1.0, 0, 0, 2], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    >>> mask = crop_mask(Mask(voxels=labels[::-1], affine=flipped))
    >>> aligned = align_crop(mask, reference)
    >>> mask.start, aligned.start, aligned.notes
    ((2, 0, 0), (0, 0, 0), ('BR222',))
    """
    matched = match_grids(
        mask, reference, name=name, reference_name=reference_name, tolerance=tolerance
    )
    if matched is None:
        return replace(mask, notes=join_notes(mask.notes, ["BR213"]))
    axes, flips = matched
    return _move_voxels(mask, reference, axes=axes, flips=flips)


def match_grids(
    mask: Gridded, reference: Gridded, *, name: str, reference_name: str, tolerance: float
) -> tuple[tuple[int, ...], tuple[bool, ...]] | None:
    """Return which axes of `mask` run along those of `reference`, and which run backwards.

    None if neither stores an orientation and their sizes agree. Nothing but what a header says is
    looked at; the parameters, and what is raised, are those of `align_crop`.
    """
    if mask.affine is None and reference.affine is None:
        _check_sizes(mask, reference, name=name, reference_name=reference_name)
        return None
    if mask.affine is None or reference.affine is None:
        lacking, other = (name, reference_name) if mask.affine is None else (reference_name, name)
        found = f"{lacking} stores no orientation, {other} does"
        raise BiasRulerError("BR213", found, "both or none", "Copy the reference's header")
    axes, flips = _match_axes(
        mask.affine, reference.affine, name=name, reference_name=reference_name
    )
    shape = tuple(mask.shape[axis] for axis in axes)
    _check_shape(shape, reference.shape, name=name, reference_name=reference_name)
    affine = _move_affine(mask.affine, axes=axes, flips=flips, shape=shape)
    spacing = min(reference.spacing_mm)
    off = measure_displacement(affine, reference.affine, shape=reference.shape)
    if not off <= tolerance * spacing:
        found = f"{name} lies {off:.3g} mm off ({off / spacing:.3g} voxel)"
        expected = f"at most {tolerance * spacing:.3g} mm"
        fix = "Copy the reference's affine if the voxels agree"
        raise BiasRulerError("BR221", found, expected, fix)
    return axes, flips


def check_right_angles(mask: Crop, *, name: str = "mask") -> None:
    """Refuse a grid on which distances in mm are not measured: sheared, or of unknown size.

    Raises
    ------
    BiasRulerError
        ``BR215``, or ``BR216`` where no voxel size is stored.
    """
    if NO_SIZE in mask.notes:
        fix = "Use overlap metrics, or convert it to .nii.gz with its voxel size"
        raise BiasRulerError(
            NO_SIZE, f"{name} stores no voxel size", "one for what is in mm or ml", fix
        )
    if mask.is_sheared:
        fix = "Use overlap metrics or resample beforehand"
        raise BiasRulerError(
            "BR215", f"grid of {name} is sheared", "right angles for distances in mm", fix
        )


def _check_sizes(mask: Gridded, reference: Gridded, *, name: str, reference_name: str) -> None:
    _check_shape(mask.shape, reference.shape, name=name, reference_name=reference_name)
    if not is_same_spacing(mask.spacing_mm, reference.spacing_mm):
        own, expected = (
            " x ".join(f"{size:.6g}" for size in sizes) + " mm"
            for sizes in (mask.spacing_mm, reference.spacing_mm)
        )
        found = f"{name} stores no orientation and a voxel size of {own}"
        expected = f"{expected}, as {reference_name} has"
        raise BiasRulerError("BR213", found, expected, "Copy the reference's header")


def _check_shape(
    shape: Sequence[int], expected: Sequence[int], *, name: str, reference_name: str
) -> None:
    # Before any array arithmetic: numpy broadcasts (8, 8, 1) against (8, 8, 8).
    if tuple(shape) != tuple(expected):
        found = f"{name} has shape {describe_shape(shape)}"
        wanted = f"{describe_shape(expected)}, as {reference_name} has"
        raise BiasRulerError("BR220", found, wanted, "Resample it beforehand")


def _match_axes(
    affine: NDArray[np.float64], other: NDArray[np.float64], *, name: str, reference_name: str
) -> tuple[tuple[int, ...], tuple[bool, ...]]:
    """Return, for each axis of the other grid, which own axis runs along it, and if backwards."""
    turn = np.linalg.solve(other[:3, :3], affine[:3, :3])
    along = np.abs(turn).argmax(axis=0).tolist()  # own axis -> axis of the other grid
    if sorted(along) != [0, 1, 2]:
        found = f"axes of {name} run between those of {reference_name}"
        raise BiasRulerError("BR221", found, "the same axes", "Resample it beforehand")
    axes = tuple(along.index(axis) for axis in range(3))
    return axes, tuple(bool(turn[axis, own] < 0) for axis, own in enumerate(axes))


def _move_affine(
    affine: NDArray[np.float64],
    *,
    axes: tuple[int, ...],
    flips: tuple[bool, ...],
    shape: tuple[int, ...],
) -> NDArray[np.float64]:
    moved = affine.copy()
    moved[:, :3] = affine[:, axes]
    for axis, is_flipped in enumerate(flips):
        if is_flipped:  # the last voxel becomes the first
            moved[:3, 3] += moved[:3, axis] * (shape[axis] - 1)
            moved[:3, axis] *= -1
    return moved


def _move_voxels(
    mask: Crop, reference: Crop, *, axes: tuple[int, ...], flips: tuple[bool, ...]
) -> Crop:
    moved = replace(
        mask,
        affine=reference.affine,
        spacing_mm=reference.spacing_mm,
        is_sheared=mask.is_sheared or reference.is_sheared,
    )
    if axes == (0, 1, 2) and not any(flips):
        return moved
    backwards = tuple(slice(None, None, -1 if is_flipped else 1) for is_flipped in flips)
    voxels = np.asfortranarray(mask.voxels.transpose(axes)[backwards])
    sides = zip(axes, flips, voxels.shape, reference.shape, strict=True)
    x, y, z = (
        whole - length - mask.start[axis] if is_flipped and length else mask.start[axis]
        for axis, is_flipped, length, whole in sides
    )
    start, shape = (x, y, z), reference.shape
    return replace(
        moved,
        voxels=voxels,
        start=start,
        shape=shape,
        notes=join_notes(mask.notes, ["BR222"]),
        voxel_sha256=hash_labels(voxels, start=start, shape=shape),
    )
