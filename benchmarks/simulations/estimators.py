"""Simulations of estimators beside the engine: rates, floors, remainders, rectified, arms."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.simulations.cell import Cell
from benchmarks.simulations.engine import SPIKES, both, errors
from benchmarks.simulations.laws import LAWS, Spike, harder_with, mean, scores, two_arms
from pytest_biasruler.statistics.amplification import estimate_amplification
from pytest_biasruler.statistics.comparison import compare_groups
from pytest_biasruler.statistics.floor import estimate_floor
from pytest_biasruler.statistics.oaxaca import estimate_remainders
from pytest_biasruler.statistics.rates import estimate_rate_ratio
from pytest_biasruler.statistics.rectified import rectify_means

if TYPE_CHECKING:
    from collections.abc import Iterator

RATES = (
    (0.5, 0.4), (0.8, 0.64), (0.9, 0.72), (0.95, 0.76), (0.1, 0.08),
    *((rate, rate) for rate in (0.5, 0.8, 0.9, 0.95, 0.1)),
)  # fmt: skip
ARMS = (  # how much lower the second subgroup is: expert-trained, automated-trained, growth
    (0.0, 0.05, 0.05), (0.05, 0.07, 0.02), (0.10, 0.0, 0.0), (0.02, -0.10, 0.10),
)  # fmt: skip
BASE_MEAN = 0.82
LABELLED = (((20, 200), (20, 200)), ((100, 300), (30, 100)), ((30, 300), (100, 300)))


def _names(sizes):
    return np.repeat(["a", "b"], sizes)


def _ratio_errs(rates, sizes, rng):
    drawn = [rng.random(n) < rate for rate, n in zip(rates, sizes, strict=True)]
    ratio = estimate_rate_ratio(
        np.concatenate(drawn).astype(float),
        subgroups=_names(sizes),
        judged=["a", "b"],
        limit=0.8,
        baseline="a",
    )
    truth = rates[1] / rates[0]
    return {
        "false alarm": ratio.high < truth - 1e-12,
        "false reassurance": ratio.low > truth + 1e-12,
    }


def _floor_errs(law, n, rng):
    floor = estimate_floor(
        scores(law, n, rng), subgroups=["a"] * n, judged=["a"], limit=0.7, support=(0.0, 1.0)
    )
    return {"false alarm": floor.high < mean(law), "false reassurance": floor.low > mean(law)}


def _remainder_errs(sizes, rng):
    covariate = np.concatenate([rng.normal(0, 1, sizes[0]), rng.normal(0.5, 1, sizes[1])])
    found = estimate_remainders(
        harder_with(covariate, rng),
        covariates={"x": covariate},
        subgroups=_names(sizes),
        judged=["a", "b"],
        baseline="a",
        limit=0.05,
    )
    return errors(found.low, found.high, 0.0)


def _size_of_remainder_errs(drop, sizes, rng):
    """The reference group was only chosen: the second may lie below it or above."""
    covariate = np.concatenate([rng.normal(0, 1, sizes[0]), rng.normal(0.5, 1, sizes[1])])
    found = estimate_remainders(
        harder_with(covariate, rng) - np.repeat([0.0, drop], sizes),
        covariates={"x": covariate},
        subgroups=_names(sizes),
        judged=["a", "b"],
        baseline="a",
        limit=0.05,
        both_orders=True,
    )
    return errors(found.low, found.high, abs(drop))


def _chances(automated, n_labelled):
    """Return the chance of each case to be labelled: more where the score is low."""
    n = automated.size
    pull = np.sqrt(1.02 - automated)
    return np.minimum(1, np.maximum(0.2 * n_labelled / n, n_labelled * pull / pull.sum()))


def _rectified_errs(spikes, parts, is_weighted, rng):
    experts, autos, chances = [], [], []
    for spike, (n_labelled, n_unlabelled) in zip(spikes, parts, strict=True):
        n = n_labelled + n_unlabelled
        expert, automated = spike.draw(n, rng)
        chance = np.full(n, n_labelled / n)
        is_labelled = rng.permutation(n) < n_labelled
        if is_weighted:
            chance = _chances(automated, n_labelled)
            is_labelled = rng.random(n) < chance
        experts.append(np.where(is_labelled, expert, np.nan))
        autos.append(automated)
        chances.append(chance)
    rectified = rectify_means(
        np.concatenate(autos),
        expert=np.concatenate(experts),
        subgroups=_names([sum(part) for part in parts]),
        judged=["a", "b"],
        probability=np.concatenate(chances) if is_weighted else None,
    )
    found = compare_groups([each.guarded for each in rectified.means], limit=0.05, baseline="a")
    return errors(found.low, found.high, _expert_mean(spikes[0]) - _expert_mean(spikes[1]))


def _expert_mean(spike: Spike) -> float:
    return (1 - spike.miss) * 0.8


def _growth_errs(lower, sizes, rng):
    by_expert, by_machine, truth = lower
    expert, automated = [], []
    for n, drop_expert, drop_machine in zip(
        sizes, (0.0, by_expert), (0.0, by_machine), strict=True
    ):
        first, second = two_arms((BASE_MEAN - drop_expert, BASE_MEAN - drop_machine), n, rng)
        expert.append(first)
        automated.append(second)
    found = estimate_amplification(
        np.concatenate(automated),
        np.concatenate(expert),
        subgroups=_names(sizes),
        judged=["a", "b"],
        limit=0.02,
    )
    return errors(found.low, found.high, truth)


def cells() -> Iterator[Cell]:
    """Yield every cell of A14 to A18."""
    for rates, sizes in product(RATES, ((20, 300), (300, 20), (30, 30), (100, 100))):
        name = f"rates {rates[0]}/{rates[1]}, n {sizes[0]}/{sizes[1]}"
        world = partial(_ratio_errs, rates, sizes)
        yield Cell(id="A14", name=name, world=world, most=both(0.075))
    for law, n in product((law for law in LAWS if law != "hard"), (20, 30, 100, 300)):
        name, world = f"{law}, n {n}", partial(_floor_errs, law, n)
        yield Cell(id="A15", name=name, world=world, most=both(0.075))
    for sizes in ((300, 30), (30, 300), (100, 100)):
        name, world = f"n {sizes[0]}/{sizes[1]}", partial(_remainder_errs, sizes)
        yield Cell(id="A16", name=name, world=world, most=both(0.07))
    for drop, sizes in product((0.0, 0.1, -0.1), ((300, 30), (100, 100))):
        name = f"in both orders, the second lower by {drop}, n {sizes[0]}/{sizes[1]}"
        world = partial(_size_of_remainder_errs, drop, sizes)
        yield Cell(id="A16", name=name, world=world, most=both(0.07))
    for other, parts, is_weighted in product(SPIKES, LABELLED, (False, True)):
        world = partial(_rectified_errs, (SPIKES[0], other), parts, is_weighted)
        (first, of_first), (second, of_second) = parts
        name = (
            f"misses {SPIKES[0].miss}/{other.miss}, labelled {first}+{of_first} and "
            f"{second}+{of_second}, {'weighted' if is_weighted else 'simple random'}"
        )
        yield Cell(id="A17", name=name, world=world, most=both(0.07))
    for lower, sizes in product(ARMS, ((30, 30), (100, 100), (300, 100), (300, 300))):
        name = f"lower by {lower[0]} and {lower[1]}, n {sizes[0]}/{sizes[1]}"
        world = partial(_growth_errs, lower, sizes)
        yield Cell(id="A18", name=name, world=world, most=both(0.075))
