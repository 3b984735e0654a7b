"""Masks whose header is text: with its voxels in one file, or beside a file of voxels."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks import metaimage, nrrd
from pytest_biasruler.masks.file import open_file
from pytest_biasruler.masks.stream import GzipStream, PlainStream, ZlibStream, is_gzip
from pytest_biasruler.masks.texthead import read_head
from pytest_biasruler.masks.volume import Source, Volume, find_beside

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_biasruler.errors import Limits
    from pytest_biasruler.masks.file import StoredFile


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """What a header says, and the rest of what was read with it."""

    volume: Volume
    is_packed: bool
    data_file: str
    n_bytes: int
    rest: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class TextFormat:
    """One format: how a header is read, and what its compressed voxels are."""

    name: str
    magic: bytes
    whole: str
    pair: str
    find_end: Callable[[bytes], int]
    read: Callable[..., nrrd.NrrdHead | metaimage.MetaHead]
    packed: type[GzipStream]


NRRD = TextFormat(
    name="NRRD",
    magic=nrrd.MAGIC,
    whole=".nrrd",
    pair=".nhdr",
    find_end=nrrd.find_end,
    read=nrrd.read_nrrd_head,
    packed=GzipStream,
)
META = TextFormat(
    name="MetaImage",
    magic=b"",  # any key may come first
    whole=".mha",
    pair=".mhd",
    find_end=metaimage.find_end,
    read=metaimage.read_meta_head,
    packed=ZlibStream,
)


@contextmanager
def open_whole(
    path: Path, status: os.stat_result, *, form: TextFormat, name: str, limits: Limits
) -> Iterator[Source]:
    """Open a ``.nrrd`` or ``.mha`` file at its first voxel.

    Parameters
    ----------
    path, status
        As `find_file` returned them.
    form : TextFormat
        `NRRD` or `META`.
    name : str
        What messages call the mask.
    limits : Limits
        How many voxels, and how long a header, are allowed.

    Raises
    ------
    BiasRulerError
        What is wrong with the header; ``BR113`` if its voxels lie in a second file.
    """
    with open_file(path, name=name, expected=status) as file:
        head = _read_head(file, form=form, limits=limits, is_alone=False)
        if head.data_file not in ("", metaimage.LOCAL):
            found = f"voxels of {name} lie in a second file"
            fix = f"Store them in one file, or rename the header to {form.pair}"
            raise BiasRulerError("BR113", found, f"one {form.whole} file", fix)
        volume = head.volume
        if not head.is_packed:  # the size of a plain file is that of its header as well
            volume = replace(volume, vox_offset=head.n_bytes)
        stream = _open_voxels(file, head.rest, form=form, is_packed=head.is_packed)
        stream.check_room(volume.declared)
        yield Source(volume=volume, stream=stream, files=(file,))


@contextmanager
def open_pair(
    path: Path,
    status: os.stat_result,
    *,
    beside: Path,
    form: TextFormat,
    name: str,
    limits: Limits,
) -> Iterator[Source]:
    """Open the file of voxels that a ``.nhdr`` or ``.mhd`` header names; the rest as `open_whole`.

    Parameters
    ----------
    beside : Path
        The header as it was given, beside which its voxels must lie.
    """
    with open_file(path, name=name, expected=status) as file:
        head = _read_head(file, form=form, limits=limits, is_alone=True)
        if head.data_file in ("", metaimage.LOCAL):
            found, fix = f"the header of {name} names no data file", f"Rename it to {form.whole}"
            raise BiasRulerError("BR113", found, "one file beside it", fix)
        at, expected = find_beside(beside, head.data_file, name=name, limits=limits)
        with open_file(at, name=f"the data file of {name}", expected=expected) as data:
            stream = _open_voxels(data, data.read(), form=form, is_packed=head.is_packed)
            stream.check_room(head.volume.declared)
            yield Source(volume=head.volume, stream=stream, files=(file, data))


def find_data(
    path: Path,
    status: os.stat_result,
    *,
    beside: Path,
    form: TextFormat,
    name: str,
    limits: Limits,
) -> tuple[str, tuple[Path, os.stat_result] | None]:
    """Return the hash of a header, and the file of voxels that it names.

    None where the header would be refused, before a second file is looked for.

    Raises
    ------
    BiasRulerError
        What is wrong with the files themselves.
    """
    with open_file(path, name=name, expected=status) as file:
        try:
            head = _read_head(file, form=form, limits=limits, is_alone=True)
        except BiasRulerError:
            while file.read():
                pass
            return file.sha256, None
        if head.data_file in ("", metaimage.LOCAL):
            return file.sha256, None
    return file.sha256, find_beside(beside, head.data_file, name=name, limits=limits)


def _read_head(file: StoredFile, *, form: TextFormat, limits: Limits, is_alone: bool) -> Head:
    head, rest = read_head(
        file,
        magic=form.magic,
        kind=form.name,
        find_end=form.find_end,
        limits=limits,
        is_alone=is_alone,
    )
    said = form.read(head, name=file.name, limits=limits)
    return Head(
        volume=said.volume,
        is_packed=said.is_packed,
        data_file=said.data_file,
        n_bytes=len(head),
        rest=rest,
    )


def _open_voxels(
    file: StoredFile, first: bytes, *, form: TextFormat, is_packed: bool
) -> PlainStream | GzipStream:
    """Return the voxels that begin with `first`, as the header says that they are stored."""
    if not is_packed:
        return PlainStream(file, first)
    first = first or file.read()
    if form is NRRD and not is_gzip(first):
        found, fix = f"voxels of {file.name} are not compressed", "Export it again"
        raise BiasRulerError("BR107", found, "gzip data, as its header says", fix)
    return form.packed(file, first)
