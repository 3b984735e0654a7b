"""The only reader of Parquet: ready score tables in parts, through the extra ``[tables]``."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_biasruler.benchmark.columnar import import_pyarrow, name_type, open_columnar
from pytest_biasruler.benchmark.refusals import raise_if_any
from pytest_biasruler.benchmark.texttable import Broom, tidy, too_many_bytes, too_many_rows
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.ledger import Coded
from pytest_biasruler.scoring.table import KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from pytest_biasruler.errors import Limits

    Column = Coded | NDArray[np.float64]

SUFFIX = ".parquet"
_AT_ONCE = 2**16  # rows


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Batch:
    """Some rows of a Parquet table, numbered from 1; of its columns those that were wanted."""

    header: tuple[str, ...]
    lines: range
    columns: Mapping[str, Column] = field(repr=False)

    def column(self, name: str) -> Column:
        """Return the cells of a column, texts as codes."""
        return self.columns[name]


def read_parquet_parts(
    path: Path,
    *,
    shown: str,
    wanted: Callable[[str], bool],
    limits: Limits,
    needed: str = "",
    keys: Collection[str] = KEYS,
) -> Generator[Batch, None, None]:
    """Yield a score table in parts, at least one; only `wanted` columns are read.

    Names may be strings, dictionaries of strings or whole numbers, which become text without
    decimals (7, never 7.0). Scores may be numbers, or strings that are read as those of a CSV
    file are; null is undefined. What pandas or others have stored beside the columns is not
    looked at. What `needed` says, see `too_many_rows`; `keys` are the columns that hold names.

    Raises
    ------
    BiasRulerProblems
        ``BR403`` two columns of one name; ``BR406`` scores of a type that is no number; ``BR408``
        no such file, a damaged one, or names of another type; ``BR409`` without pyarrow;
        ``BR410`` control character or limit exceeded: of bytes, the file and its wanted columns
        unpacked are held against it.
    """
    try:
        pa = import_pyarrow()
        with open_columnar(path, pa=pa, limits=limits, needed=needed) as file:
            schema = file.schema_arrow
            head = Broom(raw_header=schema.names, delimiter=None, shown=shown, limits=limits)
            raise_if_any(head.problems())
            kinds = {
                name: schema.field(place).type
                for place, name in enumerate(head.header)
                if wanted(name)
            }
            raise_if_any(_odd_types(kinds, keys=keys, pa=pa, shown=shown))
            _check_size(file, kinds, head.header, limits=limits, needed=needed)
            texts = [name for name in kinds if name in keys]
            broom = Broom(raw_header=texts, delimiter=None, shown=shown, limits=limits)
            for batch in _batches(file, kinds, header=head.header, pa=pa, broom=broom):
                if not broom.problems():
                    yield batch
    except BiasRulerError as error:
        raise_if_any([error.at(error.where or shown)])
        raise
    raise_if_any(broom.problems())


def _odd_types(
    kinds: Mapping[str, Any], *, keys: Collection[str], pa: Any, shown: str
) -> Iterator[BiasRulerError]:
    for name, kind in kinds.items():
        of = kind.value_type if pa.types.is_dictionary(kind) else kind
        is_text = _is_text(of, pa=pa) or pa.types.is_null(of)
        found = f'column "{name}" holds {name_type(of)}'
        if is_text or pa.types.is_integer(of):
            continue
        if name in keys:
            yield BiasRulerError(
                "BR408", found, "text or whole numbers", "Write it as text", shown
            )
        elif not (pa.types.is_floating(of) or pa.types.is_decimal(of)):
            yield BiasRulerError("BR406", found, "numbers", "Write it as numbers", shown)


def _check_size(
    file: Any, kinds: Collection[str], header: tuple[str, ...], *, limits: Limits, needed: str
) -> None:
    """Refuse what would unpack to more than the limits allow, by what the file says of itself."""
    facts = file.metadata
    if facts.num_rows > limits.max_rows:
        raise too_many_rows(limits, needed=needed)
    named = zip(file.schema_arrow.names, header, strict=True)
    originals = {original for original, name in named if name in kinds}
    groups = map(facts.row_group, range(facts.num_row_groups))
    n_bytes = sum(
        column.total_uncompressed_size
        for group in groups
        for column in map(group.column, range(group.num_columns))
        if column.path_in_schema.partition(".")[0] in originals
    )
    if n_bytes > limits.max_table_bytes:
        raise too_many_bytes(n_bytes, limits, needed=needed)


def _batches(
    file: Any, kinds: Mapping[str, Any], *, header: tuple[str, ...], pa: Any, broom: Broom
) -> Iterator[Batch]:
    """Yield the table as codes and numbers; a table without rows as one batch without any."""
    originals = dict(zip(header, file.schema_arrow.names, strict=True))
    begin = 1
    empty = pa.RecordBatch.from_arrays(
        [pa.array([], type=kind) for kind in kinds.values()],
        names=[originals[name] for name in kinds],
    )
    read = file.iter_batches(batch_size=_AT_ONCE, columns=[originals[name] for name in kinds])
    for batch in chain([empty], read):
        lines = range(begin, begin + batch.num_rows)
        columns = {
            name: _column(batch.column(originals[name]), is_text=name in broom.header, pa=pa)
            for name in kinds
        }
        _sweep(columns, lines, broom=broom)
        yield Batch(header=header, lines=lines, columns=columns)
        begin += batch.num_rows


def _column(cells: Any, *, is_text: bool, pa: Any) -> Column:
    kind = cells.type.value_type if pa.types.is_dictionary(cells.type) else cells.type
    if not is_text and not _is_text(kind, pa=pa):
        numbers = cells.cast(kind)
        if pa.types.is_decimal(
            kind
        ):  # as a CSV file: the direct cast misses one in three by a bit
            numbers = numbers.cast(pa.string())
        found: NDArray[np.float64] = numbers.cast(pa.float64(), safe=False).to_numpy(
            zero_copy_only=False
        )
        return found
    if not pa.types.is_dictionary(cells.type):
        cells = cells.cast(pa.string()).dictionary_encode()
    codes = cells.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    used, codes = np.unique(codes, return_inverse=True)  # a dictionary may hold more than is used
    known = cells.dictionary.cast(pa.string())
    texts = known.take(pa.array(np.maximum(used, 0))).to_pylist() if len(known) else [""]
    names = [
        "" if code < 0 or text is None else text for code, text in zip(used, texts, strict=False)
    ]
    return Coded(names=names, codes=codes)


def _is_text(kind: Any, *, pa: Any) -> bool:
    is_view = getattr(pa.types, "is_string_view", None)  # since pyarrow 16
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or (is_view is not None and is_view(kind))
    )


def _sweep(columns: dict[str, Column], lines: range, *, broom: Broom) -> None:
    """Tidy the texts in `columns`, or let the broom tell what is wrong with them."""
    coded = {name: column for name, column in columns.items() if isinstance(column, Coded)}
    keys = [coded[name] for name in broom.header]
    if not all(broom.allows(column.names) for column in keys):
        texts = [[column.names[code] for code in column.codes.tolist()] for column in keys]
        broom.tidy(list(zip(*texts, strict=True)), lines=lines)
    for name, column in coded.items():
        columns[name] = Coded(names=[tidy(text) for text in column.names], codes=column.codes)
