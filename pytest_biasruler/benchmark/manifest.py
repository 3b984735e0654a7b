"""The benchmark file: TOML -> `Benchmark`, with every problem of the file listed at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.asked import asked_in
from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.declared import resolve
from pytest_biasruler.benchmark.definition import Benchmark
from pytest_biasruler.benchmark.document import read_document
from pytest_biasruler.benchmark.layouts import LAYOUTS, fill_layout
from pytest_biasruler.benchmark.lines import Lines, read_lines
from pytest_biasruler.benchmark.problems import KeyPath, Problems
from pytest_biasruler.benchmark.rules import Rule, one_of
from pytest_biasruler.benchmark.templates import expand_root
from pytest_biasruler.benchmark.vocabulary import Vocabulary
from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems, Limits

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pytest_biasruler.benchmark.asked import Asked
    from pytest_biasruler.benchmark.metrics import Metric

MAX_FILE_BYTES = 2**20
"""Largest benchmark file; written by hand, it has no reason to be larger."""

_AT_LINE = re.compile(r"^(?P<what>.*?) \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")
# tomllib takes the square of their number for the parts of a key. No part is begun in its middle,
# or looking would take the square of its length.
_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
_LONG_KEY = re.compile(rf"(?<![\w-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{50}}")
_DECIMAL_COMMA = re.compile(r"=\s*[+-]?\d+,\d+\s*(#.*)?$")


def read_manifest(
    path: str | Path,
    *,
    environ: Mapping[str, str],
    metrics: Collection[Metric] = (),
    limits: Limits | None = None,
    with_checks: bool = True,
) -> Benchmark:
    """Read a benchmark file; nothing but this file (and what a layout names) is opened.

    Parameters
    ----------
    path : str or Path
        The file.
    environ : mapping
        Where ``${VAR}`` in ``root`` is looked up.
    metrics : collection of Metric
        Metrics of plugins, besides the built-in ones.
    limits : Limits, optional
        How large the benchmark's tables and masks may be.
    with_checks : bool
        False leaves ``[[checks]]`` out, so that the tables can be judged though checks are faulty.

    Raises
    ------
    BiasRulerProblems
        All problems of the file, sorted by line, `where` being ``"biasruler.toml:31"``: BR401 for
        paths out of the root, BR403 for a key twice, BR408 for a file that cannot be read, BR410
        for one above 1 MiB, BR413 for a category named "missing", BR602 for everything else.
    """
    path = Path(path).absolute()
    try:
        toml = _read_text(path)
    except BiasRulerError as error:
        raise BiasRulerProblems([error.at(f"{path.name}{error.where}")]) from None
    return read_toml(
        toml,
        path=path,
        environ=environ,
        metrics=metrics,
        limits=limits,
        with_checks=with_checks,
    )


def read_toml(
    toml: str,
    *,
    path: Path,
    environ: Mapping[str, str],
    metrics: Collection[Metric] = (),
    limits: Limits | None = None,
    with_checks: bool = True,
) -> Benchmark:
    """Read the text of a benchmark file that stands, or is to stand, at `path`.

    Parameters and errors are those of `read_manifest`.
    """
    try:
        document = _parse(toml)
    except BiasRulerError as error:
        raise BiasRulerProblems([error.at(f"{path.name}{error.where}")]) from None
    lines = read_lines(toml)
    problems = Problems(partial(_place, lines, path.name))
    root, rules = _root(document, folder=path.parent, environ=environ)
    document = fill_layout(document, root=root, problems=problems)
    content = read_document(
        document, root=root, problems=problems, plugins=metrics, general_rules=rules
    )
    raw = document.get("checks", []) if with_checks else []
    asked = asked_in(raw, lines=lines, problems=problems)
    resolve(asked, Vocabulary.of_content(content), problems=problems)
    problems.raise_any()
    declared = content.as_fields()
    declared.pop("layout", None)
    return Benchmark(
        **{**declared, "root": root},
        checks=_checks(asked),
        file=path,
        limits=limits or Limits(),
    )


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise _unreadable("the file is missing", "a benchmark file", "Check its path") from None
    except OSError as error:
        found = f"the file cannot be read ({error.strerror})"
        raise _unreadable(found, "a readable file", "Check its permissions") from None
    if len(content) > MAX_FILE_BYTES:
        found, fix = "the file is larger than 1 MiB", "Check that it is the right file"
        raise BiasRulerError("BR410", found, "a benchmark file", fix)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = _unreadable("the file is not UTF-8", "UTF-8 text", "Save it as UTF-8")
        raise problem.at(f":{line}") from None


def _unreadable(found: str, expected: str, fix: str) -> BiasRulerError:
    return BiasRulerError("BR408", found, expected, fix)


def _parse(toml: str) -> dict[str, Any]:
    if long_key := _LONG_KEY.search(toml):
        line = toml.count("\n", 0, long_key.start()) + 1
        found, fix = "a key of more than 50 parts", "Correct it"
        raise _unreadable(found, "a benchmark file", fix).at(f":{line}")
    try:
        return tomllib.loads(toml)
    except RecursionError:
        found, fix = "lists or tables are nested too deeply", "Flatten them"
        raise _unreadable(found, "a benchmark file", fix) from None
    except ValueError as error:  # TOMLDecodeError, and what int() says to thousands of digits
        raise _syntax_error(str(error), toml) from None


def _syntax_error(message: str, toml: str) -> BiasRulerError:
    found = _AT_LINE.match(message)
    if found is None:
        return BiasRulerError("BR602", "a number is too long", "valid TOML", "Correct it")
    rows = toml.rstrip().split("\n")
    line = int(found["line"]) if found["line"] else len(rows)
    if found["what"].startswith(("Cannot", "Duplicate")):
        what = "a key or table stands twice"
        return BiasRulerError("BR403", what, "each once", "Remove one", f":{line}")
    row = rows[line - 1] if line <= len(rows) else ""
    fix = "Write decimal numbers with a point" if _DECIMAL_COMMA.search(row) else "Correct it"
    what = f"TOML cannot be parsed ({found['what']})"
    return BiasRulerError("BR602", what, "valid TOML", fix, f":{line}")


def _place(lines: Lines, name: str, path: KeyPath) -> tuple[int, str]:
    line = lines.of(path)
    return (0, name) if line is None else (line, f"{name}:{line}")


def _root(
    document: Mapping[str, Any], *, folder: Path, environ: Mapping[str, str]
) -> tuple[Path, dict[str, Rule]]:
    """Return the data root, and the rules by which a wrong one is refused with its line."""

    def rule(key: str, value: object) -> Path:
        del key
        return expand_root(value, folder=folder, environ=environ)

    rules: dict[str, Rule] = {"root": rule, "layout": one_of(LAYOUTS)}
    general = document.get("benchmark")
    if isinstance(general, Mapping) and "root" in general:
        with suppress(BiasRulerError):
            return rule("root", general["root"]), rules
    return folder, rules


def _checks(asked: Sequence[Asked]) -> tuple[Check, ...]:
    return tuple(Check(entry.check, line=entry.line, **entry.keys) for entry in asked)
