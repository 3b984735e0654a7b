"""Findings on disk as they arrive: what is left of a run that was killed before its outputs."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from pytest_biasruler.shell.lock import locked, try_lock
from pytest_biasruler.shell.outputs import show_path
from pytest_biasruler.shell.payload import to_text
from pytest_biasruler.shell.settings import settings_of
from pytest_biasruler.shell.store_folder import find_store_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

SCHEMA = "biasruler-journal/1"
MOST_KEPT = 5
_PATTERN = "journal-*.jsonl"
_LOCK = "journals.lock"  # held while journals are looked through, made or removed
_BINARY = getattr(os, "O_BINARY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_MOST_BYTES = 2**26  # no run writes as much
_CASE_LEVEL = frozenset({"details", "message"})


@dataclass(frozen=True, kw_only=True, slots=True)
class CutOff:
    """An earlier run that was killed: its journal, and how far it had come."""

    path: Path
    n_findings: int
    n_declared: int


class Journal:
    """The journal of this run, locked as long as the run lives; nothing here raises.

    The lock dies with its holder, so a journal that can be locked belongs to a run that was cut
    off. A line that did not reach the disk whole is taken back, and the run goes on without it.

    Parameters
    ----------
    folder : Path
        The folder of the store.
    shows_cases : bool
        Whether findings hold case names, which stay out of the journal whatever was asked for.

    Attributes
    ----------
    cut_off : tuple of CutOff
        Earlier runs that nobody has been told of yet, the latest first.
    """

    def __init__(self, folder: Path, *, shows_cases: bool = False) -> None:
        self._folder = folder
        self._path = folder / f"journal-{secrets.token_hex(4)}.jsonl"
        self._left_out = _CASE_LEVEL if shows_cases else frozenset[str]()
        self._headed: set[str] = set()
        self._descriptor: int | None = None
        self._size = 0
        self.cut_off: tuple[CutOff, ...] = ()
        with contextlib.suppress(OSError), locked(folder / _LOCK) as is_held:
            if is_held:  # else nobody could tell a journal that is in use from one left behind
                self.cut_off = tuple(_look_through(folder))
                self._descriptor = _make_locked(self._path)

    def note(self, report: pytest.TestReport, payload: Sequence[Mapping[str, Any]]) -> None:
        """Append what rode on a report; the head of a benchmark comes before its findings."""
        for plain in payload:
            if plain["kind"] == "context":
                self._head(plain)
            elif report.when == "call" if plain["kind"] == "finding" else report.failed:
                self._append(_without(plain, self._left_out))

    def end(self) -> None:
        """Remove the journal, for the outputs are written and earlier journals were told of."""
        with contextlib.suppress(OSError), locked(self._folder / _LOCK):
            self.close()
            self._path.unlink(missing_ok=True)
            for earlier in self.cut_off:
                _mark_as_told(earlier.path)

    def close(self) -> None:
        """Let go of the file and of its lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _head(self, context: Mapping[str, Any]) -> None:
        if context["audit"] in self._headed:
            return
        head = {
            "kind": "benchmark",
            "schema": SCHEMA,
            "audit": context["audit"],
            "file": context["file"],
            "hash": context["context"]["benchmark"]["hash"],
            "declared": context["declared"],
        }
        if self._append(head):
            self._headed.add(context["audit"])

    def _append(self, plain: Mapping[str, Any]) -> bool:
        """Return whether a line is on the disk, whole."""
        if self._descriptor is None:
            return False
        line = f"{to_text(plain)}\n".encode()
        try:
            _write_all(self._descriptor, line)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            return False
        self._size += len(line)
        return True


def begin_journal(config: pytest.Config) -> Journal | None:
    """Return the journal of a run that audits something; None where no store is kept."""
    from pytest_biasruler.scoring.store import Store

    try:
        folder = find_store_folder(config)
        shows_cases = settings_of(config).show_cases
    except (OSError, pytest.UsageError):  # said where the store or the settings are asked for
        return None
    if folder is None or not Store(folder).is_on:
        return None
    return Journal(folder, shows_cases=shows_cases)


