"""Rows that need a whole run of pytest."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from tests.acceptance.bench import Bench
from tests.acceptance.row import Played

if TYPE_CHECKING:
    import pytest

    from tests.acceptance.row import Stage

MANIFEST = """\
[benchmark]
name = "Tiny"
metadata = "clinical.csv"
[references.expert]
kind = "expert"
masks = "expert/{case}.nii.gz"
[references.automated]
kind = "automated"
masks = "automated/{case}.nii.gz"
[models.unet]
masks = "unet/{case}.nii.gz"
[attributes.sex]
[defaults]
min_patients = 2
[[checks]]
check = "gap"
by = "sex"
model = "unet"
[[checks]]
check = "gap"
metric = "iou"
by = "sex"
model = "unet"
"""
STRICT = ("--biasruler-policy=prove-safe", "--biasruler-min-checks=2")


def _lay(stage: Stage) -> Bench:
    bench = Bench(folder=stage.pytester.path)
    (bench.folder / "biasruler.toml").write_text(MANIFEST, encoding="utf-8")
    return bench


def _start(stage: Stage, *arguments: str) -> pytest.RunResult:
    return stage.run("biasruler.toml", "--biasruler-json=audit.json", *arguments)


def _n_scored(bench: Bench) -> int:
    audit = json.loads((bench.folder / "audit.json").read_text("utf-8"))
    assert audit["accounting"]["problems"] == audit["warnings"] == []
    assert audit["accounting"]["checks"]["ran"] == 2
    return int(audit["accounting"]["scored"])


def play_too_little_memory(stage: Stage) -> list[Played]:
    bench = _lay(stage)
    stage.pytester.makeini("[pytest]\nbiasruler_case_memory_mb = 256")
    result = _start(stage)
    assert result.ret == 4
    assert not (bench.folder / "audit.json").exists(), "something was audited"
    found = re.findall(r"(BR\d{3})(?: [^:\s]+)?: (.+)", result.stderr.str())
    stage.pytester.makeini("[pytest]\nbiasruler_case_memory_mb = 512")
    _start(stage)
    said = tuple(f"{code}: {text}" for code, text in found)
    return [Played(said=said, lost=frozenset(), scored=_n_scored(bench))]


def play_a_listing(stage: Stage) -> list[Played]:
    bench = _lay(stage)
    listed = _start(stage, "--collect-only", "-q", *STRICT)
    assert listed.ret == 0
    assert not (bench.folder / "audit.json").exists(), "a listing is no audit"
    text = listed.stdout.str() + listed.stderr.str()
    listed.stdout.fnmatch_lines(["*::gap[[]dice-sex-unet[]]", "*::gap[[]iou-sex-unet[]]"])
    said = tuple(f"{code}: {rest}" for code, rest in re.findall(r"(BR\d{3}).*?: (.+)", text))
    _start(stage)
    return [Played(said=said, lost=frozenset(), scored=_n_scored(bench))]
