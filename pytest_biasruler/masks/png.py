"""PNG: one slice of labels, decoded by pillow once all that its container says was checked."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.mask import NO_SIZE, Mask
from pytest_biasruler.masks.stream import check_text, holds_less, holds_more
from pytest_biasruler.masks.texthead import no_head
from pytest_biasruler.masks.volume import check_lengths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from pytest_biasruler.errors import Limits

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_NEEDED = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
_TEXTS = (b"tEXt", b"zTXt", b"iTXt", b"eXIf")
_GREY, _PALETTE = 0, 3
_PASSES = (  # of Adam7: first column and row, steps to the next ones
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4)),
    *((1, 0, 2, 2), (0, 1, 1, 2)),
)
_PIECE_BYTES = 2**16
_MOST_PIXELS = 2**26  # beyond these pillow warns of a bomb


def read_png(content: bytes, *, name: str, limits: Limits) -> Mask:
    """Return the labels of a PNG file: its grey values, or the places of its colours in a palette.

    Parameters
    ----------
    content : bytes
        Of the whole file.
    name : str
        What messages call the mask.
    limits : Limits
        How many voxels are allowed.

    Returns
    -------
    Mask
        Of shape (rows, columns, 1), without an affine and without a voxel size (note ``BR216``):
        what a file says of dots per inch is no size of anybody's anatomy.

    Raises
    ------
    BiasRulerError
        ``BR104`` to ``BR106`` if the container is damaged, ``BR110`` to ``BR112``, ``BR113`` if
        pillow is not installed, ``BR201``, ``BR205``, or ``BR206`` if it holds colours,
        transparency or several images.
    """
    check_text(content, name=name)
    if not content.startswith(_SIGNATURE):
        raise no_head(name, "PNG")
    chunks = list(_split_chunks(content, name=name))
    kinds = [kind for kind, _ in chunks]
    bits = _check_header(content, kinds, name=name, limits=limits)
    # What is not needed is not handed on: texts, profiles and the like inflate, too.
    needed = b"".join(piece for kind, piece in chunks if kind in _NEEDED)
    _check_pixels(
        content, b"".join(piece[8:-4] for kind, piece in chunks if kind == b"IDAT"), name
    )
    labels = _decode(_SIGNATURE + needed, name=name)
    if labels.dtype == np.uint8 and bits in (2, 4) and content[25] == _GREY:
        labels = labels // (255 // (2**bits - 1))  # pillow stretches grey values to 0 to 255
    notes = ("BR231",) if any(kind in _TEXTS for kind in kinds) else ()
    return Mask(voxels=labels, notes=(*notes, NO_SIZE), is_sheared=True)


def _split_chunks(content: bytes, *, name: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and bytes of each chunk, its checksum found right, up to the last one."""
    at, kind = len(_SIGNATURE), b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", content.ljust(at + 8, b"\0"), at)
        end = at + 12 + length
        if end > len(content):
            found, fix = f"data of {name} end early", "Download or export it again"
            raise BiasRulerError("BR104", found, "a complete file", fix)
        (checksum,) = struct.unpack_from(">I", content, end - 4)
        if zlib.crc32(content[at + 4 : end - 4]) != checksum:
            found, fix = f"a checksum of {name} does not match", "Download or export it again"
            raise BiasRulerError("BR105", found, "an undamaged file", fix)
        yield kind, content[at:end]
        at = end
    if at < len(content):
        found = f"{len(content) - at} unexpected bytes follow the last chunk of {name}"
        raise BiasRulerError("BR106", found, "the end of the file", "Export it again")


def _check_header(content: bytes, kinds: list[bytes], *, name: str, limits: Limits) -> int:
    """Return how many bits a pixel has."""
    if kinds[0] != b"IHDR" or len(content) < 33 or b"IDAT" not in kinds:
        raise no_head(name, "PNG")
    columns, rows, bits, colour = struct.unpack_from(">IIBB", content, 16)
    check_lengths((rows, columns), name=name, limits=limits)
    if rows * columns > _MOST_PIXELS:
        found = f"{name} declares {rows} x {columns} pixels"
        raise BiasRulerError("BR110", found, f"at most {_MOST_PIXELS}", "Convert it to .nii.gz")
    if colour not in (_GREY, _PALETTE) or b"acTL" in kinds:
        what = "several images" if b"acTL" in kinds else "colours or transparency"
        fix = "Save it as grey values or with a palette, one value for each label"
        raise BiasRulerError("BR206", f"{name} holds {what}", "one value in each pixel", fix)
    return int(bits)


def _check_pixels(content: bytes, packed: bytes, name: str) -> None:
    """Refuse pixels that are damaged, too few or too many: pillow makes missing rows black."""
    columns, rows, bits, _, _, _, is_woven = struct.unpack_from(">IIBBBBB", content, 16)
    declared = 0
    for x, y, right, down in _PASSES if is_woven else ((0, 0, 1, 1),):
        width, height = -((x - columns) // right), -((y - rows) // down)
        declared += height * (1 + (width * bits + 7) // 8) if width > 0 and height > 0 else 0
    work = zlib.decompressobj()
    try:
        n_bytes = at = 0
        # In pieces: what is left over is copied each time.
        while not work.eof and n_bytes <= declared:
            pending = packed[at : at + _PIECE_BYTES]
            piece = work.decompress(pending, _PIECE_BYTES)
            if not (pending or piece):
                break
            n_bytes += len(piece)
            at += len(pending) - len(work.unconsumed_tail) - len(work.unused_data)
    except zlib.error:
        found, fix = f"pixels of {name} cannot be inflated", "Download or export it again"
        raise BiasRulerError("BR105", found, "an undamaged file", fix) from None
    if n_bytes < declared or not (work.eof or n_bytes > declared):
        raise holds_less(max(declared - n_bytes, 1), name)
    if n_bytes > declared or at < len(packed):
        what = f"more data than its header declares ({declared} bytes)"
        raise holds_more(what, name, expected="exactly that")


def _decode(content: bytes, *, name: str) -> NDArray[np.generic]:
    try:
        from PIL import Image
    except ImportError:
        raise not_installed(name, ".png", "pillow", "png") from None
    try:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
            return np.array(image)
    except (OSError, SyntaxError, ValueError, EOFError):
        found, fix = f"pixels of {name} cannot be decoded", "Download or export it again"
        raise BiasRulerError("BR105", found, "an undamaged file", fix) from None


def not_installed(name: str, suffix: str, package: str, extra: str) -> BiasRulerError:
    """Return the refusal of a format whose extra is not installed."""
    found = f"{name} is a {suffix} file, and {package} is not installed"
    fix = f'Run pip install "pytest-biasruler[{extra}]", or convert it'
    return BiasRulerError("BR113", found, "a format that can be read here", fix)
