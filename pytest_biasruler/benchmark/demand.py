"""Who asks for a column that the benchmark file does not name: a layout, or a default."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.toml import quoted

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.definition import Benchmark

_NAMES_COLUMNS = ("mama-mia", "bids")


def who_asks(benchmark: Benchmark, key: str) -> str:
    """Return who set a key of ``[benchmark]`` that the file leaves out; nothing if it is there.

    A benchmark does not carry its file: it is read again, for the first error alone.
    """
    try:
        text = benchmark.file.read_text(encoding="utf-8-sig") if benchmark.file else ""
        general = tomllib.loads(text).get("benchmark", {})
    except (OSError, ValueError):
        return ""
    if not general or key in general:
        return ""
    if general.get("layout") in _NAMES_COLUMNS:
        return f"the layout {quoted(general['layout'])} asks for it"
    return f"the file names no {key} column"


def way_out(why: str, key: str, *, near: str | None) -> str:
    """Return what to do about a column that is not there and that the file does not name.

    Examples
    --------
    >>> way_out("the file names no case column", "case", near=None)
    'The file names no case column: write case = "COLUMN" in [benchmark]'
    """
    if near is None:
        return f'{why[:1].upper()}{why[1:]}: write {key} = "COLUMN" in [benchmark]'
    line = f"{key} = {quoted(near)}"
    return f'Perhaps "{near}" is meant ({why}): write {line} in [benchmark]'
