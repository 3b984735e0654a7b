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
from functools import partial
from math import ceil
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy import ndimage

SETS = ("expert", "automated", "unet")
GRIDS = ((256, 256, 160), (448, 448, 160), (512, 512, 120))
IN_PLANE_MM = 0.7
THICKNESSES_MM = (1.1, 1.5, 2.0)
SHARES = (1e-4, 1e-2)  # of the volume that a tumour fills
ONE_EMPTY_IN = 40
AGES = (25, 85)
COMPRESSION = 6  # what ITK and gzip take unless told otherwise
BENCHMARK = """[benchmark]
name = "generated breast MRI"
metadata = "clinical.csv"
case = "case"

[attributes.age]
bins = [40, 50, 60]

[references.expert]
kind = "expert"
masks = "expert/{case}.nii.gz"

[references.automated]
kind = "automated"
masks = "automated/{case}.nii.gz"

[models.unet]
masks = "unet/{case}.nii.gz"

[[check]]
check = "gap"
metric = ["dice", "nsd", "hd95_mm"]
by = "age"
limit = 0.05

[[check]]
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


def draw_case(number: int, *, seed: int = 0) -> tuple[dict[str, np.ndarray], np.ndarray, int]:
    """Return the masks of one case by set, its voxel size in mm and the age of its patient."""
    rng = np.random.default_rng([seed, number])
    grid = GRIDS[rng.integers(len(GRIDS))]
    spacing_mm = np.array([IN_PLANE_MM, IN_PLANE_MM, rng.choice(THICKNESSES_MM)])
    age = int(rng.integers(*AGES))
    share = np.exp(rng.uniform(*np.log(SHARES)))
    if rng.integers(ONE_EMPTY_IN) == 0:
        share = 0.0
    depth, start = _lay_tumour(grid, spacing_mm, share=share, rng=rng)
    masks = {}
    for name in SETS:
        mask = np.zeros(grid, np.uint8, order="F")
        place = tuple(slice(at, at + n) for at, n in zip(start, depth.shape, strict=True))
        mask[place] = _outline(depth, name, age=age, rng=rng)
        masks[name] = mask
    return masks, spacing_mm, age


def _lay_tumour(
    grid: tuple[int, ...], spacing_mm: np.ndarray, *, share: float, rng: np.random.Generator
) -> tuple[np.ndarray, list[int]]:
    """Return how deep inside an irregular tumour each voxel of a box lies, and where the box is.

    Depth is in radii: above 0 inside. An ellipsoid whose surface is dented by smooth noise.
    """
    volume_mm3 = share * np.prod(grid) * np.prod(spacing_mm)
    radius_mm = np.cbrt(3 * volume_mm3 / (4 * np.pi))
    stretch = np.exp(rng.normal(0, 0.2, 3))
    radii_mm = radius_mm * stretch / np.cbrt(stretch.prod())
    half = [
        min(ceil(1.6 * r / mm) + 3, n // 2 - 1)
        for r, mm, n in zip(radii_mm, spacing_mm, grid, strict=True)
    ]
    centre = [int(rng.integers(h, n - h)) for h, n in zip(half, grid, strict=True)]
    axes = [np.arange(-h, h + 1) * mm for h, mm in zip(half, spacing_mm, strict=True)]
    places = np.meshgrid(*axes, indexing="ij", sparse=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.sqrt(sum((at / r) ** 2 for at, r in zip(places, radii_mm, strict=True)))
    noise = rng.normal(size=reach.shape).astype(np.float32)
    smooth = ndimage.gaussian_filter(
        noise, [max(r / mm / 4, 1) for r, mm in zip(radii_mm, spacing_mm, strict=True)]
    )
    dents = smooth / max(float(smooth.std()), 1e-9)
    depth = (
        (1 - reach + 0.18 * dents).astype(np.float32)
        if share
        else np.full(reach.shape, -1, np.float32)
    )
    return depth, [c - h for c, h in zip(centre, half, strict=True)]


def _outline(depth: np.ndarray, name: str, *, age: int, rng: np.random.Generator) -> np.ndarray:
    """Return the mask that one set draws; the automated one draws tumours of the young smaller."""
    if name == "expert":
        return depth > 0
    noise = ndimage.gaussian_filter(rng.normal(size=depth.shape).astype(np.float32), 2)
    shift = rng.normal(0, 0.03)
    if name == "automated":
        shift += 0.06 if age < 45 else 0.02
    return depth > shift + 0.05 * noise / max(float(noise.std()), 1e-9)


def _write_case(folder: Path, seed: int, number: int) -> int:
    name = f"gen_{number:04d}.nii.gz"
    paths = {each: folder / each / name for each in SETS}
    if all(path.is_file() for path in paths.values()):
        return _age_of(number, seed=seed)
    masks, spacing_mm, age = draw_case(number, seed=seed)
    for each, path in paths.items():
        image = nib.Nifti1Image(masks[each], np.diag([*spacing_mm, 1.0]))
        partial_path = path.with_suffix(".part")
        partial_path.write_bytes(gzip.compress(image.to_bytes(), COMPRESSION, mtime=0))
        os.replace(partial_path, path)
    return age


def _age_of(number: int, *, seed: int) -> int:
    rng = np.random.default_rng([seed, number])
    rng.integers(len(GRIDS))
    rng.choice(THICKNESSES_MM)
    return int(rng.integers(*AGES))


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
