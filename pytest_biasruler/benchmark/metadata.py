"""Who the cases are: one row of text for each, and the patient each belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from pytest_biasruler.benchmark.demand import who_asks
from pytest_biasruler.benchmark.frames import frame_to_text
from pytest_biasruler.benchmark.joined import (
    Source,
    join,
    join_notes,
    repeated_cases,
    tidied_notes,
)
from pytest_biasruler.benchmark.paths import is_file_name
from pytest_biasruler.benchmark.problems import KeyPath, place_of
from pytest_biasruler.benchmark.refusals import first_of, raise_if_any
from pytest_biasruler.benchmark.splitting import cases_in_split
from pytest_biasruler.benchmark.tablefile import read_inner_table
from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.benchmark.notes import Note


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Metadata:
    """The metadata of a benchmark, sorted by case; the order of rows does not matter.

    Attributes
    ----------
    frame : DataFrame of str
        All named columns as written but for surrounding spaces and Unicode composition, indexed
        by case. An empty cell is ``""``; nothing is NaN.
    patients : Series of str
        Case to patient, never empty.
    sites : Series of str or None
        Case to site, ``""`` where it is not recorded; None if the benchmark names no site.
    lines : mapping
        Case to its place, such as ``"clinical.csv:14"`` (file and line) or ``"metadata:3"`` (row
        of a DataFrame, from 1), in the first table.
    shown : str
        How messages name the first table.
    others : mapping
        Column of a further table -> how messages name that table, and its `lines`.
    outside : tuple of str
        Cases of the table that the benchmark's split leaves out.
    """

    frame: pd.DataFrame = field(repr=False)
    patients: pd.Series[str] = field(repr=False)
    sites: pd.Series[str] | None = field(repr=False)
    lines: Mapping[str, str] = field(repr=False)
    notes: tuple[Note, ...]
    shown: str
    others: Mapping[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict, repr=False)
    outside: tuple[str, ...] = field(default=(), repr=False)

    @property
    def cases(self) -> tuple[str, ...]:
        """Names of the cases, sorted."""
        return tuple(self.frame.index)

    @property
    def known(self) -> tuple[str, ...]:
        """Names of all cases of the table, those outside the split after the others."""
        return (*self.cases, *self.outside)

    def shown_of(self, column: str) -> str:
        """Return how messages name the table that has `column`."""
        return self.others[column][0] if column in self.others else self.shown

    def lines_of(self, column: str) -> Mapping[str, str]:
        """Return case -> its place in the table that has `column`."""
        return {**self.lines, **self.others[column][1]} if column in self.others else self.lines

    def is_place(self, where: str) -> bool:
        """Return whether this is the place of some case."""
        return where in self.lines.values() or any(
            where in lines.values() for _, lines in self.others.values()
        )


def read_metadata(benchmark: Benchmark) -> Metadata:
    """Read the metadata of `benchmark` from its files or DataFrames, and leave its split.

    Raises
    ------
    BiasRulerProblems
        ``BR401`` a file lies outside the data root, or a case name cannot be part of a path;
        ``BR403`` a case or column twice; ``BR408`` a case without patient, no rows, case or
        patient given as floats; ``BR602`` a column that the tables lack, or a split without
        cases; and what the readers of tables refuse.
    """
    sources, name = _read_sources(benchmark), benchmark.case
    raise_if_any(_lacking_columns(benchmark, sources))
    main = sources[0]
    cases = main.table.column(name)
    places = [f"{main.shown}:{line}" for line in main.table.lines]
    if not cases:  # a header of many columns is not worth joining
        raise_if_any([_no_rows(main.shown)])
    columns, origins, clashes = join(sources, name)
    patients = columns[benchmark.patient or name]
    raise_if_any(
        [
            *first_of(_bad_names(cases, places), shown=main.shown),
            *(problem for source in sources for problem in repeated_cases(source, name)),
            *first_of(_without_patient(patients, places, benchmark=benchmark), shown=main.shown),
            *clashes,
        ]
    )
    index = pd.Index(cases, dtype=object, name="case")
    series = {each: pd.Series(cells, index=index, dtype=object) for each, cells in columns.items()}
    frame = pd.DataFrame(series, index=index).sort_index()
    lines = [source.places(name) for source in sources]
    others = {
        each: (sources[number].shown, lines[number]) for each, number in origins.items() if number
    }
    metadata = Metadata(
        frame=frame,
        patients=frame[benchmark.patient or name].rename("patient"),
        sites=None if benchmark.site is None else frame[benchmark.site].rename("site"),
        lines=lines[0],
        notes=(*tidied_notes(sources), *join_notes(sources, name)),
        shown=main.shown,
        others=others,
    )
    return metadata if benchmark.split is None else _in_split(metadata, benchmark=benchmark)


def _in_split(metadata: Metadata, *, benchmark: Benchmark) -> Metadata:
    """Return the metadata of the cases in the benchmark's split alone."""
    names, notes = cases_in_split(benchmark, metadata.frame, shown=metadata.shown)
    inside = [case for case in metadata.cases if case in names]
    return replace(
        metadata,
        frame=metadata.frame.loc[inside],
        patients=metadata.patients.loc[inside],
        sites=None if metadata.sites is None else metadata.sites.loc[inside],
        notes=(*metadata.notes, *notes),
        outside=tuple(case for case in metadata.cases if case not in names),
    )


