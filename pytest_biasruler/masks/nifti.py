"""NIfTI: header, extensions, and the stream at whose head they stand."""

from __future__ import annotations

import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pytest_biasruler.masks.fields import SHORTEST_BYTES, find_layout, no_header, unpack_fields
from pytest_biasruler.masks.file import open_file
from pytest_biasruler.masks.header import Header, check_header
from pytest_biasruler.masks.scaling import Scaling
from pytest_biasruler.masks.stream import GzipStream, PlainStream, holds_less, open_stream
from pytest_biasruler.masks.volume import Source

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_biasruler.errors import Limits


@contextmanager
def open_nifti(
    path: Path, status: os.stat_result, *, is_packed: bool, name: str, limits: Limits
) -> Iterator[Source]:
    """Open a NIfTI-1 or NIfTI-2 file at its first voxel.

    Parameters
    ----------
    path, status
        As `find_file` returned them.
    is_packed : bool
        Whether its name says gzip.
    name : str
        What messages call the mask.
    limits : Limits
        How many voxels and bytes of extensions are allowed.

    Raises
    ------
    BiasRulerError
        What is wrong with the container or the header.
    """
    with open_file(path, name=name, expected=status) as file:
        stream = open_stream(file, is_named_gz=is_packed)
        header, block = _read_header(stream, name=name, limits=limits)
        stream.check_room(header.declared)
        block += stream.read(header.vox_offset - len(block))
        if len(block) < header.vox_offset:
            raise holds_less(header.declared - len(block), name)
        yield Source(
            volume=header,
            stream=stream,
            files=(file,),
            scaling=Scaling(slope=header.slope, intercept=header.intercept),
            notes=_check_extensions(block, header),
        )


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
