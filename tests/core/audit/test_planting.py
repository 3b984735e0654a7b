"""Biases planted into scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pytest_biasruler.audit.operators import OPERATORS
from pytest_biasruler.audit.planting import World, alter_masks, drop_scores, shift_scores
from pytest_biasruler.benchmark.metrics import Direction, Metric
from pytest_biasruler.benchmark.questions import QUESTIONS
from pytest_biasruler.scoring.alteration import Change
from pytest_biasruler.scoring.altered import Altered

from .test_worlds import build

AGES = ["old"] * 6 + ["young"] * 4
KEYS = [("unet", "expert")]


def make_world(scores, *, unit=0.1, seed=1, masks=None, patients=None):
    evidence = build(AGES, scores={("unet", "expert"): scores}, patients=patients)
    is_target = evidence.cut(("age",)).of == "young"
    return World(evidence=evidence, seed=seed, is_target=is_target, unit=unit, masks=masks or {})


def planted_scores(evidence):
    return evidence.pair("unet", "expert", None)["dice"].to_numpy()


def declared_of(world):
    return world.evidence.declared[0]


def test_a_shift_moves_the_target_alone_by_so_many_limits():
    world = make_world([0.8] * 10)
    planted = shift_scores(world, declared_of(world), keys=KEYS, by=-1.5)
    assert planted_scores(planted) == pytest.approx([0.8] * 6 + [0.65] * 4)
    assert planted_scores(world.evidence) == pytest.approx([0.8] * 10), "the world itself stays"


@pytest.mark.parametrize(("by", "reached"), [(-6, 0.0), (6, 1.0)])
def test_a_shift_stays_within_what_the_metric_can_be(by, reached):
    world = make_world([0.5] * 10)
    planted = shift_scores(world, declared_of(world), keys=KEYS, by=by)
    assert planted_scores(planted)[6:] == pytest.approx([reached] * 4)


def test_an_undefined_score_stays_undefined():
    world = make_world([0.5] * 9 + [np.nan])
    for planted in (
        shift_scores(world, declared_of(world), keys=KEYS, by=-1),
        drop_scores(world, declared_of(world), keys=KEYS, share=1.0),
    ):
        assert np.isnan(planted_scores(planted)[9])


def test_a_worse_distance_is_a_longer_one():
    world = make_world([5.0] * 10, unit=2.0)
    distance = Metric(
        name="dice", direction=Direction.LOWER, range=(0.0, None), both_empty=0.0, one_empty=None
    )
    world = replace(world, evidence=world.evidence.altered(metrics={"dice": distance}))
    planted = shift_scores(world, declared_of(world), keys=KEYS, by=-1)
    assert planted_scores(planted)[6:] == pytest.approx([7.0] * 4)


def test_half_of_the_patients_get_the_worst_score_with_all_their_cases():
    patients = [*"aabbcc", *"ddee"]
    world = make_world([0.8] * 10, patients=patients)
    planted = planted_scores(drop_scores(world, declared_of(world), keys=KEYS, share=0.5))
    assert planted[:6] == pytest.approx([0.8] * 6)
    assert sorted([tuple(planted[6:8]), tuple(planted[8:])]) == [(0.0, 0.0), (0.8, 0.8)]


def test_at_least_one_patient_is_dropped():
    world = make_world([0.8] * 10)
    planted = planted_scores(drop_scores(world, declared_of(world), keys=KEYS, share=0.01))
    assert (planted == 0).sum() == 1


def test_whom_a_small_share_drops_a_larger_one_drops_too():
    world = make_world([0.8] * 10)
    few, many = (
        planted_scores(drop_scores(world, declared_of(world), keys=KEYS, share=share)) == 0
        for share in (0.25, 0.75)
    )
    assert few.sum() == 1
    assert many.sum() == 3
    assert not (few & ~many).any()


def test_altered_masks_give_the_target_their_scores_where_there_are_some():
    one = Altered(
        change=Change.ERODE, size=1.0, set="unet", model="unet", reference="expert", label="",
        metric="dice",
    )  # fmt: skip
    world = make_world([0.8] * 10)
    scores = pd.Series(0.3, index=world.is_target.index)
    scores.iloc[9] = np.nan
    world = replace(world, masks={one: scores})
    planted = planted_scores(alter_masks(world, declared_of(world), one, share=1.0))
    assert planted == pytest.approx([0.8] * 6 + [0.3] * 3 + [0.8])


def test_operators_are_those_of_checks_that_can_fail():
    assert set(OPERATORS) <= {name for name, each in QUESTIONS.items() if each.in_family}


def test_names_of_the_operators_of_a_check_differ():
    for operators in OPERATORS.values():
        names = [operator.name for operator in operators]
        assert len(set(names)) == len(names)
