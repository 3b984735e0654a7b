"""Edited score tables and summaries, and the numbers that csv and json read in the same bytes."""

from __future__ import annotations

import json
import math
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from benchmarks.fuzzing.edits import edit_bytes, edit_json
from benchmarks.fuzzing.outcome import RIGHT, hold, outcome_of
from benchmarks.fuzzing.tables import CASES, edit_table, rows_of
from pytest_biasruler.benchmark.textfile import read_text_table
from pytest_biasruler.errors import BiasRulerError, Limits
from pytest_biasruler.scoring.job import Status
from pytest_biasruler.scoring.nnunet import read_summary
from pytest_biasruler.scoring.published import Incoming, Published, Vocabulary, publish
from pytest_biasruler.scoring.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from random import Random

    from pytest_biasruler.benchmark.texttable import TextTable

SCORES = "case,model,reference,dice,hd95_mm,n_model,n_reference,remark\n" + "\n".join(
    f"{case},{model},{reference},{0.9 - n / 100},{n + 0.25},{100 + n},{90 + n},xqzv{n}"
    for n, case in enumerate(CASES)
    for model, reference in (("unet", "expert"), ("unet", "auto"), ("auto", "expert"))
)
SUMMARY = json.dumps(
    {
        "metric_per_case": [
            {
                "metrics": {
                    "1": {"Dice": 0.9 - n / 100, "IoU": 0.8 - n / 100, "n_pred": 9, "n_ref": 8}
                },
                "prediction_file": f"/vxzq/out/{case}.nii.gz",
                "reference_file": f"/vxzq/labels/{case}.nii.gz",
            }
            for n, case in enumerate(CASES)
        ],
        "mean": {"1": {"Dice": 0.8}},
    }
)
_LABELS = {"tumor": (1,)}


def make_scores(rng: Random) -> dict[str, bytes]:
    """Return an edited score table."""
    return {"scores.csv": edit_table(rng, SCORES)}


def make_summary(rng: Random) -> dict[str, bytes]:
    """Return an edited ``summary.json`` of nnU-Net."""
    edited = edit_json(rng, SUMMARY) if rng.random() < 0.6 else SUMMARY
    data = edited.encode()
    return {"summary.json": edit_bytes(rng, data) if rng.random() < 0.5 else data}


def _vocabulary(labels: Mapping[str, Any]) -> Vocabulary:
    return Vocabulary(
        cases=frozenset(CASES),
        models=("unet",),
        references=("expert", "auto"),
        labels=tuple(labels),
    )


def _publish(text: TextTable, *, shown: str, labels: Mapping[str, Any]) -> Published:
    opens = partial(Incoming, shown=shown, parts=(part for part in [text]))
    return publish([opens], vocabulary=_vocabulary(labels), shelf=Shelf(names=(shown,)))


def judge_scores(folder: Path, files: dict[str, bytes]) -> str:
    """Return what became of a score table; `Wrong` if a score is not that of the bytes."""
    path = folder / "scores.csv"
    try:
        text = read_text_table(path, shown="scores.csv", limits=Limits())
        published = _publish(text, shown="scores.csv", labels={})
    except BiasRulerError as refused:
        return outcome_of(refused, may_quote=False)
    ours = [row for row in rows_of(files["scores.csv"]) if _is_ours(row)]
    keys = [(row["case"], row["model"], row["reference"]) for row in ours]
    hold(len(set(keys)) == len(keys), "a row twice")
    _compare_scores(published, dict(zip(keys, ours, strict=True)))
    return RIGHT


def _is_ours(row: dict[str, str]) -> bool:
    is_pair = row["model"] != row["reference"] and row["model"] in ("unet", "expert", "auto")
    return row["case"] in CASES and is_pair and row["reference"] in ("expert", "auto")


def _compare_scores(published: Published, rows: Mapping[Any, dict[str, Any]]) -> None:
    found = published.table.set_index(["case", "model", "reference"]).to_dict("index")
    hold(set(found) == set(rows), "other rows")
    for key, row in rows.items():
        is_absent = found[key]["status"] == Status.AGREED_ABSENT
        for name in ("dice", "iou", "hd95_mm", "n_model", "n_reference"):
            if name not in row:
                continue
            score, cell = found[key][name], row[name]
            expected = _number(cell)
            is_same = score == expected or (math.isnan(score) and not math.isfinite(expected))
            hold(is_same or (is_absent and math.isnan(expected)), f"{name} is {score}, not {cell}")
            if name in ("dice", "iou"):
                hold(not (score < 0 or score > 1), f"{name} is {score}")
            hold(not score < 0, f"{name} is {score}")


def _number(cell: Any) -> float:
    return math.nan if cell in ("", None) else float(cell)


def judge_summary(folder: Path, files: dict[str, bytes]) -> str:
    """Return what became of a summary; `Wrong` if a score is not that of its case."""
    path = folder / "summary.json"
    try:
        text = read_summary(
            path,
            model="unet",
            reference="expert",
            labels=_LABELS,
            shown="summary.json",
            limits=Limits(),
        )
        published = _publish(text, shown="summary.json", labels=_LABELS)
    except BiasRulerError as refused:
        return outcome_of(refused, may_quote=False)
    rows = {}
    for entry in json.loads(files["summary.json"].decode("utf-8-sig"))["metric_per_case"]:
        file = next(
            entry[name] for name in ("prediction_file", "test") if isinstance(entry.get(name), str)
        )
        case = PurePosixPath(file.replace("\\", "/")).name.removesuffix(".gz").rpartition(".")[0]
        measures = entry.get("metrics", entry)
        if case in CASES and isinstance(measures.get("1"), dict):
            hold((case, "unet", "expert") not in rows, "a case twice")
            told = measures["1"]
            iou = told["IoU"] if "IoU" in told else told.get("Jaccard")
            rows[case, "unet", "expert"] = {
                "dice": told.get("Dice"),
                "iou": iou,
                "n_model": told.get("n_pred"),
                "n_reference": told.get("n_ref"),
            }
    _compare_scores(published, rows)
    return RIGHT
