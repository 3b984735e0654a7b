"""The engine's own simulations: A1 to A7 and A12, bounds of contrasts and spreads."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.simulations.cell import Cell
from benchmarks.simulations.laws import (
    PAIRS,
    WORSE,
    Spike,
    clustered_scores,
    mean,
    scores,
    scores_with_misses,
)
from pytest_biasruler.statistics.spread import Spread, estimate_spread
from pytest_biasruler.statistics.support import pooled_support, symmetric_support

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SIZES = (20, 30, 100, 300)
MANY = (
    (30, 30), (30,) * 4, (100,) * 4, (30,) * 6, (300, 100, 50, 20),
    (500, 200, 100, 50, 30, 20),
)  # fmt: skip
SPIKES = (Spike(0.03, 1), Spike(0.10, 2))


def contrast(
    a: np.ndarray,
    b: np.ndarray,
    *,
    support: Callable[..., tuple[float, float]] = pooled_support,
    patients: np.ndarray | None = None,
    alpha: float = 0.05,
) -> Spread:
    """Return the contrast of two subgroups, a the reference group."""
    column = np.concatenate([a, b])
    return estimate_spread(
        column,
        subgroups=np.repeat(["a", "b"], [len(a), len(b)]),
        judged=["a", "b"],
        patients=patients,
        limit=0.05,
        support=support(column),
        baseline="a",
        alpha=alpha,
    )


def spread(groups: Sequence[np.ndarray], *, limit: float = 0.05) -> Spread:
    """Return the spread of several subgroups."""
    column, names = np.concatenate(groups), [f"g{i}" for i in range(len(groups))]
    return estimate_spread(
        column,
        subgroups=np.repeat(names, [len(group) for group in groups]),
        judged=names,
        limit=limit,
        support=pooled_support(column),
    )


def errors(low: float, high: float, truth: float) -> dict[str, bool]:
    """Return whether each bound is on the wrong side of the truth."""
    return {"false alarm": low > truth, "false reassurance": high < truth}


def both(limit: float) -> dict[str, float]:
    """Return one limit for both errors."""
    return {"false alarm": limit, "false reassurance": limit}


def _two(
    laws: tuple[str, str], sizes: tuple[int, int], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    first, second = (scores(law, n, rng) for law, n in zip(laws, sizes, strict=True))
    return first, second


def _contrast_errs(laws, sizes, rng):
    found = contrast(*_two(laws, sizes, rng))
    return errors(found.low, found.high, mean(laws[0]) - mean(laws[1]))


def _interval_covers(laws, sizes, rng):
    found = contrast(*_two(laws, sizes, rng), alpha=0.025)
    return {"covered": found.low <= mean(laws[0]) - mean(laws[1]) <= found.high}


def _plain_covers(laws, sizes, rng):
    low, high = contrast(*_two(laws, sizes, rng)).ci95
    return {"covered": low <= mean(laws[0]) - mean(laws[1]) <= high}


def _null_differs(law, sizes, rng):
    return {"false alarm": spread([scores(law, n, rng) for n in sizes]).low > 0}


def _worst_is_missed(law, sizes, rng):
    laws = [law] * (len(sizes) - 1) + [WORSE[law]]
    found = spread([scores(each, n, rng) for each, n in zip(laws, sizes, strict=True)])
    return {"false reassurance": found.high < mean(law) - mean(WORSE[law])}


def _cluster_errs(sizes, icc, rng):
    (a, of_a), (b, of_b) = (clustered_scores(n, icc, rng) for n in sizes)
    found = contrast(a, b, patients=np.concatenate([of_a, 10_000 + of_b]))
    return errors(found.low, found.high, 0.0)


def _distortion_errs(spikes, sizes, rng):
    columns = []
    for spike, n in zip(spikes, sizes, strict=True):
        expert, automated = spike.draw(n, rng)
        columns.append(automated - expert)
    found = contrast(*columns, support=symmetric_support)
    return errors(found.low, found.high, spikes[0].truth - spikes[1].truth)


def _spared_misses(miss: float, sizes: tuple[int, int], rng):
    """Experts see misses in the second subgroup that the automated labels spare the model."""
    expert = scores_with_misses(miss, sizes[1], rng)
    spared = np.where(expert == 0, rng.beta(8, 2, sizes[1]), expert) - expert
    column = np.r_[np.zeros(sizes[0]), spared] + rng.normal(0, 0.005, sum(sizes))
    asked = {"subgroups": np.repeat(["a", "b"], sizes), "judged": ["a", "b"], "limit": 0.02}
    symmetric, bounds = (
        estimate_spread(column, support=support, **asked).high < asked["limit"]
        for support in (symmetric_support(column), (-1.0, 1.0))
    )
    return {"PASS, symmetric support": symmetric, "PASS, support bounds": bounds}


def _trap(rng):
    large, small = scores("miss3", 200, rng), scores("miss3", 25, rng)
    while (small == 0).any():
        small = scores("miss3", 25, rng)
    found = {(c.a, c.b): c for c in spread([large, small]).contrasts}
    ahead = found["g1", "g0"]  # its low is at level 0.975
    return {
        "small called better": ahead.low > 0,
        "large called not better": found["g0", "g1"].high < 0,
        "plain bound falls into it": ahead.estimate > 1.97 * ahead.se,
    }


def _shown(values: Sequence[object]) -> str:
    return "/".join(str(value) for value in values)


def cells() -> Iterator[Cell]:
    """Yield every cell of A1 to A7 and A12."""
    for laws, sizes in product(PAIRS, product(SIZES, SIZES)):
        name = f"{_shown(laws)}, n {_shown(sizes)}"
        world = partial(_contrast_errs, laws, sizes)
        yield Cell(id="A1", name=name, world=world, most=both(0.07))
    for law, sizes in product(("easy", "mod", "heavy"), MANY):
        world = partial(_null_differs, law, sizes)
        name = f"{law}, n {_shown(sizes)}"
        yield Cell(id="A2", name=name, world=world, most={"false alarm": 0.06})
    for law, sizes in product(WORSE, MANY):
        world = partial(_worst_is_missed, law, sizes)
        name = f"{law}, the last {WORSE[law]}, n {_shown(sizes)}"
        yield Cell(id="A3", name=name, world=world, most={"false reassurance": 0.07})
    for laws, n in product(PAIRS, (30, 100, 300)):
        world = partial(_plain_covers, laws, (n, n))
        name, bounds = f"{_shown(laws)}, n {n}/{n}", {"covered": 0.975}
        yield Cell(id="A4", name=name, world=world, most=bounds, least={"covered": 0.93})
    for laws, sizes in product(PAIRS, product(SIZES, SIZES)):
        name = f"{_shown(laws)}, n {_shown(sizes)}"
        world = partial(_interval_covers, laws, sizes)
        yield Cell(id="A5", name=name, world=world, least={"covered": 0.935})
    for sizes, icc in (((20, 20), 0.5), ((60, 20), 0.5), ((120, 40), 0.8), ((60, 60), 0.0)):
        name, world = f"patients {_shown(sizes)}, ICC {icc}", partial(_cluster_errs, sizes, icc)
        yield Cell(id="A6", name=name, world=world, most=both(0.07))
    sizes_a7 = ((30, 30), (100, 30), (300, 30), (50, 50), (300, 100))
    for other, sizes in product(SPIKES, sizes_a7):
        world = partial(_distortion_errs, (SPIKES[0], other), sizes)
        name = f"spike {SPIKES[0].miss} against {other.miss}, n {_shown(sizes)}"
        yield Cell(id="A7", name=name, world=world, most=both(0.07))
    yield Cell(
        id="A12",
        name="miss3, n 200/25, the 25 without a miss",
        world=_trap,
        most={"small called better": 0.03, "large called not better": 0.04},
        least={"plain bound falls into it": 0.10},  # else it is no trap
    )


def hole_cells() -> Iterator[Cell]:
    """Yield A20: what the symmetric support of a distortion cannot know, and bounds can."""
    for miss, sizes in product((0.03, 0.05), ((20, 20), (300, 20), (100, 30))):
        yield Cell(
            id="A20",
            name=f"{miss:.0%} misses spared in the second, n {_shown(sizes)}",
            world=partial(_spared_misses, miss, sizes),
            most={"PASS, support bounds": 0.05},
            least={"PASS, symmetric support": 0.10},  # the hole that bounds close
        )
