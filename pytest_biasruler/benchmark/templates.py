"""Mask templates, table paths and the data root, which no path may leave."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from pytest_biasruler.benchmark.lengths import MOST_CHARACTERS
from pytest_biasruler.benchmark.rules import Rule, refusal, shown, text

_DRIVE = re.compile(r"[A-Za-z]:")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_PLACEHOLDER = re.compile(r"\{([^{}/\\]+)\}")
_MOST_FOLDERS = 64
_FOREIGN = (("\0", "a NUL character"), ("://", "a URL"), ("\\", "a backslash"))


def expand_root(value: object, *, folder: Path, environ: Mapping[str, str]) -> Path:
    """Return the data root, with each ``${VAR}`` filled in and relative to the file's folder.

    Parameters
    ----------
    value : object
        The value of ``root``.
    folder : Path
        Folder of the benchmark file.
    environ : mapping
        The environment; a variable that is empty counts as not set.

    Raises
    ------
    BiasRulerError
        BR602 for an unset variable or another brace, BR401 for what is no path.

    Examples
    --------
    >>> expand_root("${DATA}/breast", folder=Path("audit"), environ={"DATA": "sets"}).as_posix()
    'audit/sets/breast'
    """
    root = text("root", value)
    for name in _VARIABLE.findall(root):
        if not environ.get(name):
            raise refusal(
                f"root needs the variable {name}, which is not set",
                "a value in the environment",
                fix=f"Set {name}",
            )
    if "${" in _VARIABLE.sub("", root):
        raise refusal("root holds an unfinished ${", "${VAR} of letters, digits and _")
    filled = _VARIABLE.sub(lambda found: environ[found[1]], root)
    if "\0" in filled or "://" in filled:
        raise refusal("root is no path of a folder", "a local folder", code="BR401")
    return folder / filled


def parts_of(pattern: str) -> list[tuple[str, str]]:
    """Return each text of a mask template with the name in the braces behind it, "" at the end.

    Examples
    --------
    >>> parts_of("{participant}/{case}.nii")
    [('', 'participant'), ('/', 'case'), ('.nii', '')]
    """
    pieces = [*_PLACEHOLDER.split(pattern), ""]
    return list(zip(pieces[::2], pieces[1::2], strict=True))


def columns_of(pattern: str) -> tuple[str, ...]:
    """Return the columns of the metadata that a mask template names beside ``{case}``.

    Examples
    --------
    >>> columns_of("{participant}/{session}/{participant}_{case}.nii.gz")
    ('participant', 'session')
    """
    named = dict.fromkeys(name for _, name in parts_of(pattern))
    return tuple(name for name in named if name not in ("case", ""))


def template(root: Path | None) -> Rule:
    """Return the rule of a mask template, which names the case and stays inside `root`.

    ``{case}`` stands for the case's name, any other ``{column}`` for its cell of the metadata.
    Without a root, as in code, a template may stand anywhere.
    """

    def rule(key: str, value: object) -> str:
        pattern = _path(key, value)
        rest = _PLACEHOLDER.sub("", pattern)
        if rest == pattern:
            raise refusal(f"{key} has no {{case}}", "{case} where the case's name stands")
        expected = "no braces but {case} and {column} of the metadata"
        _refuse_braces(key, "{" if "${" in pattern else rest, expected=expected)
        _refuse_escape(key, pattern, root=root)
        return pattern

    return rule


def masks(root: Path | None, *, in_code: bool) -> Rule:
    """Return the rule of the key ``masks``: a template, or in code a mapping or a callable."""
    pattern = template(root)

    def rule(key: str, value: object) -> object:
        if in_code and (isinstance(value, Mapping) or callable(value)):
            return value
        if in_code and not isinstance(value, str):
            raise refusal(f"{key} is {shown(value)}", "a template, a mapping or a callable")
        return pattern(key, value)

    return rule


def inner_path(root: Path | None) -> Rule:
    """Return the rule of a table's path, which stays inside `root` and holds no brace."""

    def rule(key: str, value: object) -> str:
        path = _path(key, os.fspath(value) if isinstance(value, os.PathLike) else value)
        _refuse_braces(key, path, expected="a path below root, the one key that expands ${VAR}")
        _refuse_escape(key, path, root=root)
        return path

    return rule


def _path(key: str, value: object) -> str:
    """Return a text that is short enough for a path; searching folders nests with their depth."""
    if not isinstance(value, str) or not value.strip():
        raise refusal(f"{key} is {shown(value)}", "a text")
    found = ""
    if len(value) > MOST_CHARACTERS:
        found = f"{key} has {len(value)} characters"
    elif value.count("/") > _MOST_FOLDERS:
        found = f"{key} has {value.count('/')} folders"
    if found:
        expected = f"a path of at most {MOST_CHARACTERS} characters and {_MOST_FOLDERS} folders"
        raise refusal(found, expected, fix="Shorten it", code="BR401")
    return value


def _refuse_braces(key: str, path: str, *, expected: str) -> None:
    if "{" in path or "}" in path:
        raise refusal(f"{key} holds other braces", expected, fix="Remove them")


def _refuse_escape(key: str, path: str, *, root: Path | None) -> None:
    """Refuse what is no path on every system, and what leaves the root.

    On POSIX a URL or ``C:`` joined to root resolves inside root, so the spelling is judged too.
    """
    slashes = "a path inside the data root, with / between folders"
    for mark, name in _FOREIGN:
        if mark in path:
            raise refusal(f"{key} holds {name}", slashes, code="BR401")
    if root is None:
        return
    if _DRIVE.match(path) or PurePosixPath(path).is_absolute():
        raise refusal(
            f"{key} is an absolute path",
            "a path inside the data root",
            fix="Set root in [benchmark]",
            code="BR401",
        )
    if not _stays_inside(root, path):
        raise refusal(
            f"{key} leaves the data root",
            "a path inside it",
            fix="Set root in [benchmark]",
            code="BR401",
        )


def _stays_inside(root: Path, path: str) -> bool:
    # The folder only: whether the file is a link is judged where it is opened, as BR402.
    if PurePosixPath(path).name == "..":
        return False
    folder = (root / path).parent
    try:
        with suppress(FileNotFoundError, NotADirectoryError):
            folder.stat()  # since Python 3.13 resolving alone lets a loop of links pass
        return folder.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # a loop of links
        return False
