"""Simulations of a shape feature (A19): bounds of Cliff's delta where nearly all are alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from benchmarks.simulations.cell import Cell
from pytest_biasruler.statistics.guarded_shift import guard_delta
from pytest_biasruler.statistics.shift import is_beyond

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 0.147
LEVELS = {"95 %": 0.95, "97.5 %": 0.975, "99.5 %": 0.995}
"""Of a PASS; of a FAIL of one contrast, by one feature and by five."""

SIZES = ((20, 20), (20, 300), (300, 20), (30, 30), (60, 100), (100, 100), (300, 300))


@dataclass(frozen=True)
class Grades:
    """A feature of few values: how often each side has the first, the second and so on."""

    name: str
    first: tuple[float, ...]
    second: tuple[float, ...]

    @property
    def truth(self) -> float:
        """The true delta."""
        above = np.sign(np.subtract.outer(range(len(self.first)), range(len(self.second))))
        return float(np.array(self.first) @ above @ np.array(self.second))

    def draw(
        self, sizes: tuple[int, int], rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers of both sides."""
        return (
            rng.choice(len(self.first), sizes[0], p=self.first),
            rng.choice(len(self.second), sizes[1], p=self.second),
        )


@dataclass(frozen=True)
class LogNormal:
    """A feature without ties, whose logarithm is `spread` times as wide on the first side."""

    name: str
    truth: float
    spread: float = 1.0

    def draw(
        self, sizes: tuple[int, int], rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers of both sides."""
        shift = np.hypot(1, self.spread) * ndtri((1 + self.truth) / 2)
        return (
            np.exp(rng.normal(shift, self.spread, sizes[0])),
            np.exp(rng.normal(0, 1, sizes[1])),
        )


LAWS = (
    Grades("5 % against 20 % in two pieces", (0.95, 0.05), (0.80, 0.20)),
    Grades("5 % in two pieces", (0.95, 0.05), (0.95, 0.05)),
    Grades("2 % in two pieces", (0.98, 0.02), (0.98, 0.02)),
    Grades("one to three pieces", (0.92, 0.06, 0.02), (0.77, 0.15, 0.08)),
    Grades("five grades", (0.30, 0.25, 0.20, 0.15, 0.10), (0.40, 0.25, 0.20, 0.10, 0.05)),
    LogNormal("log-normal, no shift", 0.0),
    LogNormal("log-normal, delta 0.147", LIMIT),
    LogNormal("log-normal, delta 0.5", 0.5),
    LogNormal("log-normal, twice as wide, delta 0.147", LIMIT, spread=2.0),
)


def _bounds_err(law, sizes, rng):
    guarded = guard_delta(*law.draw(sizes, rng))
    told = {}
    for name, level in LEVELS.items():
        low, high = guarded.bounds(level)
        told[f"lower bound at {name}"] = low > law.truth + 1e-12
        told[f"upper bound at {name}"] = high < law.truth - 1e-12
    return told


def _verdicts(law, sizes, rng):
    guarded = guard_delta(*law.draw(sizes, rng))
    low, high = guarded.bounds(LEVELS["95 %"])
    return {
        "PASS": low > -LIMIT and high < LIMIT,
        "FAIL by one feature": is_beyond(guarded.bounds(LEVELS["97.5 %"]), LIMIT),
        "FAIL by five": is_beyond(guarded.bounds(LEVELS["99.5 %"]), LIMIT),
    }


def cells() -> Iterator[Cell]:
    """Yield every cell of A19."""
    most = {
        f"{side} bound at {name}": round(1.4 * (1 - level), 4)
        for name, level in LEVELS.items()
        for side in ("lower", "upper")
    }
    for law, sizes in product(LAWS, SIZES):
        name, world = f"{law.name}, n {sizes[0]}/{sizes[1]}", partial(_bounds_err, law, sizes)
        yield Cell(id="A19", name=name, world=world, most=most)
    powers = (
        (
            LogNormal("log-normal, delta 0.4", 0.4),
            {"FAIL by one feature": 0.85, "FAIL by five": 0.65},
        ),
        (LAWS[2], {"PASS": 0.95}),
    )
    for law, least in powers:
        name, world = f"power, {law.name}, n 100/100", partial(_verdicts, law, (100, 100))
        yield Cell(id="A19", name=name, world=world, least=least)
