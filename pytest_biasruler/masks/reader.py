"""The one way from a file to a mask: nothing is scored that was not read to its end."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_biasruler.errors import BiasRulerError, Limits, call_other
from pytest_biasruler.masks.affine import is_sheared
from pytest_biasruler.masks.crop import Crop, hash_labels
from pytest_biasruler.masks.detached import META, NRRD, find_data, open_pair, open_whole
from pytest_biasruler.masks.dicom import read_segmentation
from pytest_biasruler.masks.file import digest_file, find_file, open_file
from pytest_biasruler.masks.geometry import match_grids
from pytest_biasruler.masks.labels import accept_mask
from pytest_biasruler.masks.mask import NO_SIZE, Mask, join_notes
from pytest_biasruler.masks.nifti import open_nifti
from pytest_biasruler.masks.png import read_png
from pytest_biasruler.masks.tally import Tally
from pytest_biasruler.masks.volume import Source, Volume, join_digests
from pytest_biasruler.masks.voxels import gather_voxels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    Open = Callable[..., AbstractContextManager[Source]]

_DEFAULTS = Limits()
_BULK_BYTES = 64 * 2**20
_BULK_TIMES = 4
_NUMPY_SUFFIXES = {
    **dict.fromkeys([".npy", ".npz"], "a NumPy file"),
    **dict.fromkeys([".pkl", ".pickle", ".pt", ".pth"], "a pickle file"),
}
_WHOLE = {".nrrd": NRRD, ".mha": META}
_PAIRS = {".nhdr": NRRD, ".mhd": META}
_DECODERS = {".png": read_png, ".dcm": read_segmentation}
SUFFIXES = (".nii", ".gz", *_WHOLE, *_PAIRS)
"""Of the formats for which nobody else can give a reader; for those of extras somebody may."""

# Only what is listed is repeated: the end of a name may be part of a person's.
_KNOWN_SUFFIXES = re.compile(
    r"\.(bz2|gii|gipl|gz|h5|hdr|img|jpe?g|json|mat|mg[hz]|mnc|raw|seg|tar|tiff?|txt"
    r"|vtk|xz|zip|zraw|zst)"
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
        NIfTI (``.nii``, ``.nii.gz``), NRRD (``.nrrd``, ``.nhdr``) or MetaImage (``.mha``,
        ``.mhd``); with their extras PNG (``.png``) and DICOM segmentations (``.dcm``).
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
    if path.suffix.lower() in _DECODERS:
        decode = _DECODERS[path.suffix.lower()]
        with open_file(found, name=name, expected=status) as file:
            content = b"".join(iter(file.read, b""))
            given = decode(content, name=name, limits=limits)
        given = replace(given, sha256=file.sha256)
        return accept_mask(given, name=name, labels=labels, limits=limits)
    opened = _find_opener(path, name=name)(found, status, name=name, limits=limits)
    with opened as source:
        if partner is not None and _is_bulky(source.volume, partner):
            _check_grid(source.volume, partner, name=name, limits=limits)
        tally = Tally(scaling=source.scaling, limits=limits)
        gathered = gather_voxels(source.stream, source.volume, name=name, tally=tally)
    notes = tally.judge(name=name, labels=labels)
    voxels, start = gathered.assemble(tally.dtype)
    volume = source.volume
    return Crop(
        voxels=voxels,
        start=start,
        shape=volume.shape,
        affine=volume.affine,
        spacing_mm=volume.spacing_mm,
        notes=join_notes(volume.notes, source.stream.notes, source.notes, notes),
        sha256=source.sha256,
        voxel_sha256=hash_labels(voxels, start=start, shape=volume.shape),
        is_sheared=NO_SIZE in volume.notes
        or (volume.affine is not None and is_sheared(volume.affine)),
    )


def read_mask(path: Path, **options: Any) -> Mask:
    """Read one mask on its whole grid; `options`, and what is raised, are those of `read_crop`."""
    return read_crop(path, **options).whole()


def digest_mask(
    path: Path,
    *,
    name: str = "mask",
    root: Path | None = None,
    limits: Limits = _DEFAULTS,
    place: str = "",
) -> str:
    """Return the hash of a mask as stored, the same that `read_crop` gives as `Crop.sha256`.

    That of the file; where a header names a file of voxels beside it, that of both.

    Parameters
    ----------
    path, name, root, limits, place
        As those of `digest_file`.

    Raises
    ------
    BiasRulerError
        As `digest_file`, of either file.
    """
    path = Path(path)
    form = _PAIRS.get(path.suffix.lower())
    if form is None:
        return digest_file(path, name=name, root=root, limits=limits, place=place)
    found, status = find_file(path, name=name, root=root, limits=limits, place=place)
    digest, data = find_data(found, status, beside=path, form=form, name=name, limits=limits)
    if data is None:  # the reader will say why
        return digest
    at, expected = data
    with open_file(at, name=f"the data file of {name}", expected=expected) as file:
        while file.read():
            pass
    return join_digests([digest, file.sha256])


def _find_opener(path: Path, *, name: str) -> Open:
    """Return what opens a file of this name."""
    suffix = path.suffix.lower()
    if suffix in _WHOLE:
        return partial(open_whole, form=_WHOLE[suffix])
    if suffix in _PAIRS:
        return partial(open_pair, form=_PAIRS[suffix], beside=path)
    if kind := _NUMPY_SUFFIXES.get(suffix):
        raise BiasRulerError("BR114", f"{name} is {kind}", "NIfTI", "Convert it")
    is_packed = path.name.lower().endswith(".nii.gz")
    if not is_packed and suffix != ".nii":
        is_known = _KNOWN_SUFFIXES.fullmatch(suffix)
        kind = f"is a {suffix} file" if is_known else "has no suffix of a mask"
        expected = ".nii, .nii.gz, .nrrd, .nhdr, .mha, .mhd, .png or .dcm"
        raise BiasRulerError("BR113", f"{name} {kind}", expected, "Convert it to .nii.gz")
    return partial(open_nifti, is_packed=is_packed)


def _is_bulky(volume: Volume, partner: Crop) -> bool:
    """Return whether the grid is asked for first, out of turn.

    Otherwise damage is told before a wrong shape, which stays so for every file that an honest
    program writes: only a bomb is many times as large as the reference.
    """
    n_bytes = prod(partner.shape) * partner.voxels.itemsize
    return volume.declared > max(_BULK_BYTES, _BULK_TIMES * n_bytes)


def _check_grid(volume: Volume, partner: Crop, *, name: str, limits: Limits) -> None:
    match_grids(
        volume,
        partner,
        name=name,
        reference_name="the reference",
        tolerance=limits.grid_tolerance,
    )
