"""A table of text on disk, whichever of the formats it has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.paths import is_inside
from pytest_biasruler.benchmark.problems import place_of
from pytest_biasruler.benchmark.refusals import raise_if_any
from pytest_biasruler.benchmark.textfile import read_text_table
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.benchmark.texttable import TextTable

_OF_EXTRA = (".xlsx", ".parquet")


def read_inner_table(source: str, *, key: str, benchmark: Benchmark) -> TextTable:
    """Read a table that ``[benchmark]`` names under `key`.

    Parameters
    ----------
    source : str
        Path of a CSV, TSV, ``.xlsx`` or Parquet file, relative to the data root.

    Raises
    ------
    BiasRulerProblems
        ``BR401`` the file lies outside the data root; ``BR409`` a spreadsheet or Parquet file for
        an untrusted benchmark; and what the reader of its format refuses.
    """
    shown, limits = Path(source).name, benchmark.limits
    path = inner_path_of(source, key=key, benchmark=benchmark)
    suffix = path.suffix.lower()
    if suffix in _OF_EXTRA and benchmark.untrusted:
        found = f"table is a {suffix} file of an untrusted benchmark"
        raise_if_any(
            [BiasRulerError("BR409", found, "CSV or TSV", "Export it as CSV UTF-8", shown)]
        )
    if suffix == ".parquet":
        from pytest_biasruler.benchmark.columnar import read_columnar

        return read_columnar(path, shown=shown, limits=limits)
    if suffix == ".xlsx":
        from pytest_biasruler.benchmark.spreadsheet import read_spreadsheet

        return read_spreadsheet(path, shown=shown, limits=limits)
    return read_text_table(path, shown=shown, limits=limits)


def inner_path_of(source: str, *, key: str, benchmark: Benchmark) -> Path:
    """Return where a file lies that ``[benchmark]`` names, if that is in the data root.

    Raises
    ------
    BiasRulerProblems
        ``BR401`` if it lies outside, or a link leads out.
    """
    path = Path(source) if benchmark.root is None else benchmark.root / source
    # The benchmark has judged the spelling of the path; where a link leads is seen only now.
    if benchmark.root is not None and not is_inside(path, root=benchmark.root):
        found, fix = f"{key} leaves the data root", "Set root in [benchmark]"
        where = place_of(benchmark)(("benchmark", key))[1]
        raise_if_any([BiasRulerError("BR401", found, "a path inside it", fix, where)])
    return path
