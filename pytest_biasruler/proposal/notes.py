"""What a proposal tells: what was seen, what was guessed, and what could not be decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.rules import listed
from pytest_biasruler.proposal.cast import AUTOMATED, DOUBT_WHY, EXPERT
from pytest_biasruler.proposal.folder import DICOM, MOST_ENTRIES, PNG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_biasruler.errors import BiasRulerError
    from pytest_biasruler.proposal.cast import Entry
    from pytest_biasruler.proposal.draft import Draft
    from pytest_biasruler.proposal.folder import Folder

_OF_FOLDER = {
    "link": "Links left out, since masks are read as files and not through links: {n}.",
    "unusable": "Files or folders left out, since their names cannot stand in a template: {n}.",
    "image": "Files of other image formats left out: {n}. See docs/mask-formats.md.",
    "spreadsheet": "Spreadsheets left out: {n}. Save one as CSV UTF-8 to use it.",
    "closed": "Folders left out, since they may not be read: {n}.",
    "deep": "Folders left out, since they lie too deep: {n}.",
}
_MANY_LEFT_OUT = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What was met on the way to a draft.

    Attributes
    ----------
    n_strangers : int
        Masks that belong to no case of the table.
    n_images : int
        PNG and DICOM files that are left out.
    organs : tuple of str
        Folders with the same sets of masks, left out.
    refused : tuple of BiasRulerError
        Tables that cannot be read.
    other_scores : str or None
        A score table that is not used, since there are masks.
    """

    folder: Folder
    n_strangers: int = 0
    n_images: int = 0
    organs: tuple[str, ...] = ()
    refused: tuple[BiasRulerError, ...] = ()
    other_scores: str | None = None


def tell_seen(draft: Draft, seen: Seen) -> tuple[str, ...]:
    """Return sentences in which no case, patient or cell is named."""
    told = (*_cases(draft), *_references(draft), *_columns(draft))
    return (*told, *_formats(draft), *_left_out(seen))


def _cases(draft: Draft) -> Iterator[str]:
    table = draft.table
    n_patients = len(set(table.table.column(table.patient or table.case)))
    yield f"{table.path} has {len(table.cases)} cases of {n_patients} patients."
    if draft.scores is None:
        whole = table.cases.intersection(*(entry.cases for entry in draft.asked))
        yield f"Cases with a mask of every set that is asked about: {len(whole)}."
    kinds = {entry.kind for entry in draft.asked}
    for entry in draft.asked:
        n_left = len(table.cases - entry.cases)
        if n_left > _MANY_LEFT_OUT * len(table.cases):
            what = "score" if entry.template is None else "mask"
            lost = _lost(entry, has_both=AUTOMATED in kinds)
            role = "model" if entry.kind is None else f"{entry.kind.value} reference"
            yield f"Cases without a {what} of the {role} {entry.name}: {n_left}.{lost}"


def _lost(entry: Entry, *, has_both: bool) -> str:
    """Return what becomes of cases that a set lacks."""
    if entry.kind is None:
        return " They get the worst score; remove the rows of cases that nobody predicted."
    if entry.kind == EXPERT and has_both:
        return (
            " If experts drew a random part of the masks, the check rectified is the one to ask."
        )
    return " No check can pass with so many; remove the rows of cases that do not belong here."


def _references(draft: Draft) -> Iterator[str]:
    kinds = {entry.kind for entry in draft.asked}
    if EXPERT not in kinds:
        yield (
            "No expert reference could be told apart: most checks need one, and a gap by automated"
            " masks alone proves little."
        )
    if any(entry.why == DOUBT_WHY for entry in draft.asked):
        yield "Who drew the masks of the one reference cannot be told from its name: see its kind."
    if AUTOMATED not in kinds:
        yield "No automated reference was found, so that no ruler can be compared."
    if None not in kinds:
        yield "No predictions were found, so that no gap of a model can be asked about."
    n_open = len(draft.entries) - len(draft.asked)
    if n_open:
        yield f"Sets of masks or scores left as choices in the file, or left out: {n_open}."


def _columns(draft: Draft) -> Iterator[str]:
    cuts, path = draft.cuts, draft.table.path
    names = ", ".join(cut.attribute.name for cut in cuts.asked)
    offered = f"; more columns left as choices: {len(cuts.offered)}" if cuts.offered else ""
    yield f"Subgroups are cut by {names}{offered}."
    if all(cut.n_judged < 2 for cut in cuts.asked):
        yield "No attribute has two subgroups of 20 patients: expect INCONCLUSIVE."
    if cuts.identifying:
        told = _named(cuts.identifying)
        yield f"Columns of {path} that may identify people or hold free text are kept out: {told}."
    if cuts.refused:
        told = _named(cuts.refused)
        yield (
            f"Columns of {path} that cannot be cut as they are (too many values, no numbers, or"
            f" numbers out of range): {told}."
        )


def _formats(draft: Draft) -> Iterator[str]:
    templates = [entry.template or "" for entry in draft.asked]
    if any(template.endswith(PNG) for template in templates):
        yield (
            "Masks are PNG files, which the extra png reads. They store no voxel size: nothing is"
            " measured in mm or ml. See docs/mask-formats.md."
        )
    if any(template.endswith(DICOM) for template in templates):
        yield (
            "Masks are .dcm files: the extra dicom reads DICOM segmentations, one file for each"
            " case. See docs/mask-formats.md."
        )


def _named(columns: tuple[str, ...]) -> str:
    return listed(f'"{name}"' for name in columns)


def _left_out(seen: Seen) -> Iterator[str]:
    if seen.n_strangers:
        yield f"Masks that belong to no case of the table, or to very few: {seen.n_strangers}."
    if seen.n_images:
        yield (
            f"PNG and DICOM files left out: {seen.n_images}. Their folders do not say that they"
            " hold masks, or they are PNG beside masks of other formats. See docs/mask-formats.md."
        )
    if seen.organs:
        others = ", ".join(seen.organs)
        yield f"The same sets of masks lie in {others}, too: copy this file for each."
    if seen.other_scores is not None:
        yield f"{seen.other_scores} holds scores; they are not used, since there are masks."
    for error in seen.refused:
        yield f"A table is left out: {error}"
    for kind, n in seen.folder.counts.items():
        yield _OF_FOLDER[kind].format(n=n)
    if seen.folder.is_cut:
        yield f"Of more than {MOST_ENTRIES} files those that come later were not looked at."
