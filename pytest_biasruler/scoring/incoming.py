"""One ready score table on disk, opened: found, read by its format, and brought into our form."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.definition import ReferenceKind, ScoreFormat
from pytest_biasruler.benchmark.paths import is_inside
from pytest_biasruler.benchmark.refusals import problems_of, raise_if_any
from pytest_biasruler.benchmark.score_keys import parts_of
from pytest_biasruler.benchmark.spreadsheet import read_spreadsheet
from pytest_biasruler.benchmark.textfile import read_text_parts
from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems
from pytest_biasruler.scoring.allowance import refuse_links
from pytest_biasruler.scoring.monai import (
    case_of_file,
    delimiter_of,
    mend_header,
    read_monai,
    refuse_running_numbers,
)
from pytest_biasruler.scoring.nnunet import read_summary
from pytest_biasruler.scoring.panoptica import groups_of, read_panoptica, without_instances
from pytest_biasruler.scoring.parquet import SUFFIX, read_parquet_parts
from pytest_biasruler.scoring.published import Incoming
from pytest_biasruler.scoring.table import KEYS
from pytest_biasruler.scoring.tidy import read_names, same_in_every_row, tidy_columns
from pytest_biasruler.scoring.unfold import rename, unfold, without_blanks
from pytest_biasruler.scoring.wide import case_column, fits, read_wide

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.benchmark.texttable import TextTable
    from pytest_biasruler.errors import Limits
    from pytest_biasruler.scoring.allowance import Allowance
    from pytest_biasruler.scoring.ledger import Part
    from pytest_biasruler.scoring.naming import Naming

    Shaped = tuple[Callable[[Iterable[Any]], Iterator[Part]], int]


def open_table(naming: Naming, *, benchmark: Benchmark, allowance: Allowance) -> Incoming:
    """Return a table of which the header is read, and the rows are about to be.

    Raises
    ------
    BiasRulerProblems
        What the reader of the format refuses; ``BR401`` if the file lies outside the data root,
        ``BR402`` if that of an untrusted benchmark is a link, ``BR410`` if it is too large,
        ``BR602`` if its columns, or the keys of its table in the benchmark, do not say enough.
    """
    path = _locate(naming, benchmark)
    allowance.weigh(path, shown=naming.shown)
    if naming.source.format == ScoreFormat.NNUNET:
        parts = _summary(path, naming, benchmark=benchmark, allowance=allowance)
        return Incoming(shown=naming.shown, parts=allowance.count(parts, shown=naming.shown))
    raw = _raw_parts(path, naming, is_trusted=not benchmark.untrusted, allowance=allowance)
    first = next(raw)
    try:
        shape, n_left = _SHAPES[ScoreFormat(naming.source.format)](first, naming, benchmark)
    except BiasRulerProblems:
        for _ in raw:  # a file that is damaged, or no table at all, is told first
            pass
        raise
    parts = _shaped(first, raw, shape=shape)
    return Incoming(
        shown=naming.shown, parts=allowance.count(parts, shown=naming.shown), n_left=n_left
    )


def _locate(naming: Naming, benchmark: Benchmark) -> Path:
    root, table = benchmark.root, naming.source.table
    path = Path(table) if root is None else root / table
    if root is not None and not is_inside(path, root=root):
        found, fix = "the score table leaves the data root", "Set root in [benchmark]"
        raise_if_any([BiasRulerError("BR401", found, "a path inside it", fix, naming.place)])
    if benchmark.untrusted:
        raise_if_any(problems_of(lambda: refuse_links(path, root=root, shown=naming.shown)))
    return path


def _raw_parts(
    path: Path, naming: Naming, *, is_trusted: bool, allowance: Allowance
) -> Generator[Any, None, None]:
    """Yield a table as it stands in its file, with columns of theirs."""
    rules: dict[str, Any] = {
        "shown": naming.shown,
        "limits": allowance.limits,
        "needed": allowance.needed,
    }
    kind, is_parquet = naming.source.format, path.suffix.lower() == SUFFIX and is_trusted
    if is_parquet and kind == ScoreFormat.TIDY:
        columns = tidy_columns(naming)
        keys = [theirs for theirs, ours in columns.items() if ours in KEYS]
        return read_parquet_parts(path, wanted=columns.__contains__, keys=keys, **rules)
    if is_parquet and kind == ScoreFormat.WIDE:
        case, is_score = case_column(naming), fits(naming)
        wanted = lambda name: name == case or is_score(name)  # noqa: E731  (used in one place)
        return read_parquet_parts(path, wanted=wanted, keys=[case], **rules)
    if path.suffix.lower() == ".xlsx" and is_trusted:
        return _spreadsheet(path, shown=naming.shown, limits=allowance.limits)
    if kind == ScoreFormat.MONAI:
        return read_text_parts(path, delimiter=delimiter_of(path), mend=mend_header, **rules)
    return read_text_parts(path, **rules)


def _spreadsheet(path: Path, *, shown: str, limits: Limits) -> Generator[TextTable, None, None]:
    yield read_spreadsheet(path, shown=shown, limits=limits)


def _shaped(
    first: Part,
    raw: Generator[Part, None, None],
    *,
    shape: Callable[[Iterable[Part]], Iterator[Part]],
) -> Generator[Part, None, None]:
    with closing(raw):
        yield from shape(chain([first], raw))


def _tidy(first: Part, naming: Naming, benchmark: Benchmark) -> Shaped:
    del benchmark
    same = same_in_every_row(naming)
    if not (same or naming.source.columns or naming.source.metric):
        return iter, 0
    names = read_names(first.header, naming)
    return partial(map, partial(rename, names=names, same=same)), 0


def _wide(first: Part, naming: Naming, benchmark: Benchmark) -> Shaped:
    same = about_all(naming, benchmark, unless=parts_of(naming.source.pattern or ""))
    reading = read_wide(first.header, naming, same=same)

    def shape(parts: Iterable[Part]) -> Iterator[Part]:
        return (without_blanks(rows) for part in parts for rows in unfold(part, reading))

    return shape, reading.n_left


def _panoptica(first: TextTable, naming: Naming, benchmark: Benchmark) -> Shaped:
    same = about_all(naming, benchmark)
    reading, groups = read_panoptica(first.header, naming, same=same), groups_of(first.header)

    def shape(parts: Iterable[TextTable]) -> Iterator[Part]:
        for part in parts:
            yield from unfold(without_instances(part, groups), reading)

    return shape, 0


def _monai(first: TextTable, naming: Naming, benchmark: Benchmark) -> Shaped:
    reading = read_monai(first.header, naming, same=about_all(naming, benchmark))

    def shape(parts: Iterable[TextTable]) -> Iterator[Part]:
        n_before = 0
        for part in parts:
            refuse_running_numbers(part, naming, begin=n_before)
            n_before += len(part.lines)
            yield from unfold(part, reading, cases=lambda files: list(map(case_of_file, files)))

    return shape, 0


_SHAPES: Mapping[ScoreFormat, Callable[[Any, Naming, Benchmark], Shaped]] = {
    ScoreFormat.TIDY: _tidy,
    ScoreFormat.WIDE: _wide,
    ScoreFormat.PANOPTICA: _panoptica,
    ScoreFormat.MONAI: _monai,
}


def about_all(
    naming: Naming, benchmark: Benchmark, *, unless: tuple[str, ...] = ()
) -> dict[str, str]:
    """Return what the whole table is about: what its keys say, else the only model and reference.

    Parameters
    ----------
    unless : tuple of str
        What the columns say.

    Raises
    ------
    BiasRulerProblems
        ``BR602`` if it could be one of several models or references.
    """
    source = naming.source
    told = {key: getattr(source, key) for key in (*KEYS[1:], "metric") if key not in unless}
    same = {key: name for key, name in told.items() if name is not None}
    experts = [each for each in benchmark.references if each.kind == ReferenceKind.EXPERT]
    for key, named in (
        ("model", benchmark.models),
        ("reference", experts or benchmark.references),
    ):
        if key in same or key in unless:
            continue
        if len(named) != 1:
            found = f"{len(named)} {key}s, and nothing says which one {naming.shown} is about"
            fix = f'Write {key} = "{named[0].name}" beside its table' if named else f"Add a {key}"
            raise_if_any([naming.refused(found, expected="one", fix=fix)])
        same[key] = named[0].name
    return same


def _summary(
    path: Path, naming: Naming, *, benchmark: Benchmark, allowance: Allowance
) -> Generator[Part, None, None]:
    same = about_all(naming, benchmark)
    raise_if_any(naming.unknown_names((*naming.metrics, *benchmark.labels)))
    try:
        yield read_summary(
            path,
            **same,
            labels=benchmark.labels,
            columns=naming.source.columns,
            shown=naming.shown,
            limits=allowance.limits,
            needed=allowance.needed,
        )
    except BiasRulerProblems:
        raise
    except BiasRulerError as error:
        raise BiasRulerProblems([error]) from None
