"""Whether two clouds of points lie further apart than chance puts them: shuffled labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import cdist

from pytest_biasruler.statistics.draws import Stream
from pytest_biasruler.statistics.energy import Energy, measure_energy, scale_features

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

N_PERMUTATIONS = 999
MOST_ROWS = 4_000
"""Of more rows a seeded subset is taken: the distances of all pairs are held in memory."""

_TOLERANCE = 1e-12
_MOST_LABELS = 2_000_000
"""Shuffled labels held at once: few large products wait less for the threads that share them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EnergyTest:
    """An energy distance, and how often shuffled labels lie as far apart.

    Attributes
    ----------
    energy : Energy
        Of features divided by their spread.
    p : float
        In [1/1000, 1].
    n_rows : int
        Rows used.
    n_shuffled : int
        Rows in strata that hold both sides; if 0 the labels cannot be shuffled and p is 1.
    """

    energy: Energy
    p: float
    n_rows: int
    n_shuffled: int


def permute_energy(
    features: ArrayLike,
    *,
    is_first: ArrayLike,
    strata: Sequence[Sequence[str]],
    n_permutations: int = N_PERMUTATIONS,
    seed: int = 0,
) -> tuple[EnergyTest, ...]:
    """Test whether two clouds of points lie apart, labels shuffled within strata.

    Parameters
    ----------
    features : array_like of float, shape (n, F)
        One row per patient, finite. The order of the rows does not matter.
    is_first : array_like of bool, shape (n,)
        Which rows are in the first cloud.
    strata : sequence of sequences of str, each of length n
        The stratum of each row, once for each way of shuffling; one test is returned for each.
    n_permutations : int, default 999
        How often the labels are shuffled.
    seed : int, default 0
        Of the shuffling, and of the subset that is taken of more than 4,000 rows.

    Returns
    -------
    tuple of EnergyTest

    Raises
    ------
    ValueError
        If shapes differ, a feature is not finite, or a cloud is empty.

    Examples
    --------
    Two clouds far apart: only one of the fifteen ways to choose two of six rows is as extreme.

    >>> points = [[0.0], [1.0], [2.0], [3.0], [10.0], [11.0]]
    >>> (test,) = permute_energy(points, is_first=[1, 1, 1, 1, 0, 0], strata=[["all"] * 6])
    >>> round(test.energy.coefficient, 2), 0.04 < test.p < 0.09
    (0.9, True)
    """
    values, first, codes = _check(features, is_first, strata)
    scaled = scale_features(values)
    # By content, so that neither the order of the rows nor the names of patients matter.
    order = np.lexsort((first, *scaled.T, *codes))
    order = order[_subset(first[order], seed=seed)]
    scaled, first = scaled[order], first[order]
    distances = cdist(scaled, scaled)
    energy = measure_energy(distances, first)
    return tuple(
        _test(energy, distances, first, code[order], n_permutations=n_permutations, seed=seed)
        for code in codes
    )


def _check(
    features: ArrayLike, is_first: ArrayLike, strata: Sequence[Sequence[str]]
) -> tuple[NDArray[np.float64], NDArray[np.bool_], list[NDArray[np.intp]]]:
    values = np.asarray(features, dtype=np.float64)
    first = np.asarray(is_first, dtype=np.bool_)
    if values.ndim != 2 or first.shape != values.shape[:1]:
        shapes = f"features {values.shape} and is_first {first.shape}"
        raise ValueError(f"{shapes} must be (n, F) and (n,)")
    if not np.isfinite(values).all():
        raise ValueError("features must be finite")
    if first.all() or not first.any():
        raise ValueError("is_first must name rows of both clouds")
    if any(len(names) != len(first) for names in strata):
        raise ValueError(f"each of strata must have the length {len(first)} of is_first")
    return values, first, [_number(names) for names in strata]


def _number(names: Sequence[str]) -> NDArray[np.intp]:
    return np.unique(np.asarray(names, dtype=np.str_), return_inverse=True)[1]


def _subset(is_first: NDArray[np.bool_], *, seed: int) -> NDArray[np.intp]:
    """Return the rows to use, ascending: of too many a subset that spares the smaller side."""
    if len(is_first) <= MOST_ROWS:
        return np.arange(len(is_first))
    drawn = np.argsort(Stream(seed).uniforms(len(is_first)), kind="stable")
    small, large = sorted((drawn[is_first[drawn]], drawn[~is_first[drawn]]), key=len)
    n_small = min(len(small), MOST_ROWS // 2)
    return np.sort(np.concatenate([small[:n_small], large[: MOST_ROWS - n_small]]))


def _test(
    energy: Energy,
    distances: NDArray[np.float64],
    first: NDArray[np.bool_],
    codes: NDArray[np.intp],
    *,
    n_permutations: int,
    seed: int,
) -> EnergyTest:
    totals, n_reaching = distances.sum(axis=1), 0
    for labels in _shuffle(first, codes, n_permutations=n_permutations, seed=seed):
        sums = np.einsum("ij,ij->j", labels, distances @ labels), totals @ labels
        shuffled = _energy_of_sums(*sums, total=totals.sum(), n_first=first.sum(), n=len(first))
        n_reaching += int(np.count_nonzero(shuffled >= energy.distance - _TOLERANCE))
    mixed = [len(rows) for rows in _members(codes) if 0 < first[rows].sum() < len(rows)]
    p = (1 + n_reaching) / (1 + n_permutations)
    return EnergyTest(energy=energy, p=p, n_rows=len(first), n_shuffled=sum(mixed))


def _energy_of_sums(
    within: NDArray[np.float64],
    towards: NDArray[np.float64],
    *,
    total: float,
    n_first: int,
    n: int,
) -> NDArray[np.float64]:
    """Return E from the first cloud's distances within itself and towards all rows."""
    between, n_second = towards - within, n - n_first
    within_second = total - 2 * between - within
    energies: NDArray[np.float64] = (
        2 * between / (n_first * n_second) - within / n_first**2 - within_second / n_second**2
    )
    return energies


def _members(codes: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    return [np.flatnonzero(codes == code) for code in np.unique(codes)]


def _shuffle(
    first: NDArray[np.bool_], codes: NDArray[np.intp], *, n_permutations: int, seed: int
) -> Iterator[NDArray[np.float64]]:
    """Yield shuffled labels (1 in the first cloud, else 0) as columns, a chunk at a time."""
    stream, members, own = Stream(seed), _members(codes), first.astype(np.float64)
    chunk = max(_MOST_LABELS // len(first), 1)
    for start in range(0, n_permutations, chunk):
        draws = stream.uniforms(min(chunk, n_permutations - start), len(first))
        labels = np.empty_like(draws)
        for rows in members:
            order = np.argsort(draws[:, rows], axis=1, kind="stable")
            labels[:, rows] = own[rows][order]
        yield np.ascontiguousarray(labels.T)
