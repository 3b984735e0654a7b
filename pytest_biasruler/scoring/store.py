"""A folder in which scores outlive a run: one SQLite file, keyed by content, naming no case."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

FILE = "scores.sqlite"

_CREATE = "CREATE TABLE IF NOT EXISTS scores (key TEXT PRIMARY KEY, content TEXT, sha256 TEXT)"
_READ = "SELECT content, sha256 FROM scores WHERE key = ?"
_WRITE = "INSERT OR REPLACE INTO scores VALUES (?, ?, ?)"
_BUSY_TIMEOUT_S = 30.0
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Store:
    """Scores of earlier runs in `folder`, which is made if it is not there.

    Several processes may read and write at once. Nothing raises: a store that cannot be used
    holds nothing, and `notices` says why. An entry whose key and text do not match the SHA-256
    stored beside them counts as absent, so nothing in the folder can change a verdict by accident.
    """

    folder: Path = field(repr=False)
    notices: list[str] = field(default_factory=list, compare=False, repr=False)

    def __post_init__(self) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            self._give_up(f"cannot be made ({error.strerror})")
        if not self.notices and (reason := _why_not_ours(self.folder)):
            self._give_up(reason)

    @property
    def is_on(self) -> bool:
        """Whether the store can be read and written, as far as is known by now."""
        return not self.notices

    def read(self, key: str) -> dict[str, Any] | None:
        """Return the entry of `key`, or None if there is none that can be trusted."""
        row = self._run(lambda base: base.execute(_READ, (key,)).fetchone())
        if row is None or not all(isinstance(cell, str) for cell in row):
            return None
        text, digest = row
        if _digest_entry(key, text) != digest:
            return None
        try:
            entry = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return entry if isinstance(entry, dict) else None

    def write(self, key: str, entry: Mapping[str, Any]) -> None:
        """Keep `entry`, plain data without NaN or infinity, under `key` in one transaction."""
        text = json.dumps(entry, allow_nan=False, sort_keys=True)
        self._run(
            lambda base: base.execute(_WRITE, (key, text, _digest_entry(key, text))).fetchone()
        )

    def _run(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        for is_last in (False, True):
            if not self.is_on:
                return None
            try:
                with self._open() as base:
                    return work(base)
            except sqlite3.Error as error:
                if _is_damaged(error) and not is_last:
                    self._start_afresh()
                else:
                    self._give_up(f"cannot be used ({type(error).__name__})")
        return None

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        # A rollback journal, SQLite's default, works on network drives, which WAL does not.
        base = sqlite3.connect(self.folder / FILE, timeout=_BUSY_TIMEOUT_S)
        with contextlib.closing(base), base:
            base.execute("PRAGMA synchronous = NORMAL")
            base.execute(_CREATE)
            yield base

    def _start_afresh(self) -> None:
        for name in (FILE, f"{FILE}-journal"):
            try:
                (self.folder / name).unlink(missing_ok=True)
            except OSError as error:
                self._give_up(f"is damaged and cannot be replaced ({error.strerror})")

    def _give_up(self, reason: str) -> None:
        self.notices.append(f"store of scores is off: it {reason}")


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


def _is_damaged(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _DAMAGED  # the low byte, without its extension


def _digest_entry(key: str, text: str) -> str:
    # With the key: a damaged index was seen to find the sound row of another case.
    return hashlib.sha256(f"{key}\n{text}".encode()).hexdigest()
