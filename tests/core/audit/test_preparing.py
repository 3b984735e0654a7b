"""Evidence from masks: shapes and echoes with the scores where declared, later where not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pytest_biasruler.audit import preparing
from pytest_biasruler.audit.preparing import prepare
from pytest_biasruler.benchmark.check import Check
from pytest_biasruler.benchmark.definition import Attribute, Benchmark, Model, Reference
from pytest_biasruler.masks.mask import Mask

CASES = [f"c{number}" for number in range(4)]


def cube(*start, size=4, shape=(12, 12, 6)):
    voxels = np.zeros(shape, np.uint8)
    voxels[tuple(slice(at, at + size) for at in start)] = 1
    return Mask(voxels=voxels, spacing_mm=(1.0, 1.0, 2.0))


def benchmark_of(*checks):
    def given(*start):
        return {case: cube(*start) for case in CASES}

    return Benchmark(
        name="cubes",
        metadata=pd.DataFrame({"case": CASES, "age": ["old", "old", "young", "young"]}),
        case="case",
        references=[
            Reference(name="expert", kind="expert", masks=given(2, 2, 1)),
            Reference(name="automated", kind="automated", masks=given(3, 2, 1)),
        ],
        models=[Model(name="unet", masks=given(3, 3, 1))],
        attributes=[Attribute(name="age")],
        checks=checks,
    )


def both(evidence):
    names = {"model": "unet", "automated": "automated", "reference": "expert"}
    return evidence.shapes("expert", None), evidence.echoes(**names, label=None)


def test_a_declared_echo_is_measured_in_the_same_pass():
    evidence = prepare(benchmark_of(Check("echo")))
    assert evidence.scored.echoes is not None
    assert evidence.scored.shapes is None


def test_a_declared_gap_costs_neither_shapes_nor_echoes():
    evidence = prepare(benchmark_of(Check("gap", by="age", limit=0.05)))
    assert evidence.scored.echoes is None
    assert evidence.scored.shapes is None


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_asked_for_later_is_the_same_and_measured_once(monkeypatch, workers):
    measured = []
    measure = preparing.measure_benchmark

    def counted(benchmark, name, **how):
        measured.append((name, how["workers"]))
        return measure(benchmark, name, **how)

    monkeypatch.setattr(preparing, "measure_benchmark", counted)
    later = prepare(benchmark_of(), workers=workers)
    at_once = prepare(
        benchmark_of(Check("echo"), Check("morphology", by="age")),
    )
    for _ in range(2):
        for one, other in zip(both(later), both(at_once), strict=True):
            pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert measured == [("shape", workers), ("echo", workers)]


def test_an_echo_by_hand():
    """The label misses one slice of 16 voxels and adds another.

    The model misses the same 16, and adds 12 of the 16.
    """
    _, echoes = both(prepare(benchmark_of()))
    assert echoes["n_automated_errors"].tolist() == [32.0] * 4
    assert echoes["n_shared"].tolist() == [28.0] * 4
    assert echoes["raw"].tolist() == [28 / 32] * 4
    assert (echoes["kappa"] < echoes["raw"]).all(), "some of it is chance"
