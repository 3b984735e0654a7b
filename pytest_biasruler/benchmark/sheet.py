"""The cells of a sheet as text, as they come."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.refusals import Listing
from pytest_biasruler.benchmark.texttable import too_many_rows
from pytest_biasruler.benchmark.workbook import damaged
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_biasruler.errors import Limits

_MOST_ROWS, _MOST_COLUMNS = 2**20, 2**14  # of Excel
_MOST_UNNAMED = 256  # columns; each takes room in every row
_MOST_CELLS = 2**25  # empty ones included

_MOST_KNOWN = 10_000  # texts of cells that are held once for all rows
_MOST_DIGITS = 30
_REFERENCE = re.compile(r"([A-Z]{1,3})[1-9][0-9]{0,6}")
_WHOLE = re.compile(r"-?[0-9]+")
_ERRORS = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A")


class Sheet:
    """Takes the elements of a sheet and keeps its rows.

    Attributes
    ----------
    header : tuple of str or None
        The first row with a cell that is not empty, to the last of these.
    rows, lines : list
        The rows below that hold something, as long as the header, and their numbers.
    n_hidden : int
        Rows kept that the sheet hides.
    """

    def __init__(
        self,
        *,
        strings: Sequence[str],
        date_of: Mapping[int, Callable[[float], str | None]],
        limits: Limits,
        shown: str,
    ) -> None:
        self._strings, self._date_of, self._limits = strings, date_of, limits
        self._shown = shown
        self._bad = {name: Listing() for name in ("error", "formula", "beyond", "long")}
        self._known: dict[str, str] = {}
        self._row = self._column = self._style = self._n_merged = 0
        self._kind, self._parts = "n", list[str]()
        self._cells: dict[int, str] = {}
        self._is_hidden = self._has_formula = self._collects = self._is_phonetic = False
        self.header: tuple[str, ...] | None = None
        self.rows: list[Sequence[str]] = []
        self.lines: list[int] = []
        self.n_hidden = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Take the beginning of an element."""
        match tag:
            case "row":
                self._begin_row(attributes)
            case "c":
                self._begin_cell(attributes)
            case "v" | "t":
                self._collects = not self._is_phonetic
            case "f":
                self._has_formula = True
            case "rPh":
                self._is_phonetic = True
            case "mergeCell":
                self._n_merged += 1

    def data(self, text: str) -> None:
        """Take text between, in pieces."""
        if self._collects:
            self._parts.append(text)

    def end(self, tag: str) -> None:
        """Take the end of an element."""
        match tag:
            case "v" | "t":
                self._collects = False
            case "rPh":
                self._is_phonetic = False
            case "c":
                self._end_cell()
            case "row":
                self._end_row()

    def problems(self) -> list[BiasRulerError]:
        """Return what was wrong with the cells."""
        told = [each for listing in self._bad.values() for each in listing.told(shown=self._shown)]
        if self._n_merged:
            found, fix = f"has {self._n_merged} merged cells", "Unmerge them, and fill each"
            told.append(BiasRulerError("BR408", found, "one value in each", fix, self._shown))
        return told

    def _begin_row(self, attributes: Mapping[str, str]) -> None:
        row = _number(attributes.get("r", str(self._row + 1)))
        if not self._row < row <= _MOST_ROWS:
            raise damaged("its rows are out of order")
        self._row, self._column, self._cells = row, 0, {}
        self._is_hidden = attributes.get("hidden") in ("1", "true")

    def _begin_cell(self, attributes: Mapping[str, str]) -> None:
        reference, column = attributes.get("r"), self._column + 1
        if reference is not None:
            place = _REFERENCE.fullmatch(reference)
            column = _column(place[1]) if place else 0
        if not self._column < column <= _MOST_COLUMNS:
            raise damaged("its cells are out of order")
        self._column, self._kind = column, attributes.get("t", "n")
        self._style = _number(attributes.get("s", "0"))
        self._has_formula, self._parts = False, []

    def _end_cell(self) -> None:
        stored = "".join(self._parts)
        self._parts = []
        if self._has_formula and not stored and self._kind != "str":
            found, fix = "a formula without a stored value", "Save it in a spreadsheet program"
            self._refuse("formula", "BR408", found, "a value", fix)
            return
        if self._kind == "e":
            name = stored if stored in _ERRORS else "value"
            found, fix = f"a cell holds the error {name}", "Correct or clear the cell"
            self._refuse("error", "BR408", found, "a value", fix)
            return
        text = self._text(stored)
        if len(text) > self._limits.max_cell_chars:
            most = self._limits.max_cell_chars
            found, fix = f"cell of {len(text)} characters", "biasruler_max_cell_chars"
            self._refuse("long", "BR410", found, f"at most {most}", f"Shorten it or raise {fix}")
        elif text.strip(" \t"):
            self._cells[self._column] = self._shared(text)

    def _text(self, stored: str) -> str:
        if self._kind == "s":
            place = _number(stored)
            if not place < len(self._strings):
                raise damaged("a cell refers to a text that is not there")
            return self._strings[place]
        if self._kind == "b":
            return "TRUE" if stored.strip() == "1" else "FALSE"
        if self._kind == "n" and stored:
            return number_text(stored.strip(), date=self._date_of.get(self._style))
        return stored.removesuffix("T00:00:00") if self._kind == "d" else stored

    def _shared(self, text: str) -> str:
        if len(self._known) < _MOST_KNOWN:
            return self._known.setdefault(text, text)
        return self._known.get(text, text)

    def _end_row(self) -> None:
        if not self._cells:
            return
        last = max(self._cells)
        if self.header is None:
            if last - len(self._cells) > _MOST_UNNAMED:
                raise damaged(f"{last - len(self._cells)} columns of its header have no name")
            self.header = self._filled(last)
            return
        width = len(self.header)
        if last > width:
            found, fix = "a cell right of the last column of the header", "Name its column"
            self._refuse("beyond", "BR408", found, "none", f"{fix}, or clear it")
        if len(self.rows) >= self._limits.max_rows:
            raise too_many_rows(self._limits)
        if (len(self.rows) + 1) * width > _MOST_CELLS:
            raise BiasRulerError(
                "BR410", f"more than {_MOST_CELLS} cells", "fewer", "Leave out columns"
            )
        self.rows.append(self._filled(width))
        self.lines.append(self._row)
        self.n_hidden += self._is_hidden

    def _filled(self, width: int) -> tuple[str, ...]:
        cells = self._cells
        return tuple([cells.get(column, "") for column in range(1, width + 1)])

    def _refuse(self, what: str, code: str, found: str, expected: str, fix: str) -> None:
        # The cell counts as filled, or its row would not be one.
        self._cells.setdefault(self._column, "")
        where = f"{self._shown}:{self._row}"
        self._bad[what].add([BiasRulerError(code, found, expected, fix, where)])


