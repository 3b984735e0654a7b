"""The layout of MAMA-MIA: tables, masks and splits of breast DCE-MRI, as they are published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.rules import refusal

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_biasruler.benchmark.problems import Problems

CLINICAL = "clinical_and_imaging_info"
"""The clinical table, published as a spreadsheet; a CSV beside it is an export of it."""

QUALITY = "preliminary_automatic_segmentations_quality_scores"
"""What two radiologists said of each automatic segmentation."""

SPLITS = "train_test_splits.csv"
_SPLIT_COLUMNS = ("train_split", "test_split")
_FOLDS = "*split*.json"
_SUFFIXES = (".csv", ".xlsx")

_REFERENCES: Mapping[str, Mapping[str, Any]] = {
    "expert": {"kind": "expert", "masks": "segmentations/expert/{case}.nii.gz"},
    "automated": {"kind": "automated", "masks": "segmentations/automatic/{case}.nii.gz"},
}


def know_mama_mia(
    document: Mapping[str, Any], *, root: Path, problems: Problems
) -> dict[str, Any]:
    """Return the sections of a document with what the layout knows and the file leaves out.

    That is the clinical table (``.csv`` before ``.xlsx``), joined with the quality scores if they
    are there, its column ``patient_id``, the references ``expert`` and ``automated``, and the
    table of a ``split`` that names none. Attributes and models are never guessed.
    """
    general = document.get("benchmark")
    if not isinstance(general, Mapping):
        return dict(document)
    split = general.get("split")
    with problems.at("benchmark", "split"):
        if isinstance(split, Mapping) and "table" not in split:
            general = {**general, "split": _with_table(split, root=root)}
    filled = {"metadata": _tables(root), "case": "patient_id", "patient": "patient_id", **general}
    return {"references": _REFERENCES, **document, "benchmark": filled}


def _tables(root: Path) -> str | list[str]:
    clinical = _there(CLINICAL, root=root) or f"{CLINICAL}.csv"
    quality = _there(QUALITY, root=root)
    return clinical if quality is None else [clinical, quality]


def _there(name: str, *, root: Path) -> str | None:
    found = (f"{name}{suffix}" for suffix in _SUFFIXES if (root / f"{name}{suffix}").is_file())
    return next(found, None)


def _with_table(split: Mapping[str, Any], *, root: Path) -> dict[str, Any]:
    """Return a split with its table: the published list of cases, or the folds of nnU-Net."""
    if "fold" in split:
        there = sorted(path.name for path in root.glob(_FOLDS))
        if len(there) != 1:
            found = f"{len(there) or 'no'} files {_FOLDS} in root"
            raise refusal(found, "one, for a fold of split", fix="Add table to split")
        return {"table": there[0], **split}
    return {"table": SPLITS, **split} if split.get("column") in _SPLIT_COLUMNS else dict(split)
