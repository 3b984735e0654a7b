"""A benchmark file proposed for a folder, which runs as it is: ``biasruler init FOLDER``."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_biasruler.benchmark.definition import Benchmark
from pytest_biasruler.benchmark.manifest import read_toml
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems, Limits, printable
from pytest_biasruler.proposal.attributes import Cuts, find_cuts
from pytest_biasruler.proposal.cast import AUTOMATED, Entry, cast_sets
from pytest_biasruler.proposal.draft import MIN_PATIENTS, Draft
from pytest_biasruler.proposal.family import choose_family
from pytest_biasruler.proposal.folder import Folder, look_into
from pytest_biasruler.proposal.layout import find_layout
from pytest_biasruler.proposal.masks import count_images, find_sets, without_images
from pytest_biasruler.proposal.notes import Seen, tell_seen
from pytest_biasruler.proposal.refusals import (
    no_attribute,
    no_cases,
    no_reference,
    nothing_found,
    nothing_to_compare,
)
from pytest_biasruler.proposal.scores import Scores, read_scores
from pytest_biasruler.proposal.table import (
    CaseTable,
    FoundTable,
    choose_table,
    read_one,
    read_tables,
)
from pytest_biasruler.proposal.text import compose

_FILE = "biasruler.toml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """A benchmark file for a folder.

    Attributes
    ----------
    text : str
        The file, to be written in UTF-8 where it was said to be.
    notes : tuple of str
        Sentences about what was seen, guessed, and could not be decided; the file holds them, too.
    """

    text: str
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tables:
    """Tables of scores, tables of cases, and why others cannot be read."""

    scores: tuple[FoundTable, ...]
    others: tuple[FoundTable, ...]
    refused: tuple[BiasRulerError, ...] = ()


def propose(
    folder: Path,
    *,
    table: Path | None = None,
    file: Path | None = None,
    limits: Limits | None = None,
) -> Proposal:
    """Propose a benchmark file for what lies in a folder.

    Only names of files and tables are read; no mask is opened. The same folder gives the same
    text. No name of a case or patient is in it, and no cell but categories of well-known columns.

    Parameters
    ----------
    folder : Path
        Holds masks, or a score table, and a table with one row per case.
    table : Path, optional
        The table to use, inside `folder`; default: the one that names most masks.
    file : Path, optional
        Where the text is to be written; default: ``biasruler.toml`` in `folder`.
    limits : Limits, optional
        How large tables may be.

    Raises
    ------
    BiasRulerError
        Where no file that runs can be proposed: BR401 the table lies outside the folder; BR408 no
        folder or no table that can be read; BR126 no masks and no scores, no reference among
        them, or none that a table names; BR602 nothing to cut subgroups by, or no known metric.
    """
    limits = limits or Limits()
    root = folder.absolute()
    if not root.is_dir():
        expected = "a folder with masks or scores"
        raise BiasRulerError("BR408", "no such folder", expected, "Correct the path")
    inside = look_into(root)
    tables = _read_tables(root, inside, given=table, limits=limits)
    draft, seen = _draft_masks(root, inside, tables) or _draft_scores(root, inside, tables)
    metadata = read_metadata(_benchmark_of(draft, root=root, limits=limits))
    keys = (draft.table.case, draft.table.patient)
    cuts = find_cuts(metadata, skip=keys, min_patients=MIN_PATIENTS, limits=limits)
    if not cuts.asked:
        raise no_attribute(draft.table)
    draft = replace(draft, cuts=cuts)
    draft = replace(draft, notes=tell_seen(draft, seen))
    file = root / _FILE if file is None else file.absolute()
    draft = replace(draft, root=_root_from(file, root=root))
    return Proposal(text=_accepted_text(draft, file=file), notes=draft.notes)


def _read_tables(root: Path, inside: Folder, *, given: Path | None, limits: Limits) -> _Tables:
    """Return the tables of the folder; a given one stands alone among those of its kind."""
    read, refused = read_tables(root, inside.tables, limits=limits)
    scores = tuple(each for each in read if each.has_scores)
    others = tuple(each for each in read if not each.has_scores)
    if given is None:
        return _Tables(scores=scores, others=others, refused=refused)
    chosen = read_one(root, _inner_path(given, root=root), limits=limits)
    if chosen.has_scores:
        return _Tables(scores=(chosen,), others=others)
    return _Tables(scores=scores, others=(chosen,))


def _inner_path(table: Path, *, root: Path) -> str:
    if not table.exists():
        found = f"no table {printable(table.name)}"
        expected = "a CSV or TSV file inside the folder"
        raise BiasRulerError("BR408", found, expected, "Correct the path")
    real = Path(os.path.realpath(table))
    try:
        return real.relative_to(os.path.realpath(root)).as_posix()
    except ValueError:
        found, expected = "the table lies outside the folder", "a table inside it"
        fix = "Copy it into the folder, or name a folder that holds both"
        raise BiasRulerError("BR401", found, expected, fix) from None


def _draft_masks(root: Path, inside: Folder, tables: _Tables) -> tuple[Draft, Seen] | None:
    """Return the draft of a folder of masks, None if its tables name none but there are scores."""
    masks = without_images(inside.masks)
    chosen = choose_table(tables.others, masks=masks) if masks else None
    if chosen is None:
        if tables.scores:
            return None
        raise nothing_found(inside, masks, tables=tables.others, refused=tables.refused)
    found = find_sets(masks, chosen.cases, cells=chosen.cells)
    sets, organs = choose_family(found.sets)
    entries = cast_sets(sets)
    seen = Seen(
        folder=inside,
        n_strangers=found.n_strangers,
        n_images=count_images(inside.masks, masks),
        organs=organs,
        refused=tables.refused,
        other_scores=tables.scores[0].path if tables.scores else None,
    )
    return _draft(root, chosen, entries), seen


def _draft_scores(root: Path, inside: Folder, tables: _Tables) -> tuple[Draft, Seen]:
    """Return the draft of a score table; one with a row for each case describes them, too."""
    found = tables.scores[0]
    scores = read_scores(found)
    cases = frozenset(found.table.column("case"))
    chosen = choose_table((*tables.others, found), masks=(), cases=cases)
    if chosen is None:
        raise no_cases(len(cases), refused=tables.refused)
    seen = Seen(folder=inside, refused=tables.refused)
    return _draft(root, chosen, scores.entries, scores=scores), seen


def _draft(
    root: Path, table: CaseTable, entries: tuple[Entry, ...], *, scores: Scores | None = None
) -> Draft:
    asked = [entry for entry in entries if entry.is_asked]
    kinds = {entry.kind for entry in asked}
    if kinds <= {None}:
        raise no_reference(len(entries))
    if kinds == {AUTOMATED}:
        raise nothing_to_compare(len(entries))
    layout, filled = (None, ()) if scores else find_layout(root, entries)
    return Draft(
        name=root.resolve().name.strip() or "Benchmark",
        layout=layout,
        filled=filled,
        table=table,
        entries=entries,
        cuts=Cuts(),
        scores=scores,
    )


def _benchmark_of(draft: Draft, *, root: Path, limits: Limits) -> Benchmark:
    table = draft.table
    return Benchmark(
        name=draft.name,
        metadata=table.path,
        case=table.case,
        patient=table.patient,
        root=root,
        limits=limits,
    )


def _root_from(file: Path, *, root: Path) -> str | None:
    """Return how a file elsewhere names the folder, None for one inside it."""
    if file.parent.resolve() == root.resolve():
        return None
    try:
        there = Path(os.path.relpath(root.resolve(), file.parent.resolve())).as_posix()
    except ValueError:  # on another drive
        there = root.resolve().as_posix()
    if "${" in there:  # it would be taken for a variable
        found, expected = "the path from file to folder holds ${", "a path without it"
        raise BiasRulerError("BR401", found, expected, "Write the file into the folder")
    return there


def _accepted_text(draft: Draft, *, file: Path) -> str:
    """Return the text, read back as a run would read it; a layout that does not fit is left out.

    Raises
    ------
    BiasRulerProblems
        What the reader of benchmark files refuses.
    """
    text = compose(draft)
    try:
        read_toml(text, path=file, environ={})
    except BiasRulerProblems:
        if draft.layout is None:
            raise
        return _accepted_text(replace(draft, layout=None, filled=()), file=file)
    return text
