"""Tables as text: cells trimmed and composed, counted, and otherwise as they were written."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from itertools import chain
from operator import ne
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.refusals import Listing, raise_if_any
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from pytest_biasruler.errors import Limits

# Line ends and tabs occur in honest free text, ESC in hostile names, which every output escapes;
# the other control characters are signs of a file that is no text.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]")
_SPACES = " \t"
_AT_ONCE = 2**12  # rows whose cells are looked at as one text


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TextTable:
    """A header and rows of the same length.

    Attributes
    ----------
    header : tuple of str
        Names of the columns; none but the empty one occurs twice.
    rows : list of sequence of str
        Cells without surrounding spaces and tabs, in Unicode NFC.
    lines : list of int
        Where each row begins: its line in the file (the header is line 1), or its number, from 1,
        in a DataFrame.
    n_trimmed, n_normalised : int
        How many cells, header included, lost spaces or were composed.
    remarks : tuple of str
        What else is to be known of the table, in sentences.
    """

    header: tuple[str, ...] = field(repr=False)
    rows: list[Sequence[str]] = field(repr=False)
    lines: list[int] = field(repr=False)
    n_trimmed: int = 0
    n_normalised: int = 0
    remarks: tuple[str, ...] = ()

    def column(self, name: str) -> list[str]:
        """Return the cells of a column that is there, from top to bottom."""
        position = self.header.index(name)
        return [row[position] for row in self.rows]


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

    A row of another length than the header is told what `delimiter` does to an unquoted cell.

    Raises
    ------
    BiasRulerProblems
        All of ``BR403``, ``BR408`` and ``BR410`` that can be told from the cells, sorted by line.
    """
    broom = Broom(raw_header=table.header, delimiter=delimiter, shown=shown, limits=limits)
    rows: list[Sequence[str]] = []
    for begin in range(0, len(table.rows), _AT_ONCE):
        end = begin + _AT_ONCE
        rows += broom.tidy(table.rows[begin:end], lines=table.lines[begin:end])
    raise_if_any(broom.problems())
    return TextTable(
        header=broom.header,
        rows=rows,
        lines=table.lines,
        n_trimmed=broom.n_trimmed,
        n_normalised=broom.n_normalised,
        remarks=table.remarks,
    )


class Broom:
    """Tidies the rows of one table, as they come, and keeps what is wrong with them.

    Attributes
    ----------
    header : tuple of str
        Tidied.
    n_trimmed, n_normalised : int
        As `TextTable` counts them, of all rows so far and the header.
    """

    def __init__(
        self, *, raw_header: Sequence[str], delimiter: str | None, shown: str, limits: Limits
    ) -> None:
        self._delimiter, self._shown, self._limits = delimiter, shown, limits
        self._n_cells = len(raw_header)
        self._lengths, self._long, self._control = Listing(), Listing(), Listing()
        self.n_trimmed = self.n_normalised = 0
        self.header = tuple(self.tidy([raw_header], lines=[1])[0])

    def tidy(self, rows: list[Sequence[str]], *, lines: Sequence[int]) -> list[Sequence[str]]:
        """Return `rows` tidied, which begin at `lines`; what is wrong is kept for `problems`."""
        text = "".join(chain.from_iterable(rows))
        if set(map(len, rows)) - {self._n_cells}:
            self._lengths.add(self._other_lengths(rows, lines))
        longest = self._limits.max_cell_chars
        if max(map(len, chain.from_iterable(rows)), default=0) > longest:
            self._long.add(self._long_cells(rows, lines))
        if _CONTROL.search(text):
            self._control.add(self._control_characters(rows, lines))
        if text.isascii() and " " not in text and "\t" not in text:
            return rows
        return [self._tidied(row, longest=longest) for row in rows]

    def allows(self, texts: Collection[str]) -> bool:
        """Return whether none of these texts is too long or holds a control character."""
        longest = max(map(len, texts), default=0)
        return longest <= self._limits.max_cell_chars and not _CONTROL.search("".join(texts))

    def problems(self) -> list[BiasRulerError]:
        """Return what was wrong so far."""
        shown = self._shown
        return [
            *_same_names(self.header, where=f"{shown}:1" if self._delimiter else shown),
            *self._lengths.told(shown=shown),
            *self._long.told(shown=shown),
            *self._control.told(shown=shown),
        ]

    def _tidied(self, row: Sequence[str], *, longest: int) -> Sequence[str]:
        """Return `row` tidied but for cells of more than `longest` characters.

        Composing takes the square of the length of a run of accents: such a cell is refused.
        """
        text = "".join(row)
        if text.isascii() and " " not in text and "\t" not in text:  # most rows of most tables
            return row
        stripped = [cell.strip(_SPACES) for cell in row]
        composed = tuple(cell if len(cell) > longest else _composed(cell) for cell in stripped)
        self.n_trimmed += sum(map(ne, row, stripped))
        self.n_normalised += sum(map(ne, stripped, composed))
        return composed

    def _other_lengths(
        self, rows: Sequence[Sequence[str]], lines: Sequence[int]
    ) -> Iterator[BiasRulerError]:
        sign = "tab" if self._delimiter == "\t" else "comma"
        for row, line in zip(rows, lines, strict=True):
            if len(row) != self._n_cells:
                more = len(row) > self._n_cells
                yield BiasRulerError(
                    "BR408",
                    f"{len(row)} cells",
                    str(self._n_cells),
                    f"Quote the cell with a {sign}" if more else f"Add the missing {sign}",
                    f"{self._shown}:{line}",
                )

    def _long_cells(
        self, rows: Sequence[Sequence[str]], lines: Sequence[int]
    ) -> Iterator[BiasRulerError]:
        most = self._limits.max_cell_chars
        for row, line in zip(rows, lines, strict=True):
            longest = max(map(len, row), default=0)
            if longest > most:
                yield BiasRulerError(
                    "BR410",
                    f"cell of {longest} characters",
                    f"at most {most}",
                    "Shorten it or raise biasruler_max_cell_chars",
                    f"{self._shown}:{line}",
                )

    def _control_characters(
        self, rows: Sequence[Sequence[str]], lines: Sequence[int]
    ) -> Iterator[BiasRulerError]:
        for row, line in zip(rows, lines, strict=True):
            control = _CONTROL.search("".join(row))
            if control:
                yield BiasRulerError(
                    "BR410",
                    f"control character U+{ord(control[0]):04X}",
                    "printable text",
                    "Remove it or export the table again",
                    f"{self._shown}:{line}",
                )


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
