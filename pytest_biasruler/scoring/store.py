"""A folder in which scores outlive a run: one SQLite file, keyed by content, naming no case."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

T = TypeVar("T")

FILE = "scores.sqlite"

_ENCODE = json.JSONEncoder(allow_nan=False, sort_keys=True, separators=(",", ":")).encode
_DECODE = json.JSONDecoder().decode

_CREATE = "CREATE TABLE IF NOT EXISTS scores (key TEXT PRIMARY KEY, content TEXT, sha256 TEXT)"
_READ = "SELECT key, content, sha256 FROM scores WHERE key IN ({})"
_WRITE = "INSERT OR REPLACE INTO scores VALUES (?, ?, ?)"
_MOST_KEYS = 500  # of one question; older libraries take 999
_BUSY_TIMEOUT_S = 30.0
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_FULL = {
    sqlite3.SQLITE_FULL: "its disk is full",
    sqlite3.SQLITE_IOERR: "its disk cannot be written",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_CANTOPEN: "it is read-only",
}
_UNREADABLE = {
    sqlite3.SQLITE_FULL: "its disk is full",
    sqlite3.SQLITE_IOERR: "its disk can be neither read nor written",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_CANTOPEN: "its file can be neither opened nor made",
    sqlite3.SQLITE_BUSY: "another run does not let go of it",
}
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Store:
    """Scores of earlier runs in `folder`, which is made if it is not there.

    Several processes may read and write at once. Nothing raises: a store that cannot be used
    holds nothing, one that cannot be written keeps what it has, and `notices` says why. An entry
    whose key and text do not match the SHA-256 stored beside them counts as absent, so nothing in
    the folder can change a verdict by accident.
    """

    folder: Path = field(repr=False)
    notices: list[str] = field(default_factory=list, compare=False, repr=False)
    _off: set[str] = field(default_factory=set, init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            self._give_up(f"it cannot be made ({error.strerror})")
        if self.is_on and (reason := _why_not_ours(self.folder)):
            self._give_up(f"it {reason}")

    @property
    def is_on(self) -> bool:
        """Whether the store can be read, as far as is known by now."""
        return "read" not in self._off

    def read(self, key: str) -> dict[str, Any] | None:
        """Return the entry of `key`, or None if there is none that can be trusted."""
        return self.read_all([key]).get(key)

    def read_all(self, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return the entries of these keys, as far as there are any that can be trusted."""
        rows = self._run(lambda base: list(_ask(base, keys))) if keys else None
        asked = set(keys)  # a damaged index may find what nobody asked for
        found = map(_check, rows or ())
        return {key: entry for key, entry in found if entry is not None and key in asked}

    def write(self, key: str, entry: Mapping[str, Any]) -> None:
        """Keep `entry`, plain data without NaN or infinity, under `key`."""
        self.write_all({key: entry})

    def write_all(self, entries: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep all these entries in one transaction: either all of them or, if it fails, none."""
        texts = {key: _ENCODE(entry) for key, entry in entries.items()}
        rows = [
            (key, text, _digest_entry(key.encode(), text.encode())) for key, text in texts.items()
        ]
        if rows and "write" not in self._off:
            self._run(lambda base: base.executemany(_WRITE, rows).rowcount, is_writing=True)

    def _run(
        self, work: Callable[[sqlite3.Connection], T], *, is_writing: bool = False
    ) -> T | None:
        for is_last in (False, True):
            if not self.is_on:
                return None
            try:
                with self._open() as base:
                    return work(base)
            except sqlite3.Error as error:
                code = _code_of(error)
                if code in _DAMAGED and not is_last:
                    self._start_afresh()
                elif is_writing and code in _FULL:
                    self._stop_writing(_FULL[code])
                    return None
                else:
                    other = f"it cannot be used ({type(error).__name__})"
                    self._give_up(_UNREADABLE.get(code, other))
        return None

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        # A rollback journal, SQLite's default, works on network drives, which WAL does not.
        base = sqlite3.connect(self.folder / FILE, timeout=_BUSY_TIMEOUT_S)
        with contextlib.closing(base), base:
            base.text_factory = bytes  # damaged text is one lost entry, not an exception
            base.execute("PRAGMA synchronous = NORMAL")
            base.execute(_CREATE)
            yield base

    def _start_afresh(self) -> None:
        for name in (FILE, f"{FILE}-journal"):
            try:
                (self.folder / name).unlink(missing_ok=True)
            except OSError as error:
                self._give_up(f"it is damaged and cannot be replaced ({error.strerror})")

    def _give_up(self, reason: str) -> None:
        self._off.update(("read", "write"))
        self.notices.append(f"store of scores is off: {reason}")

    def _stop_writing(self, reason: str) -> None:
        self._off.add("write")
        self.notices.append(f"store of scores keeps nothing new: {reason}")


def _ask(base: sqlite3.Connection, keys: Sequence[str]) -> Iterator[Sequence[object]]:
    for first in range(0, len(keys), _MOST_KEYS):
        part = keys[first : first + _MOST_KEYS]
        yield from base.execute(_READ.format(",".join("?" * len(part))), part)


def _check(row: Sequence[object]) -> tuple[str, dict[str, Any] | None]:
    """Return key and entry of a row, or None in its place where they do not belong together."""
    key, text, digest = row
    if not isinstance(key, bytes) or not isinstance(text, bytes):
        return "", None
    if _digest_entry(key, text).encode() != digest:
        return "", None
    try:
        entry = _DECODE(text.decode())
    except (ValueError, RecursionError):
        return "", None
    return key.decode(errors="replace"), entry if isinstance(entry, dict) else None


def _why_not_ours(folder: Path) -> str | None:
    if not folder.is_dir():
        return "is not a folder"
    if os.name != "posix":
        return None
    found = folder.stat()
    if found.st_uid != os.getuid():
        return "belongs to another user"
    if found.st_mode & _OTHERS_MAY_WRITE:
        return "is writable by others"
    return None


def _code_of(error: sqlite3.Error) -> int:
    """Return what went wrong, without what SQLite adds in the higher bytes."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _digest_entry(key: bytes, text: bytes) -> str:
    # With the key: a damaged index was seen to find the sound row of another case.
    return hashlib.sha256(b"%b\n%b" % (key, text)).hexdigest()
