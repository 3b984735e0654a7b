"""Simulations of a slope along a number (A21): even, skewed and clustered scores."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.simulations.cell import Cell
from pytest_biasruler.statistics.trend import estimate_trend

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_biasruler.statistics.trend import Trend

N_PATIENTS = (60, 100, 300, 1000)
MOST_CASES = 4
LIMIT, POWER = 0.1, ((0.2, "FAIL"), (0.0, "PASS"))
LIMITS = {"false alarm": 0.07, "false reassurance": 0.07}


@dataclass(frozen=True)
class Falling:
    """Scores whose mean falls in a straight line along ages of 0 to 1, by `truth` in all.

    Attributes
    ----------
    misses : tuple of float
        Share of zeros at 0, and by how much it rises to 1; without, scores scatter evenly.
    is_clustered : bool
        Whether patients have one to four cases that are alike.
    is_long : bool
        Whether ages are log-normal, so that few lie far off.
    """

    name: str
    truth: float = 0.1
    misses: tuple[float, float] | None = None
    is_clustered: bool = False
    is_long: bool = False

    def draw(
        self, n_patients: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return scores, ages and the patient of each case."""
        sizes = rng.integers(1, MOST_CASES + 1, n_patients) if self.is_clustered else 1
        patients = np.repeat(np.arange(n_patients), sizes)
        ages = rng.lognormal(0, 0.6, n_patients) if self.is_long else rng.uniform(size=n_patients)
        ages = ages[patients]
        own = rng.normal(size=n_patients)[patients] if self.is_clustered else 0.0
        noise = 0.08 * own + 0.08 * rng.normal(size=patients.size)
        if self.misses is None:
            return 0.8 - self.truth * ages + noise, ages, patients
        start, rise = self.misses
        luck = rng.uniform(size=n_patients)[patients]
        drawn = rng.beta(12, 3, n_patients)[patients] + (noise if self.is_clustered else 0.0)
        return np.where(luck < start + rise * ages, 0.0, drawn), ages, patients


LAWS = (
    Falling(name="even"),
    Falling(name="even, ages with a long tail", is_long=True),
    Falling(name="even, clustered", is_clustered=True),
    # Scores that are no misses have the mean 12 / 15.
    Falling(name="misses 2 to 12 %", truth=0.08, misses=(0.02, 0.10)),
    Falling(name="misses 12 to 2 %", truth=0.08, misses=(0.12, -0.10)),
    Falling(
        name="misses 2 to 12 %, clustered", truth=0.08, misses=(0.02, 0.10), is_clustered=True
    ),
    Falling(name="no slope, misses 5 %", truth=0.0, misses=(0.05, 0.0)),
)


def _world(law: Falling, n_patients: int, rng: np.random.Generator) -> dict[str, bool]:
    trend = _follow(law, n_patients, rng)
    return {"false alarm": trend.low > law.truth, "false reassurance": trend.high < law.truth}


def _follow(law: Falling, n_patients: int, rng: np.random.Generator) -> Trend:
    scores, ages, patients = law.draw(n_patients, rng)
    return estimate_trend(
        scores,
        positions=ages,
        patients=patients,
        step=1.0,
        limit=law.truth,
        support=(float(scores.min()), float(scores.max())),
    )


def _verdict(law: Falling, n_patients: int, rng: np.random.Generator) -> dict[str, bool]:
    trend = _follow(law, n_patients, rng)
    return {"FAIL": trend.low > LIMIT, "PASS": trend.high < LIMIT}


def cells() -> Iterator[Cell]:
    """Yield one cell for each law and number of patients; the limit stands at the truth."""
    for law, n_patients in product(LAWS, N_PATIENTS):
        yield Cell(
            id="A21",
            name=f"{law.name}, patients {n_patients}",
            world=partial(_world, law, n_patients),
            most=LIMITS,
        )
    for truth, verdict in POWER:
        yield Cell(
            id="A21",
            name=f"power, slope {truth}, limit {LIMIT}, patients 300",
            world=partial(_verdict, Falling(name="even", truth=truth), 300),
            least={verdict: 0.9},
        )
