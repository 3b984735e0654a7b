"""The leaderboard that ships: its page shows its files, and its wrappers trust no submission."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from zipfile import ZipFile

import nibabel
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "leaderboard"
PAGE = (ROOT / "docs" / "leaderboard.md").read_text(encoding="utf-8")
FILES = sorted(path for path in EXAMPLE.iterdir() if path.suffix in (".py", ".toml", ".sh"))


@pytest.fixture
def wrapper(monkeypatch):
    """Give a function that imports a wrapper whose audit finds what it is given."""
    monkeypatch.syspath_prepend(EXAMPLE)
    folders = []

    def audit(folder):
        folders.append(sorted(path.name for path in (folder / "submission").iterdir()))
        return {"dice": 0.9, "verdict": "biasruler: PASS 2 checks"}

    def load(name):
        module = import_module(name)
        monkeypatch.setattr(module, "audit_submission", audit)
        return module, folders

    yield load
    for name in ("evalai", "grand_challenge", "submission"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_page_shows_each_file_as_it_is(path):
    text = path.read_text(encoding="utf-8")
    assert f"\n# {path.name}\n{text}```" in PAGE


def test_the_workflow_fits_its_schema_and_publishes_only_what_was_audited():
    yaml = pytest.importorskip("yaml", reason="reads the workflow")
    path = EXAMPLE / "github-actions.yml"
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    done = subprocess.run(
        [*command, "vendor.github-workflows", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    assert jobs["publish"]["needs"] == "audit"
    assert "sh release.sh" in [step.get("run") for step in jobs["audit"]["steps"]]


def make_zip(path, members):
    with ZipFile(path, "w") as archive:
        for name in members:
            archive.writestr(name, b"mask")


def test_an_archive_writes_nothing_outside_the_folder_of_the_submission(wrapper, tmp_path):
    evalai, folders = wrapper("evalai")
    make_zip(tmp_path / "ours.zip", ["patients.csv"])
    hostile = ["../phase.biasruler.toml", "/etc/x.nii.gz", "expert/c1.nii.gz", "a\\b.nii.gz"]
    make_zip(tmp_path / "theirs.zip", [*hostile, "c1.nii.gz"])
    given = evalai.evaluate(tmp_path / "ours.zip", tmp_path / "theirs.zip", "test")
    assert folders == [["c1.nii.gz"]]
    assert given == {"result": [{"test_split": {"dice": 0.9}}], "submission_result": {"dice": 0.9}}


def test_an_archive_that_would_fill_the_disk_is_refused(wrapper, tmp_path, monkeypatch):
    evalai, _ = wrapper("evalai")
    monkeypatch.setattr(evalai, "MOST_BYTES", 5)
    make_zip(tmp_path / "theirs.zip", ["c1.nii.gz", "c2.nii.gz"])
    with pytest.raises(ValueError, match="larger than 1 GiB"):
        evalai.unpack(tmp_path / "theirs.zip", tmp_path / "submission")


@pytest.fixture
def platform(tmp_path):
    """Lay out one job of the platform, and give a function that changes its output."""
    sitk = pytest.importorskip("SimpleITK", reason="writes what the platform hands over")
    pk, socket = "0c3f", {"slug": "kidney-tumour-segmentation", "relative_path": "images/kidney"}
    folder = tmp_path / "input" / pk / "output" / "images" / "kidney"
    for path in (folder, tmp_path / "truth", tmp_path / "output"):
        path.mkdir(parents=True)
    voxels = np.zeros((3, 4, 5), np.uint8)
    voxels[1, 2, 3] = 1
    sitk.WriteImage(sitk.GetImageFromArray(voxels), folder / "out.mha")
    image = {"socket": {"slug": "abdominal-ct"}, "image": {"name": "patient-00.mha"}}
    jobs = [{"pk": pk, "inputs": [image], "outputs": [{"socket": socket}]}]
    (tmp_path / "input" / "predictions.json").write_text(json.dumps(jobs), encoding="utf-8")

    def change(before, after):
        content = (folder / "out.mha").read_bytes()
        assert before in content
        (folder / "out.mha").write_bytes(content.replace(before, after))

    return change


def evaluate(module, tmp_path):
    module.main(tmp_path / "input", tmp_path / "truth", tmp_path / "output")
    return json.loads((tmp_path / "output" / "metrics.json").read_text(encoding="utf-8"))


def test_an_output_takes_the_name_of_the_image_it_was_made_from(wrapper, tmp_path, platform):
    assert platform
    module, folders = wrapper("grand_challenge")
    assert evaluate(module, tmp_path)["aggregates"]["dice"] == 0.9
    assert folders == [["patient-00.nii.gz"]]


def test_an_output_that_points_at_another_file_is_not_opened(wrapper, tmp_path, platform):
    module, folders = wrapper("grand_challenge")
    platform(b"ElementDataFile = LOCAL", b"ElementDataFile = /truth/expert/patient-00.raw")
    evaluate(module, tmp_path)
    assert folders == [[]], "a missing prediction scores worst"


def test_an_output_that_breaks_its_reader_leaves_no_metrics(wrapper, tmp_path, platform):
    module, _ = wrapper("grand_challenge")
    platform(b"NDims = 3", b"NDims = 9")
    with pytest.raises(RuntimeError, match="a prediction cannot be read as an image"):
        evaluate(module, tmp_path)
    assert not (tmp_path / "output" / "metrics.json").exists()


def test_a_run_without_result_raises_the_last_line_of_its_error_stream(wrapper, tmp_path):
    module, _ = wrapper("evalai")
    real = import_module("submission").audit_submission
    assert module.audit_submission is not real
    with pytest.raises(
        RuntimeError, match=r"^ERROR: file or directory not found: phase\.biasruler"
    ):
        real(tmp_path)


def test_the_masks_of_the_example_are_the_same_each_time(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        command = [sys.executable, EXAMPLE / "make_data.py"]
        subprocess.run(command, cwd=tmp_path / name, check=True)
    masks = sorted((tmp_path / "one").rglob("*.nii.gz"))
    assert len(masks) == 60 * 7
    for mask in masks[::60]:
        other = tmp_path / "two" / mask.relative_to(tmp_path / "one")
        one, two = (np.asarray(nibabel.load(path).dataobj) for path in (mask, other))
        assert np.array_equal(one, two)


@pytest.mark.parametrize(("code", "writes_audit"), [(1, True), (0, False), (4, False)])
def test_no_leaderboard_is_left_unless_the_audit_ended_well(tmp_path, code, writes_audit):
    (tmp_path / "out").mkdir()
    for name in ("standings.md", "audit.json"):
        (tmp_path / "out" / name).write_text("of an earlier release", encoding="utf-8")
    stub = f"#!/bin/sh\n{'echo new > out/audit.json' if writes_audit else ':'}\nexit {code}\n"
    (tmp_path / "pytest").write_text(stub, encoding="utf-8")
    (tmp_path / "pytest").chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", EXAMPLE / "release.sh"],
        cwd=tmp_path,
        env=os.environ | {"PATH": path},
        capture_output=True,
        check=False,
    )
    assert done.returncode == (code or 1)
    assert not (tmp_path / "out" / "standings.md").exists()
