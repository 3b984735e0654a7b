from __future__ import annotations

import numpy as np
import pytest

from pytest_biasruler.statistics.worst import find_worst_flip

RNG = np.random.default_rng(3)
GROUPS = ["a"] * 40 + ["b"] * 40 + ["c"] * 40
NOISE = RNG.normal(0, 0.03, 120)


def test_a_clear_reversal_is_confirmed():
    first = NOISE + np.repeat([0.70, 0.80, 0.90], 40)
    second = NOISE + np.repeat([0.85, 0.75, 0.90], 40)
    flip = find_worst_flip(first, second, subgroups=GROUPS)
    assert (flip.worst_first, flip.worst_second) == ("a", "b")
    assert flip.point
    assert flip.confirmed
    assert flip.probability == 1.0
    assert flip.shares_second == {"a": 0.0, "b": 1.0, "c": 0.0}


def test_a_reversal_that_one_reference_leaves_open_is_not_confirmed():
    clear = NOISE + np.repeat([0.70, 0.80, 0.90], 40)
    rough = RNG.normal(0, 0.3, 120)
    for group in range(3):  # the sample means are what they are said to be, the errors wide
        rough[40 * group : 40 * (group + 1)] -= rough[40 * group : 40 * (group + 1)].mean()
    unclear = rough + np.repeat([0.80, 0.79, 0.95], 40)
    for columns in ((clear, unclear), (unclear, clear)):
        flip = find_worst_flip(*columns, subgroups=GROUPS)
        assert flip.point
        assert not flip.confirmed


def test_the_same_column_twice_never_flips():
    flip = find_worst_flip(NOISE, NOISE, subgroups=GROUPS)
    assert not flip.point
    assert not flip.confirmed
    assert (flip.probability, flip.p_holm) == (0.0, 1.0)
    assert flip.shares_first == flip.shares_second
    assert sum(flip.shares_first.values()) == pytest.approx(1.0)


def test_chance_flips_are_seldom_confirmed():
    confirmed = points = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        case = rng.beta(8, 2, 60)
        columns = [case + rng.normal(0, 0.1, 60) for _ in range(2)]
        flip = find_worst_flip(*columns, subgroups=["a"] * 20 + ["b"] * 20 + ["c"] * 20)
        points += flip.point
        confirmed += flip.confirmed
    assert points > 20, "the experiment must hold flips"
    assert confirmed <= 5, f"{confirmed} of {points} flips confirmed"


def test_the_bootstrap_is_the_documented_stream():
    first, second = RNG.random(7), RNG.random(7)
    flip = find_worst_flip(first, second, subgroups=list("aaabbbb"), seed=4)
    u = ((np.random.PCG64(4).random_raw(14_000) >> np.uint64(11)) + 0.5) / 2**53
    u = u.reshape(2000, 7)
    a, b = (u[:, :3] * 3).astype(int), 3 + (u[:, 3:] * 4).astype(int)
    worst = [np.where(y[a].mean(1) <= y[b].mean(1), "a", "b") for y in (first, second)]
    assert flip.probability == np.mean(worst[0] != worst[1])
    assert flip.shares_first["a"] == np.mean(worst[0] == "a")


def test_patients_are_drawn_whole():
    rng = np.random.default_rng(1)
    values, groups = rng.random(12), ["a"] * 6 + ["b"] * 6
    single = find_worst_flip(values, values**2, subgroups=groups, patients=[*"pppppp", *"qqqqqq"])
    assert set(single.shares_first.values()) == {0.0, 1.0}, "one patient, one possible resample"


def test_row_order_changes_nothing():
    order = RNG.permutation(120)
    second = RNG.normal(0, 0.03, 120)
    patients = np.arange(120) // 2
    plain = find_worst_flip(NOISE, second, subgroups=GROUPS, patients=patients)
    shuffled = find_worst_flip(
        NOISE[order],
        second[order],
        subgroups=np.array(GROUPS)[order],
        patients=patients[order],
    )
    assert shuffled == plain


def test_cases_undefined_under_either_reference_count_under_neither():
    first, second = [0.1, 0.9, 0.5, 0.5], [np.nan, 0.6, 0.7, 0.7]
    flip = find_worst_flip(first, second, subgroups=list("aabb"))
    assert (flip.worst_first, flip.worst_second) == ("b", "a")


def test_without_cases_nothing_flips():
    flip = find_worst_flip([np.nan], [0.5], subgroups=["a"])
    assert flip.worst_first is None
    assert not flip.point
    assert not flip.confirmed
    assert np.isnan(flip.probability)


def test_columns_of_different_length_are_refused():
    with pytest.raises(ValueError, match="shape"):
        find_worst_flip([1.0], [1.0, 2.0], subgroups=["a", "b"])
