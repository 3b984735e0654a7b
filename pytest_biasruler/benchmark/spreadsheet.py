"""The only reader of spreadsheets: ``.xlsx``, through the extra ``[tables]``."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.refusals import raise_if_any
from pytest_biasruler.benchmark.sheet import Sheet
from pytest_biasruler.benchmark.texttable import TextTable, check_table
from pytest_biasruler.benchmark.workbook import Workbook, damaged, open_workbook
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pytest_biasruler.errors import Limits

    DateOf = dict[int, Callable[[float], str | None]]

_MOST_STYLES, _MOST_TEXTS = 2**16, 2**23
_LONGEST_FORMAT = 1024  # that of Excel is 255; searching it takes the square of its length
_LARGEST_DAY = 3_000_000  # of the year 9999


def read_spreadsheet(path: Path, *, shown: str, limits: Limits) -> TextTable:
    """Read the first sheet of an ``.xlsx`` file as text; all problems of its cells at once.

    Whole numbers have no decimals, others their shortest digits; dates are ISO 8601, booleans
    TRUE and FALSE. Formulas count as the values stored with them; nothing is computed. Rows
    without any value are none. The lines of the table are the numbers of its rows.

    Parameters
    ----------
    path : Path
        Not for files of strangers.
    shown : str
        How messages name the file.
    limits : Limits
        `max_rows`, `max_cell_chars` and `max_table_bytes` are used; the last for the file packed
        and unpacked.

    Raises
    ------
    BiasRulerProblems
        ``BR403`` two columns of one name; ``BR408`` no such file, a damaged one, merged cells,
        error values, formulas without a value, cells beyond the header; ``BR409`` without the
        extra, with macros or links to other files; ``BR410`` control character or limit exceeded.
        No cell is ever quoted.
    """
    try:
        with open_workbook(path, limits=limits) as workbook:
            sheet, n_sheets = _read_first(workbook, shown=shown, limits=limits)
    except BiasRulerError as error:
        raise_if_any([error.at(f"{shown}{error.where}")])
        raise
    problems = sheet.problems()
    if sheet.header is None:
        expected = "a header and rows"
        problems = problems or [
            BiasRulerError("BR408", "its first sheet is empty", expected, "Save it again", shown)
        ]
    raise_if_any(problems)
    table = TextTable(
        header=sheet.header or (),
        rows=sheet.rows,
        lines=sheet.lines,
        remarks=_remarks(sheet, n_sheets=n_sheets, shown=shown),
    )
    return check_table(table, delimiter=None, shown=shown, limits=limits)


def _remarks(sheet: Sheet, *, n_sheets: int, shown: str) -> tuple[str, ...]:
    texts = [f"{shown} is a spreadsheet, whose numbers have no leading zeros: 007 may be 7 there"]
    if sheet.n_hidden:
        texts.append(f"{sheet.n_hidden} hidden rows of {shown} were read as all others")
    if n_sheets > 1:
        texts.append(f"{shown} has {n_sheets} sheets, and only the first was read")
    return tuple(texts)


def _read_first(workbook: Workbook, *, shown: str, limits: Limits) -> tuple[Sheet, int]:
    """Return the first sheet, and how many there are."""
    main = _only(workbook.related(""), "officeDocument")
    book, related = _Book(), workbook.related(main)
    workbook.tell(main, book)
    kind, part = related.get(book.first, ("", ""))
    if kind != "worksheet":
        raise damaged("its first sheet is no table")
    strings, styles = _Strings(), _Styles()
    if texts := _only(related, "sharedStrings", default=""):
        workbook.tell(texts, strings)
    if style := _only(related, "styles", default=""):
        workbook.tell(style, styles)
    sheet = Sheet(
        strings=strings.texts,
        date_of=styles.dates(is_1904=book.is_1904),
        limits=limits,
        shown=shown,
    )
    workbook.tell(part, sheet)
    return sheet, book.n_sheets


def _only(related: Mapping[str, tuple[str, str]], kind: str, default: str | None = None) -> str:
    found = next((part for each, part in related.values() if each == kind), default)
    if found is None:
        raise damaged("it holds no workbook")
    return found


class _Strings:
    """Takes the texts that cells share; how a text is to be pronounced is no part of it."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._parts: list[str] = []
        self._collects = self._is_phonetic = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        del attributes
        if tag == "si":
            self._parts = []
        self._is_phonetic |= tag == "rPh"
        self._collects = tag == "t" and not self._is_phonetic

    def data(self, text: str) -> None:
        if self._collects:
            self._parts.append(text)

    def end(self, tag: str) -> None:
        self._collects = False
        if tag == "rPh":
            self._is_phonetic = False
        elif tag == "si":
            self.texts.append("".join(self._parts))
            if len(self.texts) > _MOST_TEXTS:
                raise damaged("it has too many texts")


class _Book:
    """Takes which sheet is the first, and from which day dates are counted."""

    def __init__(self) -> None:
        self.first, self.n_sheets, self.is_1904 = "", 0, False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "workbookPr":
            self.is_1904 = attributes.get("date1904") in ("1", "true")
        elif tag == "sheet":
            self.n_sheets += 1
            if self.n_sheets == 1:
                # The id is in a namespace of its own, sheetId in none.
                named = (value for name, value in attributes.items() if name.endswith("}id"))
                self.first = next(named, "")

    def end(self, tag: str) -> None:
        pass

    def data(self, text: str) -> None:
        pass


class _Styles:
    """Takes which styles show a number as a date."""

    def __init__(self) -> None:
        self._formats: dict[str, str] = {}
        self._of_style: list[str] = []
        self._is_of_cells = False

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "numFmt":
            code = attributes.get("formatCode", "")
            if len(code) > _LONGEST_FORMAT:
                raise damaged("it has a format that is too long")
            self._formats[attributes.get("numFmtId", "")] = code
        elif tag == "cellXfs":
            self._is_of_cells = True
        elif tag == "xf" and self._is_of_cells:
            self._of_style.append(attributes.get("numFmtId", "0"))
        if len(self._of_style) + len(self._formats) > _MOST_STYLES:
            raise damaged("it has too many styles")

    def end(self, tag: str) -> None:
        self._is_of_cells &= tag != "cellXfs"

    def data(self, text: str) -> None:
        pass

    def dates(self, *, is_1904: bool) -> DateOf:
        """Return style -> what makes a date of a number, for styles that show dates."""
        numbers: Any = import_module("openpyxl.styles.numbers")
        built_in = {str(key): code for key, code in numbers.BUILTIN_FORMATS.items()}
        codes = {**built_in, **self._formats}
        date = _as_date(is_1904=is_1904)
        return {
            style: date
            for style, number in enumerate(self._of_style)
            if numbers.is_date_format(codes.get(number))
            and not numbers.is_timedelta_format(codes.get(number))
        }


def _as_date(*, is_1904: bool) -> Callable[[float], str | None]:
    tools: Any = import_module("openpyxl.utils.datetime")
    epoch = tools.MAC_EPOCH if is_1904 else tools.WINDOWS_EPOCH

    def date(number: float) -> str | None:
        if not 0 <= number < _LARGEST_DAY:
            return None
        try:
            text: str = tools.from_excel(number, epoch=epoch).isoformat()
        except (OverflowError, ValueError):
            return None
        return text.removesuffix("T00:00:00")

    return date
