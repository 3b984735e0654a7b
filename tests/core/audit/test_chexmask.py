"""Real chest X-rays: an automated reference that turns a sex gap around, against physicians."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_biasruler.audit import run_audit
from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model, Reference
from pytest_biasruler.checks.finding import Status

DATA = os.environ.get("BIASRULER_DATA", "")
pytestmark = [
    pytest.mark.skipif(not DATA, reason="BIASRULER_DATA names no data"),
    pytest.mark.slow,
]

EXPECTED = {  # organ: gap F - M by the expert, by the automated reference, distortion
    "lungs": (0.0066, -0.0214, 0.0280),
    "heart": (0.0110, -0.0186, 0.0296),
}


@pytest.fixture(scope="module", params=sorted(EXPECTED))
def audited(request):
    organ = request.param
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
        attributes=[Attribute(name="sex")],
        checks=[
            Check("gap", by="sex", limit=0.05, baseline="F"),
            Check("ruler", by="sex", limit=0.02),
        ],
    )
    return organ, run_audit(benchmark)


def test_both_gaps_and_the_distortion_are_those_of_the_published_masks(audited):
    organ, audit = audited
    by_expert, by_automated, distortion = EXPECTED[organ]
    gap, ruler = audit.findings
    assert gap.estimate.value == pytest.approx(by_expert, abs=5e-5)
    assert ruler.details["direction_pair"] == ["F", "M"]
    assert ruler.details["pair_gaps"]["expert"] == pytest.approx(by_expert, abs=5e-5)
    assert ruler.details["pair_gaps"]["automated"] == pytest.approx(by_automated, abs=5e-5)
    assert ruler.estimate.value == pytest.approx(distortion, abs=5e-5)


def test_a_reversal_that_is_not_sure_is_only_said_to_move_the_gap(audited):
    organ, audit = audited
    ruler = audit.findings[1]
    assert ruler.details["direction"] == "reverses"
    assert ruler.details["direction_confirmed"] is False
    assert ruler.statement.startswith("The automated reference moves the sex gap by 0.0")
    if organ == "lungs":
        assert ruler.estimate.low > 0
        assert ruler.details["strength"] == ["detected"]
        assert ruler.statement.endswith("(F − M: experts +0.007, automated −0.021)")


def test_cases_without_sex_on_record_are_a_visible_subgroup(audited):
    _, audit = audited
    groups = {group.name: group for group in audit.findings[0].groups}
    assert groups["missing"].n_cases == 149
    assert groups["missing"].status == Status.MISSING
    assert groups["missing"].mean is not None
    assert (groups["F"].n_cases, groups["M"].n_cases) == (71, 85)
    assert audit.accounting["references"]["expert"]["scored"] == 305


def ask(organ, *checks):
    """Return the findings of one file that holds these checks alone."""
    benchmark = Benchmark(
        name=f"chest X-rays, {organ}, by view",
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
        attributes=[Attribute(name="view")],
        checks=checks,
    )
    return run_audit(benchmark).findings


@pytest.mark.parametrize("organ", sorted(EXPECTED))
def test_the_automated_labels_are_worse_in_one_view(organ):
    (labels,) = ask(organ, Check("labels", metric="dice", by="view", limit=0.02))
    assert labels.verdict == "FAIL", labels.statement


def test_the_automated_reference_bends_the_gap_between_views():
    (ruler,) = ask("lungs", Check("ruler", by="view", limit=0.02))
    assert "detected" in ruler.details["strength"]
