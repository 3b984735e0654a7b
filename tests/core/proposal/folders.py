"""Folders for which a benchmark file is proposed: names alone, or masks that can be scored."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

HEADER = ("case", "age", "sex")


def case_names(n: int = 60) -> list[str]:
    return [f"c{i:03d}" for i in range(n)]


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    delimiter = "\t" if path.suffix == ".tsv" else ","
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows([header, *rows])
    return path


def write_people(path: Path, *, cases: Sequence[str] | None = None) -> Path:
    """Write a table of cases aged 30 to 89, every other one a woman."""
    names = case_names() if cases is None else cases
    rows = [(name, 30 + i % 60, "FM"[i % 2]) for i, name in enumerate(names)]
    return write_table(path, HEADER, rows)


def touch(root: Path, *templates: str, cases: Sequence[str] | None = None) -> None:
    """Write an empty file for each case and template: nobody opens a mask to propose a file."""
    for template in templates:
        for case in case_names() if cases is None else cases:
            path = root / template.replace("{case}", case)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()


def draw(root: Path, template: str, *, width: int, cases: Sequence[str]) -> None:
    """Write a cube with another label at its rim for each case, no two of them equal."""
    for i, case in enumerate(cases):
        voxels = np.zeros((6, 6, 6), dtype=np.uint8)
        voxels[1 : 1 + width, 1:5, 1:5] = 1
        voxels[1 : 1 + width, 1, 1:5] = 2
        voxels[0, i // 36 % 6, i // 6 % 6] = voxels[5, 5, i % 6] = 1
        path = root / template.replace("{case}", case)
        path.parent.mkdir(parents=True, exist_ok=True)
        nib.Nifti1Image(voxels, np.diag([1.0, 1.0, 2.0, 1.0])).to_filename(path)
