"""Headers that are lines of text, as NRRD and MetaImage have them, read within limits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.stream import check_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_biasruler.errors import Limits
    from pytest_biasruler.masks.file import StoredFile

# What float() and int() take beyond this (1_000, other scripts' digits) no program writes.
_NUMBER = re.compile(
    r"[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,4})?|nan|inf|infinity)",
    re.ASCII | re.IGNORECASE,
)
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)


def read_head(
    file: StoredFile,
    *,
    magic: bytes,
    kind: str,
    find_end: Callable[[bytes], int],
    limits: Limits,
    is_alone: bool = False,
) -> tuple[bytes, bytes]:
    """Return the header of an open file up to its end, and what was read beyond that.

    Parameters
    ----------
    file : StoredFile
        At its first byte.
    magic : bytes
        What the file must begin with, in any case.
    kind : str
        What messages call the format.
    find_end : callable
        Returns where the header ends that begins with these bytes, -1 if not yet.
    limits : Limits
        Its `max_extension_bytes` are what a header may take.
    is_alone : bool, optional
        Whether the header is all that the file holds.

    Raises
    ------
    BiasRulerError
        ``BR108`` if it is another kind of text, ``BR201`` if it has no such header or that does
        not end, ``BR204`` if the header is too long.
    """
    block = file.read()
    check_text(block, name=file.name)
    if not block[: len(magic)].lower() == magic.lower():
        raise no_head(file.name, kind)
    end = -1 if is_alone else find_end(block)
    while end < 0 and len(block) <= limits.max_extension_bytes:
        piece = file.read()
        block += piece
        end = -1 if is_alone else find_end(block)
        if not piece and is_alone:
            end = len(block)
        elif not piece:
            raise no_head(file.name, kind)
    if not 0 <= end <= limits.max_extension_bytes:
        found = f"header of {file.name} is longer than {limits.max_extension_bytes} bytes"
        fix = "Raise biasruler_max_extension_bytes if that is right"
        raise BiasRulerError("BR204", found, "a short header", fix)
    return block[:end], block[end:]


def split_lines(head: bytes) -> list[str]:
    """Return the lines of a header, in Latin-1: no byte is wrong in it."""
    return [line.rstrip("\r") for line in head.decode("latin-1").split("\n")]


def parse_floats(text: str) -> tuple[float, ...] | None:
    """Return the numbers of a text that are separated by spaces, None if one of them is none.

    Examples
    --------
    >>> parse_floats("1 0.5 1e-3"), parse_floats("1 1_000")
    ((1.0, 0.5, 0.001), None)
    """
    words = text.split()
    if not words or not all(_NUMBER.fullmatch(word) for word in words):
        return None
    return tuple(float(word) for word in words)


def parse_wholes(text: str) -> tuple[int, ...] | None:
    """Return the whole numbers of a text that are separated by spaces, None if one is none."""
    words = text.split()
    if not words or not all(_WHOLE.fullmatch(word) for word in words):
        return None
    return tuple(int(word) for word in words)


def no_head(name: str, kind: str) -> BiasRulerError:
    """Return the refusal of what has no header of its kind."""
    found = f"{name} has no valid {kind} header"
    return BiasRulerError("BR201", found, kind, "Export it again")


def bad_field(field: str, name: str, *, what: str = "is missing or malformed") -> BiasRulerError:
    """Return the refusal of one line of a header."""
    found = f'"{field}" in the header of {name} {what}'
    return BiasRulerError("BR201", found, "a header with that line, once", "Export it again")
