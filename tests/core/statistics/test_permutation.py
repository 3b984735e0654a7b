from __future__ import annotations

import time
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.statistics import permutation
from pytest_biasruler.statistics.energy import measure_energy
from pytest_biasruler.statistics.permutation import permute_energy

laws = settings(deadline=None, derandomize=True, max_examples=40)


def in_first(n_first, n_second):
    return np.repeat([True, False], [n_first, n_second])


def one_stratum(n):
    return [["all"] * n]


def test_shuffled_labels_are_compared_with_every_arrangement():
    """Six rows: the observed pair is the most extreme of fifteen, which shuffling has to find."""
    values = np.array([0.0, 1.0, 2.0, 3.0, 10.0, 11.0])
    distances = np.abs(values[:, None] - values)
    own = measure_energy(distances, in_first(4, 2)).distance
    every = [
        measure_energy(distances, ~np.isin(np.arange(6), pair)).distance
        for pair in combinations(range(6), 2)
    ]
    share = np.mean([each >= own - 1e-12 for each in every])
    (test,) = permute_energy(
        values[:, None],
        is_first=in_first(4, 2),
        strata=one_stratum(6),
        n_permutations=20_000,
    )
    assert share == pytest.approx(1 / 15)
    assert test.p == pytest.approx(share, abs=0.006)


@laws
@given(st.randoms(use_true_random=False), st.floats(0.001, 1000))
def test_neither_the_order_of_rows_nor_the_unit_of_a_feature_matters(random, unit):
    rng = np.random.default_rng(5)
    rows, first = rng.normal(size=(30, 2)), rng.random(30) < 0.4
    strata = [rng.integers(0, 3, 30).astype(str)]
    order = list(range(30))
    random.shuffle(order)
    (test,) = permute_energy(rows, is_first=first, strata=strata, n_permutations=49)
    (same,) = permute_energy(
        rows[order] * [unit, 1.0],
        is_first=first[order],
        strata=[strata[0][order]],
        n_permutations=49,
    )
    assert same.p == test.p
    assert same.energy.coefficient == pytest.approx(test.energy.coefficient, abs=1e-9)


def test_which_cloud_comes_first_does_not_matter():
    rng = np.random.default_rng(6)
    rows, first = rng.normal(size=(40, 3)), rng.random(40) < 0.3
    tests = [
        permute_energy(rows, is_first=side, strata=one_stratum(40))[0] for side in (first, ~first)
    ]
    assert tests[0].p == tests[1].p
    assert tests[0].energy.distance == pytest.approx(tests[1].energy.distance, abs=1e-12)


def test_rows_without_any_difference_are_no_evidence():
    (test,) = permute_energy(np.ones((8, 2)), is_first=in_first(3, 5), strata=one_stratum(8))
    assert (test.p, test.energy.coefficient) == (1.0, 0.0)


def test_a_shift_between_sites_is_no_shift_within_them():
    rng = np.random.default_rng(1)
    site = np.repeat(["north", "south"], 60)
    first = np.concatenate([rng.random(60) < 0.8, rng.random(60) < 0.2])
    rows = rng.normal(size=(120, 2)) + 2.0 * (site == "north")[:, None]
    pooled, within = permute_energy(rows, is_first=first, strata=[["all"] * 120, site])
    assert pooled.p <= 0.001
    assert within.p > 0.1, "labels shuffled within sites must keep the difference between them"


def test_strata_that_hold_only_one_side_leave_nothing_to_shuffle():
    first = in_first(6, 6)
    strata = [np.where(first, "north", "south"), ["all"] * 12]
    confounded, pooled = permute_energy(np.arange(12.0)[:, None], is_first=first, strata=strata)
    assert (confounded.p, confounded.n_shuffled) == (1.0, 0)
    assert pooled.n_shuffled == 12
    assert pooled.p < 0.05


def test_of_too_many_rows_a_subset_spares_the_smaller_side(monkeypatch):
    monkeypatch.setattr(permutation, "MOST_ROWS", 40)
    first = in_first(15, 400)
    (test,) = permute_energy(
        np.random.default_rng(0).normal(size=(415, 2)) + 3.0 * first[:, None],
        is_first=first,
        strata=one_stratum(415),
    )
    assert (test.n_rows, test.n_shuffled) == (40, 40)
    assert test.p == 0.001


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"is_first": [True, False]}, r"must be \(n, F\) and \(n,\)"),
        ({"is_first": [True] * 3}, "both clouds"),
        ({"features": [[1.0], [2.0], [np.inf]]}, "finite"),
        ({"strata": [["all"]]}, "length 3"),
    ],
)
def test_rows_that_cannot_be_compared_are_refused(keys, told):
    good = {
        "features": [[1.0], [2.0], [3.0]],
        "is_first": [True, False, False],
        "strata": [["all"] * 3],
    }
    rows = good | keys
    with pytest.raises(ValueError, match=told):
        permute_energy(rows["features"], is_first=rows["is_first"], strata=rows["strata"])


def test_fifteen_hundred_patients_are_compared_quickly():
    rng = np.random.default_rng(0)
    start = time.process_time()
    permute_energy(
        rng.normal(size=(1500, 5)),
        is_first=rng.random(1500) < 0.3,
        strata=[["all"] * 1500, rng.integers(0, 8, 1500).astype(str)],
    )
    assert time.process_time() - start < 10
