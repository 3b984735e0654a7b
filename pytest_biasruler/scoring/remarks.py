"""What was accepted but should be known: one note for each code and set."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.notes import Note
from pytest_biasruler.scoring.accounting import (
    codes_of,
    copied_text,
    plural_of,
    readable,
    shared_by_patients,
)
from pytest_biasruler.scoring.job import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from pytest_biasruler.scoring.accounting import Done, Identical
    from pytest_biasruler.scoring.job import MaskFacts
    from pytest_biasruler.scoring.sources import MaskSet

_OF_MASKS = {
    "BR106": "{n} files of {set} have zero bytes behind the gzip stream",
    "BR203": "bitpix disagrees with the voxel type in {n} files of {set}",
    "BR206": "axes of length 1 were dropped or added in {n} {set}",
    "BR208": "values of {n} {set} were rounded to whole labels after scaling",
    "BR209": "{n} files of {set} have an invalid voxel size in pixdim; that of the affine is used",
    "BR210": "voxel sizes of pixdim and affine differ in {n} files of {set}; the affine is used",
    "BR213": "{n} {set} store no orientation, nor do their partners",
    "BR214": "qform and sform differ in {n} files of {set}; sform is used",
    "BR216": "{n} files of {set} store no voxel size: nothing is measured in mm or ml",
    "BR222": "{n} {set} were reoriented without loss",
    "BR230": "malformed header extensions of {n} files of {set} were ignored",
    "BR231": "header text in {n} files of {set} was not copied",
    "BR306": "several values are read as one label in {n} {set}",
}
_OFTEN_EMPTY = 0.20
_MOSTLY = 0.5


def list_notes(
    done: Done,
    sets: Sequence[MaskSet],
    *,
    table: pd.DataFrame,
    patients: Mapping[str, str],
    identical: Identical,
    strangers: Mapping[str, int],
    has_labels: bool,
) -> tuple[Note, ...]:
    """Return all notes about masks, in the order of sets, then of codes."""
    notes: list[Note] = []
    for mask_set in sets:
        found = [
            *_of_masks(done, mask_set, has_labels=has_labels),
            *_of_files(done, mask_set, n_strangers=strangers.get(mask_set.name, 0)),
            *_of_patients(done, mask_set, patients=patients),
            *_of_copies(done, mask_set, sets=sets, identical=identical),
            *_of_unannotated(table, mask_set, sets=sets),
        ]
        notes += sorted(found, key=lambda note: note.code)
    return (*notes, *_of_twins(done, sets))


def _of_masks(done: Done, mask_set: MaskSet, *, has_labels: bool) -> Iterator[Note]:
    facts = [facts for _, facts in readable(done, mask_set)]
    counts = Counter(code for each in facts for code in each["notes"] if code in _OF_MASKS)
    name = plural_of(mask_set)
    values = Counter(each["highest"] for each in facts if each["highest"])
    if len(values) > 1 and not has_labels:
        texts = [f"{value} in {n}" for value, n in sorted(values.items())[:4]]
        more = "" if len(values) <= len(texts) else " and others in more"
        text = (
            f"the highest value of {name} is {', '.join(texts)}{more}; all non-zero is one label"
        )
        yield Note(code="BR306", set=mask_set.name, n=sum(values.values()), text=text)
        counts.pop("BR306", None)
    for code, n in counts.items():
        text = _OF_MASKS[code].format(n=n, set=name)
        yield Note(code=code, set=mask_set.name, n=n, text=text)
    yield from _of_ignored(facts, mask_set)
    n_large = sum(each["is_large"] for each in facts)
    if n_large:
        text = f"foreground above half of the volume in {n_large} {name}"
        yield Note(code="BR305", set=mask_set.name, n=n_large, text=text)


def _of_ignored(facts: Sequence[MaskFacts], mask_set: MaskSet) -> Iterator[Note]:
    counts = [each["n_ignored"] for each in facts if each["n_ignored"]]
    if counts:
        n = len(counts)
        text = (
            f"{sum(counts)} voxels of {n} {plural_of(mask_set)} are ignored, "
            f"at most {max(counts)} of one; they are left out of every comparison with it"
        )
        yield Note(code="BR308", set=mask_set.name, n=n, text=text)


def _of_files(done: Done, mask_set: MaskSet, *, n_strangers: int) -> Iterator[Note]:
    n_missing = list(codes_of(done, mask_set).values()).count("BR101")
    if n_missing or n_strangers:
        text = f"{n_missing} of {len(done)} cases have no {mask_set.title}"
        if n_strangers:
            text += f", {n_strangers} files match no case"
        yield Note(code="BR404", set=mask_set.name, n=n_missing + n_strangers, text=text)


def _of_patients(done: Done, mask_set: MaskSet, *, patients: Mapping[str, str]) -> Iterator[Note]:
    cases = shared_by_patients(done, mask_set, patients=patients)
    if cases:
        n, named = len(cases), tuple(sorted(cases))
        text = f"{n} {plural_of(mask_set)} hold a mask that another patient has too"
        yield Note(code="BR120", set=mask_set.name, n=n, text=text, cases=named)


def _of_copies(
    done: Done, mask_set: MaskSet, *, sets: Sequence[MaskSet], identical: Identical
) -> Iterator[Note]:
    if mask_set.role != Role.MODEL:
        return
    n_readable = sum(1 for _ in readable(done, mask_set))
    copies = {
        each: len(identical.get((mask_set.name, each.name), ()))
        for each in sets
        if each.role != Role.MODEL
    }
    texts = [
        f"{n} of {n_readable} {copied_text(mask_set, each)} ({each.name})"
        for each, n in copies.items()
        if n
    ]
    if texts:
        n_copied = max(copies.values())
        yield Note(code="BR121", set=mask_set.name, n=n_copied, text="; ".join(texts))


def _of_unannotated(
    table: pd.DataFrame, mask_set: MaskSet, *, sets: Sequence[MaskSet]
) -> Iterator[Note]:
    if mask_set.role == Role.MODEL:
        return
    models = [each.name for each in sets if each.role == Role.MODEL]
    rows = table[(table["reference"] == mask_set.name) & table["model"].isin(models)]
    texts, n_most = [], 0
    for (label, model), pair in rows.groupby(["label", "model"]):
        is_empty = pair["n_reference"] == 0
        n_empty = int(is_empty.sum())
        n_present = int((is_empty & (pair["n_model"] > 0)).sum())
        if n_empty > _OFTEN_EMPTY * len(pair) and n_present > _MOSTLY * n_empty:
            name = "foreground" if label == "" else f"label {label}"
            texts.append(
                f"{name} is empty in {n_empty} of {len(pair)} masks of {mask_set.title} "
                f"and present in {n_present} of their predictions of {model}"
            )
            n_most = max(n_most, n_empty)
    if texts:
        text = f"{'; '.join(texts)}: absent, or not annotated?"
        yield Note(code="BR307", set=mask_set.name, n=n_most, text=text)


def _of_twins(done: Done, sets: Sequence[MaskSet]) -> Iterator[Note]:
    references = [each for each in sets if each.role != Role.MODEL]
    for first, second in combinations(references, 2):
        masks = [
            {case: facts["voxel_sha256"] for case, facts in readable(done, each)}
            for each in (first, second)
        ]
        if masks[0] == masks[1] and any(masks[0].values()):
            n = len(masks[0])
            text = f"references {first.name} and {second.name} are identical in all {n} cases"
            yield Note(code="BR125", set=f"{first.name} and {second.name}", n=n, text=text)
