"""The generated cases that are measured on."""

from __future__ import annotations

import os
from pathlib import Path

import nibabel as nib
import numpy as np

from benchmarks.generated import GRIDS, SETS, draw_patient, draw_share, write_cohort


def make_cohort(folder: Path, *, n_cases: int) -> Path:
    """Return `folder` with a benchmark of just so many generated cases."""
    write_cohort(folder, n_cases=n_cases, workers=os.cpu_count() or 1)
    return folder


def choose_cases(n_cases: int) -> list[int]:
    """Return the first numbers of cases with a tumour, the three grids taking turns.

    A tool that runs out of time after a few cases has then seen every size. Cases without a
    tumour are left out: some tools raise there, and there is nothing to measure.
    """
    queues: list[list[int]] = [[] for _ in GRIDS]
    number = 0
    while min(map(len, queues)) * len(GRIDS) < n_cases:
        patient = draw_patient(number)
        if draw_share(patient):
            queues[GRIDS.index(patient.grid)].append(number)
        number += 1
    turns = [number for turn in zip(*queues, strict=False) for number in turn]
    return turns[:n_cases]


def paths_of(folder: Path, number: int) -> dict[str, str]:
    """Return set -> path of its mask of one case."""
    return {name: str(folder / name / f"gen_{number:04d}.nii.gz") for name in SETS}


def write_tiny_case(folder: Path) -> dict[str, str]:
    """Write three small masks, for a first call that loads what a tool loads late."""
    paths = paths_of(folder, 0)
    for shift, path in enumerate(paths.values()):
        voxels = np.zeros((24, 24, 24), np.uint8)
        voxels[6 + shift : 14 + shift, 6:14, 6:14] = 1
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        nib.save(nib.Nifti1Image(voxels, np.eye(4)), path)
    return paths
