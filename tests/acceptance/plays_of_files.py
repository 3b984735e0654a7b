"""Rows that need the file system: what is no file, what changes, what may not be read."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from pytest_biasruler import render_html
from pytest_biasruler.scoring.store import Store
from tests.acceptance.bench import Bench
from tests.acceptance.plays import NOISE, NOISE_FILE, accept, left_out, refuse, unopened
from tests.core.masks.broken_files import N, gz, mask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.acceptance.row import Played, Stage

LONG = "-\u00fc \u60a3 " + "long" * 48
UNTIDY = "-\u00fc \u60a3\n.nii"


def play_a_missing_file(stage: Stage) -> list[Played]:
    played = []
    for name in ("unet", "expert"):
        bench = Bench(folder=stage.folder / name)
        bench.drop(bench.spoiled, name)
        assert bench.audit().notes("BR404") == {name: 1}
        played.append(refuse(bench, name, code="BR101"))
    return played


@contextmanager
def _time_limit(seconds: int) -> Iterator[None]:
    """Stop what waits for ever, as opening a pipe does that nobody writes to."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"still waiting after {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def play_what_is_no_file(stage: Stage) -> list[Played]:
    def put_device(bench: Bench, _: Path) -> None:
        bench.files[bench.spoiled, "unet"] = os.devnull  # joined to the root it stays as it is

    kinds: dict[str, Callable[[Bench, Path], object]] = {
        "folder": lambda _, path: path.mkdir(),
        "pipe": lambda _, path: os.mkfifo(path),
        "device": put_device,
    }
    played = []
    for kind, make in kinds.items():
        bench = Bench(folder=stage.folder / kind)
        path = bench.path(bench.spoiled, "unet")
        bench.drop(bench.spoiled, "unet")
        make(bench, path)
        with _time_limit(30), unopened(path, Path(os.devnull)):
            played.append(refuse(bench, "unet", code="BR103"))
    return played


def play_names(stage: Stage) -> list[Played]:
    upper, untidy, long = (
        Bench(folder=stage.folder / "upper"),
        Bench(folder=stage.folder / "untidy"),
        Bench(folder=stage.folder / "long", names={3: LONG}),
    )
    for bench, content, meant, file in (
        (upper, gz(NOISE_FILE), NOISE, "A.NII.GZ"),
        (untidy, N, mask(), UNTIDY),
        (long, gz(N), mask(), "a.nii.gz"),
    ):
        bench.surround("unet", meant)
        bench.spoil("unet", content, file=file)
        bench.drawn[bench.spoiled, "unet"] = meant
    played = [accept(bench, "unet") for bench in (upper, untidy, long)]
    long.spoil("unet", b"")
    shown = long.audit(show_cases=True).audit
    texts = [line["text"] for line in shown.accounting["problems"]]
    assert texts == [
        f"BR102 {LONG}: prediction of unet is empty (0 bytes); expected a NIfTI file. "
        "Export it again."
    ]
    assert LONG in render_html(shown), "who asks for names gets them, as they are"
    return played


def play_a_file_that_changes(stage: Stage) -> list[Played]:
    def shorten(path: Path) -> None:
        path.write_bytes(path.read_bytes()[:100])

    def touch(path: Path) -> None:
        os.utime(path, ns=(0, 0))

    played = []
    for change in (shorten, touch):
        bench = Bench(folder=stage.folder / change.__name__)
        with _changing(bench, change):
            played.append(_error(bench))
    bench = Bench(folder=stage.folder / "replace")
    store = Store(stage.folder / "store")
    with _replacing(bench):
        played.append(_error(bench, store=store))
    return played


def _error(bench: Bench, **how: Any) -> Played:
    told = bench.audit(**how)
    errors = [error["code"] for error in told.audit.accounting["checks"]["errors"]]
    assert errors == ["BR123", "BR123"], "a check that needs the file was answered"
    assert told.audit.findings == ()
    left_out(told, bench.spoiled, "unet", code="BR123")
    return told.played([bench.spoiled])


@contextmanager
def _changing(bench: Bench, change: Callable[[Path], None]) -> Iterator[None]:
    """Hand files out in small pieces, and `change` the one mask behind its first piece."""
    path = bench.path(bench.spoiled, "unet")
    inode, really_read = path.stat().st_ino, os.read
    pieces: list[int] = []

    def read(descriptor: int, size: int) -> bytes:
        if os.fstat(descriptor).st_ino != inode:
            return really_read(descriptor, size)
        pieces.append(size)
        if len(pieces) == 2:
            change(path)
        return really_read(descriptor, min(size, 60))

    with mock.patch.object(os, "read", read):
        yield
    assert len(pieces) > 1, "the file was not read in pieces"


@contextmanager
def _replacing(bench: Bench) -> Iterator[None]:
    """Put another sound mask in place of the one before it is opened for the second time."""
    path = bench.path(bench.spoiled, "unet")
    really_open = os.open
    opened: list[Path] = []

    def open_file(place: Any, *rest: Any, **more: Any) -> int:
        if Path(place) == path:
            opened.append(path)
            if len(opened) == 2:
                path.write_bytes(gz(N))
        return really_open(place, *rest, **more)

    with mock.patch.object(os, "open", open_file):
        yield
    assert len(opened) == 2, "the file was not hashed and read"


def play_a_refused_permission(stage: Stage) -> list[Played]:
    """Refuse by patched calls of the system, for root may read everything."""
    played = []
    for owner, call in ((os, "open"), (Path, "lstat")):
        bench = Bench(folder=stage.folder / call)
        path = bench.path(bench.spoiled, "unet")
        with mock.patch.object(owner, call, _denied(getattr(owner, call), path)):
            played.append(refuse(bench, "unet", code="BR124"))
    return played


def _denied(really_do: Callable[..., Any], path: Path) -> Callable[..., Any]:
    """Return a call of the system that denies the one path."""

    def do(place: Any, *rest: Any, **more: Any) -> Any:
        if Path(place) == path:
            raise PermissionError(13, "Permission denied", str(place))
        return really_do(place, *rest, **more)

    return do
