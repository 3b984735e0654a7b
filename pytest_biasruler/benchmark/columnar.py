"""Parquet files as tables of text, and how any Parquet file is opened."""

from __future__ import annotations

import re
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.refusals import raise_if_any
from pytest_biasruler.benchmark.texttable import (
    Broom,
    TextTable,
    too_many_bytes,
    too_many_rows,
)
from pytest_biasruler.errors import BiasRulerError, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_biasruler.errors import Limits

_OLDEST = (15, 0, 0)  # the first that verifies the checksums of pages
_AT_ONCE = 2**12  # rows
_LONGEST_TYPE = 40  # of those without fields, fixed_size_binary[16] is as long as they come
_LARGEST_WHOLE = 2**53  # above it, floats skip whole numbers


def read_columnar(path: Path, *, shown: str, limits: Limits) -> TextTable:
    """Read a Parquet file as text, its rows numbered from 1.

    Whole numbers have no decimals (7, never 7.0), others their shortest digits; dates and times
    are ISO 8601; null and NaN are empty. What pandas or others have stored beside the columns is
    not looked at.

    Raises
    ------
    BiasRulerProblems
        ``BR403`` two columns of one name; ``BR408`` no such file, a damaged one, or a column that
        is neither text nor numbers nor dates; ``BR409`` without pyarrow; ``BR410`` control
        character or limit exceeded: of bytes, the file and its columns unpacked are held against
        it.
    """
    rows: list[Sequence[str]] = []
    try:
        pa = import_pyarrow()
        with open_columnar(path, pa=pa, limits=limits) as file:
            names = file.schema_arrow.names
            raise_if_any(_odd_types(file.schema_arrow, pa=pa))
            _check_size(file.metadata, limits=limits)
            broom = Broom(raw_header=names, delimiter=None, shown=shown, limits=limits)
            for batch in file.iter_batches(batch_size=_AT_ONCE):
                texts = [_texts(column, pa=pa, limits=limits) for column in batch.columns]
                lines = range(len(rows) + 1, len(rows) + batch.num_rows + 1)
                rows += broom.tidy(list(zip(*texts, strict=True)), lines=lines)
    except BiasRulerError as error:
        raise_if_any([error.at(error.where or shown)])
        raise
    raise_if_any(broom.problems())
    return TextTable(
        header=broom.header,
        rows=rows,
        lines=list(range(1, len(rows) + 1)),
        n_trimmed=broom.n_trimmed,
        n_normalised=broom.n_normalised,
    )


def import_pyarrow() -> Any:
    """Return pyarrow with ``pyarrow.parquet``.

    Raises
    ------
    BiasRulerError
        ``BR409`` if it is not installed, cannot be imported beside what else is (a newer one
        needs numpy 2), or is so old that it verifies no checksums.
    """
    pa: Any
    try:
        pa = import_module("pyarrow")
        import_module("pyarrow.parquet")
    except ModuleNotFoundError:
        pa = None
    except ImportError as error:
        found = f"table is a .parquet file, and pyarrow cannot be used: {printable(str(error))}"
        fix = "Install versions that fit each other, or export the table as CSV"
        raise BiasRulerError("BR409", found, "CSV or TSV", fix) from error
    if pa is None or tuple(map(int, re.findall(r"\d+", pa.__version__)[:3])) < _OLDEST:
        found = "table is a .parquet file, and pyarrow 15 or newer is not installed"
        fix = 'pip install "pytest-biasruler[tables]", or export it as CSV'
        raise BiasRulerError("BR409", found, "CSV or TSV", fix)
    return pa


@contextmanager
def open_columnar(path: Path, *, pa: Any, limits: Limits, needed: str = "") -> Iterator[Any]:
    """Open a Parquet file.

    Raises
    ------
    BiasRulerError
        ``BR408`` no such file, or a damaged one, also if that shows itself later; ``BR410`` too
        many bytes. What `needed` says, see `too_many_rows`.
    """
    expected = "a Parquet file"
    if not path.is_file():  # a pipe would block the run
        raise BiasRulerError("BR408", "no such file", expected, "Correct the path")
    n_bytes = path.stat().st_size
    if n_bytes > limits.max_table_bytes:
        raise too_many_bytes(n_bytes, limits, needed=needed)
    try:
        with pa.parquet.ParquetFile(path, page_checksum_verification=True) as file:
            yield file
    except PermissionError as error:
        found, fix = f"cannot be read ({error.strerror})", "Change its permissions"
        raise BiasRulerError("BR408", found, "a readable file", fix) from None
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        raise BiasRulerError("BR408", "is damaged", expected, "Export it again") from None


def _odd_types(schema: Any, *, pa: Any) -> Iterator[BiasRulerError]:
    for place, field in enumerate(schema, start=1):
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if not any(getattr(pa.types, f"is_{name}")(kind) for name in _KINDS):
            # By position: names may be cells of a table that was written without a header.
            found = f"column {place} holds {name_type(kind)}"
            yield BiasRulerError("BR408", found, "text", "Write it as text")


def name_type(kind: Any) -> str:
    """Return what a column holds in a word: the fields of a nested type have somebody's names."""
    return printable(str(kind).partition("<")[0][:_LONGEST_TYPE])


_KINDS = (
    *("string", "large_string", "null", "boolean", "integer", "floating", "decimal"),
    *("date", "timestamp", "time"),
)


def _check_size(facts: Any, *, limits: Limits) -> None:
    """Refuse what would unpack to more than the limits allow, by what the file says of itself."""
    if facts.num_rows > limits.max_rows:
        raise too_many_rows(limits)
    groups = map(facts.row_group, range(facts.num_row_groups))
    n_bytes = sum(group.total_byte_size for group in groups)
    if n_bytes > limits.max_table_bytes:
        raise too_many_bytes(n_bytes, limits)


def _texts(column: Any, *, pa: Any, limits: Limits) -> list[str]:
    """Return the cells of a column, one object for equal texts."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    texts = [_text(value) for value in column.dictionary.to_pylist()]
    longest = max(map(len, texts), default=0)
    if longest > limits.max_cell_chars:
        found, most = f"cell of {longest} characters", limits.max_cell_chars
        fix = "Shorten it or raise biasruler_max_cell_chars"
        raise BiasRulerError("BR410", found, f"at most {most}", fix)
    return ["" if code is None else texts[code] for code in column.indices.to_pylist()]


def _text(value: Any) -> str:
    if value is None or value != value:  # NaN alone differs from itself
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST_WHOLE:
        return str(int(value))  # pandas writes whole numbers as floats where one is missing
    return str(value) if not hasattr(value, "isoformat") else str(value.isoformat())
