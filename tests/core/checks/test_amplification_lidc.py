"""Four exchangeable radiologists: whoever plays the machine, no training widened a gap."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_biasruler.audit.preparing import prepare
from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model, Reference
from pytest_biasruler.checks.amplification import check_amplification
from pytest_biasruler.checks.finding import Verdict

DATA = os.environ.get("BIASRULER_DATA", "")
pytestmark = [
    pytest.mark.skipif(not DATA, reason="BIASRULER_DATA names no data"),
    pytest.mark.slow,
]


@pytest.mark.parametrize("first", range(4))
def test_exchangeable_readers_do_not_amplify_each_other(first):
    expert, automated, taught_by_expert, taught_by_machine = (
        f"rater{(first + shift) % 4 + 1}/{{case}}.nii.gz" for shift in range(4)
    )
    benchmark = Benchmark(
        name="lung nodules",
        root=Path(DATA) / "lidc",
        metadata="metadata.csv",
        case="case_id",
        patient="patient_id",
        references=[
            Reference(name="expert", kind="expert", masks=expert),
            Reference(name="automated", kind="automated", masks=automated),
        ],
        models=[
            Model(name="e", masks=taught_by_expert, trained_on="expert"),
            Model(name="a", masks=taught_by_machine, trained_on="automated"),
        ],
        attributes=[Attribute(name="contrast_used"), Attribute(name="thin")],
        checks=[Check("amplification", by=["contrast_used", "thin"], limit=0.02)],
    )
    evidence = prepare(benchmark)
    for declared in evidence.declared:
        finding = check_amplification(evidence, declared)
        assert finding.verdict != Verdict.FAIL, finding.statement
        loop = finding.details["closed_loop"]
        assert (loop["n_cases"], len(loop["cells"])) == (220, 4)
        gaps = finding.details["gaps"]
        judged = {
            cell["trained_on"]: cell for cell in loop["cells"] if cell["judged_by"] == "expert"
        }
        for trained in ("expert", "automated"):
            assert judged[trained]["value"] == pytest.approx(gaps[f"{trained}_trained"]["value"])
