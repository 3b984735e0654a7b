"""A file as stored: opened once, read once, hashed on the way, and watched for changes."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError, Limits
from pytest_biasruler.masks.path import is_inside

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE_BYTES = 65536
"""How much is read at a time: small enough to stay in the cache of the processor."""

_LARGEST_VOXEL_BYTES = 8
_ROOM_FOR_HEADERS = 2**20
_DEFAULTS = Limits()
_OPEN_FLAGS = os.O_RDONLY
for _flag in ("O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"):
    _OPEN_FLAGS |= getattr(os, _flag, 0)  # each platform lacks one or another
_KINDS = {stat.S_IFDIR: "folder", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket"}

_FORMATS = {
    **dict.fromkeys([".nii", ".nii.gz"], "a NIfTI file"),
    **dict.fromkeys([".nrrd", ".nhdr"], "an NRRD file"),
    **dict.fromkeys([".mha", ".mhd"], "a MetaImage file"),
    ".png": "a PNG file",
    ".dcm": "a DICOM file",
}


class StoredFile:
    """One open file. Whatever the system answers, only `BiasRulerError` leaves it."""

    def __init__(self, descriptor: int, *, name: str) -> None:
        self.name = name
        self.position = 0
        self._descriptor = descriptor
        self._stat = os.fstat(descriptor)
        self._digest = hashlib.sha256()

    @property
    def size(self) -> int:
        """Size in bytes when it was opened."""
        return self._stat.st_size

    @property
    def sha256(self) -> str:
        """Hash of what was read so far."""
        return self._digest.hexdigest()

    def read(self, size: int = PIECE_BYTES) -> bytes:
        """Return the next piece of at most `size` bytes, empty at the end of the file."""
        try:
            piece = os.read(self._descriptor, size)
        except OSError as error:
            raise _cannot_be_read(error, name=self.name) from None
        self._digest.update(piece)
        self.position += len(piece)
        return piece

    def check_identity(self, expected: os.stat_result) -> None:
        """Refuse another file than the one that was looked at before it was opened."""
        if not stat.S_ISREG(self._stat.st_mode):
            raise _not_regular(self._stat.st_mode, name=self.name)
        if (self._stat.st_dev, self._stat.st_ino) != (expected.st_dev, expected.st_ino):
            raise _has_changed(self.name)

    def check_unchanged(self) -> None:
        """Refuse a file that somebody wrote to since it was opened."""
        now = os.fstat(self._descriptor)
        if (now.st_size, now.st_mtime_ns) != (self._stat.st_size, self._stat.st_mtime_ns):
            raise _has_changed(self.name)


def find_file(
    path: Path, *, name: str, root: Path | None, limits: Limits, place: str = ""
) -> tuple[Path, os.stat_result]:
    """Return the regular, non-empty file at `path`, a link resolved if that is allowed.

    A file larger than any mask is refused here, before anybody hashes or reads it: a sparse one of
    4 kB on the disk may be a terabyte long.

    Parameters
    ----------
    path : Path
        Where the file should be.
    name : str
        What messages call it, ``prediction of unet``.
    root : Path or None
        Where links must end if `limits` allows them; None for paths given in code.
    limits : Limits
        Whether links are allowed at all, and how large a mask may be.
    place : str, optional
        What a message says was expected if nothing is there: the template, not the path.

    Raises
    ------
    BiasRulerError
        ``BR101``, ``BR102``, ``BR103``, ``BR111``, ``BR124``, ``BR401`` or ``BR402``.
    """
    asked = path
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            path = _follow(path, name=name, root=root, limits=limits)
            status = path.lstat()
    except OSError as error:
        raise _cannot_be_read(error, name=name, place=place) from None
    except ValueError:  # NUL, or a lone surrogate
        raise BiasRulerError("BR401", f"{name} has no path", "a path", "Correct it") from None
    if not stat.S_ISREG(status.st_mode):
        raise _not_regular(status.st_mode, name=name)
    if status.st_size == 0:
        found = f"{name} is empty (0 bytes)"
        raise BiasRulerError("BR102", found, _format_of(asked.name), "Export it again")
    _check_size(status.st_size, name=name, limits=limits)
    return path, status


def _format_of(name: str) -> str:
    """Return what a file of this name should hold; others may have given a reader for it."""
    formats = (each for ending, each in _FORMATS.items() if name.lower().endswith(ending))
    return next(formats, "a file with content")


@contextmanager
def open_file(path: Path, *, name: str, expected: os.stat_result) -> Iterator[StoredFile]:
    """Open the file that `find_file` found, and refuse it at the end if it changed meanwhile.

    A file that was found damaged because it is still being copied is reported as changed.
    """
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
    except OSError as error:
        raise _cannot_be_read(error, name=name) from None
    try:
        file = StoredFile(descriptor, name=name)
        file.check_identity(expected)
        try:
            yield file
        except BiasRulerError:
            file.check_unchanged()
            raise
        file.check_unchanged()
    finally:
        os.close(descriptor)


def digest_file(
    path: Path,
    *,
    name: str = "mask",
    root: Path | None = None,
    limits: Limits = _DEFAULTS,
    place: str = "",
) -> str:
    """Return the SHA-256 of a file as stored, without looking into it.

    Parameters
    ----------
    path : Path
        A regular file.
    name : str, optional
        What messages call it, ``prediction of unet``.
    root : Path, optional
        Where links must end, if `limits` allows them.
    limits : Limits, optional
        Whether links are allowed, and how large a mask may be.
    place : str, optional
        What a message says was expected if nothing is there: the template, not the path.

    Returns
    -------
    str
        64 hex digits, the same that `read_crop` gives as `Crop.sha256`.

    Raises
    ------
    BiasRulerError
        ``BR101``, ``BR102``, ``BR103``, ``BR111``, ``BR123``, ``BR124``, ``BR401`` or ``BR402``.
    """
    found, status = find_file(Path(path), name=name, root=root, limits=limits, place=place)
    with open_file(found, name=name, expected=status) as file:
        while file.read():
            pass
        return file.sha256


def _check_size(size: int, *, name: str, limits: Limits) -> None:
    most = limits.max_voxels * _LARGEST_VOXEL_BYTES + limits.max_extension_bytes
    if not size <= most + _ROOM_FOR_HEADERS:
        expected = f"at most the {most} bytes of {limits.max_voxels} voxels"
        raise BiasRulerError("BR111", f"{name} has {size} bytes", expected, "Export it again")


def _follow(path: Path, *, name: str, root: Path | None, limits: Limits) -> Path:
    if limits.allow_symlinks and (root is None or is_inside(path, root=root)):
        return Path(os.path.realpath(path, strict=True))
    fix = "Copy it, or set biasruler_allow_symlinks for links inside the data root"
    raise BiasRulerError("BR402", f"{name} is a symbolic link", "a regular file", fix)


def _not_regular(mode: int, *, name: str) -> BiasRulerError:
    kind = _KINDS.get(stat.S_IFMT(mode), "device")
    fix = "Correct the template"
    return BiasRulerError("BR103", f"{name} is a {kind}", "a regular file", fix)


def _has_changed(name: str) -> BiasRulerError:
    found, fix = f"{name} changed while it was read", "Run again when copying has ended"
    return BiasRulerError("BR123", found, "stable files", fix)


def _cannot_be_read(error: OSError, *, name: str, place: str = "") -> BiasRulerError:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        fix = "Add the file or correct the template"
        return BiasRulerError("BR101", f"{name} not found", place or "a file", fix)
    if error.errno in (errno.EACCES, errno.EPERM):
        found, fix = f"permission denied for {name}", "Correct the mode of the file"
        return BiasRulerError("BR124", found, "read access", fix)
    if error.errno == errno.ELOOP:
        fix = "Copy the file to its place"
        return BiasRulerError("BR402", f"{name} is a symbolic link", "a regular file", fix)
    # strerror is the system's own sentence; str(error) would add the path.
    found = f"{name} cannot be read ({error.strerror})"
    return BiasRulerError("BR124", found, "a readable file", "Check the disk and the path")
