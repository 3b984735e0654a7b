"""Error rates by simulation: the quick subset of what the benchmark script measures in full.

Every share of wrong bounds must stay below its limit plus three Monte-Carlo standard errors.
"""

from __future__ import annotations

import time
import zlib

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import beta

from pytest_biasruler.statistics.floor import estimate_floor
from pytest_biasruler.statistics.rates import estimate_rate_ratio
from pytest_biasruler.statistics.spread import (
    estimate_spread,
    pooled_support,
    symmetric_support,
)

N_WORLDS = 200
LAWS = {  # (share of complete misses, shares and shapes of the other scores), mean
    "easy": (((1.0, 18, 3),), 18 / 21),
    "hard": (((1.0, 9, 3),), 0.75),
    "mod": (((0.95, 8, 2),), 0.76),
    "miss3": (((0.97, 12, 3),), 0.776),
    "miss12": (((0.88, 12, 3),), 0.704),
    "heavy": (((0.20, 3, 3), (0.70, 20, 3)), 0.1 + 0.7 * 20 / 23),
}
WORSE = {"easy": "hard", "miss3": "miss12"}


def scores(law, n, rng):
    parts, _ = LAWS[law]
    pick, values, start = rng.random(n), np.zeros(n), 0.0
    for share, a, b in parts:
        chosen = (pick >= start) & (pick < start + share)
        values[chosen] = rng.beta(a, b, chosen.sum())
        start += share
    return values


def mean(law):
    return LAWS[law][1]


def worlds(*cell):
    """Return one generator per world, seeded by the cell alone."""
    seed = zlib.crc32(repr(cell).encode())
    return np.random.default_rng(seed).spawn(N_WORLDS)


def assert_rare(n_wrong, limit, what):
    share, error = n_wrong / N_WORLDS, np.sqrt(limit * (1 - limit) / N_WORLDS)
    assert share <= limit + 3 * error, f"{what}: {share:.3f}, limit {limit}"


def contrast(a, b, *, support=pooled_support, patients=None):
    """Return the bounds of mean(a) - mean(b), each at 95 %."""
    column = np.concatenate([a, b])
    return estimate_spread(
        column,
        subgroups=np.repeat(["a", "b"], [len(a), len(b)]),
        judged=["a", "b"],
        patients=patients,
        limit=0.05,
        support=support(column),
        baseline="a",
    )


def spread(groups):
    column = np.concatenate(groups)
    return estimate_spread(
        column,
        subgroups=np.repeat([f"g{i}" for i in range(len(groups))], [len(g) for g in groups]),
        judged=[f"g{i}" for i in range(len(groups))],
        limit=0.05,
        support=pooled_support(column),
    )


@pytest.mark.parametrize("sizes", [(20, 300), (300, 20), (30, 30)])
@pytest.mark.parametrize("laws", [("mod", "mod"), ("miss3", "miss12")])
def test_one_contrast_errs_no_more_than_it_says(laws, sizes):
    truth = mean(laws[0]) - mean(laws[1])
    runs = [
        contrast(*(scores(law, n, rng) for law, n in zip(laws, sizes, strict=True)))
        for rng in worlds("A1", laws, sizes)
    ]
    assert_rare(sum(r.low > truth for r in runs), 0.07, "false alarms")
    assert_rare(sum(r.high < truth for r in runs), 0.07, "false reassurance")


@pytest.mark.parametrize("law", ["easy", "mod", "heavy"])
def test_equal_subgroups_are_seldom_called_different(law):
    sizes = (300, 100, 50, 20)
    runs = [spread([scores(law, n, rng) for n in sizes]) for rng in worlds("A2", law)]
    assert_rare(sum(r.low > 0 for r in runs), 0.06, "false alarms")


@pytest.mark.parametrize("law", ["easy", "miss3"])
def test_a_worse_small_subgroup_is_seldom_called_equal(law):
    laws = (law, law, law, WORSE[law])
    runs = [
        spread([scores(of, n, rng) for of, n in zip(laws, (300, 100, 50, 20), strict=True)])
        for rng in worlds("A3", law)
    ]
    truth = mean(law) - mean(WORSE[law])
    assert_rare(sum(r.high < truth for r in runs), 0.07, "false reassurance")


def clustered_scores(n_patients, icc, rng):
    sizes = rng.integers(1, 5, n_patients)
    latent = np.sqrt(icc) * np.repeat(rng.normal(size=n_patients), sizes)
    q = ndtr(latent + np.sqrt(1 - icc) * rng.normal(size=sizes.sum()))
    y = np.where(q < 0.05, 0.0, beta.ppf(np.clip((q - 0.05) / 0.95, 0, 1), 8, 2))
    return y, np.repeat(np.arange(n_patients), sizes)


