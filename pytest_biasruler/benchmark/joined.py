"""Further tables of metadata, joined to the first by the column that names the case."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.demand import way_out
from pytest_biasruler.benchmark.notes import Note
from pytest_biasruler.benchmark.refusals import first_of, lines_text
from pytest_biasruler.benchmark.rules import nearest
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_biasruler.benchmark.texttable import TextTable


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Source:
    """A table of metadata and how messages name it."""

    shown: str
    table: TextTable = field(repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that have one."""
        return tuple(name for name in self.table.header if name)

    def all_columns(self) -> Iterator[tuple[str, list[str]]]:
        """Yield name and cells of each column; looked up by name, 10^6 of them take hours."""
        for position, name in enumerate(self.table.header):
            yield name, [row[position] for row in self.table.rows]

    def lacks(self, column: str, what: str, *, why: str = "") -> BiasRulerError:
        """Return the refusal of a name that no column has; its place is added by the caller.

        `why` says who asks for the column, if not the file.
        """
        # Only a near name is told: without a header row, the names are somebody's cells.
        near = nearest(column, self.columns)
        found = f'column "{column}" of {what} is not in {self.shown}'
        fix = f'Perhaps "{near}" is meant' if near else "Correct the name"
        fix = way_out(why, what, near=near) if why else fix
        return BiasRulerError("BR602", found, "one of its columns", fix)

    def places(self, case_column: str) -> dict[str, str]:
        """Return case -> its place, such as ``"quality.csv:14"``."""
        cases = self.table.column(case_column)
        pairs = zip(cases, self.table.lines, strict=True)
        return {case: f"{self.shown}:{line}" for case, line in pairs}


def repeated_cases(source: Source, case_column: str) -> list[BiasRulerError]:
    """Return BR403 for each case with several rows in one table."""
    lines_of = defaultdict(list)
    pairs = zip(source.table.column(case_column), source.table.lines, strict=True)
    for case, line in pairs:
        lines_of[case].append(line)

    def refused() -> Iterator[BiasRulerError]:
        for case, places in lines_of.items():
            if case and len(places) > 1:
                where = f"{source.shown}:{lines_text(places).replace(', ', ' and ')}"
                found = f"one case {'twice' if len(places) == 2 else f'{len(places)} times'}"
                yield BiasRulerError("BR403", found, "one row per case", "Remove one", where)

    return first_of(refused(), shown=source.shown)


def join(
    sources: Sequence[Source], case_column: str
) -> tuple[dict[str, list[str]], dict[str, int], list[BiasRulerError]]:
    """Return the columns of all tables for the cases of the first one, in its order.

    A case without a row has empty cells. A column that two tables have is one column if it says
    the same of every case that both know.

    Returns
    -------
    columns : dict
        Name -> cells.
    origins : dict
        Name -> which of `sources` it is from.
    problems : list of BiasRulerError
        ``BR403`` for columns of one name that differ.
    """
    cases = sources[0].table.column(case_column)
    columns = {name: cells for name, cells in sources[0].all_columns() if name}
    origins = dict.fromkeys(columns, 0)
    problems: list[BiasRulerError] = []
    for number, source in enumerate(sources[1:], start=1):
        row_of = {case: row for row, case in enumerate(source.table.column(case_column))}
        rows = [row_of.get(case) for case in cases]
        for position, (name, cells) in enumerate(source.all_columns(), start=1):
            if not name or name == case_column:
                continue
            if name not in columns:
                columns[name] = ["" if row is None else cells[row] for row in rows]
                origins[name] = number
            elif any(
                row is not None and cells[row] != known
                for row, known in zip(rows, columns[name], strict=True)
            ):
                problems.append(_clash(name, position, source, sources[origins[name]]))
    return columns, origins, problems


def _clash(name: str, position: int, source: Source, first: Source) -> BiasRulerError:
    """Return the refusal of a second column of one name, by position: names may be cells."""
    found = (
        f"column {position} has the name of column {first.table.header.index(name) + 1} of "
        f"{first.shown} and other cells"
    )
    fix = "Rename or remove one"
    return BiasRulerError("BR403", found, "one column of each name", fix, source.shown)


def join_notes(sources: Sequence[Source], case_column: str) -> tuple[Note, ...]:
    """Return how many rows of further tables are of no case, and how many cases have no row."""
    cases = set(sources[0].table.column(case_column))
    notes = []
    for source in sources[1:]:
        named = source.table.column(case_column)
        n_other, n_without = sum(name not in cases for name in named), len(cases - set(named))
        texts = []
        if n_other:
            texts.append(f"{n_other} rows of {source.shown} match no case of {sources[0].shown}")
        if n_without:
            texts.append(
                f"{n_without} of {len(cases)} cases have no row in {source.shown}, so that their "
                "cells are empty"
            )
        if texts:
            text, n = "; ".join(texts), n_other + n_without
            notes.append(Note(code="BR404", set=f"rows of {source.shown}", n=n, text=text))
    return tuple(notes)


def tidied_notes(sources: Sequence[Source]) -> tuple[Note, ...]:
    """Return how many cells were tidied, and what the readers of the tables have to remark."""
    notes = []
    for source in sources:
        table = source.table
        if n := table.n_trimmed + table.n_normalised:
            text = (
                f"{table.n_trimmed} cells of {source.shown} were trimmed of surrounding spaces "
                f"and {table.n_normalised} put into one Unicode form (NFC)"
            )
            about = "metadata" if source is sources[0] else source.shown
            notes.append(Note(code="BR405", set=about, n=n, text=text))
        for number, remark in enumerate(table.remarks, start=1):
            about = f"{source.shown} ({number})"
            notes.append(Note(code="BR415", set=about, n=1, text=remark))
    return tuple(notes)
