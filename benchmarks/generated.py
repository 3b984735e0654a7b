"""Breast MRI masks made up from a seed: sizes, voxels and tumours like those of MAMA-MIA.

``python benchmarks/generated.py FOLDER [--cases N] [--seed S]`` writes ``expert``, ``automated``
and ``unet`` with one mask for each case, ``clinical.csv`` and ``biasruler.toml``: a benchmark that
``pytest FOLDER/biasruler.toml`` audits. The same seed writes the same bytes. A case that is there
already is left as it is, so a longer cohort continues a shorter one.

Sizes after MAMA-MIA: Garrucho, L. et al. (2025). Scientific Data 12, 453.
doi:10.1038/s41597-025-04707-4. Every shape is made up; no image of a patient is behind it.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Sequence

SETS = ("expert", "automated", "unet")
GRIDS = ((256, 256, 160), (448, 448, 160), (512, 512, 120))
IN_PLANE_MM = 0.7
THICKNESSES_MM = (1.1, 1.5, 2.0)
SHARES = (1e-4, 1e-2)  # of the volume that a tumour fills
ONE_EMPTY_IN = 40
AGES = (25, 85)
YOUNG = 45  # years; of younger patients the automated set draws less
DENTS, WOBBLE = 0.18, 0.05  # of the radius: dents of a tumour, and how far two outlines differ
COMPRESSION = 6  # what ITK and gzip take unless told otherwise
BENCHMARK = """[benchmark]
name = "generated breast MRI"
metadata = "clinical.csv"
case = "case"

[attributes.age]
bins = [25, 40, 50, 60, 85]

[references.expert]
kind = "expert"
masks = "expert/{case}.nii.gz"

[references.automated]
kind = "automated"
masks = "automated/{case}.nii.gz"

[models.unet]
masks = "unet/{case}.nii.gz"

[[checks]]
check = "gap"
metric = ["dice", "nsd"]
by = "age"
limit = 0.05

[[checks]]
check = "gap"
metric = "hd95_mm"
by = "age"
limit = 1.0

[[checks]]
check = "ruler"
metric = ["dice", "nsd"]
by = "age"
limit = 0.05
"""


def write_cohort(folder: Path, *, n_cases: int, seed: int = 0, workers: int = 1) -> list[str]:
    """Write a benchmark of `n_cases` generated cases into `folder`, and return their names."""
    cases = [f"gen_{number:04d}" for number in range(n_cases)]
    for name in SETS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    write = partial(_write_case, folder, seed)
    if workers == 1:
        ages = [*map(write, range(n_cases))]
    else:
        with ProcessPoolExecutor(workers) as pool:
            ages = [*pool.map(write, range(n_cases), chunksize=4)]
    with (folder / "clinical.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["case", "age"])
        table.writerows(zip(cases, ages, strict=True))
    (folder / "biasruler.toml").write_text(BENCHMARK, encoding="utf-8")
    return cases


@dataclass(frozen=True, kw_only=True, slots=True)
class Patient:
    """Who a case is of, and how the scanner was set; `rng` goes on to draw the tumour."""

    rng: np.random.Generator
    grid: tuple[int, int, int]
    spacing_mm: np.ndarray
    age: int


def draw_patient(number: int, *, seed: int = 0) -> Patient:
    """Return the patient of one case; every case has random numbers of its own."""
    rng = np.random.default_rng([seed, number])
    grid = GRIDS[rng.integers(len(GRIDS))]
    spacing_mm = np.array([IN_PLANE_MM, IN_PLANE_MM, rng.choice(THICKNESSES_MM)])
    return Patient(rng=rng, grid=grid, spacing_mm=spacing_mm, age=int(rng.integers(*AGES)))


def draw_share(patient: Patient) -> float:
    """Return the share of the volume to fill with tumour: 0 for about one case in 40."""
    share = float(np.exp(patient.rng.uniform(*np.log(SHARES))))
    return share if patient.rng.integers(ONE_EMPTY_IN) else 0.0


def draw_masks(patient: Patient, *, share: float) -> dict[str, np.ndarray]:
    """Return the mask of each set."""
    depth, start = _lay_tumour(patient, share=share)
    box = tuple(slice(at, at + n) for at, n in zip(start, depth.shape, strict=True))
    masks = {}
    for name in SETS:
        masks[name] = np.zeros(patient.grid, np.uint8, order="F")
        masks[name][box] = _outline(depth, name, patient=patient)
    return masks


def _lay_tumour(patient: Patient, *, share: float) -> tuple[np.ndarray, list[int]]:
    """Return how deep inside an irregular tumour each voxel of a box lies, and where the box is.

    Depth is in radii: above 0 inside. An ellipsoid whose surface is dented by smooth noise.
    """
    rng, grid, spacing_mm = patient.rng, patient.grid, patient.spacing_mm
    volume_mm3 = share * np.prod(grid) * np.prod(spacing_mm)
    stretch = np.exp(rng.normal(0, 0.2, 3))
    radii_mm = np.cbrt(3 * volume_mm3 / (4 * np.pi)) * stretch / np.cbrt(stretch.prod())
    radii = radii_mm / spacing_mm
    half = [min(ceil(1.6 * r) + 3, n // 2 - 1) for r, n in zip(radii, grid, strict=True)]
    start = [int(rng.integers(h, n - h)) - h for h, n in zip(half, grid, strict=True)]
    noise = _smooth_noise([2 * h + 1 for h in half], [max(r / 4, 1) for r in radii], rng=rng)
    if not share:
        return np.full(noise.shape, -1, np.float32), start
    steps = np.meshgrid(*(np.arange(-h, h + 1) for h in half), indexing="ij", sparse=True)
    reach = np.sqrt(sum((step / r) ** 2 for step, r in zip(steps, radii, strict=True)))
    return (1 - reach + DENTS * noise).astype(np.float32), start


def _outline(depth: np.ndarray, name: str, *, patient: Patient) -> np.ndarray:
    """Return the mask that one set draws; the automated one draws tumours of the young smaller."""
    if name == "expert":
        return depth > 0
    noise = _smooth_noise(depth.shape, 2, rng=patient.rng)
    shift = patient.rng.normal(0, 0.03)
    if name == "automated":
        shift += 0.06 if patient.age < YOUNG else 0.02
    return depth > shift + WOBBLE * noise


def _smooth_noise(
    shape: Sequence[int], width: float | Sequence[float], *, rng: np.random.Generator
) -> np.ndarray:
    """Return noise of standard deviation 1 that is smooth over `width` voxels."""
    noise = ndimage.gaussian_filter(rng.normal(size=shape).astype(np.float32), width)
    return noise / max(float(noise.std()), 1e-9)


def _write_case(folder: Path, seed: int, number: int) -> int:
    """Write what is missing of one case, and return the age of its patient."""
    patient = draw_patient(number, seed=seed)
    paths = {name: folder / name / f"gen_{number:04d}.nii.gz" for name in SETS}
    if all(path.is_file() for path in paths.values()):
        return patient.age
    for name, voxels in draw_masks(patient, share=draw_share(patient)).items():
        image = nib.Nifti1Image(voxels, np.diag([*patient.spacing_mm, 1.0]))
        unfinished = paths[name].with_suffix(".part")
        unfinished.write_bytes(gzip.compress(image.to_bytes(), COMPRESSION, mtime=0))
        unfinished.replace(paths[name])
    return patient.age


def main() -> None:
    """Write the cohort."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cases", type=int, default=1506)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    write_cohort(asked.folder, n_cases=asked.cases, seed=asked.seed, workers=asked.workers)


if __name__ == "__main__":
    main()
