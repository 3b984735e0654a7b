"""One cell of a simulation: many worlds of one kind, and how often something happened in them."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

World = Callable[[np.random.Generator], Mapping[str, bool]]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Worlds with one truth.

    `world` says what happened in one of them; `most` and `least` hold the largest and smallest
    share of worlds in which each thing may happen. The seed is made of `id` and `name` alone.
    """

    id: str
    name: str
    world: World
    most: Mapping[str, float] = field(default_factory=dict)
    least: Mapping[str, float] = field(default_factory=dict)

    @property
    def seed(self) -> int:
        """The seed, for the table."""
        return zlib.crc32(f"{self.id} {self.name}".encode())


@dataclass(frozen=True, kw_only=True)
class Result:
    """What happened in the worlds of a cell."""

    id: str
    name: str
    seed: int
    n_worlds: int
    shares: Mapping[str, float]
    most: Mapping[str, float]
    least: Mapping[str, float]

    def broken(self, *, tolerance: float = 0.0) -> list[str]:
        """Return each limit that does not hold, `tolerance` in Monte-Carlo standard errors."""
        told = []
        for sign, limits in ((1, self.most), (-1, self.least)):
            for what, limit in limits.items():
                error = np.sqrt(limit * (1 - limit) / self.n_worlds)
                if sign * (self.shares[what] - limit) > tolerance * error:
                    told.append(f"{self.id} {self.name}: {what} {self.shares[what]:.4f}, {limit}")
        return told


def run(cell: Cell, *, n_worlds: int) -> Result:
    """Return how often each thing happened in `n_worlds` worlds of a cell."""
    counts: Counter[str] = Counter()
    for rng in np.random.default_rng(cell.seed).spawn(n_worlds):
        counts.update(what for what, happened in cell.world(rng).items() if happened)
    kinds = [*cell.most, *(what for what in cell.least if what not in cell.most)]
    return Result(
        id=cell.id,
        name=cell.name,
        seed=cell.seed,
        n_worlds=n_worlds,
        shares={what: counts[what] / n_worlds for what in kinds},
        most=dict(cell.most),
        least=dict(cell.least),
    )
