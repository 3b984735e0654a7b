"""Real lung nodules: shapes that differ by what radiologists say of them, and by nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from pytest_biasruler.audit import prepare
from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model, Reference
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.checks.morphology import check_morphology

DATA = os.environ.get("BIASRULER_DATA", "")
pytestmark = [
    pytest.mark.skipif(not DATA, reason="BIASRULER_DATA names no data"),
    pytest.mark.slow,
]


@pytest.fixture(scope="module")
def findings():
    root = Path(DATA) / "lidc"
    table = pd.read_csv(root / "metadata.csv", dtype=str).fillna("")
    table["turn"] = ["even" if number % 2 == 0 else "odd" for number in range(len(table))]
    benchmark = Benchmark(
        name="LIDC nodules",
        root=root,
        metadata=table,
        case="case_id",
        patient="patient_id",
        references=[Reference(name="expert", kind="expert", masks="rater1/{case}.nii.gz")],
        models=[Model(name="rater3", masks="rater3/{case}.nii.gz")],
        attributes=[
            Attribute(
                name="spiculation",
                column="spiculation_median",
                bins=(1, 2, 6),
                names=("smooth", "spiculated"),
            ),
            Attribute(name="turn"),
        ],
        checks=[Check("morphology", by=["spiculation", "turn"])],
    )
    evidence = prepare(benchmark)
    return {check.by[0]: check_morphology(evidence, check) for check in evidence.declared}


def test_spiculated_nodules_are_less_round_whatever_their_size(findings):
    finding = findings["spiculation"]
    assert finding.verdict == Verdict.FAIL
    words = {row["feature"]: row["words"] for row in finding.details["features"]}
    assert (words["sphericity"], words["log_volume_ml"]) == ("rounder", "smaller")
    assert finding.details["p_equal_size"] <= 0.01
    assert finding.statement.startswith("Lesions of spiculation smooth are rounder than those of")


def test_every_other_nodule_has_no_shape_of_its_own(findings):
    finding = findings["turn"]
    assert finding.verdict != Verdict.FAIL
    assert finding.details["p"] > 0.05
