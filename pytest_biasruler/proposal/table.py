"""The tables of a folder, and the one column that names the cases as the files do."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.definition import Benchmark
from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.benchmark.numbers import read_number
from pytest_biasruler.benchmark.paths import is_file_name
from pytest_biasruler.benchmark.tablefile import read_inner_table
from pytest_biasruler.benchmark.templates import columns_of
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.proposal.columns import Topic, topic_of
from pytest_biasruler.proposal.folder import MASK_ENDINGS
from pytest_biasruler.proposal.masks import CaseFinder, find_template
from pytest_biasruler.proposal.words import word_set, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pytest_biasruler.benchmark.texttable import TextTable
    from pytest_biasruler.errors import Limits

SCORE_COLUMNS = ("case", "model", "reference")
"""Columns that make a table one of scores."""

_MOST_TABLES = 20
_MOST_BYTES = 2**26
_MOST_TRIED = 60  # files by which a column is chosen
_LEAST, _LEAST_OF_NUMBERS = 0.2, 0.9  # a column that names fewer does so by chance
_MOST_LOOKED_AT = 50
_ALONE = re.compile(r"(?:\A|/){case}(?:/|\.)")
_METADATA_WORDS = word_set("clinical metadata meta participants patients cases demographics")
_CASE_WORDS = ("case", "image", "scan", "study", "participant", "patient", "subject", "id", "file")
_PATIENT = re.compile(r"(?:patient|subject|participant|person)[ _-]?(?:id|number|key)?|pid")
_DATE = re.compile(r"\d{4}-\d\d-\d\d.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}.*")


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundTable:
    """A table that could be read."""

    path: str
    table: TextTable = field(repr=False)

    @property
    def has_scores(self) -> bool:
        """Whether it holds one score per row, of a model against a reference."""
        return all(name in self.table.header for name in SCORE_COLUMNS)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Its columns that are metrics that we know."""
        return tuple(name for name in CATALOGUE if name in self.table.header)


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseTable:
    """A table with one row per case, and the columns that name case and patient."""

    path: str
    table: TextTable = field(repr=False)
    case: str
    patient: str | None

    @property
    def cases(self) -> frozenset[str]:
        """Names of the cases."""
        return frozenset(self.table.column(self.case))

    @property
    def cells(self) -> dict[str, dict[str, str]]:
        """Column -> case -> cell, of columns that could name folders: two or more file names."""
        cases = self.table.column(self.case)
        columns = {name: self.table.column(name) for name in self.table.header if name}
        return {
            name: dict(zip(cases, cells, strict=True))
            for name, cells in columns.items()
            if name != self.case and len(set(cells)) > 1 and _can_name_folders(name, cells)
        }


def read_tables(
    root: Path, paths: Sequence[str], *, limits: Limits
) -> tuple[tuple[FoundTable, ...], tuple[BiasRulerError, ...]]:
    """Return the tables that can be read, and why others cannot; not more than fit into memory.

    Parameters
    ----------
    root : Path
        The folder in which they lie.
    paths : sequence of str
        Below `root`; those that are called so, or else those near the top, are read first.
    """
    read: list[FoundTable] = []
    refused: list[BiasRulerError] = []
    n_left = min(_MOST_BYTES, limits.max_table_bytes)
    for path in sorted(paths, key=lambda path: not _is_called_metadata(path))[:_MOST_TABLES]:
        try:
            table = read_one(root, path, limits=replace(limits, max_table_bytes=n_left))
            n_left -= (root / path).stat().st_size
        except BiasRulerError as error:
            refused.append(error)
        except OSError:  # gone meanwhile
            continue
        else:
            read.append(table)
    return tuple(read), tuple(refused)


def read_one(root: Path, path: str, *, limits: Limits) -> FoundTable:
    """Return one table.

    Raises
    ------
    BiasRulerError
        What `read_inner_table` refuses, and BR408 for a first row that holds numbers or dates: it
        is no header, and its cells are somebody's.
    """
    shown = path.rpartition("/")[2]
    benchmark = Benchmark(name=shown, metadata=path, root=root, limits=limits)
    table = read_inner_table(path, key="metadata", benchmark=benchmark)
    if any(read_number(name) or _DATE.fullmatch(name) for name in table.header):
        found, expected = "a name of a column is a number or a date", "names of columns in row 1"
        raise BiasRulerError("BR408", found, expected, "Add a first row of names", shown)
    return FoundTable(path=path, table=table)