def number_text(stored: str, *, date: Callable[[float], str | None] | None = None) -> str:
    """Return a stored number as a reader would write it.

    Parameters
    ----------
    date : callable, optional
        What makes a date of the number, if the cell shows one; None if it cannot.

    Raises
    ------
    BiasRulerError
        ``BR408`` if it is no finite number.

    Examples
    --------
    >>> [number_text(stored) for stored in ("41", "41.0", "0.1", "1E-3", "12345678901234567")]
    ['41', '41', '0.1', '0.001', '12345678901234567']
    """
    try:
        number = float(stored)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise damaged("a number in it is none")
    told = date(number) if date is not None else None
    if told is not None:
        return told
    if _WHOLE.fullmatch(stored) and len(stored) <= _MOST_DIGITS:
        return str(int(stored))
    is_whole = number.is_integer() and abs(number) < 2**53
    return str(int(number)) if is_whole else repr(number)


def _number(text: str) -> int:
    if not text.strip().isascii() or not text.strip().isdigit() or len(text) > _MOST_DIGITS:
        raise damaged("a place in it is no number")
    return int(text)


def _column(letters: str) -> int:
    """Return the number of a column, from 1.

    Examples
    --------
    >>> [_column(letters) for letters in ("A", "Z", "AA", "XFD")]
    [1, 26, 27, 16384]
    """
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number
