"""Which cases a split holds, and the metadata of those alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.jsonkeys import each_once
from pytest_biasruler.benchmark.notes import Note
from pytest_biasruler.benchmark.problems import place_of
from pytest_biasruler.benchmark.rules import nearest
from pytest_biasruler.benchmark.tablefile import inner_path_of, read_inner_table
from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.benchmark.split import Split

_MOST_PARTS = 10  # of a split
_MOST_BYTES = 2**26  # of a JSON file, which takes ten times that in memory


def cases_in_split(
    benchmark: Benchmark, frame: pd.DataFrame, *, shown: str
) -> tuple[frozenset[str], tuple[Note, ...]]:
    """Return the names in the benchmark's split, and what is to be said of the others.

    Parameters
    ----------
    frame : DataFrame of str
        The metadata, indexed by case.
    shown : str
        How messages name the metadata.

    Raises
    ------
    BiasRulerProblems
        ``BR403`` a key or case twice; ``BR408`` a table without rows or a file that is not JSON;
        ``BR410`` one that is too large; ``BR602`` a column, part or fold that the table lacks, or
        a split that holds none of the cases; and what the reader of the table refuses.
    """
    split = benchmark.split
    if split is None:
        return frozenset(frame.index), ()
    try:
        names, trained = _names_in(split, benchmark=benchmark, frame=frame, shown=shown)
        if not any(case in names for case in frame.index):
            raise _empty(split, names, frame.index, shown=shown)
    except BiasRulerProblems:
        raise
    except BiasRulerError as error:
        where = place_of(benchmark)(("benchmark", "split"))[1]
        raise BiasRulerProblems([error.at(error.where or where)]) from None
    shared = len(names & trained & set(frame.index))
    notes = _notes(split, names, frame.index, shown=shown)
    return names, (*notes, *_shared_note(split, shared))


def _shared_note(split: Split, n: int) -> tuple[Note, ...]:
    if not n:
        return ()
    text = f"{n} cases of the split ({split.title}) also stand in its list of cases to train on"
    return (Note(code="BR404", set="names in split", n=n, text=text),)


_Names = tuple[frozenset[str], frozenset[str]]
"""Names in the split, and names that the same file lists for training."""


def _names_in(split: Split, *, benchmark: Benchmark, frame: pd.DataFrame, shown: str) -> _Names:
    if split.is_folds:
        return _names_in_fold(split, benchmark=benchmark)
    if split.table is not None:
        return _names_in_table(split, benchmark=benchmark)
    _require(str(split.column), list(frame.columns), table=shown)
    cells = frame[str(split.column)]
    pairs = dict(zip(map(str, cells.index), cells, strict=True))
    return _in_part(pairs, split, table=shown), frozenset()


def _empty(
    split: Split, names: frozenset[str], cases: Collection[str], *, shown: str
) -> BiasRulerError:
    fix = "Check how cases are spelled in both"
    if {name.casefold() for name in names} & {case.casefold() for case in cases}:
        fix = "Write capitals alike in both"
    found = f"no case of {shown} is in the split ({split.title}), which has {len(names)} names"
    return BiasRulerError("BR602", found, "at least one", fix)


def _notes(
    split: Split, names: frozenset[str], cases: Collection[str], *, shown: str
) -> tuple[Note, ...]:
    n_outside, n_strange = sum(case not in names for case in cases), len(names - set(cases))
    notes = []
    if n_outside:
        text = f"{n_outside} of {len(cases)} cases lie outside the split ({split.title})"
        notes.append(Note(code="BR404", set="split", n=n_outside, text=f"{text}: left out"))
    if n_strange:
        text = f"{n_strange} of the names in the split ({split.title}) are not in {shown}"
        notes.append(Note(code="BR404", set="names in split", n=n_strange, text=text))
    return tuple(notes)


def _require(column: str, columns: Collection[str], *, table: str) -> None:
    if column not in columns:
        near = nearest(column, columns)
        fix = f'Perhaps "{near}" is meant' if near else "Correct the name"
        found = f'column "{column}" of split is not in {table}'
        raise BiasRulerError("BR602", found, "one of its columns", fix)


def _names_in_table(split: Split, *, benchmark: Benchmark) -> _Names:
    source, column = str(split.table), str(split.column)
    table, name = read_inner_table(source, key="split", benchmark=benchmark), Path(source).name
    _require(column, table.header, table=name)
    cells = table.column(column)
    if split.part is None:
        others = [each for each in table.header if "train" in each.casefold() and each != column]
        trained = frozenset(cell for each in others for cell in table.column(each) if cell)
        return frozenset(cell for cell in cells if cell), trained
    _require(benchmark.case, table.header, table=name)
    pairs = dict(zip(table.column(benchmark.case), cells, strict=True))
    if len(pairs) < len(cells):
        found, fix = f"a case stands in several rows of {name}", "Remove all but one"
        raise BiasRulerError("BR403", found, "one row for each case", fix)
    return _in_part(pairs, split, table=name), frozenset()


def _in_part(parts: Mapping[str, str], split: Split, *, table: str) -> frozenset[str]:
    names = frozenset(case for case, part in parts.items() if part == split.part and case)
    if not names:
        # Cells of a column of many values may be names of patients, and are not told.
        values = set(parts.values())
        near = nearest(split.part, values if len(values) <= _MOST_PARTS else ())
        fix = f'Perhaps "{near}" is meant' if near else "Correct part"
        found = f'"{split.part}" stands in no row of {split.column} of {table}'
        raise BiasRulerError("BR602", found, "a part of the split", fix)
    return names


def _names_in_fold(split: Split, *, benchmark: Benchmark) -> _Names:
    name, fold = Path(str(split.table)).name, split.fold or 0
    path = inner_path_of(str(split.table), key="split", benchmark=benchmark)
    try:
        folds = _folds_of(path, most=min(_MOST_BYTES, benchmark.limits.max_table_bytes))
    except BiasRulerError as error:
        raise error.at(name) from None
    if fold >= len(folds):
        found, expected = f"{name} has {len(folds)} folds", f"more than {fold}, the fold of split"
        raise BiasRulerError("BR602", found, expected, "Correct fold")
    chosen = folds[fold]
    part = chosen.get(str(split.part)) if isinstance(chosen, dict) else None
    if not isinstance(part, list) or not all(isinstance(each, str) for each in part):
        found = f"fold {fold} of {name} has no list of names as {split.part}"
        raise BiasRulerError("BR408", found, "lists train and val of names", "Export it again")
    trained = chosen.get("train") if isinstance(chosen, dict) and split.part != "train" else ()
    names = trained if isinstance(trained, list) else ()
    return frozenset(part), frozenset(each for each in names if isinstance(each, str))


def _folds_of(path: Path, *, most: int) -> list[object]:
    """Return the entries of a ``splits_final.json``."""
    expected, fix = "a list of folds, each with train and val", "Export it again"
    try:
        if not path.is_file():  # a pipe would block the run
            raise BiasRulerError("BR408", "no such file", expected, "Correct the path")
        with path.open("rb") as stream:
            content = stream.read(most + 1)
    except OSError as error:
        found = f"cannot be read ({error.strerror})"
        raise BiasRulerError("BR408", found, "a readable file", "Change its permissions") from None
    if len(content) > most:
        found = f"more than {most} bytes"
        raise BiasRulerError("BR410", found, f"at most {most}", "Leave out other folds")
    try:
        folds = json.loads(content, object_pairs_hook=each_once)
    except (ValueError, RecursionError):  # not UTF-8 is a ValueError too
        raise BiasRulerError("BR408", "is not JSON", expected, fix) from None
    if not isinstance(folds, list):
        raise BiasRulerError("BR408", "holds no list", expected, fix)
    return folds
