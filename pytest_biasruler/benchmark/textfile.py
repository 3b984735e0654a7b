"""The only reader of CSV and TSV files."""

from __future__ import annotations

import csv
import io
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.refusals import raise_if_any
from pytest_biasruler.benchmark.texttable import TextTable, check_table, too_many_rows
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_biasruler.errors import Limits

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs"}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_LARGEST_C_LONG = 2**31 - 1  # of Windows; csv refuses a larger field limit there
_FIELD_LIMIT = threading.Lock()


def read_text_table(path: Path, *, shown: str, limits: Limits) -> TextTable:
    """Read a table; all problems of its cells are told at once.

    Parameters
    ----------
    path : Path
        A ``.csv`` (commas) or ``.tsv`` (tabs) in UTF-8, with or without byte order mark.
    shown : str
        How messages name the file.
    limits : Limits
        `max_rows`, `max_cell_chars` and `max_table_bytes` are used.

    Raises
    ------
    BiasRulerProblems
        ``BR403`` two columns of one name; ``BR408`` missing file, not UTF-8, wrong separator,
        unmatched quotes, rows of another length; ``BR409`` neither CSV nor TSV, never opened;
        ``BR410`` control character or limit exceeded. No cell is ever quoted.
    """
    try:
        delimiter = _delimiter(path)
        table = _parse(_text(path, limits=limits), delimiter=delimiter, limits=limits)
        _check_separator(table.header, delimiter=delimiter)
    except BiasRulerError as error:
        raise_if_any([error.at(f"{shown}{error.where}")])
        raise
    return check_table(table, delimiter=delimiter, shown=shown, limits=limits)


def _delimiter(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in _DELIMITERS:
        found = f"table is a {suffix} file" if suffix else "name of the table has no suffix"
        raise BiasRulerError("BR409", found, "CSV or TSV", "Export it as CSV UTF-8")
    return _DELIMITERS[suffix]


def _text(path: Path, *, limits: Limits) -> str:
    try:
        if not path.is_file():  # a pipe would block the run
            raise BiasRulerError("BR408", "no such file", "a CSV or TSV file", "Correct the path")
        n_bytes = path.stat().st_size
        if n_bytes > limits.max_table_bytes:
            raise BiasRulerError(
                "BR410",
                f"{n_bytes} bytes",
                f"at most {limits.max_table_bytes}",
                "Leave out columns or raise biasruler_max_table_bytes",
            )
        return _decoded(path.read_bytes())
    except OSError as error:
        found = f"cannot be read ({error.strerror})"
        raise BiasRulerError("BR408", found, "a readable file", "Change its permissions") from None


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = 1 + data.count(b"\n", 0, error.start)
    if data.startswith(_UTF_16):
        raise BiasRulerError("BR408", "is not UTF-8 but UTF-16", "UTF-8", "Save as CSV UTF-8")
    raise BiasRulerError("BR408", "is not UTF-8", "UTF-8", "Save as CSV UTF-8", f":{line}")


def _parse(text: str, *, delimiter: str, limits: Limits) -> TextTable:
    """Return the cells as written; blank lines are no rows."""
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    begin = 1
    with _cells_of(len(text)):
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        try:
            for row in reader:
                if row:
                    rows.append(tuple(row))
                    lines.append(begin)
                begin = reader.line_num + 1
                if len(rows) > limits.max_rows + 1:
                    raise too_many_rows(limits)
        except csv.Error:
            expected = "a closing quote before a comma, inner quotes doubled"
            fix = "Correct the quotes or export the table again"
            found = "quotes do not match"
            raise BiasRulerError("BR408", found, expected, fix, f":{begin}") from None
    if not rows:
        raise BiasRulerError("BR408", "is empty", "a header and rows", "Export it again")
    return TextTable(header=rows[0], rows=rows[1:], lines=lines[1:])


@contextmanager
def _cells_of(n_characters: int) -> Iterator[None]:
    """Lift the field limit of csv, which is one per process and names no cell when it refuses."""
    with _FIELD_LIMIT:
        before = csv.field_size_limit(min(n_characters + 1, _LARGEST_C_LONG))
        try:
            yield
        finally:
            csv.field_size_limit(before)


def _check_separator(header: tuple[str, ...], *, delimiter: str) -> None:
    if len(header) > 1:
        return
    for sign, name in _NAMES.items():
        if sign != delimiter and sign in header[0].strip(" \t"):
            raise BiasRulerError(
                "BR408",
                f"is separated by {name}",
                _NAMES[delimiter],
                f"Save it with {_NAMES[delimiter]}",
            )
