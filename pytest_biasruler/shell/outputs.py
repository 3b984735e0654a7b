"""Outputs appear whole or not at all, and a stranger's file is never touched."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
import time
from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError, printable
from pytest_biasruler.shell.lock import try_lock
from pytest_biasruler.shell.marks import is_ours

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import pytest

_REPLACE_FOR_S = 2.0  # Windows refuses while a virus scanner or a viewer holds the old file


def clear_outputs(paths: Sequence[Path], *, root: Path) -> list[BiasRulerError]:
    """Remove outputs of an earlier run and see that new ones can be written; return problems.

    Only files that carry our mark are removed, so that a typing error cannot delete a benchmark
    file, and they are removed before anything else can be refused: a run that ends with a usage
    error must not leave an old green report behind.
    """
    problems = []
    for path in paths:
        problem = _clear(path, shown=show_path(path, root=root))
        if problem is not None:
            problems.append(problem)
    return problems


def write_output(path: Path, text: str, *, root: Path) -> None:
    """Write `text` to `path` in one step: readers find the whole of it or what was there before.

    Raises
    ------
    BiasRulerError
        ``BR701`` if it cannot be written; the temporary file is gone by then.
    """
    temporary = _name_temporary(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as undo:
            undo.callback(temporary.unlink, missing_ok=True)
            _write_whole(temporary, text.encode())
            _replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _cannot_be_written(show_path(path, root=root), error) from None


def own_paths(path: Path, names: Sequence[str]) -> list[Path]:
    """Return where the output of each benchmark goes; of several, its name is part of the path.

    Examples
    --------
    >>> from pathlib import Path
    >>> [own.name for own in own_paths(Path("audit.json"), ["Lung CT", "Breast", "Lung CT"])]
    ['audit-lung-ct.json', 'audit-breast.json', 'audit-lung-ct-2.json']
    """
    if len(names) == 1:
        return [path]
    slugs = [_slug(name) for name in names]
    copies = [slugs[: place + 1].count(slug) for place, slug in enumerate(slugs)]
    endings = [
        slug if copy == 1 else f"{slug}-{copy}" for slug, copy in zip(slugs, copies, strict=True)
    ]
    return [path.with_name(f"{path.stem}-{ending}{path.suffix}") for ending in endings]


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "benchmark"


def refuse_same(
    outputs: Iterable[Path], compared: Sequence[Path], *, root: Path
) -> list[BiasRulerError]:
    """Return BR602 for each output that is an earlier audit, which nothing may write or remove."""
    shown = [
        show_path(path, root=root)
        for path in outputs
        if any(_is_same_file(path, each) for each in compared)
    ]
    fix = "Keep the earlier audit under a name of its own"
    return [
        BiasRulerError("BR602", f"{each} is compared and would be written", "two files", fix)
        for each in dict.fromkeys(shown)
    ]


def _is_same_file(first: Path, second: Path) -> bool:
    """Return whether two paths are one file: by spelling, by a link, or by a folder's link."""
    with contextlib.suppress(OSError):  # one of them is not there
        if first.samefile(second):
            return True
    return first == second or first.resolve() == second.resolve()


def show_path(path: Path, *, root: Path) -> str:
    """Return a path that tells nothing of the machine: relative to `root`, else its last part.

    It is printable, for it ends up in lines of ours.
    """
    shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    return printable(shown)


def name_file(path: Path, config: pytest.Config) -> str:
    """Return what a benchmark file is called in ids; also outside the root no two are alike.

    It is printable: ids end up on the terminal and in XML, which has no place for controls.
    """
    return printable(place_in_project(path, config))


def place_in_project(path: Path, config: pytest.Config) -> str:
    """Return where a file lies as it is written on disk: for comparisons, not for outputs."""
    for folder in (config.rootpath, config.invocation_params.dir):
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return "/".join(path.parts[-2:])


def _clear(path: Path, *, shown: str) -> BiasRulerError | None:
    if path.is_dir():
        return BiasRulerError(
            "BR701",
            f"{shown} cannot be written (is a folder)",
            "a file path",
            "Choose another",
        )
    try:
        if path.exists():
            if not is_ours(path):
                return _not_ours(shown)
            path.unlink()
        _remove_leftovers(path)
        _probe(path)
    except OSError as error:
        return _cannot_be_written(shown, error)
    return None


def _name_temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")


def _remove_leftovers(path: Path) -> None:
    """Remove temporary files of runs that were killed while they wrote this output.

    Such a file is locked while it is written. Its process may be on another machine, or have
    another number there, so both must say that nobody is at it: the number and the lock.
    """
    if os.name != "posix":
        return  # elsewhere asking for a process by its number may end it
    pattern = re.compile(rf"\.{re.escape(path.name)}\.([1-9][0-9]{{0,8}})\.[0-9a-f]{{8}}\.tmp")
    with contextlib.suppress(OSError):
        for left in list(path.parent.iterdir()):
            match = pattern.fullmatch(left.name)
            if match is None or _is_alive(int(match[1])):
                continue
            if not stat.S_ISREG(left.lstat().st_mode):
                continue
            with left.open("rb") as file:
                if try_lock(file.fileno()):
                    left.unlink()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)  # sends nothing
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # of another user
    return True


def _probe(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    probe = _name_temporary(path)
    _write_whole(probe, b"")
    probe.unlink()


def _write_whole(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    with os.fdopen(descriptor, "wb") as file:
        try_lock(descriptor)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _replace(source: Path, target: Path) -> None:
    give_up = time.monotonic() + _REPLACE_FOR_S
    while True:
        try:
            os.replace(source, target)  # noqa: PTH105  (the call that the crash tests interrupt)
        except PermissionError:
            if os.name != "nt" or time.monotonic() > give_up:
                raise
            time.sleep(0.05)
        else:
            return


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # elsewhere a folder cannot be opened
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _not_ours(shown: str) -> BiasRulerError:
    return BiasRulerError(
        "BR702",
        f"{shown} was not written by pytest-biasruler",
        "a free path",
        "Choose another",
    )


def _cannot_be_written(shown: str, error: OSError) -> BiasRulerError:
    reason = error.strerror or type(error).__name__
    return BiasRulerError(
        "BR701",
        f"{shown} cannot be written ({reason})",
        "a folder that can be written to",
        "Choose another path or free space",
    )
