"""The raw fields of a NIfTI-1 or NIfTI-2 header, as stored and not yet believed."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Mapping

SHORTEST_BYTES = 348
"""Length of a NIfTI-1 header; that of NIfTI-2 is longer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Where one version of the format keeps its fields: offset and form, as `struct` has it."""

    n_bytes: int
    magic: bytes
    pair_magic: bytes
    magic_at: int
    places: Mapping[str, tuple[int, str]]
    texts: tuple[tuple[int, int], ...]


NIFTI1 = Layout(
    n_bytes=348,
    magic=b"n+1\0",
    pair_magic=b"ni1\0",
    magic_at=344,
    places={
        "dim": (40, "8h"),
        "datatype": (70, "h"),
        "bitpix": (72, "h"),
        "pixdim": (76, "8f"),
        "vox_offset": (108, "f"),
        "slope": (112, "f"),
        "intercept": (116, "f"),
        "units": (123, "B"),
        "qform_code": (252, "h"),
        "sform_code": (254, "h"),
        "quaternion": (256, "3f"),
        "srow": (280, "12f"),
    },
    # data_type, db_name, descrip, aux_file, intent_name: offset and length
    texts=((4, 10), (14, 18), (148, 80), (228, 24), (328, 16)),
)
NIFTI2 = Layout(
    n_bytes=540,
    magic=b"n+2\0\r\n\x1a\n",
    pair_magic=b"ni2\0\r\n\x1a\n",
    magic_at=4,
    places={
        "dim": (16, "8q"),
        "datatype": (12, "h"),
        "bitpix": (14, "h"),
        "pixdim": (104, "8d"),
        "vox_offset": (168, "q"),
        "slope": (176, "d"),
        "intercept": (184, "d"),
        "units": (500, "i"),
        "qform_code": (344, "i"),
        "sform_code": (348, "i"),
        "quaternion": (352, "3d"),
        "srow": (400, "12d"),
    },
    # descrip, aux_file, intent_name: offset and length
    texts=((240, 80), (320, 24), (508, 16)),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fields:
    """What stands in a header, in Python numbers."""

    layout: Layout
    order: str
    block: bytes
    dim: tuple[int, ...]
    datatype: int
    bitpix: int
    pixdim: tuple[float, ...]
    vox_offset: float
    slope: float
    intercept: float
    units: int
    qform_code: int
    sform_code: int
    quaternion: tuple[float, ...]
    srow: tuple[float, ...]

    @property
    def has_text(self) -> bool:
        """Whether a field for free text, where names end up, is in use."""
        return any(any(self.block[at : at + length]) for at, length in self.layout.texts)


def find_layout(head: bytes | bytearray, *, name: str) -> tuple[Layout, str]:
    """Return version and byte order (``<`` or ``>``) from the first 348 bytes.

    Raises
    ------
    BiasRulerError
        ``BR201`` if it is neither NIfTI-1 nor NIfTI-2, ``BR113`` if its voxels lie in a second
        file.
    """
    for layout in (NIFTI1, NIFTI2):
        for order in "<>":
            if head[:4] != struct.pack(f"{order}i", layout.n_bytes):
                continue
            magic = bytes(head[layout.magic_at : layout.magic_at + len(layout.magic)])
            if magic == layout.pair_magic:
                found, fix = f"{name} is the header of a .hdr and .img pair", "Convert it"
                expected = "one NIfTI-1 or NIfTI-2 file, .nii or .nii.gz"
                raise BiasRulerError("BR113", found, expected, fix)
            if magic == layout.magic:
                return layout, order
    raise no_header(name)


def unpack_fields(head: bytes | bytearray, *, layout: Layout, order: str, name: str) -> Fields:
    """Return the fields of a header.

    Raises
    ------
    BiasRulerError
        ``BR201`` if `head` ends before the header does.
    """
    if len(head) < layout.n_bytes:
        raise no_header(name)
    block = bytes(head[: layout.n_bytes])
    values: dict[str, Any] = {}
    for field, (at, form) in layout.places.items():
        found = struct.unpack_from(order + form, block, at)
        values[field] = found if len(form) > 1 else found[0]
    return Fields(layout=layout, order=order, block=block, **values)


def no_header(name: str) -> BiasRulerError:
    """Return the refusal of what has no NIfTI header."""
    found, expected = f"{name} has no valid NIfTI header", "NIfTI-1 or NIfTI-2"
    return BiasRulerError("BR201", found, expected, "Export it again")