def tell_cut_off(runs: Sequence[CutOff], *, root: Path) -> str:
    """Return one line about runs that were cut off; "" if there are none.

    Examples
    --------
    >>> from pathlib import Path
    >>> runs = [CutOff(path=Path("/a/journal-00c0ffee.jsonl"), n_findings=3, n_declared=6)]
    >>> tell_cut_off(runs, root=Path("/a"))
    'an earlier run was cut off after 3 findings of 6 declared checks, see journal-00c0ffee.jsonl'
    """
    if not runs:
        return ""
    last = runs[0]
    who = "an earlier run was cut off"
    if len(runs) > 1:
        who = f"{len(runs)} earlier runs were cut off, the last one"
    if not last.n_findings:
        return f"{who} before its first finding"
    findings = "1 finding" if last.n_findings == 1 else f"{last.n_findings} findings"
    checks = "1 declared check" if last.n_declared == 1 else f"{last.n_declared} declared checks"
    return f"{who} after {findings} of {checks}, see {show_path(last.path, root=root)}"


def _look_through(folder: Path) -> Iterator[CutOff]:
    """Yield the runs nobody has been told of, and remove all but the latest journals."""
    left = []
    for path in folder.glob(_PATTERN):
        with contextlib.suppress(OSError), _left_behind(path) as descriptor:
            left.append((os.fstat(descriptor).st_mtime_ns, path))
    left.sort(reverse=True)
    for place, (_, path) in enumerate(left):
        with contextlib.suppress(OSError):
            if place >= MOST_KEPT:
                path.unlink()
            else:
                yield from _read(path)


def _read(path: Path) -> Iterator[CutOff]:
    if path.stat().st_size > _MOST_BYTES:
        return
    lines = list(_lines(path.read_bytes()))
    if any(line.get("kind") == "told" for line in lines):
        return
    declared = [line.get("declared") for line in lines if line.get("kind") == "benchmark"]
    found = [line.get("finding") for line in lines if line.get("kind") == "finding"]
    yield CutOff(
        path=path,
        n_findings=len({str(each.get("id")) for each in found if isinstance(each, dict)}),
        n_declared=max((n for n in declared if isinstance(n, int)), default=0),
    )


def _lines(content: bytes) -> Iterator[dict[str, Any]]:
    """Yield the whole lines; what stands behind the last line feed was cut off with its run."""
    for line in content.split(b"\n")[:-1]:
        with contextlib.suppress(ValueError, RecursionError):
            plain = json.loads(line)
            if isinstance(plain, dict):
                yield plain


@contextlib.contextmanager
def _left_behind(path: Path) -> Iterator[int]:
    """Open a journal whose run is over.

    Raises
    ------
    OSError
        If it is still written, or not to be opened.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | _BINARY | _NO_LINK)
    try:
        if not try_lock(descriptor):
            raise BlockingIOError
        yield descriptor
    finally:
        os.close(descriptor)


def _mark_as_told(path: Path) -> None:
    with contextlib.suppress(OSError), _left_behind(path) as descriptor:
        os.ftruncate(descriptor, path.read_bytes().rfind(b"\n") + 1)
        _write_all(descriptor, b'{"kind": "told"}\n')


def _make_locked(path: Path) -> int:
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | _BINARY
    descriptor = os.open(path, flags, 0o600)
    if not try_lock(descriptor):
        os.close(descriptor)
        path.unlink(missing_ok=True)
        raise BlockingIOError
    return descriptor


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)


def _without(plain: Mapping[str, Any], keys: frozenset[str]) -> dict[str, Any]:
    """Return a line, and the finding in it, without some keys."""
    return {
        key: _without(value, keys) if key == "finding" else value
        for key, value in plain.items()
        if key not in keys
    }
