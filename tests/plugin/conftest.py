"""Tiny benchmarks for whole runs: a score table of 80 cases, or masks of 8 x 8 x 8 voxels."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest

# Inner runs in this process would import these again and again.
import pytest_biasruler.audit
import pytest_biasruler.report.html
import pytest_biasruler.shell.auditor
import pytest_biasruler.shell.run  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

HEAD = """\
[benchmark]
name = "{name}"
metadata = "meta.csv"
[references.expert]
kind = "expert"
[references.automated]
kind = "automated"
[models.unet]
[models.ghost]
[attributes.age]
[attributes.sex]
[scores]
table = "scores.csv"
"""

MASKS_HEAD = """\
[benchmark]
name = "Cubes"
metadata = "meta.csv"
[references.expert]
kind = "expert"
masks = "expert/{case}.nii"
[references.automated]
kind = "automated"
masks = "automated/{case}.nii"
[models.unet]
masks = "unet/{case}.nii"
[attributes.age]
[attributes.sex]
[defaults]
min_patients = 2
"""

CHECKS = {
    "pass": '[[checks]]\ncheck = "gap"\nby = "sex"\nmodel = "unet"\n',
    "fail": '[[checks]]\ncheck = "gap"\nby = "age"\nmodel = "unet"\n',
    "inconclusive": '[[checks]]\ncheck = "gap"\nby = "age"\nmodel = "unet"\nlimit = 0.2\n',
    "error": '[[checks]]\ncheck = "gap"\nby = "age"\nmodel = "ghost"\n',
    "waived": (
        '[[checks]]\ncheck = "ruler"\nby = "age"\nmodel = "unet"\n'
        'waive = { reason = "relabelling under way", until = 2999-12-31 }\n'
    ),
    "ruler": '[[checks]]\ncheck = "ruler"\nby = "age"\nmodel = "unet"\n',
}
"""Checks of the tiny benchmark by what becomes of them; old is 0.2 better than young."""


def write_tables(folder: Path, *, n_cases: int = 80, gap: float = 0.2) -> None:
    """Write metadata and scores: experts see the whole gap by age, the automated set a tenth."""
    rows, scores = [], []
    for i in range(n_cases):
        case, is_old = f"c{i:03d}", i % 2 == 0
        rows.append([case, "old" if is_old else "young", "F" if i % 4 < 2 else "M"])
        noise = 0.04 * math.sin(1.7 * i)
        expert = 0.65 + gap * is_old + noise
        automated = 0.8 + gap / 10 * is_old + noise / 2
        scores += [
            [case, "unet", "expert", f"{expert:.4f}"],
            [case, "unet", "automated", f"{automated:.4f}"],
            [case, "automated", "expert", f"{0.9 + noise:.4f}"],
        ]
    _write_csv(folder / "meta.csv", ["case", "age", "sex"], rows)
    _write_csv(folder / "scores.csv", ["case", "model", "reference", "dice"], scores)


def _write_csv(path: Path, head: list[str], rows: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)


@pytest.fixture
def write_benchmark(pytester: pytest.Pytester) -> Callable[..., Path]:
    """Give a function that writes a benchmark file with the named checks, and its tables."""

    def write(
        *checks: str,
        file: str = "biasruler.toml",
        name: str = "Tiny",
        extra: str = "",
        tables: Mapping[str, float] | None = None,
    ) -> Path:
        write_tables(pytester.path, **(tables or {}))
        path = pytester.path / file
        text = HEAD.format(name=name) + extra + "".join(CHECKS.get(c, c) for c in checks)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def write_masks(pytester: pytest.Pytester) -> Callable[..., Path]:
    """Give a function that writes 8 cases of 8 x 8 x 8 masks and their benchmark file."""

    def write(*checks: str, n_cases: int = 8) -> Path:
        rows = [
            [f"c{i}", "old" if i % 2 == 0 else "young", "FM"[i // 2 % 2]] for i in range(n_cases)
        ]
        _write_csv(pytester.path / "meta.csv", ["case", "age", "sex"], rows)
        for i in range(n_cases):
            widths = {"expert": 6, "automated": 5, "unet": 6 if i % 2 == 0 else 2}
            for name, width in widths.items():
                top = 2 if name == "unet" else 1
                _write_cube(pytester.path / name / f"c{i}.nii", width=width, top=top, case=i)
        path = pytester.path / "biasruler.toml"
        path.write_text(MASKS_HEAD + "".join(CHECKS.get(c, c) for c in checks), encoding="utf-8")
        return path

    return write


def _write_cube(path: Path, *, width: int, top: int, case: int) -> None:
    voxels = np.zeros((8, 8, 8), dtype=np.uint8)
    voxels[1 : 1 + width, top:7, 1:7] = 1
    voxels[0, 0, case] = 1  # no two patients have one mask
    path.parent.mkdir(exist_ok=True)
    nib.Nifti1Image(voxels, np.diag([1.0, 1.0, 2.0, 1.0])).to_filename(path)


@pytest.fixture(scope="session")
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bytecode")


@pytest.fixture
def run(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    bytecode: Path,
) -> Callable[..., pytest.RunResult]:
    """Give a function that runs pytest on the benchmark, by subprocess if xdist is asked for."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    monkeypatch.setenv("NO_COLOR", "1")
    # Compiled once for all inner processes, also where the outer one may not write bytecode.
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(bytecode))
    github = ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE")
    for name in ("CI", "BUILD_NUMBER", "PYTEST_ADDOPTS", "PYTHONDONTWRITEBYTECODE", *github):
        monkeypatch.delenv(name, raising=False)

    def start(*arguments: str, subprocess: bool = False) -> pytest.RunResult:
        reruns = any(argument.startswith("--reruns") for argument in arguments)
        wanted = {*arguments, *(["rerunfailures"] if reruns else [])}
        others = ("hypothesispytest", "randomly", "rerunfailures")
        left_out = [word for name in others if name not in wanted for word in ("-p", f"no:{name}")]
        keys = ("--biasruler-workers=1", *left_out, *arguments)
        # Reruns are counted over a socket, and the sockets of this process are closed.
        apart = subprocess or reruns or any(argument.startswith("-n") for argument in arguments)
        return (pytester.runpytest_subprocess if apart else pytester.runpytest_inprocess)(*keys)

    return start
