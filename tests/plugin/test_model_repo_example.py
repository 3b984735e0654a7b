"""The model repository that ships: its page shows its files, and its patches still apply."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "model_repo"
PAGE = (ROOT / "docs" / "model-repository.md").read_text(encoding="utf-8")
SHOWN = (".py", ".toml", ".patch", ".yml")
FILES = sorted(path for path in EXAMPLE.rglob("*.*") if path.suffix in SHOWN)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_page_shows_each_file_as_it_is(path):
    name, text = path.relative_to(EXAMPLE).as_posix(), path.read_text(encoding="utf-8")
    assert f"\n# {name}\n{text}```" in PAGE


def apply(folder, *arguments):
    subprocess.run(["git", "apply", *arguments], cwd=folder, check=True, capture_output=True)


def test_a_patch_that_is_taken_back_leaves_no_trace(tmp_path):
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    folder = shutil.copytree(EXAMPLE, tmp_path / "repo", ignore=ignored)
    before = {path: path.read_bytes() for path in folder.rglob("*.py")}
    apply(folder, "faster.patch", "waiver.patch")
    changed = sorted(path.name for path, text in before.items() if path.read_bytes() != text)
    apply(folder, "-R", "waiver.patch", "faster.patch")
    assert changed == ["pipeline.py", "test_fairness.py", "test_segmenter.py"]
    assert {path: path.read_bytes() for path in folder.rglob("*.py")} == before


def test_the_workflow_fits_its_schema_and_compares_with_the_target_branch():
    path = EXAMPLE / "github-actions.yml"
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    done = subprocess.run(
        [*command, "vendor.github-workflows", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    text = path.read_text(encoding="utf-8")
    assert "git show FETCH_HEAD:audit.json > earlier.json" in text
    n_checks = (
        (EXAMPLE / "tests" / "test_fairness.py").read_text("utf-8").count("biasruler.assert_")
    )
    assert f"--biasruler-min-checks={n_checks}\n" in text