def test_cases_of_one_patient_count_as_one_patient():
    runs = []
    for rng in worlds("A6"):
        (a, of_a), (b, of_b) = clustered_scores(60, 0.5, rng), clustered_scores(20, 0.5, rng)
        runs.append(contrast(a, b, patients=np.concatenate([of_a, 1000 + of_b])))
    assert_rare(sum(r.low > 0 for r in runs), 0.07, "false alarms")
    assert_rare(sum(r.high < 0 for r in runs), 0.07, "false reassurance")


def spike_differences(miss, a, n, rng):
    """Return automated minus expert score where some expert scores are complete misses."""
    expert = np.where(rng.random(n) < miss, 0.0, rng.beta(8, 2, n))
    found = np.where(rng.random(n) < 0.5, 0.0, rng.beta(8, 3, n))
    return np.where(expert > 0, (1 - expert) * rng.beta(a, 4, n), found)


def test_distortion_errs_no_more_than_it_says():
    truth = (0.97 * 0.2 / 5 + 0.015 * 8 / 11) - (0.90 * 0.2 * 2 / 6 + 0.05 * 8 / 11)
    runs = [
        contrast(
            spike_differences(0.03, 1, 100, rng),
            spike_differences(0.10, 2, 30, rng),
            support=symmetric_support,
        )
        for rng in worlds("A7")
    ]
    assert_rare(sum(r.low > truth for r in runs), 0.07, "false alarms")
    assert_rare(sum(r.high < truth for r in runs), 0.07, "false reassurance")


def test_a_small_subgroup_that_shows_none_of_its_misses_is_not_called_better():
    wrong_low = wrong_high = plain_low = 0
    for rng in worlds("A12"):
        large = scores("miss3", 200, rng)
        small = scores("miss3", 25, rng)
        while (small == 0).any():
            small = scores("miss3", 25, rng)
        contrasts = {(c.a, c.b): c for c in spread([large, small]).contrasts}
        wrong_low += contrasts["g1", "g0"].low > 0  # at 0.975
        wrong_high += contrasts["g0", "g1"].high < 0  # at 0.95
        top = contrasts["g1", "g0"]
        plain_low += top.estimate > 1.97 * top.se
    assert_rare(wrong_low, 0.03, "false alarms")
    assert_rare(wrong_high, 0.04, "false reassurance")
    assert plain_low > 0.1 * N_WORLDS, "the trap must be one: plain bounds fall into it"


@pytest.mark.parametrize("sizes", [(20, 300), (300, 20), (30, 30)])
@pytest.mark.parametrize("rates", [(0.5, 0.4), (0.9, 0.72), (0.1, 0.08), (0.95, 0.95)])
def test_ratios_of_rates_err_no_more_than_they_say(rates, sizes):
    truth = rates[1] / rates[0]
    too_low = too_high = 0
    for rng in worlds("A14", rates, sizes):
        column = np.concatenate(
            [(rng.random(n) < rate).astype(float) for rate, n in zip(rates, sizes, strict=True)]
        )
        ratio = estimate_rate_ratio(
            column,
            subgroups=np.repeat(["a", "b"], sizes),
            judged=["a", "b"],
            limit=0.8,
            baseline="a",
        )
        too_low += ratio.high < truth - 1e-12
        too_high += ratio.low > truth + 1e-12
    assert_rare(too_low, 0.075, "false alarms")
    assert_rare(too_high, 0.075, "false reassurance")


@pytest.mark.parametrize("n", [20, 300])
@pytest.mark.parametrize("law", ["easy", "mod", "miss3", "miss12", "heavy"])
def test_a_floor_errs_no_more_than_it_says(law, n):
    truth, too_low, too_high = mean(law), 0, 0
    for rng in worlds("A15", law, n):
        floor = estimate_floor(
            scores(law, n, rng),
            subgroups=["a"] * n,
            judged=["a"],
            limit=0.7,
            support=(0.0, 1.0),
        )
        too_low += floor.high < truth
        too_high += floor.low > truth
    assert_rare(too_low, 0.075, "false alarms")
    assert_rare(too_high, 0.075, "false reassurance")


def test_an_audit_of_sixty_columns_is_quick():
    rng = np.random.default_rng(0)
    subgroups = np.array([f"group {i}" for i in rng.integers(0, 6, 1500)])
    patients = np.array([f"patient {i:04d}" for i in rng.permutation(1500)])
    columns = rng.beta(8, 2, (60, 1500))
    start = time.process_time()
    for column in columns:
        estimate_spread(
            column,
            subgroups=subgroups,
            patients=patients,
            judged=sorted(set(subgroups.tolist())),
            limit=0.05,
            support=pooled_support(column),
        )
    assert time.process_time() - start < 5
