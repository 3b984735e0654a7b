"""The parts of a spreadsheet file, unpacked within limits, and nothing in them followed or run."""

from __future__ import annotations

import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from posixpath import normpath
from typing import IO, TYPE_CHECKING, Any, Protocol

from pytest_biasruler.benchmark.texttable import too_many_bytes
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pytest_biasruler.errors import Limits

_MOST_ENTRIES = 1000
_MOST_DIRECTORY_BYTES = 2**20
_END = b"PK\x05\x06"
_END_BYTES = 22
_LOCATOR = b"PK\x06\x07"
_LOCATOR_BYTES = 20
_DEFLATE_AT_MOST = 1032  # no deflate stream expands further
_CHUNK = 2**16
_MOST_DEPTH = 64  # elements within one another; each takes memory until it ends
_MOST_SILENT = 16  # chunks without an element or text: a tag that long is read over and over
_MOST_RELATIONS = 10_000
_BAD_ZIP = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, NotImplementedError),
    *(RuntimeError, ValueError, KeyError, IndexError, OverflowError, LookupError),
)
_FIX = 'pip install "pytest-biasruler[tables]", or export it as CSV UTF-8'


class Target(Protocol):
    """What is told of the elements of a part, in their order."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Take the beginning of an element."""

    def end(self, tag: str) -> None:
        """Take its end."""

    def data(self, text: str) -> None:
        """Take text between, in pieces."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Workbook:
    """An open spreadsheet file; `tell` reads its parts."""

    _archive: zipfile.ZipFile = field(repr=False)
    _xml: Any = field(repr=False)

    def tell(self, part: str, target: Target) -> None:
        """Tell `target` the elements of one part, names without their namespace.

        Raises
        ------
        BiasRulerError
            ``BR408`` if the part is lacking, damaged, no XML, or declares entities.
        """
        try:
            local = _Local(target)
            parser = self._xml.XMLParser(target=local, forbid_dtd=True)
            n_left = self._archive.getinfo(part).file_size
            with self._archive.open(part) as stream:
                while chunk := stream.read(_CHUNK):
                    n_left -= len(chunk)
                    parser.feed(chunk)
                    local.end_chunk()
            parser.close()
            if n_left:
                raise damaged("a part of it has another length than it declares")
        except BiasRulerError:
            raise
        except self._xml.ParseError:
            raise damaged("a part of it is no XML") from None
        except _BAD_ZIP:  # what defusedxml refuses is a ValueError
            raise damaged("a part of it cannot be read") from None

    def has(self, part: str) -> bool:
        """Return whether there is such a part."""
        return part in self._archive.NameToInfo

    def related(self, part: str) -> dict[str, tuple[str, str]]:
        """Return what a part refers to: id -> (last word of its kind, name of the other part).

        What lies outside the file is left out.
        """
        folder, _, name = part.rpartition("/")
        relations = _Relations(folder=folder)
        self.tell(f"{folder}/_rels/{name}.rels".lstrip("/"), relations)
        return relations.found


class _Local:
    """Hands elements on without their namespaces, of which there are two sets for one meaning."""

    def __init__(self, target: Target) -> None:
        self._target, self._depth, self._n_silent = target, 0, 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth, self._n_silent = self._depth + 1, 0
        if self._depth > _MOST_DEPTH:
            raise damaged("its elements are nested too deep")
        self._target.start(tag.rpartition("}")[2], attributes)

    def data(self, text: str) -> None:
        self._n_silent = 0
        self._target.data(text)

    def end(self, tag: str) -> None:
        self._depth, self._n_silent = self._depth - 1, 0
        self._target.end(tag.rpartition("}")[2])

    def end_chunk(self) -> None:
        """Refuse a part that has told nothing for too long."""
        self._n_silent += 1
        if self._n_silent > _MOST_SILENT:
            raise damaged("a tag in it is too long")

    def close(self) -> None:
        """Do nothing: the target has what it wants."""


class _Relations:
    def __init__(self, *, folder: str) -> None:
        self._folder, self.found = folder, dict[str, tuple[str, str]]()

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag != "Relationship" or attributes.get("TargetMode") == "External":
            return
        place = attributes.get("Target", "")
        path = place[1:] if place.startswith("/") else normpath(f"{self._folder}/{place}")
        kind = attributes.get("Type", "").rpartition("/")[2]
        self.found[attributes.get("Id", "")] = (kind, path.lstrip("/"))
        if len(self.found) > _MOST_RELATIONS:
            raise damaged("it refers to too many parts")

    def end(self, tag: str) -> None:
        pass

    def data(self, text: str) -> None:
        pass


@contextmanager
def open_workbook(path: Path, *, limits: Limits) -> Iterator[Workbook]:
    """Open an ``.xlsx`` file whose directory promises no harm.

    Raises
    ------
    BiasRulerError
        ``BR408`` no such file, a damaged or encrypted one; ``BR409`` without the extra, with
        macros or links to other files; ``BR410`` too large, packed or unpacked.
    """
    xml = _import_xml()
    expected = "a spreadsheet"
    try:
        if not path.is_file():  # a pipe would block the run
            raise BiasRulerError("BR408", "no such file", expected, "Correct the path")
        n_bytes = path.stat().st_size
        if n_bytes > limits.max_table_bytes:
            raise too_many_bytes(n_bytes, limits)
        with path.open("rb") as stream:
            _check_end(stream, n_bytes=n_bytes)
            with _opened(stream) as archive:
                _check_entries(archive.infolist(), limits=limits)
                yield Workbook(_archive=archive, _xml=xml)
    except OSError as error:
        found = f"cannot be read ({error.strerror})"
        raise BiasRulerError("BR408", found, "a readable file", "Change its permissions") from None


def damaged(found: str) -> BiasRulerError:
    """Return the refusal of a file that no spreadsheet program would have written."""
    return BiasRulerError("BR408", found, "a whole spreadsheet", "Save it again, or export CSV")


def _import_xml() -> Any:
    try:
        import_module("openpyxl")
        return import_module("defusedxml.ElementTree")
    except ImportError:
        found = "table is an .xlsx file, and openpyxl and defusedxml are not installed"
        raise BiasRulerError("BR409", found, "CSV or TSV", _FIX) from None


def _opened(stream: IO[bytes]) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(stream)
    except _BAD_ZIP:
        raise damaged("is no zip file, as every .xlsx is") from None


def _check_end(stream: IO[bytes], *, n_bytes: int) -> None:
    """Refuse a directory that would fill the memory before its entries can be judged."""
    stream.seek(max(0, n_bytes - _END_BYTES - _LOCATOR_BYTES))
    tail = stream.read()
    end = tail[-_END_BYTES:]
    if not end.startswith(_END) or end[-2:] != b"\0\0":
        raise damaged("is no zip file, as every .xlsx is, or is cut short")
    n_entries, directory = int.from_bytes(end[10:12], "little"), end[12:16]
    n_directory = int.from_bytes(directory, "little")
    if tail.startswith(_LOCATOR) or not n_directory <= _MOST_DIRECTORY_BYTES:
        raise damaged(f"its directory has {n_directory} bytes")
    if not n_entries <= _MOST_ENTRIES:
        raise damaged(f"it has {n_entries} parts")


def _check_entries(entries: list[zipfile.ZipInfo], *, limits: Limits) -> None:
    names = [entry.filename for entry in entries]
    if len(set(names)) < len(names) or len(names) > _MOST_ENTRIES:
        raise damaged("two of its parts have one name")
    if any(_is_trick(name) for name in names):
        raise damaged("the name of a part leads out of it")
    for entry in entries:
        _check_entry(entry)
    n_bytes = sum(entry.file_size for entry in entries)
    if n_bytes > limits.max_table_bytes:
        raise too_many_bytes(n_bytes, limits)
    for mark, what in (("vbaproject", "macros"), ("externallinks/", "links to other files")):
        if any(mark in name.lower() for name in names):
            found = f"spreadsheet has {what}"
            raise BiasRulerError("BR409", found, "values only", "Export it as CSV UTF-8")


def _check_entry(entry: zipfile.ZipInfo) -> None:
    if entry.flag_bits & 1:
        raise damaged("it is encrypted")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise damaged("a part of it is packed in an unusual way")
    if entry.file_size > _DEFLATE_AT_MOST * entry.compress_size + 1024:
        raise damaged("a part of it declares more than it can hold")


def _is_trick(name: str) -> bool:
    return name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/")
