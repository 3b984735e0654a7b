"""Make up 60 patients, two references and what five teams submitted.

Every mask is a ball, displaced by what its author gets wrong: the automated labels along x, most
of it at low dose; the team `distilled`, which learned from them, in the same way; all other teams
along y, at any dose. With --relabelled the automated labels are mended, and `distilled` with them.
"""

from __future__ import annotations

import csv
import sys
from math import sin
from pathlib import Path

import nibabel
import numpy as np

SPACING_MM = np.array([1.0, 1.0, 2.0])
PLACES_MM = np.indices((30, 30, 15)) * SPACING_MM.reshape(3, 1, 1, 1)
TEAMS_MM = {"transformer": 0.8, "unet": 1.1, "cascade": 1.6, "atlas": 2.4}
IS_MENDED = "--relabelled" in sys.argv


def draw(folder, case, *, centre_mm, radius_mm):
    squares = (PLACES_MM - np.reshape(centre_mm, (3, 1, 1, 1))) ** 2
    mask = (squares.sum(axis=0) <= radius_mm**2).astype(np.uint8)
    Path(folder).mkdir(parents=True, exist_ok=True)
    image = nibabel.Nifti1Image(mask, np.diag([*SPACING_MM, 1.0]))
    nibabel.save(image, f"{folder}/{case}.nii.gz")


rows = []
for n in range(60):
    case, is_low = f"patient-{n:02d}", n % 2 == 0
    x, y, z = 14 + sin(1.1 * n), 14 + sin(1.3 * n), 14 + sin(1.7 * n)
    radius_mm = 8 + sin(1.9 * n)
    label_mm = 1.8 if is_low and not IS_MENDED else 0.3
    learned_mm = label_mm + 0.4 + 0.2 * sin(2.3 * n)
    draw("expert", case, centre_mm=(x, y, z), radius_mm=radius_mm)
    draw("automated", case, centre_mm=(x + label_mm, y, z), radius_mm=radius_mm)
    draw("submissions/distilled", case, centre_mm=(x + learned_mm, y, z), radius_mm=radius_mm)
    for seed, (team, error_mm) in enumerate(TEAMS_MM.items()):
        missed_mm = error_mm + 0.3 * sin(2.9 * n + seed)
        centre_mm = (x, y + missed_mm, z)
        draw(f"submissions/{team}", case, centre_mm=centre_mm, radius_mm=radius_mm)
    rows.append((case, "low" if is_low else "full", "FFMM"[n % 4]))

with Path("patients.csv").open("w", newline="") as table:
    csv.writer(table).writerows([("patient_id", "dose", "sex"), *rows])
