"""The plugin that ships as an example adds what its README says; that page runs its own tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from pytest_biasruler import hookspecs
from pytest_biasruler.benchmark.metrics import CATALOGUE

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "plugin"


@pytest.fixture
def lab(monkeypatch):
    """Return the example's plugin, imported from its folder and forgotten afterwards."""
    monkeypatch.syspath_prepend(EXAMPLE)
    yield import_module("biasruler_lab.plugin")
    for name in [name for name in sys.modules if name.startswith("biasruler_lab")]:
        del sys.modules[name]


def test_its_entry_point_is_the_module_that_has_every_hook(lab):
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"biasruler_lab": lab.__name__}
    declared = {name for name in vars(hookspecs) if name.startswith("pytest_biasruler_")}
    assert declared <= vars(lab).keys()


def test_it_adds_what_is_not_there_already(lab):
    (metric,) = lab.pytest_biasruler_metrics()
    assert metric.name not in CATALOGUE
    assert (metric.both_empty, metric.one_empty) == (1.0, 0.0)
    assert not {".nii", ".gz"} & lab.pytest_biasruler_mask_readers().keys()


def test_importing_it_imports_nothing_heavy():
    code = "import sys, biasruler_lab.plugin; print(*{'numpy', 'scipy'}.intersection(sys.modules))"
    environ = os.environ | {"PYTHONPATH": f"{EXAMPLE}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_its_readme_shows_every_file_of_it():
    readme = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    names = [path.name for path in (EXAMPLE / "biasruler_lab").glob("[!_]*.py")]
    assert [name for name in [*names, "pyproject.toml"] if f"`{name}`" not in readme] == []


def test_the_table_of_its_readme_is_the_one_that_its_tests_find_in_the_report():
    readme = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    tests = (EXAMPLE / "tests" / "test_lab.py").read_text(encoding="utf-8")
    cells = re.search(r"for cell in \((.+)\):", tests)[1].replace('"', "")
    assert f"| {cells.replace(', ', ' | ')} |".replace(" | 0.", ", 0.") in readme
