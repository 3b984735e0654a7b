"""Who the cases are: one row of text for each, and the patient each belongs to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from pytest_biasruler.benchmark.frames import frame_to_text
from pytest_biasruler.benchmark.notes import Note
from pytest_biasruler.benchmark.paths import is_file_name, is_inside
from pytest_biasruler.benchmark.problems import KeyPath, place_of
from pytest_biasruler.benchmark.refusals import first_of, lines_text, raise_if_any
from pytest_biasruler.benchmark.rules import nearest
from pytest_biasruler.benchmark.textfile import read_text_table
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.benchmark.texttable import TextTable


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
        of a DataFrame, from 1).
    shown : str
        How messages name the table.
    """

    frame: pd.DataFrame = field(repr=False)
    patients: pd.Series[str] = field(repr=False)
    sites: pd.Series[str] | None = field(repr=False)
    lines: Mapping[str, str] = field(repr=False)
    notes: tuple[Note, ...]
    shown: str

    @property
    def cases(self) -> tuple[str, ...]:
        """Names of the cases, sorted."""
        return tuple(self.frame.index)


def read_metadata(benchmark: Benchmark) -> Metadata:
    """Read the metadata of `benchmark` from its file or DataFrame.

    Raises
    ------
    BiasRulerProblems
        ``BR401`` the file lies outside the data root, or a case name cannot be part of a path;
        ``BR403`` a case or column twice; ``BR408`` a case without patient, no rows, case or
        patient given as floats; ``BR602`` a column that the table lacks; and what
        `read_text_table` refuses.
    """
    shown, table = _read_table(benchmark)
    raise_if_any(_lacking_columns(benchmark, table=table, shown=shown))
    cases = _column(table, benchmark.case)
    patients = cases if benchmark.patient is None else _column(table, benchmark.patient)
    places = [f"{shown}:{line}" for line in table.lines]
    raise_if_any(
        [
            *([] if cases else [_no_rows(shown)]),
            *first_of(_bad_names(cases, places), shown=shown),
            *first_of(_repeated_cases(cases, table.lines, shown=shown), shown=shown),
            *first_of(_without_patient(patients, places, benchmark=benchmark), shown=shown),
        ]
    )
    return _metadata(benchmark, table, shown=shown)


def _metadata(benchmark: Benchmark, table: TextTable, *, shown: str) -> Metadata:
    cases = _column(table, benchmark.case)
    named = [name for name in table.header if name]
    index = pd.Index(cases, dtype=object, name="case")
    columns = {name: pd.Series(_column(table, name), index=index, dtype=object) for name in named}
    frame = pd.DataFrame(columns, index=index).sort_index()
    return Metadata(
        frame=frame,
        patients=frame[benchmark.patient or benchmark.case].rename("patient"),
        sites=None if benchmark.site is None else frame[benchmark.site].rename("site"),
        lines={case: f"{shown}:{line}" for case, line in zip(cases, table.lines, strict=True)},
        notes=_tidied_note(table, shown=shown),
        shown=shown,
    )


def _read_table(benchmark: Benchmark) -> tuple[str, TextTable]:
    source = benchmark.metadata
    if not isinstance(source, str):
        shown = "metadata"
        frame = source.reset_index() if source.index.name == benchmark.case else source
        raise_if_any(_float_names(frame, benchmark=benchmark, shown=shown))
        return shown, frame_to_text(frame, shown=shown, limits=benchmark.limits)
    shown = Path(source).name
    path = Path(source) if benchmark.root is None else benchmark.root / source
    # The benchmark has judged the spelling of the path; where a link leads is seen only now.
    if benchmark.root is not None and not is_inside(path, root=benchmark.root):
        found, fix = "metadata leaves the data root", "Set root in [benchmark]"
        where = place_of(benchmark)(("benchmark", "metadata"))[1]
        raise_if_any([BiasRulerError("BR401", found, "a path inside it", fix, where)])
    return shown, read_text_table(path, shown=shown, limits=benchmark.limits)


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


def _lacking_columns(
    benchmark: Benchmark, *, table: TextTable, shown: str
) -> Iterator[BiasRulerError]:
    wanted: list[tuple[KeyPath, str | None]] = [
        (("benchmark", "case"), benchmark.case),
        (("benchmark", "patient"), benchmark.patient),
        (("benchmark", "site"), benchmark.site),
        *((("attributes", each.name), each.source) for each in benchmark.attributes),
    ]
    place = place_of(benchmark)
    for path, name in wanted:
        if name is not None and (not name or name not in table.header):
            # Only a near name is told: without a header row, the names are somebody's cells.
            near = nearest(name, table.header)
            yield BiasRulerError(
                "BR602",
                f'column "{name}" of {path[1]} is not in {shown}',
                "one of its columns",
                f'Perhaps "{near}" is meant' if near else "Correct the name",
                place(path)[1],
            )


def _column(table: TextTable, name: str) -> list[str]:
    position = table.header.index(name)
    return [row[position] for row in table.rows]


def _no_rows(shown: str) -> BiasRulerError:
    return BiasRulerError("BR408", "no rows", "one row per case", "Export it again", shown)


def _bad_names(cases: list[str], places: list[str]) -> Iterator[BiasRulerError]:
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


def _repeated_cases(cases: list[str], lines: list[int], *, shown: str) -> Iterator[BiasRulerError]:
    lines_of = defaultdict(list)
    for case, line in zip(cases, lines, strict=True):
        lines_of[case].append(line)
    for case, places in lines_of.items():
        if case and len(places) > 1:
            where = f"{shown}:{lines_text(places).replace(', ', ' and ')}"
            found = f"one case {'twice' if len(places) == 2 else f'{len(places)} times'}"
            yield BiasRulerError("BR403", found, "one row per case", "Remove one", where)


def _without_patient(
    patients: list[str], places: list[str], *, benchmark: Benchmark
) -> Iterator[BiasRulerError]:
    for patient, place in zip(patients, places, strict=True):
        if not patient and benchmark.patient not in (None, benchmark.case):
            found, expected = f"{benchmark.patient} is empty", "the patient of the case"
            yield BiasRulerError("BR408", found, expected, "Fill the cell", place)


def _tidied_note(table: TextTable, *, shown: str) -> tuple[Note, ...]:
    n = table.n_trimmed + table.n_normalised
    if not n:
        return ()
    text = (
        f"{table.n_trimmed} cells of {shown} were trimmed of surrounding spaces and "
        f"{table.n_normalised} put into one Unicode form (NFC)"
    )
    return (Note(code="BR405", set="metadata", n=n, text=text),)
