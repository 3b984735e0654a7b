"""Power of amplification, and error rates with several runs, by simulation (the law "arms").

A case has one latent difficulty; each arm sees it through noise of its own and scores it by the
quantile of a Beta law with the mean of its subgroup.
"""

from __future__ import annotations

import zlib

import numpy as np
from scipy.special import betaincinv, ndtr

from pytest_biasruler.statistics.amplification import estimate_amplification

N_WORLDS = 200
BASE = 0.82


def worlds(*cell):
    """Return one generator per world, seeded by the cell alone."""
    seed = zlib.crc32(repr(cell).encode())
    return np.random.default_rng(seed).spawn(N_WORLDS)


def draw_run(latent, groups, lower, rng):
    mean = np.where(groups == "second", BASE - lower, BASE)
    seen = 0.9 * latent + np.sqrt(0.19) * rng.normal(size=len(latent))
    return betaincinv(9 * mean, 9 - 9 * mean, ndtr(seen))


def draw_arms(sizes, lower, rng, *, n_runs=1, run_sd=0.0):
    """Return automated-trained and expert-trained runs, and the subgroups."""
    groups = np.repeat(["first", "second"], sizes)
    latent = rng.normal(size=len(groups))
    expert, automated = (
        np.stack(
            [
                draw_run(latent, groups, one + run_sd * rng.normal(), rng)
                for one in np.repeat(mean, n_runs)
            ]
        )
        for mean in lower
    )
    return automated, expert, groups


def amplify(automated, expert, groups):
    return estimate_amplification(
        automated, expert, subgroups=groups, judged=["first", "second"], limit=0.02
    )


def assert_rare(n_wrong, limit, what):
    share, error = n_wrong / N_WORLDS, np.sqrt(limit * (1 - limit) / N_WORLDS)
    assert share <= limit + 3 * error, f"{what}: {share:.3f}, limit {limit}"


def test_a_gap_that_is_turned_around_is_found():
    cell = (300, 100), (0.02, -0.10)
    found = sum(amplify(*draw_arms(*cell, rng)).low > 0.02 for rng in worlds("power", cell))
    assert found >= 0.9 * N_WORLDS


def test_a_gap_that_stays_is_called_safe_where_there_are_enough_patients():
    cell = (2000, 2000), (0.05, 0.05)
    safe = sum(amplify(*draw_arms(*cell, rng)).high < 0.02 for rng in worlds("power", cell)[:50])
    assert safe >= 45


def test_three_runs_err_no_more_than_they_say_where_their_mean_alone_would():
    lower, truth = (0.05, 0.10), 0.05
    widened, plain = [], []
    for rng in worlds("seeds"):
        automated, expert, groups = draw_arms((300, 300), lower, rng, n_runs=3, run_sd=0.03)
        widened.append(amplify(automated, expert, groups))
        plain.append(amplify(automated.mean(axis=0), expert.mean(axis=0), groups))
    assert_rare(sum(r.low > truth for r in widened), 0.075, "false alarms")
    assert_rare(sum(r.high < truth for r in widened), 0.075, "false reassurance")
    n_wrong = sum(r.high < truth for r in plain)
    assert n_wrong > 0.12 * N_WORLDS, "the trap must be one: bounds without runs fall into it"
