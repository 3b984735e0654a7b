"""The example that ships: real nodules, from the masks to the outcome, as a user runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "lidc"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def nodules(tmp_path_factory):
    """Return a copy of the example with its references drawn."""
    folder = tmp_path_factory.mktemp("example") / "lidc"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("generated", "__pycache__"))
    subprocess.run([sys.executable, folder / "make_labels.py"], check=True)
    return folder


def run(folder, *arguments):
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, f"--rootdir={folder}"]
    return subprocess.run(
        [*command, *map(str, arguments)], cwd=folder, capture_output=True, text=True, check=False
    )


def test_an_ellipsoid_is_a_bent_ruler_for_spiculated_nodules(nodules):
    outputs = []
    for n_workers in (0, 2):
        names = [f"audit{n_workers}.json", f"report{n_workers}.html"]
        result = run(
            nodules,
            *("biasruler.toml", "-n", n_workers),
            *(f"--biasruler-json={names[0]}", f"--biasruler-html={names[1]}"),
        )
        assert result.returncode == 1, result.stdout
        outputs.append([(nodules / name).read_bytes() for name in names])
    assert outputs[0] == outputs[1]
    findings = {
        finding["id"].partition("::")[2]: finding
        for finding in json.loads(outputs[0][0])["findings"]
    }
    gap = findings["gap[dice-spiculation-reader4]"]
    ruler = findings["ruler[dice-spiculation-reader4]"]
    assert gap["verdict"] == "PASS"
    assert round(gap["estimate"]["value"], 3) == 0.003
    assert ruler["verdict"] == "FAIL"
    assert round(ruler["estimate"]["value"], 3) == 0.090
    assert round(ruler["estimate"]["low"], 3) == 0.053
    assert round(ruler["details"]["pair_gaps"]["automated"], 3) == -0.087
    assert ruler["details"]["flip"] == "false alarm"
    assert ruler["details"]["gallery"]
    assert findings["floor[dice-size-reader4]"]["verdict"] == "PASS"


def test_no_ruler_fails_between_readers_who_are_interchangeable(nodules):
    result = run(nodules, "readers.biasruler.toml", "--biasruler-json=control.json")
    assert result.returncode == 0, result.stdout
    findings = json.loads((nodules / "control.json").read_text(encoding="utf-8"))["findings"]
    assert len(findings) == 48
    assert {finding["automated"] for finding in findings} == {
        f"automated{reader}" for reader in (1, 2, 3, 4)
    }
    assert {finding["metric"] for finding in findings} == {"dice", "nsd"}
    assert not [finding["id"] for finding in findings if finding["verdict"] == "FAIL"]
    # Not even one by one, without the help of the family they are judged in.
    assert max(finding["estimate"]["low"] for finding in findings) <= 0.02


@pytest.mark.parametrize("n_workers", [0, 2])
def test_questions_in_python_pass_and_fail_as_their_limits_say(nodules, n_workers):
    result = run(nodules, "test_nodules.py", "--biasruler=biasruler.toml", "-v", "-n", n_workers)
    assert result.returncode == 1, result.stdout
    assert "2 failed, 3 passed" in result.stdout
    assert "FAIL ruler dice, spiculation" in result.stdout
    assert "FAIL gap dice, spiculation" in result.stdout
