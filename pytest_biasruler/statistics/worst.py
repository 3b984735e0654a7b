"""Whether two references name different worst-off subgroups."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.cells import cut_cells, mean_of
from pytest_biasruler.statistics.contrast import contrast_pairs
from pytest_biasruler.statistics.draws import Stream
from pytest_biasruler.statistics.guard import guard_moments
from pytest_biasruler.statistics.moments import sum_cells
from pytest_biasruler.statistics.multiplicity import adjust_holm
from pytest_biasruler.statistics.overlap import find_overlap
from pytest_biasruler.statistics.support import pooled_support

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from pytest_biasruler.statistics.cells import Cells

N_BOOTSTRAPS = 2_000
_DRAWN_AT_ONCE = 2**17  # patients; their numbers stay in the cache of the processor


@dataclass(frozen=True, kw_only=True, slots=True)
class WorstFlip:
    """The worst-off subgroup under two references.

    Without a subgroup both worst are None, and nothing flips.

    Attributes
    ----------
    worst_first, worst_second : str or None
        The subgroup with the smallest mean; the first by name if several share it.
    confirmed : bool
        Whether both references surely order the two worst subgroups in opposite ways.
    p_holm : float
        The p-value behind `confirmed`, adjusted over all ordered pairs; 1 without a flip.
    probability : float
        Share of patient bootstraps in which the worst subgroups differ. It describes how
        settled the answer is; it is not a p-value.
    shares_first, shares_second : mapping of str to float
        How often each subgroup is worst in those bootstraps.
    """

    worst_first: str | None
    worst_second: str | None
    confirmed: bool
    p_holm: float
    probability: float
    shares_first: Mapping[str, float]
    shares_second: Mapping[str, float]

    @property
    def point(self) -> bool:
        """Whether the worst subgroups differ."""
        return self.worst_first != self.worst_second


NO_FLIP = WorstFlip(
    worst_first=None, worst_second=None, confirmed=False, p_holm=1.0, probability=nan,
    shares_first={}, shares_second={},
)  # fmt: skip


def find_worst_flip(
    first: ArrayLike,
    second: ArrayLike,
    *,
    subgroups: Sequence[str] | NDArray[np.str_],
    patients: Sequence[object] | NDArray[np.generic] | None = None,
    supports: tuple[tuple[float, float], tuple[float, float]] | None = None,
    alpha: float = 0.05,
    seed: int = 0,
) -> WorstFlip:
    """Compare which subgroup is worst under two references, paired by case.

    Parameters
    ----------
    first, second : array_like of float, shape (n,)
        Scores of the cases of judged subgroups, larger is better; a case that is not finite in
        both is left out.
    subgroups : sequence of str, shape (n,)
        The subgroup of each case.
    patients : sequence, shape (n,), optional
        The patient of each case; without it every case is its own patient.
    supports : tuple of (float, float), optional
        What a case can be in either column; default: their smallest and largest values.
    alpha : float, default 0.05
        Level of the confirmation.
    seed : int, default 0
        Of the bootstrap, which draws patients within subgroups.

    Returns
    -------
    WorstFlip

    Raises
    ------
    ValueError
        If lengths differ.

    Examples
    --------
    >>> flip = find_worst_flip([0.9, 0.9, 0.5, 0.5], [0.4, 0.4, 0.6, 0.6],
    ...                        subgroups=["a", "a", "b", "b"])
    >>> flip.worst_first, flip.worst_second, flip.confirmed, flip.probability
    ('b', 'a', False, 1.0)
    """
    columns = [np.asarray(column, dtype=np.float64) for column in (first, second)]
    if columns[0].shape != columns[1].shape:
        raise ValueError(f"columns {columns[0].shape} and {columns[1].shape} differ in shape")
    is_complete = np.isfinite(columns[0]) & np.isfinite(columns[1])
    columns = [np.where(is_complete, column, nan) for column in columns]
    cuts = [
        [c for c in cut_cells(y, subgroups=subgroups, patients=patients).values() if c.sizes.size]
        for y in columns
    ]
    names = [cells.name for cells in cuts[0]]
    if not names:
        return NO_FLIP
    worst = [int(np.argmin([mean_of(cells.values) for cells in cut])) for cut in cuts]
    p_holm = 1.0
    if worst[0] != worst[1]:
        kept = supports or tuple(pooled_support(column) for column in columns)
        p_holm = _confirm(cuts, (worst[0], worst[1]), kept)
    often = _bootstrap(cuts, seed=seed)
    shares = [np.bincount(column, minlength=len(names)) / N_BOOTSTRAPS for column in often]
    return WorstFlip(
        worst_first=names[worst[0]],
        worst_second=names[worst[1]],
        confirmed=p_holm <= alpha,
        p_holm=p_holm,
        probability=float(np.mean(often[0] != often[1])),
        shares_first=dict(zip(names, shares[0].tolist(), strict=True)),
        shares_second=dict(zip(names, shares[1].tolist(), strict=True)),
    )


def _confirm(
    cuts: Sequence[Sequence[Cells]],
    worst: tuple[int, int],
    supports: Sequence[tuple[float, float]],
) -> float:
    """Return the adjusted p of "the worst of the first is surely better by the second"."""
    pairs = list(permutations(range(len(cuts[0])), 2))
    # For worst (i, j): under the first j is better than i, under the second i better than j.
    ordered = ([(j, i) for i, j in pairs], pairs)
    p_values = [
        contrast_pairs(
            [guard_moments(cells.name, sum_cells(cells), support=support) for cells in cut],
            pairs=order,
            overlap=find_overlap(cut),
        ).evidence(0.0)
        for cut, order, support in zip(cuts, ordered, supports, strict=True)
    ]
    return float(adjust_holm(np.maximum(*p_values))[pairs.index(worst)])


def _bootstrap(cuts: Sequence[Sequence[Cells]], *, seed: int) -> NDArray[np.intp]:
    """Return the position of the worst subgroup per reference and bootstrap, shape (2, B)."""
    stream = Stream(seed)
    counts = [len(cells.sizes) for cells in cuts[0]]
    ends = np.concatenate([[0], np.cumsum(counts)])
    totals = [[cells.totals(cells.values) for cells in cut] for cut in cuts]
    means = np.empty((2, N_BOOTSTRAPS, len(counts)))
    n_at_once = max(1, _DRAWN_AT_ONCE // int(ends[-1]))
    for start in range(0, N_BOOTSTRAPS, n_at_once):
        n_rows = min(n_at_once, N_BOOTSTRAPS - start)
        uniforms = stream.uniforms(n_rows, int(ends[-1]))
        for g, count in enumerate(counts):
            # One resample of patients serves both references.
            drawn = (uniforms[:, ends[g] : ends[g + 1]] * count).astype(np.intp)
            often = _count_draws(drawn, n_patients=count)
            n_cases = (often * cuts[0][g].sizes).sum(axis=1)
            for column in (0, 1):
                rows = means[column, start : start + n_rows, g]
                rows[:] = (often * totals[column][g]).sum(axis=1) / n_cases
    worst: NDArray[np.intp] = np.argmin(means, axis=2)
    return worst


def _count_draws(drawn: NDArray[np.intp], *, n_patients: int) -> NDArray[np.intp]:
    """Return how often each resample, a row of `drawn`, holds each patient.

    Patients are looked up once, in no order; all sums over them then go through in theirs.
    """
    n_rows = len(drawn)
    places = drawn + n_patients * np.arange(n_rows)[:, None]
    counts = np.bincount(places.ravel(), minlength=n_rows * n_patients)
    return counts.reshape(n_rows, n_patients)
