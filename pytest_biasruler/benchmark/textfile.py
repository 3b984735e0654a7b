"""The only reader of CSV and TSV files."""

from __future__ import annotations

import csv
import gc
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.refusals import raise_if_any
from pytest_biasruler.benchmark.texttable import Broom, TextTable, too_many_bytes, too_many_rows
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Callable, Generator, Iterator, Sequence
    from pathlib import Path

    from pytest_biasruler.errors import Limits

    Batch = tuple[list[Sequence[str]], list[int]]

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs"}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_LARGEST_C_LONG = 2**31 - 1  # of Windows; csv refuses a larger field limit there
_MOST_KNOWN = 10_000  # texts of cells that are held once for all rows
_CELLS_AT_ONCE = 2**15  # few enough to stay in the processor's cache: twice as fast as 2**18
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
    known: dict[str, str] = {}
    rows: list[Sequence[str]] = []
    lines: list[int] = []
    with closing(read_text_parts(path, shown=shown, limits=limits, needed=needed)) as parts:
        for part in parts:
            rows += [_shared(row, known) for row in part.rows]
            lines += part.lines
    return TextTable(
        header=part.header,
        rows=rows,
        lines=lines,
        n_trimmed=part.n_trimmed,
        n_normalised=part.n_normalised,
    )


def read_text_parts(
    path: Path,
    *,
    shown: str,
    limits: Limits,
    needed: str = "",
    delimiter: str = "",
    mend: Callable[[Sequence[str]], Sequence[str]] = list,
) -> Generator[TextTable, None, None]:
    """Yield a table in parts, at least one, so that it need not fit into memory as text.

    Parameters
    ----------
    path, shown, limits, needed
        As `read_text_table` takes them.
    delimiter : str
        What stands between cells; ``""``: what the suffix says.
    mend : callable
        Header of the file -> header, for tools that are known to write a wrong one.

    Yields
    ------
    TextTable
        Some rows; how many cells were trimmed or composed counts those before, too. Nothing comes
        after a row that will be refused: only its like is looked for to the end of the file.

    Raises
    ------
    BiasRulerProblems
        As `read_text_table`: what its last part is followed by.
    """
    try:
        suffixed = _delimiter(path)
        delimiter = delimiter or suffixed
        batches = _read(path, delimiter=delimiter, limits=limits, needed=needed)
        with closing(batches):
            (first, *rows), lines = next(batches)
            raw_header = mend(first)
            broom = Broom(raw_header=raw_header, delimiter=delimiter, shown=shown, limits=limits)
            yield from _swept(rows, lines[1:], broom=broom)
            for rows, lines in batches:
                yield from _swept(rows, lines, broom=broom)
        _check_separator(raw_header, delimiter=delimiter)
    except BiasRulerError as error:
        raise_if_any([error.at(f"{shown}{error.where}")])
        raise
    raise_if_any(broom.problems())


def _swept(
    rows: list[Sequence[str]], lines: list[int], *, broom: Broom
) -> Generator[TextTable, None, None]:
    """Yield these rows tidied, unless the table will be refused."""
    tidied = broom.tidy(rows, lines=lines)
    if not broom.problems():
        yield TextTable(
            header=broom.header,
            rows=tidied,
            lines=lines,
            n_trimmed=broom.n_trimmed,
            n_normalised=broom.n_normalised,
        )


def _delimiter(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in _DELIMITERS:
        found = f"table is a {suffix} file" if suffix else "name of the table has no suffix"
        raise BiasRulerError("BR409", found, "CSV or TSV", "Export it as CSV UTF-8")
    return _DELIMITERS[suffix]


def _read(
    path: Path, *, delimiter: str, limits: Limits, needed: str
) -> Generator[Batch, None, None]:
    try:
        if not path.is_file():  # a pipe would block the run
            raise BiasRulerError("BR408", "no such file", "a CSV or TSV file", "Correct the path")
        n_bytes = path.stat().st_size
        if n_bytes > limits.max_table_bytes:
            raise too_many_bytes(n_bytes, limits, needed=needed)
        # Decoded on the way: the text as a whole may take four times the memory of the file.
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, delimiter=delimiter, strict=True)
            yield from _parse(reader, n_bytes=n_bytes, limits=limits, needed=needed)
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


def _parse(
    reader: Reader, *, n_bytes: int, limits: Limits, needed: str
) -> Generator[Batch, None, None]:
    """Yield rows as written, and the line on which each begins; blank lines are no rows."""
    n_left, n_columns = limits.max_rows + 1, 0  # the header is no row
    while True:
        with _cells_of(n_bytes):
            most = min(n_left + 1, max(1, _CELLS_AT_ONCE // n_columns) if n_columns else 1)
            rows, lines = _next_rows(reader, most=most)
        if not rows:
            break
        n_left, n_columns = n_left - len(rows), n_columns or len(rows[0])
        if n_left < 0:
            raise too_many_rows(limits, needed=needed)
        yield rows, lines
    if not n_columns:
        raise BiasRulerError("BR408", "is empty", "a header and rows", "Export it again")


def _next_rows(reader: Reader, *, most: int) -> Batch:
    rows: list[Sequence[str]] = []
    lines: list[int] = []
    begin = reader.line_num + 1
    try:
        for row in reader:
            if row:
                rows.append(row)
                lines.append(begin)
                if len(rows) == most:
                    break
            begin = reader.line_num + 1
    except csv.Error:
        expected = "a closing quote before a comma, inner quotes doubled"
        fix = "Correct the quotes or export the table again"
        found = "quotes do not match"
        raise BiasRulerError("BR408", found, expected, fix, f":{begin}") from None
    return rows, lines


def _shared(row: Sequence[str], known: dict[str, str]) -> tuple[str, ...]:
    """Return the cells, those that are `known` as the text that is held already."""
    if len(known) < _MOST_KNOWN:
        return tuple([known.setdefault(cell, cell) for cell in row])
    return tuple([known.get(cell, cell) for cell in row])


@contextmanager
def _cells_of(n_bytes: int) -> Iterator[None]:
    """Lift the field limit of csv, which is one per process and names no cell when it refuses.

    The garbage collector pauses: it would walk over all new rows, which hold no cycles, again and
    again, and take as long as the reading.
    """
    with _FIELD_LIMIT:
        before, collects = csv.field_size_limit(min(n_bytes + 1, _LARGEST_C_LONG)), gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            csv.field_size_limit(before)
            if collects:
                gc.enable()


def _check_separator(header: Sequence[str], *, delimiter: str) -> None:
    if len(header) > 1:
        return
    for sign, name in _NAMES.items():
        if sign != delimiter and sign in header[0].strip(" \t"):
            found, expected = f"is separated by {name}", _NAMES[delimiter]
            raise BiasRulerError("BR408", found, expected, f"Save it with {expected}")
