"""Edited benchmark files and audits, and what tomllib and json read in the same bytes."""

from __future__ import annotations

import datetime as dt
import functools
import json
import tomllib
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmarks.fuzzing.edits import edit_bytes, edit_json, edit_rows
from benchmarks.fuzzing.outcome import RIGHT, hold, outcome_of
from pytest_biasruler.audit import Audit, run_audit
from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.declared import declare_checks
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model, Reference
from pytest_biasruler.benchmark.questions import COMMON_KEYS, QUESTIONS
from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

TOML = """\
[benchmark]
name = "Breast DCE-MRI"
root = "${FUZZ}"
metadata = "clinical.csv"
case = "patient_id"
patient = "patient"
site = "dataset"
[references.expert]
kind = "expert"
masks = "expert/{case}.nii.gz"
[references.automated]
kind = "automated"
masks = "automatic/{case}.nii.gz"
[models.unet]
masks = "unet/{case}.nii.gz"
trained_on = "expert"
[labels]
tumor = 1
whole = [1, 2, 4]
[attributes.age]
column = "age_years"
bins = [0, 41, 56, 120]
names = ["young", "middle", "old"]
[attributes.ethnicity]
merge = { "pacific islander" = ["hawaian", "hawaiian"] }
missing = ["", "unknown"]
[scores]
table = "scores.csv"
[metrics.nsd]
tolerance_mm = { tumor = 2, whole = 3.5 }
[metrics.hd95_mm]
cap = 300
[defaults]
metric = "iou"
min_patients = 30
policy = "prove-safe"
alpha = 0.1
[[checks]]
check = "gap"
by = ["age", ["age", "ethnicity"]]
limit = 0.05
[[checks]]
check = ["ruler", "labels"]
by = "age"
waive = { reason = "relabelling under way", until = 2027-03-31 }
[[checks]]
check = "floor"
by = "ethnicity"
label = "tumor"
limit = 0.7
"""
_KEYS = sorted({*COMMON_KEYS, *(key for question in QUESTIONS.values() for key in question.keys)})
_TOKENS = (
    *_KEYS,
    *(f'"{name}"' for name in QUESTIONS),
    *(f"\n{key} = " for key in _KEYS[::3]),
    *(
        "nan",
        "-inf",
        "true",
        "0",
        "-1",
        "0.5",
        "0,5",
        "9" * 400,
        "9" * 5000,
        "0x_f",
        '""',
        '"age"',
    ),
    *(
        "[]",
        "[[]]",
        "[1]",
        "{}",
        "{ reason = 1 }",
        "{ until = 2027-01-01T00:00:00 }",
        "2027-13-01",
    ),
    *(
        '"{case}"',
        '"../{case}"',
        '"{case.__class__}"',
        '"http://x/{case}"',
        '"\\u0000"',
        '"\\U0010FFFF"',
    ),
    *("[" * 3000, '"""', "'''", "#", "\n[models.b]", "\n[[checks]]", "\n[checks.waive]", "\n[x]"),
    *(
        "\n[scores]",
        "\n[benchmark]",
        "\n[models.unet.masks]",
        "\x00",
        "\r",
        "\u2028",
        "'/etc/zqvx'",
    ),
    *('"${HOME}"', '"${NONE}"', "1979-05-27", "07:32:00", "1e400", "[nan]", '["age", "age"]'),
)


def make_manifest(rng: Random) -> dict[str, bytes]:
    """Return an edited benchmark file."""
    text = TOML
    if rng.random() < 0.8:
        text = edit_rows(rng, TOML, tokens=_TOKENS, separators="=,")
    data = text.encode("utf-8", "surrogatepass")
    return {"biasruler.toml": edit_bytes(rng, data) if rng.random() < 0.4 else data}


def judge_manifest(folder: Path, files: dict[str, bytes]) -> str:
    """Return what became of a benchmark file; `Wrong` if a table or key of it is not kept."""
    try:
        benchmark = Benchmark.from_file(folder / "biasruler.toml", environ={"FUZZ": "data"})
        items = declare_checks(benchmark)
    except BiasRulerProblems as refused:
        return outcome_of(refused)
    document = tomllib.loads(files["biasruler.toml"].decode("utf-8-sig").replace("\r\n", "\n"))
    general = document["benchmark"]
    for key in ("name", "case", "patient", "site", "metadata"):
        default = "case" if key == "case" else None
        hold(getattr(benchmark, key) == general.get(key, default), f"another {key}")
    for section in ("references", "models", "attributes"):
        names = [each.name for each in getattr(benchmark, section)]
        hold(names == list(document.get(section, {})), f"other {section}")
    for attribute in benchmark.attributes:
        declared = document["attributes"][attribute.name]
        hold(list(attribute.bins or ()) == declared.get("bins", []), "other bins")
    hold(list(benchmark.labels) == list(document.get("labels", {})), "other labels")
    asked = [entry["check"] for entry in document.get("checks", [])]
    expected = [name for each in asked for name in (each if isinstance(each, list) else [each])]
    hold([each.check for each in benchmark.checks] == expected, "other checks")
    ids = [item.id for item in items]
    hold(len(set(ids)) == len(ids), "two checks with one id")
    return RIGHT


@functools.cache
def audit_json() -> str:
    """Return the audit of a small table of scores."""
    cases = [f"case{n:02d}" for n in range(60)]
    frame = pd.DataFrame({"case": cases, "age": ["old", "young"] * 30})
    scores = pd.concat(
        frame[["case"]].assign(
            model=model, reference=reference, dice=[0.9 - (n % 7) / 50 - shift for n in range(60)]
        )
        for model, reference, shift in (
            ("unet", "expert", 0),
            ("unet", "auto", 0.1),
            ("auto", "expert", 0.05),
        )
    )
    benchmark = Benchmark(
        name="staircase",
        metadata=frame,
        references=[
            Reference(name="expert", kind="expert"),
            Reference(name="auto", kind="automated"),
        ],
        models=[Model(name="unet")],
        attributes=[Attribute(name="age")],
        scores=scores,
        checks=[Check(name, by="age") for name in ("gap", "ruler", "success", "labels")],
    )
    return run_audit(benchmark, today=dt.date(2026, 11, 23)).to_json()


def make_audit(rng: Random) -> dict[str, bytes]:
    """Return an edited ``audit.json``."""
    text = edit_json(rng, audit_json()) if rng.random() < 0.7 else audit_json()
    data = text.encode()
    return {"audit.json": edit_bytes(rng, data) if rng.random() < 0.4 else data}


def judge_audit(folder: Path, files: dict[str, bytes]) -> str:
    """Return what became of an audit; `Wrong` if it comes back with another content."""
    del folder
    text = files["audit.json"].decode("utf-8", "replace")
    try:
        audit = Audit.from_json(text)
    except BiasRulerError as refused:
        return outcome_of(refused)
    again: Any = json.loads(audit.to_json())
    told: Any = json.loads(text)
    hold(isinstance(audit.findings, tuple), "findings are no tuple")
    for key in ("models", "references", "attributes", "accounting", "benchmark", "settings"):
        hold(isinstance(getattr(audit, key), dict), f"{key} is no table")
    hold(again == {"extensions": {}, "selftest": {}, **told}, "another content")
    return RIGHT
