"""A cohort for whole runs: the model's boundary is rough for patients of scanner B."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from biasruler_lab.rle import encode

from pytest_biasruler import Mask

pytest_plugins = ["pytester"]

BENCHMARK = """\
[benchmark]
name = "Lab"
metadata = "meta.csv"
[references.expert]
kind = "expert"
masks = "expert/{case}.rle"
[models.unet]
masks = "unet/{case}.rle"
[attributes.scanner]
[[checks]]
check = "gap"
by = "scanner"
metric = ["dice", "boundary_iou"]
limit = 0.10
"""


def ball(radius, *, shift=0.0, is_rough=False):
    """Return a ball of voxels of 1 x 1 x 2 mm, every third voxel of its rim gone if rough."""
    grid = np.indices((28, 28, 14)).reshape(3, -1).T * (1, 1, 2) - (13.5 + shift, 13.5, 13)
    distance = np.linalg.norm(grid, axis=1).reshape(28, 28, 14)
    x, y, z = np.indices(distance.shape)
    is_gone = (distance > radius - 1.3) & ((x + y + z) % 3 == 0) & is_rough
    return Mask(voxels=(distance <= radius) & ~is_gone, affine=np.diag([1.0, 1.0, 2.0, 1.0]))


@pytest.fixture
def cohort(pytester, monkeypatch):
    """Write masks of 40 patients and a benchmark file that asks by both metrics."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    rows = [(f"c{n:02d}", "AB"[n % 2], 9 + n % 5 / 4) for n in range(40)]
    for name in ("expert", "unet"):
        pytester.mkdir(name)
    for n, (case, scanner, radius) in enumerate(rows):
        unet = ball(radius - 0.3, shift=n / 20, is_rough=scanner == "B")
        masks = {"expert": ball(radius, shift=n / 20), "unet": unet}
        for name, mask in masks.items():
            text = json.dumps(encode(mask))
            (pytester.path / name / f"{case}.rle").write_text(text, encoding="utf-8")
    with (pytester.path / "meta.csv").open("w", newline="", encoding="utf-8") as table:
        csv.writer(table).writerows([("case", "scanner"), *(row[:2] for row in rows)])
    (pytester.path / "biasruler.toml").write_text(BENCHMARK, encoding="utf-8")
    return pytester
