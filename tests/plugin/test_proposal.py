"""What is proposed for a folder is run as it is: no usage error, no check in error, findings."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_biasruler.proposal.proposing import propose
from tests.core.proposal.folders import (
    case_names,
    draw,
    write_people,
    write_table,
)

CASES = case_names(48)
METRICS = ("dice", "signed_volume_error")
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def audit_proposed(run, pytester):
    """Give a function that runs pytest on what is proposed for the folder, and reads the audit."""

    def audit():
        proposal = propose(pytester.path)
        (pytester.path / "biasruler.toml").write_text(proposal.text, encoding="utf-8")
        result = run("biasruler.toml", "--biasruler-json=audit.json", "-p", "no:cacheprovider")
        assert result.ret in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED), result.outlines
        assert set(result.parseoutcomes()) <= {"passed", "failed", "inconclusive"}, result.outlines
        return json.loads((pytester.path / "audit.json").read_text(encoding="utf-8"))

    return audit


def verdicts(audit):
    return {each["id"].partition("::")[2]: each["verdict"] for each in audit["findings"]}


def test_masks_by_experts_by_a_machine_and_by_a_model(audit_proposed, pytester):
    write_people(pytester.path / "clinical.csv", cases=CASES)
    for name, width in (("labels/expert", 4), ("labels/auto", 2), ("predictions/unet", 3)):
        draw(pytester.path, f"{name}/{{case}}.nii.gz", width=width, cases=CASES)

    found = verdicts(audit_proposed())

    assert set(found) == {
        *(f"gap[dice-{by}-unet]" for by in ("age", "sex")),
        *(f"ruler[dice-{by}-unet]" for by in ("age", "sex")),
        *(f"labels[{metric}-{by}]" for metric in METRICS for by in ("age", "sex")),
        *(f"provenance[{by}-unet]" for by in ("age", "sex")),
    }
    assert found["gap[dice-sex-unet]"] == "PASS", "the model is as good for women as for men"


def test_a_dataset_of_nnunet_with_two_labels(audit_proposed, pytester):
    write_people(pytester.path / "participants.tsv", cases=CASES)
    described = {"labels": {"background": 0, "organ": 1, "rim": 2}, "file_ending": ".nii.gz"}
    (pytester.path / "dataset.json").write_text(json.dumps(described))
    draw(pytester.path, "imagesTr/{case}_0000.nii.gz", width=4, cases=CASES)
    for name, width in (("labelsTr", 4), ("nnUNet_predictions", 3)):
        draw(pytester.path, f"{name}/{{case}}.nii.gz", width=width, cases=CASES)

    found = verdicts(audit_proposed())

    assert {"gap[dice-organ-sex-nnUNet_predictions]", "gap[dice-rim-sex-nnUNet_predictions]"} <= (
        set(found)
    )


def test_expert_masks_alone(audit_proposed, pytester):
    write_people(pytester.path / "clinical.csv", cases=CASES)
    draw(pytester.path, "manual/{case}.nii.gz", width=4, cases=CASES)

    assert set(verdicts(audit_proposed())) == {"morphology[age]", "morphology[sex]"}


def test_masks_that_nobody_is_known_to_have_drawn(audit_proposed, pytester):
    write_people(pytester.path / "clinical.csv", cases=CASES)
    for name, width in (("masks", 4), ("predictions", 3)):
        draw(pytester.path, f"{name}/{{case}}.nii", width=width, cases=CASES)

    audit = audit_proposed()

    assert "gap[dice-sex-predictions]" in verdicts(audit)
    assert [each["kind"] for each in audit["references"].values()] == ["automated"]


@pytest.mark.parametrize(
    "metric", ["dice", "hd95_mm", "relative_volume_error", "signed_volume_error"]
)
def test_scores_alone(audit_proposed, pytester, metric):
    write_people(pytester.path / "clinical.csv", cases=CASES)
    pairs = [("unet", "expert"), ("unet", "automated"), ("automated", "expert")]
    rows = [(case, *pair, 0.5 + i / 100) for i, case in enumerate(CASES) for pair in pairs]
    write_table(pytester.path / "scores.csv", ["case", "model", "reference", metric], rows)

    found = verdicts(audit_proposed())

    assert {name.partition("[")[0] for name in found} == {"gap", "ruler", "labels", "provenance"}
    assert f"gap[{metric}-sex-unet]" in found


def test_the_nodules_of_the_example_are_proposed_as_one_would_ask(audit_proposed, pytester):
    lidc = EXAMPLES / "lidc"
    shutil.copy(lidc / "nodules.csv", pytester.path)
    shutil.copytree(lidc / "masks", pytester.path / "masks")
    shutil.copy(lidc / "make_labels.py", pytester.path)
    if not (lidc / "generated").is_dir():
        subprocess.run([sys.executable, "make_labels.py"], cwd=pytester.path, check=True)
    else:
        shutil.copytree(lidc / "generated", pytester.path / "generated")

    found = verdicts(audit_proposed())

    assert found["ruler[dice-diameter_mm_mean-reader4]"] == "FAIL"
    assert {name.partition("[")[0] for name in found} == {"gap", "ruler", "labels", "provenance"}


@pytest.mark.slow
def test_the_made_up_women_are_proposed_as_one_would_ask(audit_proposed, pytester):
    script = EXAMPLES / "breast_phantom" / "make_phantom.py"
    subprocess.run([sys.executable, script, pytester.path / "data"], check=True)
    for each in (pytester.path / "data").iterdir():
        each.rename(pytester.path / each.name)
    (pytester.path / "data").rmdir()

    found = verdicts(audit_proposed())

    assert 'layout = "mama-mia"' in (pytester.path / "biasruler.toml").read_text()
    assert found["ruler[dice-age-by_expert]"] == "FAIL"
    assert found["labels[dice-age]"] == "FAIL"


@pytest.mark.slow
def test_real_chest_x_rays_of_two_organs(audit_proposed, pytester):
    data = os.environ.get("BIASRULER_DATA")
    if not data:
        pytest.skip("BIASRULER_DATA is not set")
    for name in ("heart", "lungs"):
        shutil.copytree(Path(data) / "chexmask_phys" / name, pytester.path / name)
    shutil.copy(Path(data) / "chexmask_phys" / "metadata.csv", pytester.path)

    found = verdicts(audit_proposed())

    assert {"gap[dice-age-hybridgnet]", "gap[dice-sex-hybridgnet]"} <= set(found)
