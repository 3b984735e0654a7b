"""Scores hang neither on the threads of a process nor on the kind of its processor."""

from __future__ import annotations

import os
import subprocess
import sys

WORK = """
import numpy as np
from pytest_biasruler.scoring.distance import Side, SurfaceDistances, assd
from pytest_biasruler.scoring.features import measure_shape
from pytest_biasruler.scoring.surface import extract_surface
rng = np.random.default_rng(0)
sides = [Side(distances_mm=np.sort(row), areas_mm2=row) for row in rng.random((2, 50_000))]
print(assd(SurfaceDistances(first=sides[0], second=sides[1])).hex())
mask, mm = rng.random((400, 300, 2)) < 0.5, (0.703, 0.713, 5.1)
surface = extract_surface(mask, spacing_mm=mm)
shape = measure_shape(mask, surface=surface, n_components=1, spacing_mm=mm, voxel_ml=0.1)
print(shape.elongation.hex(), surface.area_mm2.hex())
"""
WAYS = (
    {"OPENBLAS_NUM_THREADS": "1"},
    {"OPENBLAS_NUM_THREADS": "2"},
    {"OPENBLAS_NUM_THREADS": "3", "OPENBLAS_CORETYPE": "Prescott"},  # runs on any x86-64
)


def test_long_sums_are_the_same_by_any_number_of_threads():
    told = [
        subprocess.run(
            [sys.executable, "-c", WORK],
            env={**os.environ, **way},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for way in WAYS
    ]
    assert told[1] == told[0], "two threads in place of one"
    assert told[2] == told[0], "another kind of processor"
