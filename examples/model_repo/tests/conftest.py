"""The audit of this repository's model: it is run on each image when its mask is asked for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from images import SPACING_MM, draw_patient
from segmenter import segment

from pytest_biasruler import Attribute, Benchmark, Mask, Model, Reference

AFFINE = np.diag([*SPACING_MM, 1.0])


@pytest.fixture(scope="session")
def patients():
    return {patient.case: patient for patient in map(draw_patient, range(60))}


@pytest.fixture(scope="session")
def biasruler_benchmark(patients):
    def draw(case):
        return Mask(voxels=patients[case].expert, affine=AFFINE)

    def predict(case):
        return Mask(voxels=segment(patients[case].image, SPACING_MM), affine=AFFINE)

    rows = [(each.case, each.density, each.age) for each in patients.values()]
    return Benchmark(
        name="Breast lesions",
        metadata=pd.DataFrame(rows, columns=["case", "density", "age"]),
        references=[Reference(name="expert", kind="expert", masks=draw)],
        models=[Model(name="segmenter", masks=predict)],
        attributes=[Attribute(name="density"), Attribute(name="age", bins=(30, 50, 75))],
    )
