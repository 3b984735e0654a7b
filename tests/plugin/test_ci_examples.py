"""The CI examples are valid, use documented options only, and their commands run."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_biasruler.shell.exports import KINDS
from pytest_biasruler.shell.marks import is_ours
from pytest_biasruler.shell.options import OPTIONS

from .conftest import CHECKS, HEAD, write_tables

yaml = pytest.importorskip("yaml", reason="reads the examples")

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "ci"
REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
FILES = {
    "github-actions.yml": "vendor.github-workflows",
    "gitlab-ci.yml": "vendor.gitlab-ci",
}
"""Each example and the schema of its CI system."""


def scripts_of(name):
    """Return the scripts of an example by job, each a list of commands of the shell."""
    content = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    if "jobs" in content:
        steps = {job: body["steps"] for job, body in content["jobs"].items()}
        return {
            job: [step["run"] for step in each if "run" in step] for job, each in steps.items()
        }
    return {job: body["script"] for job, body in content.items() if "script" in body}


AUDITS = {
    f"{name}: {job}": script
    for name in FILES
    for job, scripts in scripts_of(name).items()
    for script in scripts
    if script.startswith("pytest ")
}
"""Every command that audits."""

GATES = {place: script for place, script in AUDITS.items() if place.endswith("gate")}
BASELINES = {
    f"{name}: {job}": "\n".join(script for script in scripts if "git " in script)
    for name in FILES
    for job, scripts in scripts_of(name).items()
    if "merge-gate" in job
}
"""The commands that fetch the earlier audit."""


@pytest.mark.parametrize(("name", "schema"), FILES.items(), ids=FILES)
def test_an_example_fits_the_schema_of_its_system(name, schema):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    done = subprocess.run([*command, FOLDER / name], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_each_example_has_a_gate_for_changes_and_one_for_releases():
    assert len(GATES) == 2 * len(FILES)
    for place, script in GATES.items():
        wanted = ["--biasruler-policy=confident-fail", "--biasruler-compare="]
        if "release" in place:
            wanted = ["--biasruler-policy=prove-safe", "--biasruler-public", "min-checks="]
        assert [word for word in wanted if word not in script] == [], place


@pytest.mark.parametrize("script", AUDITS.values(), ids=AUDITS)
def test_an_example_uses_documented_options_only(script):
    words = [word for word in shlex.split(script)[1:] if word.startswith("--biasruler")]
    flags = {word.partition("=")[0] for word in words}
    assert flags <= {option.flag for option in OPTIONS}
    assert [flag for flag in flags if f"| `{flag}" not in REFERENCE] == []
    kinds = [word.split("=")[1] for word in words if word.startswith("--biasruler-export=")]
    assert set(kinds) <= set(KINDS)


@pytest.mark.parametrize("name", FILES)
def test_an_example_names_no_option_in_passing_that_does_not_exist(name):
    text = (FOLDER / name).read_text(encoding="utf-8") + (FOLDER / "README.md").read_text("utf-8")
    flags = set(re.findall(r"--biasruler(?:-[a-z]+)*", text))
    keys = set(re.findall(r"\bbiasruler_[a-z_]+\b", text))
    assert flags <= {option.flag for option in OPTIONS}
    assert keys <= {option.ini for option in OPTIONS}


@pytest.fixture
def audit(tmp_path):
    """Give a function that runs a command on a benchmark with one FAIL and one PASS."""
    write_tables(tmp_path)
    checks = CHECKS["fail"] + CHECKS["pass"]
    (tmp_path / "biasruler.toml").write_text(HEAD.format(name="Tiny") + checks, encoding="utf-8")

    def audit(script):
        command = [sys.executable, "-m", *shlex.split(script), "--rootdir=.", "-c", os.devnull]
        kept = {key: text for key, text in os.environ.items() if not key.startswith("PYTEST_")}
        done = subprocess.run(
            command, cwd=tmp_path, env=kept, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1, done.stdout + done.stderr
        assert "1 failed, 1 passed" in done.stdout

    return audit


@pytest.mark.parametrize("script", AUDITS.values(), ids=AUDITS)
def test_the_command_of_an_example_runs_and_writes_what_is_kept(tmp_path, audit, script):
    audit(script)

    outputs = [word.rpartition("=")[2] for word in shlex.split(script) if "=out/" in word]
    written = [*(tmp_path / "out").iterdir()]
    assert sorted(outputs) == sorted(f"out/{path.name}" for path in written)
    ours = {f"out/{path.name}" for path in written if is_ours(path)}
    assert ours == {path for path in outputs if path != "out/junit.xml"}


def test_a_change_is_held_against_the_earlier_audit(tmp_path, audit):
    script = GATES["github-actions.yml: merge-gate"]
    audit(script)
    (tmp_path / "out" / "audit.json").rename(tmp_path / "earlier.json")
    audit(script)

    second = json.loads((tmp_path / "out" / "audit.json").read_text("utf-8"))
    assert second["accounting"]["compare"]["state"] == "compared"
    states = [finding["details"]["compare"]["state"] for finding in second["findings"]]
    assert states == ["still fails", "unchanged"]


def git(folder, *arguments):
    people = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", *people, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def clone(tmp_path):
    """Return a clone in which the change has edited the earlier audit of its target branch."""
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    origin.mkdir()
    git(origin, "init", "-q", "-b", "main")
    (origin / "audit.json").write_text('{"of": "main"}', encoding="utf-8")
    git(origin, "add", "audit.json")
    git(origin, "commit", "-q", "-m", "a")
    git(tmp_path, "clone", "-q", str(origin), str(clone))
    (clone / "audit.json").write_text('{"of": "the change"}', encoding="utf-8")
    return clone


def run_baseline(script, clone, *, branch):
    names = ("BASE", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
    environ = {**os.environ, **dict.fromkeys(names, branch)}
    subprocess.run(
        ["bash", "-e", "-c", script], cwd=clone, env=environ, check=True, capture_output=True
    )


@pytest.mark.parametrize("script", BASELINES.values(), ids=BASELINES)
def test_the_earlier_audit_is_that_of_the_target_branch(clone, script):
    run_baseline(script, clone, branch="main")
    assert json.loads((clone / "earlier.json").read_text("utf-8")) == {"of": "main"}


@pytest.mark.parametrize("script", BASELINES.values(), ids=BASELINES)
def test_without_an_earlier_audit_none_is_left_behind(clone, script):
    origin = clone.parent / "origin"
    git(origin, "checkout", "-q", "-b", "fresh")
    git(origin, "rm", "-q", "audit.json")
    git(origin, "commit", "-q", "-m", "b")
    run_baseline(script, clone, branch="fresh")
    assert not (clone / "earlier.json").exists(), "an empty file would be an unreadable audit"
