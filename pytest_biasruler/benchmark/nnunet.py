"""A dataset's folder as nnU-Net lays it out: ``dataset.json`` beside folders of labels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.jsonkeys import each_once
from pytest_biasruler.benchmark.label_keys import IGNORE
from pytest_biasruler.benchmark.rules import refusal, shown
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from pathlib import Path

_MAX_DESCRIPTION_BYTES = 2**20
_FOLDERS = ("labelsTs", "labelsTr")


def know_nnunet(declared: Mapping[str, Any], *, root: Path) -> dict[str, Any]:
    """Return the sections that the dataset's folder fills in.

    The labels are those of ``dataset.json`` without background: integers, regions, and the ignore
    label. Regions need no ``regions_class_order``: predictions are written as integers again, of
    which a region is the union. The reference ``expert`` is that of ``labelsTs`` and ``labelsTr``
    which is there, unless the file declares an expert reference.

    Parameters
    ----------
    declared : mapping
        Tables by name, as in a benchmark file.
    root : Path
        The dataset's folder.

    Raises
    ------
    BiasRulerError
        ``BR403`` if ``dataset.json`` has a key, or the name of a label, twice; ``BR408`` or
        ``BR410`` if it cannot be read, ``BR602`` if it does not say what is needed, or both
        folders are there, or none.
    """
    references = declared.get("references", {})
    wants_expert = isinstance(references, Mapping) and not any(
        map(_is_expert, references.values())
    )
    if "labels" in declared and not wants_expert:
        return {}
    is_needed = "references" not in declared
    if "labels" in declared and not is_needed and len(_there(root)) != 1:
        return {}
    description = _description(root / "dataset.json")
    known: dict[str, Any] = {}
    if "labels" not in declared:
        known["labels"] = _labels(description.get("labels"))
    if wants_expert and (is_needed or len(_there(root)) == 1):
        expert = {"kind": "expert", "masks": _template(description, root=root)}
        known["references"] = {"expert": expert, **references}
    return known


def _is_expert(reference: object) -> bool:
    # A kind that is misspelt is told by whoever reads it; it is not answered by another reference.
    return not isinstance(reference, Mapping) or reference.get("kind") != "automated"


def _there(root: Path) -> list[str]:
    return [name for name in _FOLDERS if (root / name).is_dir()]


def _template(description: Mapping[str, Any], *, root: Path) -> str:
    ending = description.get("file_ending", ".nii.gz")
    if not isinstance(ending, str) or not ending.startswith("."):
        fix = "Declare [references.expert] with kind and masks"
        raise refusal(f"file_ending of dataset.json is {shown(ending)}", '".nii.gz"', fix=fix)
    there = _there(root)
    if len(there) != 1:
        found = "labelsTs and labelsTr are both there" if there else "no labelsTs, no labelsTr"
        example = f'kind = "expert" and masks = "{_FOLDERS[0]}/{{case}}{ending}"'
        fix = f"Declare [references.expert] with kind and masks, such as {example}"
        raise refusal(found, "one of labelsTs, labelsTr in root", fix=fix)
    return f"{there[0]}/{{case}}{ending}"


def _description(path: Path) -> dict[str, Any]:
    fix = "Set root to the dataset's folder"
    lacking = refusal("dataset.json cannot be read", "it in root", fix=fix, code="BR408")
    try:
        if not path.is_file():  # a pipe would block the run
            raise lacking
        with path.open("rb") as stream:
            content = stream.read(_MAX_DESCRIPTION_BYTES + 1)
    except OSError:
        raise lacking from None
    if len(content) > _MAX_DESCRIPTION_BYTES:
        raise refusal("dataset.json is larger than 1 MiB", "a smaller file", code="BR410")
    try:
        description = json.loads(content, object_pairs_hook=each_once)
    except BiasRulerError as error:
        raise refusal(f"dataset.json has {error.found}", error.expected, code=error.code) from None
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
        names = list(declared.values())
        if len(set(names)) < len(names):
            found = "labels of dataset.json has one name for several integers"
            raise refusal(found, "each name once", fix=fix, code="BR403")
        declared = {name: _number(value) for value, name in declared.items()}
    labels = {name: value for name, value in declared.items() if value not in (0, [0])}
    if set(labels) <= {IGNORE}:
        raise refusal("dataset.json names nothing but background", "a label", fix=fix)
    return labels


def _number(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        found = f"dataset.json has the label {shown(value)}"
        raise refusal(found, "a whole number", fix="Declare [labels]") from None
