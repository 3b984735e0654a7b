"""What the header of any format says of the voxels that follow it, and the files they lie in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.file import find_file
from pytest_biasruler.masks.mask import describe_shape
from pytest_biasruler.masks.scaling import UNSCALED, Scaling

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from pytest_biasruler.errors import Limits
    from pytest_biasruler.masks.file import StoredFile
    from pytest_biasruler.masks.orientation import Orientation
    from pytest_biasruler.masks.stream import GzipStream, PlainStream


@dataclass(frozen=True, kw_only=True, slots=True)
class Volume:
    """Voxels as declared: the first axis runs fastest, as in all formats that are read here.

    Attributes
    ----------
    shape : tuple of int
        Number of voxels along each axis.
    dtype : numpy.dtype
        Of one voxel as stored, with its byte order.
    orientation : Orientation
        Where the voxels lie.
    vox_offset : int
        Bytes before the first voxel in the file, or in what it inflates to, that holds them.
    notes : tuple of str
        Codes of what the header holds that is worth telling.
    """

    shape: tuple[int, int, int]
    dtype: np.dtype[np.generic]
    orientation: Orientation
    vox_offset: int = 0
    notes: tuple[str, ...] = ()

    @property
    def affine(self) -> NDArray[np.float64] | None:
        """From voxel indices to millimetres, as that of a mask."""
        return self.orientation.affine

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Voxel size along each axis, as that of a mask."""
        return self.orientation.spacing_mm

    @property
    def n_voxels(self) -> int:
        """Number of voxels."""
        return prod(self.shape)

    @property
    def declared(self) -> int:
        """Size in bytes up to the end of the last voxel."""
        return self.vox_offset + self.n_voxels * self.dtype.itemsize


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A file whose header was found sound, open at its first voxel."""

    volume: Volume
    stream: PlainStream | GzipStream
    files: tuple[StoredFile, ...]
    scaling: Scaling = UNSCALED
    notes: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """Hash of all that was read so far; see `join_digests`."""
        return join_digests(file.sha256 for file in self.files)


def join_digests(digests: Iterable[str]) -> str:
    """Return the hash of a mask that is stored as one file, or as a header and a file of voxels.

    Examples
    --------
    >>> join_digests(["ab"]), len(join_digests(["ab", "cd"]))
    ('ab', 64)
    """
    known = list(digests)
    if len(known) == 1:
        return known[0]
    return hashlib.sha256(" ".join(known).encode()).hexdigest()


def check_lengths(lengths: Sequence[int], *, name: str, limits: Limits) -> None:
    """Refuse axes that are empty, ``BR205``, or span more voxels than are read, ``BR110``."""
    if min(lengths) < 1:
        found = f"{name} has shape {describe_shape(lengths)}"
        raise BiasRulerError("BR205", found, "at least 1 along each axis", "Export it again")
    if prod(lengths) > limits.max_voxels:
        found = f"{name} declares {describe_shape(lengths)} voxels"
        fix = "Raise biasruler_max_voxels if that is right"
        raise BiasRulerError("BR110", found, f"at most {limits.max_voxels}", fix)


def find_beside(
    path: Path, data_name: str, *, name: str, limits: Limits
) -> tuple[Path, os.stat_result]:
    """Return the file of voxels that a header names: a regular one, in the header's own folder.

    A header comes with the data, so that it is not to be believed: a path in it, or a link beside
    it, could name any file of the machine, whose bytes would then be scored, hashed and drawn.

    Parameters
    ----------
    path : Path
        Of the header, as it was given.
    data_name : str
        What the header says.
    name : str
        What messages call the mask.
    limits : Limits
        How large a file may be. Links are refused whatever it says of them.

    Raises
    ------
    BiasRulerError
        ``BR113`` if `data_name` is more than the name of a file, and what `find_file` raises.
    """
    parts = ("/", "\\", "\0", ":", "%")
    if data_name in ("", ".", "..") or any(part in data_name for part in parts):
        found = f"the header of {name} names a data file elsewhere"
        expected = "the plain name of one file beside it"
        raise BiasRulerError("BR113", found, expected, "Store voxels and header in one file")
    strict = replace(limits, allow_symlinks=False)
    return find_file(
        path.parent / data_name, name=f"the data file of {name}", root=None, limits=strict
    )
