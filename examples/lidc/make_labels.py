"""Draw the two references of this example from the readers' masks.

expert     the majority of readers 1 to 3, voxel by voxel
automated  a RECIST-style label: the ellipsoid that has the consensus's three principal diameters

Both go to generated/ beside this script; running it again changes nothing.
"""

from __future__ import annotations

import csv
from pathlib import Path

import nibabel
import numpy as np

HERE = Path(__file__).parent


def read(reader: int, case: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the voxels and the affine of one reader's mask."""
    image = nibabel.load(HERE / "masks" / f"reader{reader}" / f"{case}.nii.gz")
    return np.asarray(image.dataobj) > 0, image.affine


def fit_ellipsoid(mask: np.ndarray, *, spacing_mm: np.ndarray) -> np.ndarray:
    """Return the ellipsoid about the centroid that reaches the mask's outermost voxels.

    Its axes are the principal axes of the voxel centres in mm; each half axis is the largest
    distance of a voxel centre from the centroid along that axis, plus half the smallest voxel
    side, so that the outermost voxels lie inside.
    """
    points = np.argwhere(mask) * spacing_mm
    centroid = points.mean(axis=0)
    axes = np.linalg.eigh(np.cov((points - centroid).T))[1]
    half_axes = np.abs((points - centroid) @ axes).max(axis=0) + spacing_mm.min() / 2
    grid = np.indices(mask.shape).reshape(3, -1).T * spacing_mm
    inside = ((((grid - centroid) @ axes) / half_axes) ** 2).sum(axis=1) <= 1
    return inside.reshape(mask.shape)


def write(mask: np.ndarray, affine: np.ndarray, *, reference: str, case: str) -> None:
    """Write a mask as NIfTI."""
    folder = HERE / "generated" / reference
    folder.mkdir(parents=True, exist_ok=True)
    image = nibabel.Nifti1Image(mask.astype(np.uint8), affine)
    nibabel.save(image, folder / f"{case}.nii.gz")


def main() -> None:
    """Draw both references for every nodule."""
    with (HERE / "nodules.csv").open(encoding="utf-8", newline="") as table:
        cases = [row["case_id"] for row in csv.DictReader(table)]
    for case in cases:
        masks, affines = zip(*(read(reader, case) for reader in (1, 2, 3)), strict=True)
        consensus = np.sum(masks, axis=0) >= 2
        spacing_mm = np.linalg.norm(affines[0][:3, :3], axis=0)
        ellipsoid = fit_ellipsoid(consensus, spacing_mm=spacing_mm)
        write(consensus, affines[0], reference="expert", case=case)
        write(ellipsoid, affines[0], reference="automated", case=case)
    print(f"drew {len(cases)} expert and {len(cases)} automated masks")


if __name__ == "__main__":
    main()
