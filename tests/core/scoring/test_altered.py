"""What a case would score if one of its masks were altered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pytest_biasruler.benchmark.definition import Benchmark, Model, Reference
from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.scoring.alteration import Change
from pytest_biasruler.scoring.altered import KAPPA, Altered, score_altered

METRICS = {"dice": CATALOGUE["dice"], "nsd": CATALOGUE["nsd"]}
ERODED = Altered(
    change=Change.ERODE, size=1.0, set="unet", model="unet", reference="expert", label="",
    metric="dice",
)  # fmt: skip


def cube(start, size=4):
    voxels = np.zeros((12, 12, 12), np.uint8)
    voxels[tuple(slice(at, at + size) for at in start)] = 1
    return voxels


@pytest.fixture
def benchmark():
    import pandas as pd

    masks = {
        "expert": {"a": cube((2, 2, 2)), "b": cube((5, 5, 5))},
        "auto": {"a": cube((2, 2, 3)), "b": cube((5, 5, 5), size=5)},
        "unet": {"a": cube((2, 2, 2))},
    }
    return Benchmark(
        name="cubes",
        metadata=pd.DataFrame({"case": ["a", "b"]}),
        references=[
            Reference(name="expert", kind="expert", masks=masks["expert"]),
            Reference(name="auto", kind="automated", masks=masks["auto"]),
        ],
        models=[Model(name="unet", masks=masks["unet"])],
    )


def score(benchmark, *wanted, **keys):
    return score_altered(benchmark, wanted, cases=("a", "b"), metrics=METRICS, readers={}, **keys)


def test_an_eroded_cube_scores_what_it_would_by_hand(benchmark):
    # 4 x 4 x 4 voxels without a layer on each side are 2 x 2 x 2: 2 * 8 / (64 + 8).
    scores = score(benchmark, ERODED)[ERODED]
    assert scores["a"] == pytest.approx(16 / 72)


def test_a_dilated_cube_grows_beyond_the_box_of_all_masks(benchmark):
    dilated = replace(ERODED, change=Change.DILATE)
    # One layer of 16 voxels on each of six sides, no corners: 2 * 64 / (64 + 160).
    assert score(benchmark, dilated)[dilated]["a"] == pytest.approx(128 / 224)


def test_a_dropped_mask_scores_as_a_missed_one(benchmark):
    dropped = replace(ERODED, change=Change.DROP, size=0.0)
    assert score(benchmark, dropped)[dropped]["a"] == 0.0


def test_a_case_without_the_mask_has_no_altered_score(benchmark):
    assert np.isnan(score(benchmark, ERODED)[ERODED]["b"])


def test_a_lost_prediction_is_not_opened_again_and_the_others_are(benchmark):
    opened = []

    def give(name):
        return lambda case: opened.append((name, case)) or cube((2, 2, 2))

    models = [Model(name=name, masks=give(name)) for name in ("unet", "vnet")]
    other = replace(ERODED, set="vnet", model="vnet")
    scores = score(replace(benchmark, models=models), ERODED, other, lost={"unet": {"a": "BR802"}})
    assert ("unet", "a") not in opened
    assert np.isnan(scores[ERODED]["a"])
    assert scores[other]["a"] == pytest.approx(16 / 72)


def test_a_reference_can_be_altered_too(benchmark):
    moved = replace(ERODED, change=Change.SHIFT, set="auto", model="unet", reference="auto")
    # The automated cube, one voxel off along the last axis, moves one along the first: 3 x 4 x 3.
    assert score(benchmark, moved)[moved]["a"] == pytest.approx(2 * 36 / 128)


def test_all_errors_copied_leave_nothing_but_echo(benchmark):
    copied = Altered(
        change=Change.COPY, size=1.0, set="unet", model="unet", reference="expert", label="",
        metric=KAPPA, automated="auto",
    )  # fmt: skip
    assert score(benchmark, copied)[copied]["a"] == pytest.approx(1.0)


def test_several_alterations_of_one_set_keep_apart(benchmark):
    wanted = [ERODED, replace(ERODED, metric="nsd"), replace(ERODED, size=2.0)]
    scores = score(benchmark, *wanted)
    assert len({round(scores[one]["a"], 6) for one in wanted}) == 3


def test_progress_is_told_after_each_case(benchmark):
    told = []
    score(benchmark, ERODED, progress=lambda *numbers: told.append(numbers))
    assert told == [(1, 2, 0), (2, 2, 0)]
