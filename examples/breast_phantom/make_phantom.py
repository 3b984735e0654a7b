"""Make up a cohort of 240 women in the folder layout of MAMA-MIA, with known biases.

Every lesion is the region in which a distance from its centre, bent by a smooth random field, is
below 1. A mask of somebody else is the same region bent once more:

expert      the lesion itself
automatic   fits lesions of women up to 40 badly: too small, and without their spikes
by_expert   a model trained on the experts' masks: errs by chance, a little more in young women,
            in the harder sites, and in one ethnic group at every site
by_machine  a model trained on the automatic masks: repeats their mistakes

Three of the six sites are harder, and women of group B are mostly seen there: that hides that
every single site is worse for group A. With --fair nothing depends on who somebody is.

Usage: python make_phantom.py FOLDER [--seed 0] [--fair]
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
from scipy import ndimage

N_WOMEN = 240
SHAPE, SPACING_MM = (44, 44, 24), (1.0, 1.0, 2.0)
SITES = ("DUKE", "ISPY1", "ISPY2", "NACT", "UCSF", "UPMC")
AGES = ((25, 40), (41, 55), (56, 85))
SETS = {
    "expert": "segmentations/expert",
    "automatic": "segmentations/automatic",
    "by_expert": "predictions/by_expert",
    "by_machine": "predictions/by_machine",
}


@dataclass(frozen=True, kw_only=True)
class Woman:
    """Who she is, and what of that matters to the masks."""

    case: str
    age: int
    ethnicity: str
    density: str
    site: str

    @property
    def is_young(self) -> bool:
        """Whether the automatic labels fail for her."""
        return self.age <= AGES[0][1]

    @property
    def is_at_hard_site(self) -> bool:
        """Whether her site's images are hard to segment."""
        return SITES.index(self.site) >= len(SITES) // 2


def recruit(rng: np.random.Generator) -> list[Woman]:
    """Return the cohort: 40 women a site, 80 of each age, most of group B at hard sites."""
    women = []
    for site, name in enumerate(SITES):
        n_b = 29 if site >= len(SITES) // 2 else 11
        groups = rng.permutation(["B"] * n_b + ["A"] * (40 - n_b))
        ages = rng.permutation([0, 1, 2] * 14)[:40]
        for number, (group, age) in enumerate(zip(groups, ages, strict=True)):
            women.append(
                Woman(
                    case=f"{name}_{number:03d}",
                    age=int(rng.integers(AGES[age][0], AGES[age][1] + 1)),
                    ethnicity=str(group),
                    density=str(rng.choice(["a", "b", "c", "d"])),
                    site=name,
                )
            )
    return women


def field(rng: np.random.Generator, *, width_mm: float) -> np.ndarray:
    """Return a smooth random field with mean 0 and standard deviation 1."""
    noise = rng.standard_normal(SHAPE)
    smooth = ndimage.gaussian_filter(noise, [width_mm / mm for mm in SPACING_MM])
    return (smooth - smooth.mean()) / smooth.std()


def draw(woman: Woman, rng: np.random.Generator, *, fair: bool) -> dict[str, np.ndarray]:
    """Return her four masks."""
    young = woman.is_young and not fair
    radius_mm = np.exp(rng.normal(np.log(9.8 if young else 8.5), 0.2))
    spikes = 0.26 if young else 0.12
    axes = rng.uniform(0.85, 1.15, 3)
    grid = np.indices(SHAPE).reshape(3, -1).T * SPACING_MM
    centre = (np.array(SHAPE) - 1) / 2 * SPACING_MM
    distance = np.linalg.norm((grid - centre) / axes, axis=1).reshape(SHAPE) / radius_mm
    spiky = field(rng, width_mm=2.5)
    label_error = field(rng, width_mm=3.0)
    lesion = distance + spikes * spiky
    # What the automatic labels get wrong in young women: the spikes, and a part of the radius.
    label = distance / 0.92 + 0.12 * spiky if young else lesion
    label = label + 0.05 * label_error
    chance = 0.08 if fair else 0.06
    if not fair:
        chance += 0.02 * young + 0.15 * woman.is_at_hard_site + 0.05 * (woman.ethnicity == "A")
    learned = lesion + chance * field(rng, width_mm=2.5)
    repeated = (lesion if fair else label) + chance * field(rng, width_mm=2.5)
    regions = {
        "expert": lesion,
        "automatic": label,
        "by_expert": learned,
        "by_machine": repeated,
    }
    return {name: (region < 1).astype(np.uint8) for name, region in regions.items()}


def make_cohort(folder: Path, *, seed: int = 0, fair: bool = False) -> None:
    """Write masks and clinical table of one cohort."""
    rng = np.random.default_rng(seed)
    women = recruit(rng)
    for path in SETS.values():
        (folder / path).mkdir(parents=True, exist_ok=True)
    affine = np.diag([*SPACING_MM, 1.0])
    for woman in women:
        for name, mask in draw(woman, rng, fair=fair).items():
            image = nibabel.Nifti1Image(mask, affine)
            nibabel.save(image, folder / SETS[name] / f"{woman.case}.nii.gz")
    with (folder / "clinical_and_imaging_info.csv").open(
        "w", encoding="utf-8", newline=""
    ) as table:
        rows = csv.writer(table)
        rows.writerow(["patient_id", "age", "ethnicity", "breast_density", "dataset"])
        rows.writerows([w.case, w.age, w.ethnicity, w.density, w.site] for w in women)


def main() -> None:
    """Make up the cohort that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fair", action="store_true", help="without any bias")
    asked = parser.parse_args()
    make_cohort(asked.folder, seed=asked.seed, fair=asked.fair)
    print(f"made up {N_WOMEN} women in {asked.folder}")


if __name__ == "__main__":
    main()
