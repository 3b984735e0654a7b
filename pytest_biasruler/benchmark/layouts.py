"""Known folder layouts: what MAMA-MIA and nnU-Net name their files, for what a file leaves out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.rules import refusal, shown

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_biasruler.benchmark.problems import Problems

LAYOUTS = ("mama-mia", "nnunet")
"""Values of the key ``layout``."""

_MAX_DESCRIPTION_BYTES = 2**20

_MAMA_MIA: Mapping[str, Mapping[str, Any]] = {
    "benchmark": {
        "metadata": "clinical_and_imaging_info.csv",
        "case": "patient_id",
        "patient": "patient_id",
    },
    "references": {
        "expert": {"kind": "expert", "masks": "segmentations/expert/{case}.nii.gz"},
        "automated": {"kind": "automated", "masks": "segmentations/automatic/{case}.nii.gz"},
    },
}


def fill_layout(document: Mapping[str, Any], *, root: Path, problems: Problems) -> dict[str, Any]:
    """Return the document with what its ``layout`` knows and the file does not declare.

    ``mama-mia`` knows the clinical table (``clinical_and_imaging_info.csv``, exported from the
    published spreadsheet), its column ``patient_id`` and the references ``expert`` and
    ``automated``. ``nnunet`` knows the reference ``expert``, which is ``labelsTs`` or
    ``labelsTr``, whichever is there, and the labels of ``dataset.json`` without background. A
    section that the file has is left as it is; models are never guessed.

    Parameters
    ----------
    document : mapping
        Tables by name, as in a benchmark file.
    root : Path
        The data root; for ``nnunet`` the dataset's folder.
    problems : Problems
        Takes what is wrong with the layout.
    """
    general = document.get("benchmark")
    layout = general.get("layout") if isinstance(general, Mapping) else None
    known: Mapping[str, Mapping[str, Any]] = {}
    if layout == "mama-mia":
        known = _MAMA_MIA
    elif layout == "nnunet":
        with problems.at("benchmark", "layout"):
            known = _nnunet(root, declared=document)
    filled = {**known, **document}
    if "benchmark" in known and isinstance(general, Mapping):
        filled["benchmark"] = {**known["benchmark"], **general}
    return filled


def _nnunet(root: Path, *, declared: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    known: dict[str, Mapping[str, Any]] = {}
    if "labels" in declared and "references" in declared:
        return known
    description = _description(root / "dataset.json")
    if "labels" not in declared:
        known["labels"] = _labels(description.get("labels"))
    if "references" not in declared:
        ending = description.get("file_ending", ".nii.gz")
        masks = f"{_labels_folder(root)}/{{case}}{ending}"
        known["references"] = {"expert": {"kind": "expert", "masks": masks}}
    return known


def _labels_folder(root: Path) -> str:
    there = [name for name in ("labelsTs", "labelsTr") if (root / name).is_dir()]
    if len(there) != 1:
        found = "labelsTs and labelsTr are both there" if there else "no labelsTs, no labelsTr"
        fix = "Declare [references.expert] with kind and masks"
        raise refusal(found, "one of labelsTs, labelsTr in root", fix=fix)
    return there[0]


def _description(path: Path) -> dict[str, Any]:
    """Return nnU-Net's ``dataset.json``."""
    fix = "Set root to the dataset's folder"
    try:
        with path.open("rb") as stream:
            content = stream.read(_MAX_DESCRIPTION_BYTES + 1)
    except OSError:
        raise refusal("dataset.json cannot be read", "it in root", fix=fix, code="BR408") from None
    if len(content) > _MAX_DESCRIPTION_BYTES:
        raise refusal("dataset.json is larger than 1 MiB", "a smaller file", code="BR410")
    try:
        description = json.loads(content)
    except (ValueError, RecursionError):  # not UTF-8 is a ValueError too
        raise refusal("dataset.json is not JSON", "valid JSON", code="BR408") from None
    if not isinstance(description, dict):
        raise refusal("dataset.json holds no object", "an object", code="BR408")
    return description


def _labels(declared: object) -> dict[str, Any]:
    """Return the labels of a description without background, of version 2 or 1 (turned round)."""
    fix = "Declare [labels]"
    if not isinstance(declared, Mapping):
        raise refusal(f"labels of dataset.json is {shown(declared)}", "an object", fix=fix)
    if declared and all(isinstance(value, str) for value in declared.values()):
        declared = {name: _number(value) for value, name in declared.items()}
    if "ignore" in declared:
        found = "dataset.json has an ignore label"
        raise refusal(found, "labels that are all scored", fix=fix)
    return {name: value for name, value in declared.items() if value != 0}


def _number(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        found = f"dataset.json has the label {shown(value)}"
        raise refusal(found, "a whole number", fix="Declare [labels]") from None
