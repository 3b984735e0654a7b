"""The library that inflates: zlib-ng where it is installed, else the standard library's zlib."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

try:
    from zlib_ng import zlib_ng
except ImportError:  # it comes with the extra [fast]
    _engine = zlib
else:
    _engine = zlib_ng  # type: ignore[misc]  # another module of the same API

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

ENGINE: ModuleType = _engine
"""Either of the two: they give the same bytes, and refuse the same files at the same place."""

GZIP = 31
"""zlib's code for "a gzip wrapper", whose checksum and length it then checks."""

ZLIB_OR_GZIP = 47
"""zlib's code for either of its wrappers, told by the first bytes; both have a checksum."""


class Damaged(Exception):  # noqa: N818  (what was found, not what went wrong here)
    """A code that stands for nothing, or a checksum or length that does not match."""


class Member:
    """One member of a compressed file on its way to its end; `wrapper` is `GZIP` unless given."""

    def __init__(self, wrapper: int = GZIP) -> None:
        self._work = ENGINE.decompressobj(wrapper)
        self._inflate: Callable[[bytes, int], bytes] = self._work.decompress

    @property
    def has_ended(self) -> bool:
        """Whether the end was reached, and checksum and length were right."""
        return bool(self._work.eof)

    @property
    def rest(self) -> bytes:
        """What follows the end of the member in the data given last."""
        return bytes(self._work.unused_data)

    def inflate(self, data: bytes, *, most: int) -> tuple[bytes, bytes]:
        """Return at most `most` bytes of content, and what of `data` was not needed for them.

        Raises
        ------
        Damaged
            If the content is not what was packed.
        """
        try:
            piece = self._inflate(data, most)
        except ENGINE.error:
            raise Damaged from None
        return piece, self._work.unconsumed_tail
