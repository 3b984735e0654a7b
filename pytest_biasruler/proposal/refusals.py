"""Why nothing can be proposed for a folder, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems
from pytest_biasruler.proposal.table import (
    SCORE_COLUMNS,
    counts_from_one,
    differs_in_capitals,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_biasruler.proposal.folder import Folder
    from pytest_biasruler.proposal.table import CaseTable, FoundTable

_ROWS = "a CSV or TSV table with one row per case and a column that holds the names of the files"


def nothing_found(
    folder: Folder,
    masks: Sequence[str],
    *,
    tables: Sequence[FoundTable],
    refused: Sequence[BiasRulerError],
) -> BiasRulerError:
    """Return what is lacking: masks, a table, or a column that names the masks."""
    if refused and not tables:
        return BiasRulerProblems(refused)
    if not masks and not folder.masks:
        return _no_masks(folder, tables)
    if not masks:
        images = _n(len(folder.masks), "image")
        found = f"{images} and no masks, as the names of their folders say"
        fix = "Put masks into folders such as labels/expert and predictions/MODEL"
        return BiasRulerError("BR126", found, "folders of masks", fix)
    if not tables:
        fix = "Write one with a column case and what is known of the patients"
        if folder.counts.get("spreadsheet"):
            fix = "Save the spreadsheet as CSV UTF-8"
        return BiasRulerError("BR408", f"{_n(len(masks), 'mask')} and no table", _ROWS, fix)
    return BiasRulerProblems([_no_match(masks, tables), *refused])


def _no_masks(folder: Folder, tables: Sequence[FoundTable]) -> BiasRulerError:
    expected = "folders of masks in a format of docs/mask-formats.md, or a score table"
    fix = (
        f"Name the folder that holds them; a score table has {', '.join(SCORE_COLUMNS)} columns,"
        " and of other tools' tables docs/score-tables.md says what to write"
    )
    for each in tables:
        if each.metrics:
            lacking = [name for name in SCORE_COLUMNS if name not in each.table.header]
            found = f"a column {each.metrics[0]}, but no column {' or '.join(lacking)}"
            shown = each.path.rpartition("/")[2]
            fix = "Add what is lacking, so that each row says whose score it is"
            return BiasRulerError("BR602", found, "case, model, reference, scores", fix, shown)
    n_others = folder.counts.get("image", 0)
    found = f"{n_others} images of other formats, no masks" if n_others else "no masks, no scores"
    return BiasRulerError("BR126", found, expected, fix)


def _no_match(masks: Sequence[str], tables: Sequence[FoundTable]) -> BiasRulerError:
    found = f"no column of {_n(len(tables), 'table')} holds the names of {_n(len(masks), 'mask')}"
    fix = "Add a column with the name of each file without its ending"
    if counts_from_one(tables, masks):
        fix = "Write case names as the files do, with their leading zeros"
    elif differs_in_capitals(tables, masks):
        fix = "Write case names as the files do, with the same capitals"
    return BiasRulerError("BR126", found, _ROWS, fix)


def no_cases(n_cases: int, *, refused: Sequence[BiasRulerError]) -> BiasRulerError:
    """Return the refusal of scores of cases that no table describes."""
    found = f"scores of {_n(n_cases, 'case')} and no table that describes them"
    expected = "a CSV or TSV table with one row per case and a column that holds their names"
    fix = "Write one with a column case and what is known of the patients"
    return BiasRulerProblems([BiasRulerError("BR408", found, expected, fix), *refused])


def no_reference(n_sets: int) -> BiasRulerError:
    """Return the refusal of a folder that holds predictions alone."""
    found = (
        f"{_n(n_sets, 'set')} of predictions and no reference" if n_sets else "images and no masks"
    )
    fix = "Add the masks that predictions are compared with, in a folder such as labels/expert"
    return BiasRulerError("BR126", found, "masks drawn by experts, or by a machine", fix)


def nothing_to_compare(n_sets: int) -> BiasRulerError:
    """Return the refusal of masks of which none are known to be experts' or predictions."""
    found = f"{_n(n_sets, 'set')} of masks and nothing to compare them with"
    expected = "predictions, or masks drawn by experts"
    fix = "Add a folder such as predictions/MODEL, or call that of the experts expert"
    return BiasRulerError("BR126", found, expected, fix)


def no_attribute(table: CaseTable) -> BiasRulerError:
    """Return the refusal of a table by which no subgroups can be cut."""
    expected = "a column of two to eight categories, or of numbers, such as sex or age"
    shown = table.path.rpartition("/")[2]
    fix = "Add a column that says what subgroups there are, or a table of patients beside it"
    return BiasRulerError("BR602", "no column to cut subgroups by", expected, fix, shown)


def _n(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
