"""Whether two clouds of points lie apart: energy distance, and a permutation within strata."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import cdist

from pytest_biasruler.statistics.draws import Stream

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
class Energy:
    """How far two clouds of points lie apart.

    Attributes
    ----------
    distance : float
        E, at least 0, in the unit of the distances.
    coefficient : float
        H = E / (2 mean distance between the clouds), in [0, 1]; 0 if no point differs.
    """

    distance: float
    coefficient: float


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


def measure_energy(distances: NDArray[np.float64], is_first: NDArray[np.bool_]) -> Energy:
    """Measure how far two clouds of points lie apart.

    Parameters
    ----------
    distances : ndarray of float, shape (n, n)
        Of all ordered pairs, those of a point with itself included.
    is_first : ndarray of bool, shape (n,)
        Which points are in the first cloud.

    Returns
    -------
    Energy

    Raises
    ------
    ValueError
        If a cloud is empty.

    References
    ----------
    Székely, G. J., Rizzo, M. L. (2013). Journal of Statistical Planning and Inference 143(8),
    1249-1272. doi:10.1016/j.jspi.2013.03.018

    Examples
    --------
    {0, 1} against {2, 3}: 2 apart on average, half apart within.

    >>> points = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> measure_energy(np.abs(points - points.T), np.array([True, True, False, False]))
    Energy(distance=3.0, coefficient=0.75)
    """
    first, second = np.flatnonzero(is_first), np.flatnonzero(~is_first)
    if not (len(first) and len(second)):
        raise ValueError("is_first must name points of both clouds")
    between = float(distances[np.ix_(first, second)].mean())
    within = sum(float(distances[np.ix_(own, own)].mean()) for own in (first, second))
    distance = max(2 * between - within, 0.0)  # below 0 only by rounding
    return Energy(distance=distance, coefficient=distance / (2 * between) if between else 0.0)


def scale_features(features: ArrayLike) -> NDArray[np.float64]:
    """Divide each feature by its interquartile range, or what stands in for a range of 0.

    Parameters
    ----------
    features : array_like of float, shape (n, F)
        One row per patient.

    Returns
    -------
    ndarray of float, shape (n, F)
        Divided by the standard deviation (ddof 0) where the range is 0, by 1 where both are.

    Examples
    --------
    >>> scale_features([[0, 0, 7], [2, 0, 7], [4, 0, 7], [6, 0, 7], [8, 5, 7]]).tolist()[-1]
    [2.0, 2.5, 7.0]
    """
    values = np.asarray(features, dtype=np.float64)
    low, high = np.quantile(values, [0.25, 0.75], axis=0)
    spread = values.std(axis=0) * (values.min(axis=0) < values.max(axis=0))
    divisor = np.where(high > low, high - low, np.where(spread > 0, spread, 1.0))
    scaled: NDArray[np.float64] = values / divisor
    return scaled


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

    References
    ----------
    Székely, G. J., Rizzo, M. L. (2013). Journal of Statistical Planning and Inference 143(8),
    1249-1272. doi:10.1016/j.jspi.2013.03.018

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
    if any(len(each) != len(first) for each in strata):
        raise ValueError(f"each of strata must have the length {len(first)} of is_first")
    codes = [np.unique(np.asarray(each, dtype=np.str_), return_inverse=True)[1] for each in strata]
    return values, first, codes


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
    n_reaching, n_first = 0, int(first.sum())
    n_second, totals = len(first) - n_first, distances.sum(axis=1)
    for labels in _shuffle(first, codes, n_permutations=n_permutations, seed=seed):
        within_first = np.einsum("ij,ij->j", labels, distances @ labels)
        between = totals @ labels - within_first
        within_second = totals.sum() - 2 * between - within_first
        shuffled = (
            2 * between / (n_first * n_second)
            - within_first / n_first**2
            - within_second / n_second**2
        )
        n_reaching += int(np.count_nonzero(shuffled >= energy.distance - _TOLERANCE))
    mixed = [own for own in _members(codes) if 0 < first[own].sum() < len(own)]
    return EnergyTest(
        energy=energy,
        p=(1 + n_reaching) / (1 + n_permutations),
        n_rows=len(first),
        n_shuffled=sum(map(len, mixed)),
    )


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
