"""Where masks lie whose template names columns of the metadata beside the case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from posixpath import normpath
from typing import TYPE_CHECKING, TypeVar

from pytest_biasruler.benchmark.paths import is_file_name
from pytest_biasruler.benchmark.problems import place_of
from pytest_biasruler.benchmark.refusals import first_of, raise_if_any
from pytest_biasruler.benchmark.rules import nearest, refusal, shown
from pytest_biasruler.benchmark.templates import columns_of, parts_of
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd

    from pytest_biasruler.benchmark.definition import Benchmark, Model, Reference
    from pytest_biasruler.benchmark.metadata import Metadata

    Set = TypeVar("Set", Reference, Model)

_CASE = "case"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Places(Mapping[str, str]):
    """The path of each case's mask below the data root.

    Attributes
    ----------
    template : str
        With ``{column}``, and mostly ``{case}``: what messages say in place of a path.
    paths : mapping of str to str
        Case -> its path; no two cases have the same.
    """

    template: str
    paths: Mapping[str, str] = field(repr=False)

    def __getitem__(self, case: str) -> str:
        """Return the path of a case."""
        return self.paths[case]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the cases."""
        return iter(self.paths)

    def __len__(self) -> int:
        """Return the number of cases."""
        return len(self.paths)


def bind_places(benchmark: Benchmark, metadata: Metadata) -> Benchmark:
    """Return the benchmark with the columns of its mask templates filled in from the metadata.

    The very object if no template names a column. ``{case}`` is the name of the case, even where
    the metadata has another column of that name.

    Raises
    ------
    BiasRulerProblems
        ``BR602`` for a column that the metadata lacks, ``BR408`` for an empty cell, ``BR401`` for
        one that cannot be part of a path, ``BR403`` for two cases with one path.
    """
    if not names_columns(benchmark):
        return benchmark
    place = place_of(benchmark)
    problems: list[BiasRulerError] = []

    def bind(each: Set, section: str) -> Set:
        if not isinstance(each.masks, str) or not _names_columns(each):
            return each
        where = place((section, each.name, "masks"))[1]
        found = list(_problems(each.masks, metadata, where=where))
        problems.extend(found)
        return each if found else replace(each, masks=_fill(each.masks, metadata))

    references = tuple(bind(each, "references") for each in benchmark.references)
    models = tuple(bind(each, "models") for each in benchmark.models)
    raise_if_any(dict.fromkeys(problems))
    return replace(benchmark, references=references, models=models)


def _names_columns(declared: Reference | Model) -> bool:
    return isinstance(declared.masks, str) and bool(columns_of(declared.masks))


def names_columns(benchmark: Benchmark) -> bool:
    """Return whether a mask template names columns that are still to be filled in."""
    sets: tuple[Reference | Model, ...] = (*benchmark.references, *benchmark.models)
    return any(_names_columns(each) for each in sets)


def _problems(template: str, metadata: Metadata, *, where: str) -> Iterator[BiasRulerError]:
    """Yield what keeps a template from being filled in; its places are looked at last."""
    columns = columns_of(template)
    known = [str(name) for name in metadata.frame.columns]
    strange = [name for name in columns if name not in known]
    yield from (_unknown(name, known, shown_table=metadata.shown, where=where) for name in strange)
    bad = [
        error
        for name in columns
        if name in known
        for error in first_of(
            _bad_cells(metadata.frame[name], metadata), shown=metadata.shown_of(name)
        )
    ]
    yield from bad
    if not strange and not bad:
        yield from first_of(_shared(_fill(template, metadata), metadata), shown=metadata.shown)


def _unknown(name: str, known: list[str], *, shown_table: str, where: str) -> BiasRulerError:
    # Columns are not listed: without a header row, their names are somebody's cells.
    near = nearest(name, [_CASE, *known])
    found = f"masks names the column {shown(name)}, which is not in {shown_table}"
    fix = f"Perhaps {{{near}}} is meant" if near else "Correct the name"
    return refusal(found, "{case} or one of its columns", fix=fix).at(where)


def _bad_cells(cells: pd.Series[str], metadata: Metadata) -> Iterator[BiasRulerError]:
    """Yield one problem for each cell that is no name of a file or folder.

    Dots alone are none: two cells side by side could make the name of the folder above.
    """
    places = metadata.lines_of(str(cells.name))
    judge: Callable[[str], bool] = {
        cell: is_file_name(cell) and not set(cell) <= {"."} for cell in cells.unique()
    }.__getitem__
    for case, cell in cells.items():
        if judge(cell):
            continue
        if not cell:
            found, expected = f"{cells.name} is empty, and masks names it", "part of a path"
            code, fix = "BR408", "Fill the cell or remove the row"
        else:
            found = f"{cells.name} leaves the data root, and masks names it"
            expected = "a name without slash, backslash, dots in a row, drive or address"
            code, fix = "BR401", "Correct the cell"
        yield BiasRulerError(code, found, expected, fix, places[str(case)])


def _shared(places: Places, metadata: Metadata) -> Iterator[BiasRulerError]:
    """Yield one problem for each case whose mask would be another's."""
    first: dict[str, str] = {}
    for case, path in places.items():
        other = first.setdefault(normpath(path), case)
        if other != case:
            line = metadata.lines[other].rpartition(":")[2]
            found = f"{places.template} names one file for this case and that of line {line}"
            fix = "Add {case} or another column to masks"
            yield BiasRulerError("BR403", found, "a file for each case", fix, metadata.lines[case])


def _fill(template: str, metadata: Metadata) -> Places:
    """Return the places of all cases; what is filled in is never filled in again."""
    cells: list[Iterable[str]] = []
    for text, name in parts_of(template):
        cells.append([text] * len(metadata.cases))
        if name:
            cells.append(metadata.cases if name == _CASE else metadata.frame[name])
    paths = ("".join(parts) for parts in zip(*cells, strict=True))
    return Places(template=template, paths=dict(zip(metadata.cases, paths, strict=True)))
