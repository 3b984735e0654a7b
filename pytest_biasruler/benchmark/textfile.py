"""The only reader of CSV and TSV files."""

from __future__ import annotations

import csv
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.refusals import raise_if_any
from pytest_biasruler.benchmark.texttable import (
    TextTable,
    check_table,
    too_many_bytes,
    too_many_rows,
)
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pytest_biasruler.errors import Limits

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs"}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_LARGEST_C_LONG = 2**31 - 1  # of Windows; csv refuses a larger field limit there
_MOST_KNOWN = 10_000  # texts of cells that are held once for all rows
_FIELD_LIMIT = threading.Lock()


def read_text_table(path: Path, *, shown: str, limits: Limits, needed: str = "") -> TextTable:
    """Read a table; all problems of its cells are told at once.

    Parameters
    ----------
    path : Path
        A ``.csv`` (commas) or ``.tsv`` (tabs) in UTF-8, with or without byte order mark.
    shown : str
        How messages name the file.
    limits : Limits
        `max_rows`, `max_cell_chars` and `max_table_bytes` are used.
    needed : str
        What these limits are ample for, where no ini key raises them; see `too_many_rows`.

    Raises
    ------
    BiasRulerProblems
        ``BR403`` two columns of one name; ``BR408`` missing file, not UTF-8, wrong separator,
        unmatched quotes, rows of another length; ``BR409`` neither CSV nor TSV, never opened;
        ``BR410`` control character or limit exceeded. No cell is ever quoted.
    """
    try:
        delimiter = _delimiter(path)
        table = _read(path, delimiter=delimiter, limits=limits, needed=needed)
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


def _read(path: Path, *, delimiter: str, limits: Limits, needed: str) -> TextTable:
    try:
        if not path.is_file():  # a pipe would block the run
            raise BiasRulerError("BR408", "no such file", "a CSV or TSV file", "Correct the path")
        n_bytes = path.stat().st_size
        if n_bytes > limits.max_table_bytes:
            raise too_many_bytes(n_bytes, limits, needed=needed)
        # Decoded on the way: the text as a whole may take four times the memory of the file.
        with path.open(encoding="utf-8-sig", newline="") as stream, _cells_of(n_bytes):
            return _parse(stream, delimiter=delimiter, limits=limits, needed=needed)
    except UnicodeDecodeError:
        raise _not_utf_8(path) from None
    except OSError as error:
        found = f"cannot be read ({error.strerror})"
        raise BiasRulerError("BR408", found, "a readable file", "Change its permissions") from None


def _not_utf_8(path: Path) -> BiasRulerError:
    expected, fix = "UTF-8", "Save as CSV UTF-8"
    try:
        data = path.read_bytes()
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        if data.startswith(_UTF_16):
            return BiasRulerError("BR408", "is not UTF-8 but UTF-16", expected, fix)
        line = 1 + data.count(b"\n", 0, error.start)
        return BiasRulerError("BR408", "is not UTF-8", expected, fix, f":{line}")
    except OSError:
        pass
    return BiasRulerError("BR408", "was changed while it was read", expected, "Read it again")


def _parse(text: Iterable[str], *, delimiter: str, limits: Limits, needed: str = "") -> TextTable:
    """Return the cells as written; blank lines are no rows."""
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    begin = 1
    known: dict[str, str] = {}
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if row:
                rows.append(_shared(row, known))
                lines.append(begin)
            begin = reader.line_num + 1
            if len(rows) > limits.max_rows + 1:
                raise too_many_rows(limits, needed=needed)
    except csv.Error:
        expected = "a closing quote before a comma, inner quotes doubled"
        fix = "Correct the quotes or export the table again"
        found = "quotes do not match"
        raise BiasRulerError("BR408", found, expected, fix, f":{begin}") from None
    if not rows:
        raise BiasRulerError("BR408", "is empty", "a header and rows", "Export it again")
    return TextTable(header=rows[0], rows=rows[1:], lines=lines[1:])


def _shared(row: list[str], known: dict[str, str]) -> tuple[str, ...]:
    """Return the cells, those that are `known` as the text that is held already."""
    if len(known) < _MOST_KNOWN:
        return tuple([known.setdefault(cell, cell) for cell in row])
    return tuple([known.get(cell, cell) for cell in row])


@contextmanager
def _cells_of(n_bytes: int) -> Iterator[None]:
    """Lift the field limit of csv, which is one per process and names no cell when it refuses."""
    with _FIELD_LIMIT:
        before = csv.field_size_limit(min(n_bytes + 1, _LARGEST_C_LONG))
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
