"""The made-up cohort, as a user runs it: every question from a file and in Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_biasruler.benchmark.questions import QUESTIONS

EXAMPLE = Path(__file__).parents[2] / "examples" / "breast_phantom"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def women(tmp_path_factory):
    """Return a copy of the example with its masks drawn."""
    folder = tmp_path_factory.mktemp("example") / "breast_phantom"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("generated", "__pycache__"))
    subprocess.run([sys.executable, folder / "make_phantom.py", folder / "generated"], check=True)
    return folder


def run(folder, *arguments):
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, f"--rootdir={folder}"]
    return subprocess.run(
        [*command, *map(str, arguments)], cwd=folder, capture_output=True, text=True, check=False
    )


def test_a_file_of_all_questions_gives_the_same_bytes_for_any_number_of_workers(women):
    outputs = []
    for n_workers in (0, 2):
        names = [f"audit{n_workers}.json", f"report{n_workers}.html"]
        result = run(
            women,
            *("biasruler.toml", "-n", n_workers),
            *(f"--biasruler-json={names[0]}", f"--biasruler-html={names[1]}"),
        )
        assert result.returncode == 1, result.stdout
        outputs.append([(women / name).read_bytes() for name in names])
    assert outputs[0] == outputs[1]
    findings = json.loads(outputs[0][0])["findings"]
    asked = {finding["check"] for finding in findings}
    assert set(QUESTIONS) - asked == {"success", "rectified"}, "asked in Python and for nodules"
    page = outputs[0][1].decode()
    for sentence in (
        "training on automated labels widened the age gap",
        "percentage points more of the automated label&#39;s mistakes than its expert-trained",
        "are less round than those of all others",
        "The automated reference puts by_machine first",
        "pooling the sites turns it around",
        "would undo that FAIL; they differ by",
    ):
        assert sentence in page, sentence


def test_the_same_questions_in_python(women):
    result = run(
        women, "test_women.py", "--biasruler=biasruler.toml", "--biasruler-json=python.json"
    )
    assert "5 failed, 4 passed" in result.stdout
    findings = json.loads((women / "python.json").read_text(encoding="utf-8"))["findings"]
    assert {finding["check"] for finding in findings} == {
        *("gap", "difficulty", "rectified", "transport", "morphology", "amplification"),
        *("echo", "ranking", "noise"),
    }