def choose_table(
    tables: Iterable[FoundTable], *, masks: Sequence[str], cases: frozenset[str] = frozenset()
) -> CaseTable | None:
    """Return the table that names most masks, or cases of a score table, None if none names any.

    Parameters
    ----------
    tables : iterable of FoundTable
        Those with one row per case among them.
    masks : sequence of str
        Paths of masks.
    cases : frozenset of str
        Names in a score table, where there are no masks.
    """
    tried = masks[:: max(1, len(masks) // _MOST_TRIED)]
    best: tuple[tuple[int, ...], CaseTable] | None = None
    for found in tables:
        for position, name in enumerate(found.table.header):
            cells = _keys(found.table, name)
            if not cells:
                continue
            n_named, n_alone = _count_named(tried, cells) if masks else _count_known(cases, cells)
            likely = _is_called_metadata(found.path)
            rank = (n_named, n_alone, int(likely), -_place_of_word(name), -position)
            least = _least_share(name, cells) * min(len(cells), len(tried or cases))
            if n_named and n_named >= least and (best is None or rank > best[0]):
                patient = find_patient(found.table, case=name)
                table = CaseTable(path=found.path, table=found.table, case=name, patient=patient)
                best = (rank, table)
    return best[1] if best else None


def find_patient(table: TextTable, *, case: str) -> str | None:
    """Return the column that names the patient of each case, by its name; None if there is none.

    It is that of the case itself where no other one is called so.
    """
    named = [name for name in table.header if _PATIENT.fullmatch(name.casefold())]
    others = [name for name in named if name != case and all(table.column(name))]
    return others[0] if others else case if case in named else None


def counts_from_one(tables: Iterable[FoundTable], masks: Sequence[str]) -> bool:
    """Return whether files count with leading zeros where a table counts without."""
    digits = {found for path in masks for found in re.findall(r"0\d*[1-9]\d*|0+[1-9]", path)}
    bare = {found.lstrip("0") for found in digits}
    return any(
        name and len(bare & set(cells)) > 1
        for found in tables
        for name in found.table.header
        if (cells := _keys(found.table, name))
    )


def differs_in_capitals(tables: Iterable[FoundTable], masks: Sequence[str]) -> bool:
    """Return whether a table names files if small letters count as capitals."""
    tried = [path.casefold() for path in masks[:: max(1, len(masks) // _MOST_TRIED)]]
    tried = [path for path in tried if path.endswith(MASK_ENDINGS)]
    return any(
        2 * _count_named(tried, [cell.casefold() for cell in cells])[0] > len(tried)
        for found in tables
        for name in found.table.header
        if (cells := _keys(found.table, name))
    )


def _is_called_metadata(path: str) -> bool:
    return bool(words_of(path.rpartition("/")[2]) & _METADATA_WORDS)


def _least_share(name: str, cells: Sequence[str]) -> float:
    """Return how many masks a column must name; numbers that are not called cases nearly all."""
    is_called_case = _place_of_word(name) < len(_CASE_WORDS)
    has_numbers = all(map(read_number, cells[:_MOST_LOOKED_AT]))
    return _LEAST_OF_NUMBERS if has_numbers and not is_called_case else _LEAST


def _keys(table: TextTable, name: str) -> list[str]:
    """Return the cells of a column if each row has its own name there, which a file could have.

    Ages and weights stand in names of files by chance alone.
    """
    is_usable = name.strip() and topic_of(name) != Topic.PERSON
    cells = table.column(name) if is_usable else []
    is_key = len(set(cells)) == len(cells) and all(map(is_file_name, cells))
    return cells if is_key else []


def _can_name_folders(name: str, cells: Sequence[str]) -> bool:
    is_plain = columns_of(f"{{{name}}}") == (name,)
    return is_plain and all(is_file_name(cell) and cell.strip(".") for cell in set(cells))


def _count_named(paths: Sequence[str], cells: Iterable[str]) -> tuple[int, int]:
    """Return how many masks have a cell in their name, and how many have nothing else in it."""
    finder = CaseFinder(cells)
    found = [each[0] for path in paths if (each := find_template(path, finder))]
    return len(found), sum(bool(_ALONE.search(template)) for template in found)


def _count_known(cases: frozenset[str], cells: Iterable[str]) -> tuple[int, int]:
    n_known = len(cases & set(cells))
    return n_known, n_known


def _place_of_word(name: str) -> int:
    words = words_of(name)
    return next((n for n, word in enumerate(_CASE_WORDS) if word in words), len(_CASE_WORDS))
