"""Real lung nodules: four exchangeable radiologists, so nobody's choice may be called wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_biasruler.audit import run_audit
from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model, Reference
from pytest_biasruler.checks.finding import Verdict

DATA = os.environ.get("BIASRULER_DATA", "")
pytestmark = [
    pytest.mark.skipif(not DATA, reason="BIASRULER_DATA names no data"),
    pytest.mark.slow,
]


@pytest.fixture(
    scope="module", params=[(1, 4), (3, 2)], ids=lambda roles: "-".join(map(str, roles))
)
def audited(request):
    expert, automated = request.param
    models = [rater for rater in (1, 2, 3, 4) if rater not in request.param]
    masks = "rater{}/{{case}}.nii.gz"
    benchmark = Benchmark(
        name="lung nodules, four radiologists",
        root=Path(DATA) / "lidc",
        metadata="metadata.csv",
        case="case_id",
        patient="patient_id",
        references=[
            Reference(name="expert", kind="expert", masks=masks.format(expert)),
            Reference(name="automated", kind="automated", masks=masks.format(automated)),
        ],
        models=[Model(name=f"rater{rater}", masks=masks.format(rater)) for rater in models],
        attributes=[Attribute(name="contrast", column="contrast_used")],
        checks=[Check("ranking"), Check("ranking", by="contrast")],
    )
    return run_audit(benchmark)


def test_no_radiologist_is_called_the_wrong_choice(audited):
    for finding in audited.findings:
        assert finding.verdict != Verdict.FAIL, finding.statement
        flips = [flip for one in finding.details["rankings"] for flip in one["flips"]]
        assert not any(flip["confirmed"] for flip in flips), finding.statement


def test_every_nodule_counts_under_both_references(audited):
    alone, within = audited.findings
    assert [one["n_cases"] for one in alone.details["rankings"]] == [220]
    sizes = {one["subgroup"]: one["n_cases"] for one in within.details["rankings"]}
    assert sizes == {"False": 120, "True": 100}


def test_nodules_of_the_lung_have_no_score_of_a_breast_challenge(audited):
    assert audited.findings[0].details["challenge"] is None
