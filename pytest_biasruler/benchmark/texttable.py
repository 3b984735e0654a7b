"""Tables as text: cells trimmed and composed, counted, and otherwise as they were written."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from operator import ne
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.refusals import first_of, raise_if_any
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_biasruler.errors import Limits

# Line ends and tabs occur in honest free text, ESC in hostile names, which every output escapes;
# the other control characters are signs of a file that is no text.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]")
_SPACES = " \t"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TextTable:
    """A header and rows of the same length.

    Attributes
    ----------
    header : tuple of str
        Names of the columns; none but the empty one occurs twice.
    rows : list of tuple of str
        Cells without surrounding spaces and tabs, in Unicode NFC.
    lines : list of int
        Where each row begins: its line in the file (the header is line 1), or its number, from 1,
        in a DataFrame.
    n_trimmed, n_normalised : int
        How many cells, header included, lost spaces or were composed.
    """

    header: tuple[str, ...] = field(repr=False)
    rows: list[tuple[str, ...]] = field(repr=False)
    lines: list[int] = field(repr=False)
    n_trimmed: int = 0
    n_normalised: int = 0


def tidy(text: str) -> str:
    r"""Return `text` in Unicode NFC and without surrounding spaces and tabs.

    Examples
    --------
    >>> tidy(" F \t")
    'F'
    """
    return _composed(text.strip(_SPACES))


def check_table(
    table: TextTable, *, delimiter: str | None, shown: str, limits: Limits
) -> TextTable:
    """Return `table` tidied.

    Parameters
    ----------
    table : TextTable
        Cells as they were read.
    delimiter : str or None
        What a cell may not hold unquoted, named where a row has another length than the header.

    Raises
    ------
    BiasRulerProblems
        All of ``BR403``, ``BR408`` and ``BR410`` that can be told from the cells, sorted by line.
    """
    tidied = _tidied(table, longest=limits.max_cell_chars)
    raise_if_any(
        [
            *_same_names(tidied.header, where=f"{shown}:1" if delimiter else shown),
            *first_of(_other_lengths(table, delimiter=delimiter, shown=shown), shown=shown),
            *first_of(_long_cells(table, shown=shown, limits=limits), shown=shown),
            *first_of(_control_characters(table, shown=shown), shown=shown),
        ]
    )
    return tidied


def too_many_rows(limits: Limits, *, needed: str = "") -> BiasRulerError:
    """Return the refusal of a table that is longer than `limits` allow.

    Parameters
    ----------
    needed : str
        What the limit is ample for, where no ini key raises it: ``"306 cases and 2 models"``.
    """
    found = f"more than {limits.max_rows} rows"
    if needed:
        expected = f"at most {limits.max_rows}, ample for {needed}"
        return BiasRulerError("BR410", found, expected, "Leave out other rows")
    fix = "Split the table or raise biasruler_max_rows"
    return BiasRulerError("BR410", found, f"at most {limits.max_rows}", fix)


def too_many_bytes(n_bytes: int, limits: Limits, *, needed: str = "") -> BiasRulerError:
    """Return the refusal of a table that is larger than `limits` allow; see `too_many_rows`."""
    found, most = f"{n_bytes} bytes", f"at most {limits.max_table_bytes}"
    if needed:
        expected = f"{most}, ample for {needed}"
        return BiasRulerError("BR410", found, expected, "Leave out other rows and columns")
    fix = "Leave out columns or raise biasruler_max_table_bytes"
    return BiasRulerError("BR410", found, most, fix)


def _tidied(table: TextTable, *, longest: int) -> TextTable:
    """Return `table` tidied but for cells of more than `longest` characters.

    Composing takes the square of the length of a run of accents: such a cell is refused instead.
    """
    n_trimmed = n_normalised = 0
    tidied = []
    for row in (table.header, *table.rows):
        text = "".join(row)
        if text.isascii() and " " not in text and "\t" not in text:  # most rows of most tables
            tidied.append(row)
            continue
        stripped = [cell.strip(_SPACES) for cell in row]
        composed = tuple(cell if len(cell) > longest else _composed(cell) for cell in stripped)
        n_trimmed += sum(map(ne, row, stripped))
        n_normalised += sum(map(ne, stripped, composed))
        tidied.append(composed)
    return TextTable(
        header=tidied[0],
        rows=tidied[1:],
        lines=table.lines,
        n_trimmed=n_trimmed,
        n_normalised=n_normalised,
    )


def _composed(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _same_names(header: Sequence[str], *, where: str) -> Iterator[BiasRulerError]:
    """Yield columns of one name, by position: without a header row, names are cells."""
    first: dict[str, int] = {}
    for position, name in enumerate(header, start=1):
        if name and name in first:
            yield BiasRulerError(
                "BR403",
                f"columns {first[name]} and {position} have one name",
                "one column of each name",
                "Rename or remove one",
                where,
            )
        first.setdefault(name, position)


def _other_lengths(
    table: TextTable, *, delimiter: str | None, shown: str
) -> Iterator[BiasRulerError]:
    sign = "tab" if delimiter == "\t" else "comma"
    for row, line in zip(table.rows, table.lines, strict=True):
        if len(row) != len(table.header):
            more = len(row) > len(table.header)
            yield BiasRulerError(
                "BR408",
                f"{len(row)} cells",
                str(len(table.header)),
                f"Quote the cell with a {sign}" if more else f"Add the missing {sign}",
                f"{shown}:{line}",
            )


def _with_header(table: TextTable) -> Iterable[tuple[tuple[str, ...], int]]:
    return zip([table.header, *table.rows], [1, *table.lines], strict=True)


def _long_cells(table: TextTable, *, shown: str, limits: Limits) -> Iterator[BiasRulerError]:
    for row, line in _with_header(table):
        longest = max(map(len, row), default=0)
        if longest > limits.max_cell_chars:
            yield BiasRulerError(
                "BR410",
                f"cell of {longest} characters",
                f"at most {limits.max_cell_chars}",
                "Shorten it or raise biasruler_max_cell_chars",
                f"{shown}:{line}",
            )


def _control_characters(table: TextTable, *, shown: str) -> Iterator[BiasRulerError]:
    for row, line in _with_header(table):
        control = _CONTROL.search("".join(row))
        if control:
            yield BiasRulerError(
                "BR410",
                f"control character U+{ord(control[0]):04X}",
                "printable text",
                "Remove it or export the table again",
                f"{shown}:{line}",
            )
