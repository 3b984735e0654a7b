"""The content of a stored file, inflated piece by piece and never further than asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.inflate import GZIP, ZLIB_OR_GZIP, Damaged, Member

if TYPE_CHECKING:
    from pytest_biasruler.masks.file import StoredFile

_GZIP_MAGIC = b"\x1f\x8b"
_PACKED_BYTES = 8192  # at a time: what is left of it is copied each time a piece was inflated
_MOST_EXPANSION = 1032  # deflate cannot expand further
_MOST_PADDING = 2**20  # tapes and disks pad by blocks; a sparse file pads by terabytes
_TEXTS = (
    (b"version https://git-lfs", "a Git LFS pointer", "Run git lfs pull"),
    (b"<!doctype", "an HTML page", "Download it again, logged in"),
    (b"<html", "an HTML page", "Download it again, logged in"),
    (b"<?xml", "an XML document", "Download it again"),
    (b"<error", "an XML document", "Download it again"),
)


class PlainStream:
    """A file that is not compressed: its size is known before it is read."""

    def __init__(self, file: StoredFile, head: bytes) -> None:
        self.notes: tuple[str, ...] = ()
        self._file = file
        self._pending = head

    def check_room(self, declared: int) -> None:
        """Refuse a file, ``BR111`` or ``BR112``, that cannot hold just `declared` bytes."""
        surplus = self._file.size - declared
        if surplus > 0:
            what = f"{surplus} bytes more than its header declares"
            raise holds_more(what, self._file.name, expected="none")
        if surplus < 0:
            raise holds_less(-surplus, self._file.name)

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, or what is left of the file."""
        pieces = []
        while size and (piece := self._pending or self._file.read()):
            pieces.append(piece[:size])
            self._pending = piece[size:]
            size -= len(pieces[-1])
        return b"".join(pieces)


class GzipStream:
    """A gzip file of one or several members."""

    kind = "gzip"
    _wrapper = GZIP

    def __init__(self, file: StoredFile, head: bytes) -> None:
        self.notes: tuple[str, ...] = ()
        self._file = file
        self._pending = head
        self._member = Member(self._wrapper)
        self._has_ended = False

    def check_room(self, declared: int) -> None:
        """Refuse a file, ``BR112``, too small to hold `declared` bytes however compressed."""
        most = _MOST_EXPANSION * self._file.size + 1024
        if declared > most:
            found = (
                f"{self._file.name} declares {declared} bytes, its file can hold at most {most}"
            )
            raise BiasRulerError("BR112", found, "equal", "Export it again")

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, or what is left of the last member.

        Raises
        ------
        BiasRulerError
            ``BR104`` if the file ends first, ``BR105`` if a checksum or code is wrong, ``BR106``
            if something else than zero bytes, or more than 1 MiB of them, follows the last member.
        """
        pieces: list[bytes] = []
        while size and not self._has_ended:
            self._pending = self._pending or self._file.read(_PACKED_BYTES)
            is_last = not self._pending
            piece = self._inflate(size)
            pieces.append(piece)
            size -= len(piece)
            if self._member.has_ended:
                self._begin_next_member()
            elif is_last and not piece:
                raise self._ends_early()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _inflate(self, size: int) -> bytes:
        try:
            piece, self._pending = self._member.inflate(self._pending, most=size)
        except Damaged:
            found = f"{self.kind} checksum of {self._file.name} does not match"
            fix = "Download or export it again"
            raise BiasRulerError("BR105", found, "an undamaged file", fix) from None
        return piece

    def _begin_next_member(self) -> None:
        self._pending = self._member.rest
        while len(self._pending) < 2 and (more := self._file.read(_PACKED_BYTES)):
            self._pending += more
        if self._pending.startswith(_GZIP_MAGIC):
            self._member = Member()
        else:
            self._has_ended = True
            self._pass_padding()

    def _pass_padding(self) -> None:
        surplus = self._file.size - self._file.position + len(self._pending)
        if self._pending:
            self.notes = ("BR106",)
        while self._pending:
            if surplus > _MOST_PADDING or self._pending.count(0) < len(self._pending):
                found = f"{surplus} unexpected bytes follow the {self.kind} stream of "
                found += self._file.name
                raise BiasRulerError("BR106", found, "the end of the file", "Export it again")
            self._pending = self._file.read()

    def _ends_early(self) -> BiasRulerError:
        found = f"compressed data of {self._file.name} end early"
        fix = "Download or export it again"
        return BiasRulerError("BR104", found, f"a complete {self.kind} stream", fix)


class ZlibStream(GzipStream):
    """The compressed voxels of a MetaImage: one zlib stream; some programs wrote one of gzip."""

    kind = "zlib"
    _wrapper = ZLIB_OR_GZIP

    def _begin_next_member(self) -> None:
        self._pending = self._member.rest
        self._has_ended = True
        self._pass_padding()


def is_gzip(head: bytes) -> bool:
    """Return whether the first bytes of a content are those of a gzip file."""
    return head.startswith(_GZIP_MAGIC)


def open_stream(file: StoredFile, *, is_named_gz: bool) -> PlainStream | GzipStream:
    """Return the content of `file`, by what its first bytes and its name agree on.

    Raises
    ------
    BiasRulerError
        ``BR107`` if name and compression disagree, ``BR108`` if it is a text.
    """
    head = file.read(_PACKED_BYTES)
    check_text(head, name=file.name)
    if head.startswith(_GZIP_MAGIC):
        if not is_named_gz:
            found, fix = f"{file.name} is gzip data", "Rename it to .nii.gz"
            raise BiasRulerError("BR107", found, "a plain file", fix)
        return GzipStream(file, head)
    if is_named_gz:
        found, fix = f"{file.name} is not compressed", "Rename it to .nii"
        raise BiasRulerError("BR107", found, "gzip data in a .gz file", fix)
    return PlainStream(file, head)


def check_text(head: bytes, *, name: str) -> None:
    """Refuse, ``BR108``, what a download left in place of an image."""
    start = head[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for beginning, kind, fix in _TEXTS:
        if start.startswith(beginning):
            raise BiasRulerError("BR108", f"{name} is {kind}", "an image", fix)


def holds_more(what: str, name: str, *, expected: str) -> BiasRulerError:
    """Return ``BR111``, the refusal of a content that goes on after its voxels."""
    return BiasRulerError("BR111", f"{name} holds {what}", expected, "Export it again")


def holds_less(missing: int, name: str) -> BiasRulerError:
    """Return ``BR112``, the refusal of a content that ends before its last voxel."""
    found = f"{name} holds {missing} bytes less than its header declares"
    return BiasRulerError("BR112", found, "none missing", "Export it again")
