"""Real chest X-rays: two physicians corrected one machine's masks, and kept its mistakes alike."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_biasruler.audit import run_audit
from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.definition import Benchmark, Model, Reference
from pytest_biasruler.checks.finding import Verdict

DATA = os.environ.get("BIASRULER_DATA", "")
pytestmark = [
    pytest.mark.skipif(not DATA, reason="BIASRULER_DATA names no data"),
    pytest.mark.slow,
]


@pytest.mark.parametrize(
    ("organ", "kappa", "n_dropped"), [("lungs", 0.6818, 23), ("heart", 0.7994, 16)]
)
def test_a_second_physician_repeats_most_of_what_the_first_one_corrected(organ, kappa, n_dropped):
    benchmark = Benchmark(
        name=f"chest X-rays, {organ}",
        root=Path(DATA) / "chexmask_phys",
        metadata="metadata.csv",
        case="case_id",
        references=[
            Reference(name="expert", kind="expert", masks=f"{organ}/expert1/{{case}}.nii.gz"),
            Reference(
                name="automated", kind="automated", masks=f"{organ}/hybridgnet/{{case}}.nii.gz"
            ),
        ],
        models=[Model(name="expert2", masks=f"{organ}/expert2/{{case}}.nii.gz")],
        checks=[Check("echo")],
    )
    (finding,) = run_audit(benchmark).findings
    assert finding.estimate.value == pytest.approx(kappa, abs=5e-4)
    assert finding.verdict == Verdict.FAIL
    assert finding.details["dropped"] == {"all": {"few_errors": n_dropped, "empty_expert": 0}}
    assert finding.details["errors"]["all"]["expected"] < 0.05, "chance explains next to nothing"
