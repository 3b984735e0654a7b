"""The only reader of mask files: nothing is scored that was not read to its end."""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from functools import partial
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_biasruler.errors import BiasRulerError, Limits, call_other
from pytest_biasruler.masks.affine import is_sheared
from pytest_biasruler.masks.crop import Crop, hash_labels
from pytest_biasruler.masks.fields import SHORTEST_BYTES, find_layout, no_header, unpack_fields
from pytest_biasruler.masks.file import digest_file, find_file, open_file
from pytest_biasruler.masks.geometry import match_grids
from pytest_biasruler.masks.header import Header, check_header
from pytest_biasruler.masks.labels import accept_mask
from pytest_biasruler.masks.mask import Mask, join_notes
from pytest_biasruler.masks.scaling import Scaling
from pytest_biasruler.masks.stream import GzipStream, PlainStream, holds_less, open_stream
from pytest_biasruler.masks.tally import Tally
from pytest_biasruler.masks.voxels import gather_voxels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_DEFAULTS = Limits()
_BULK_BYTES = 64 * 2**20
_BULK_TIMES = 4
_NUMPY_SUFFIXES = {
    **dict.fromkeys([".npy", ".npz"], "a NumPy file"),
    **dict.fromkeys([".pkl", ".pickle", ".pt", ".pth"], "a pickle file"),
}
# Only what is listed is repeated: the end of a name may be part of a person's.
_KNOWN_SUFFIXES = re.compile(
    r"\.(bz2|dcm|gii|gipl|gz|h5|hdr|img|jpe?g|json|mat|mg[hz]|mh[ad]|mnc|nrrd|png|seg|tar|tiff?|txt"
    r"|vtk|xz|zip|zst)"
)


def read_crop(
    path: Path,
    *,
    name: str = "mask",
    root: Path | None = None,
    limits: Limits = _DEFAULTS,
    labels: Mapping[str, Sequence[int]] | None = None,
    place: str = "",
    readers: Mapping[str, Callable[[Path], Mask]] | None = None,
    partner: Crop | None = None,
) -> Crop:
    """Read one mask to its end, and keep what is not background; or say what is wrong with it.

    No more of the volume is held at a time than a piece that stays in the processor's cache.

    Parameters
    ----------
    path : Path
        A NIfTI-1 or NIfTI-2 file, ``.nii`` or ``.nii.gz``.
    name : str, optional
        What messages call the mask, ``prediction of unet``.
    root : Path, optional
        The data root, where links must end if `limits` allows links.
    limits : Limits, optional
        How large a mask may be, and whether links are allowed.
    labels : mapping of str to ints, optional
        The values that each label stands for. None: any non-zero voxel is the one label.
    place : str, optional
        Where a message says the file was expected: the template, never the path.
    readers : mapping of str to callable, optional
        Readers of other formats by suffix, ``{".npz": read_npz}``. What they return is
        checked like an array; what they raise is not caught here.
    partner : Crop, optional
        The reference whose grid the mask must have. A file much larger than it is refused, in the
        words of `align_crop`, before it is inflated; all others are left to `align_crop`.

    Returns
    -------
    Crop
        With labels in the smallest integer type, notes and both hashes.

    Raises
    ------
    BiasRulerError
        Whatever is wrong: the first of the steps of docs/errors.md that refuses the file.
    """
    path = Path(path)
    found, status = find_file(path, name=name, root=root, limits=limits, place=place)
    reader = (readers or {}).get(path.suffix.lower())
    if reader is not None:
        sha256 = digest_file(found, name=name, limits=limits)
        given = replace(call_other(partial(reader, found)), sha256=sha256)
        return accept_mask(given, name=name, labels=labels, limits=limits)
    is_named_gz = _check_suffix(path, name=name)
    with open_file(found, name=name, expected=status) as file:
        stream = open_stream(file, is_named_gz=is_named_gz)
        header, block = _read_header(stream, name=name, limits=limits)
        stream.check_room(header.declared)
        if partner is not None and _is_bulky(header, partner):
            _check_grid(header, partner, name=name, limits=limits)
        block += stream.read(header.vox_offset - len(block))
        if len(block) < header.vox_offset:
            raise holds_less(header.declared - len(block), name)
        scaling = Scaling(slope=header.slope, intercept=header.intercept)
        tally = Tally(scaling=scaling, limits=limits)
        gathered = gather_voxels(stream, header, name=name, tally=tally)
    notes = tally.judge(name=name, labels=labels)
    voxels, start = gathered.assemble(tally.dtype)
    affine = header.affine
    return Crop(
        voxels=voxels,
        start=start,
        shape=header.shape,
        affine=affine,
        spacing_mm=header.spacing_mm,
        notes=join_notes(header.notes, stream.notes, _check_extensions(block, header), notes),
        sha256=file.sha256,
        voxel_sha256=hash_labels(voxels, start=start, shape=header.shape),
        is_sheared=affine is not None and is_sheared(affine),
    )


def read_mask(path: Path, **options: Any) -> Mask:
    """Read one mask on its whole grid; `options`, and what is raised, are those of `read_crop`."""
    return read_crop(path, **options).whole()


def _is_bulky(header: Header, partner: Crop) -> bool:
    """Return whether the grid is asked for first, out of turn.

    Otherwise damage is told before a wrong shape, which stays so for every file that an honest
    program writes: only a bomb is many times as large as the reference.
    """
    n_bytes = prod(partner.shape) * partner.voxels.itemsize
    return header.declared > max(_BULK_BYTES, _BULK_TIMES * n_bytes)


def _check_grid(header: Header, partner: Crop, *, name: str, limits: Limits) -> None:
    match_grids(
        header,
        partner,
        name=name,
        reference_name="the reference",
        tolerance=limits.grid_tolerance,
    )


def _check_suffix(path: Path, *, name: str) -> bool:
    """Return whether the name says gzip."""
    suffix = path.suffix.lower()
    if kind := _NUMPY_SUFFIXES.get(suffix):
        raise BiasRulerError("BR114", f"{name} is {kind}", "NIfTI", "Convert it")
    is_gz = path.name.lower().endswith(".nii.gz")
    if not is_gz and suffix != ".nii":
        kind = (
            f"is a {suffix} file"
            if _KNOWN_SUFFIXES.fullmatch(suffix)
            else "has no suffix of NIfTI"
        )
        expected = "one NIfTI-1 or NIfTI-2 file, .nii or .nii.gz"
        raise BiasRulerError("BR113", f"{name} {kind}", expected, "Convert it")
    return is_gz


def _read_header(
    stream: PlainStream | GzipStream, *, name: str, limits: Limits
) -> tuple[Header, bytes]:
    """Return the header and the bytes read for it."""
    block = stream.read(SHORTEST_BYTES)
    if len(block) < SHORTEST_BYTES:
        raise no_header(name)
    layout, order = find_layout(block, name=name)
    block += stream.read(layout.n_bytes - SHORTEST_BYTES)
    fields = unpack_fields(block, layout=layout, order=order, name=name)
    return check_header(fields, name=name, limits=limits), block


def _check_extensions(block: bytes, header: Header) -> tuple[str, ...]:
    """Note extensions: `vox_offset` says where voxels are, so that they are not needed."""
    at = header.n_bytes + 4
    if not block[header.n_bytes] or at == header.vox_offset:
        return ()
    while at < header.vox_offset:
        (size,) = struct.unpack_from(f"{header.order}i", block, at)
        if size < 16 or size % 16 or at + size > header.vox_offset:
            return ("BR230",)
        at += size
    return ("BR231",)