def _read_sources(benchmark: Benchmark) -> tuple[Source, ...]:
    """Return the tables of the benchmark, each with the column that names the case."""
    given = benchmark.metadata if isinstance(benchmark.metadata, tuple) else (benchmark.metadata,)
    read: list[Source] = []
    problems: list[BiasRulerError] = []
    for number, source in enumerate(given, start=1):
        shown = "metadata" if len(given) == 1 else f"metadata {number}"
        try:
            read.append(_read_source(source, shown=shown, benchmark=benchmark))
        except BiasRulerProblems as error:
            problems += error.problems
    raise_if_any(problems)
    return tuple(read)


def _read_source(source: str | pd.DataFrame, *, shown: str, benchmark: Benchmark) -> Source:
    if isinstance(source, str):
        table = read_inner_table(source, key="metadata", benchmark=benchmark)
        return Source(shown=Path(source).name, table=table)
    frame = source.reset_index() if source.index.name == benchmark.case else source
    raise_if_any(_float_names(frame, benchmark=benchmark, shown=shown))
    return Source(shown=shown, table=frame_to_text(frame, shown=shown, limits=benchmark.limits))


def _float_names(
    frame: pd.DataFrame, *, benchmark: Benchmark, shown: str
) -> Iterator[BiasRulerError]:
    """Yield columns in which 007 has become 7.0, and long numbers may have changed digits."""
    for role, name in {"case": benchmark.case, "patient": benchmark.patient}.items():
        is_there = name is not None and list(frame.columns).count(name) == 1
        if is_there and frame[name].dtype.kind == "f":
            found = f'{role} column "{name}" holds floats'
            fix = "Read the table with dtype=str"
            yield BiasRulerError("BR408", found, "text or whole numbers", fix, shown)


def _lacking_columns(benchmark: Benchmark, sources: Sequence[Source]) -> Iterator[BiasRulerError]:
    place = place_of(benchmark)
    case = place(("benchmark", "case"))[1]
    for source in sources:
        if benchmark.case not in source.columns:
            why = who_asks(benchmark, "case")
            yield source.lacks(benchmark.case, "case", why=why).at(case)
    wanted: list[tuple[KeyPath, str | None]] = [
        (("benchmark", "patient"), benchmark.patient),
        (("benchmark", "site"), benchmark.site),
        *((("attributes", each.name), each.source) for each in benchmark.attributes),
    ]
    for path, name in wanted:
        if name is not None and not any(name in source.columns for source in sources):
            key = str(path[1])
            why = who_asks(benchmark, key) if path[0] == "benchmark" else ""
            yield sources[0].lacks(name, key, why=why).at(place(path)[1])


def _no_rows(shown: str) -> BiasRulerError:
    return BiasRulerError("BR408", "no rows", "one row per case", "Export it again", shown)


def _bad_names(cases: Sequence[str], places: Sequence[str]) -> Iterator[BiasRulerError]:
    for case, place in zip(cases, places, strict=True):
        if not case:
            found, expected = "case name is empty", "a name in every row"
            yield BiasRulerError(
                "BR401", found, expected, "Name the case or remove the row", place
            )
        elif not is_file_name(case):
            found = "case name leaves the data root"
            expected = "a name without slash, backslash, dots in a row, drive or address"
            yield BiasRulerError("BR401", found, expected, "Rename the case", place)


def _without_patient(
    patients: Sequence[str], places: Sequence[str], *, benchmark: Benchmark
) -> Iterator[BiasRulerError]:
    for patient, place in zip(patients, places, strict=True):
        if not patient and benchmark.patient not in (None, benchmark.case):
            found, expected = f"{benchmark.patient} is empty", "the patient of the case"
            yield BiasRulerError("BR408", found, expected, "Fill the cell", place)
