"""Two arms of a training experiment, each with one or several runs, contrasted by subgroup."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.cells import cut_cells, mean_of
from pytest_biasruler.statistics.contrast import Contrast, contrast_pairs, tabulate_contrasts
from pytest_biasruler.statistics.guard import guard_moments
from pytest_biasruler.statistics.moments import sum_cells
from pytest_biasruler.statistics.overlap import find_overlap
from pytest_biasruler.statistics.seeds import RunError, estimate_run_error, widen_contrasts
from pytest_biasruler.statistics.support import symmetric_support

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from pytest_biasruler.statistics.contrast import Contrasts


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Cohort:
    """The cases of an experiment and the pairs of subgroups to contrast.

    Attributes
    ----------
    subgroups : ndarray of str, shape (n,)
    patients : sequence of length n, or None
    names : tuple of str, length k
        The judged subgroups with a case, sorted.
    pairs : tuple of (int, int), length K
        Positions in `names`.
    """

    subgroups: NDArray[np.str_]
    patients: Sequence[object] | NDArray[np.generic] | None
    names: tuple[str, ...]
    pairs: tuple[tuple[int, int], ...]

    @property
    def named_pairs(self) -> tuple[tuple[str, str], ...]:
        """The pairs by name."""
        return tuple((self.names[a], self.names[b]) for a, b in self.pairs)

    def contrast(
        self,
        column: NDArray[np.float64],
        *,
        support: tuple[float, float] | None,
        runs: Sequence[RunError] = (),
    ) -> Contrasts:
        """Return the contrasts of all pairs, their errors widened by those of the runs."""
        cut = cut_cells(column, subgroups=self.subgroups, patients=self.patients)
        cells = [cut[name] for name in self.names]
        groups = [guard_moments(cell.name, sum_cells(cell), support=support) for cell in cells]
        contrasts = contrast_pairs(groups, pairs=self.pairs, overlap=find_overlap(cells))
        return widen_contrasts(contrasts, runs=runs)

    def run_error(self, runs: NDArray[np.float64]) -> RunError:
        """Return the run error of an arm's gaps; `runs` has shape (S, n), the result (K,)."""
        means = np.array([self._means(run) for run in runs])
        a, b = np.array(self.pairs, dtype=np.intp).reshape(-1, 2).T
        return estimate_run_error(means[:, a] - means[:, b])

    def _means(self, run: NDArray[np.float64]) -> list[float]:
        cut = cut_cells(run, subgroups=self.subgroups)
        return [mean_of(cut[name].values) for name in self.names]


def align_runs(*arms: ArrayLike) -> tuple[NDArray[np.float64], ...]:
    """Return arms as arrays of runs in which a case has a score in every run of all or in none.

    Parameters
    ----------
    *arms : array_like of float, shape (n,) or (S, n)
        One row per run; a case that is not finite in every run of every arm is left out.

    Returns
    -------
    tuple of ndarray of float, each of shape (S, n)
        NaN where a case is left out.

    Raises
    ------
    ValueError
        If the arms differ in their number of cases, or an arm has no run.

    Examples
    --------
    >>> first, second = align_runs([0.5, 0.6], [[0.5, float("nan")], [0.7, 0.8]])
    >>> first.tolist(), second.tolist()
    ([[0.5, nan]], [[0.5, nan], [0.7, nan]])
    """
    runs = [np.atleast_2d(np.asarray(arm, dtype=np.float64)) for arm in arms]
    shapes = [arm.shape for arm in runs]
    if any(len(s) != 2 or not s[0] for s in shapes) or len({s[1] for s in shapes}) != 1:
        raise ValueError(f"arms must be (runs, n) with one n and at least one run, not {shapes}")
    is_complete = np.isfinite(np.concatenate(runs)).all(axis=0)
    return tuple(np.where(is_complete, arm, nan) for arm in runs)


def contrast_arms(
    arm: ArrayLike,
    minus: ArrayLike | None = None,
    *,
    subgroups: Sequence[str] | NDArray[np.str_],
    pair: tuple[str, str],
    support: tuple[float, float] | None = None,
    patients: Sequence[object] | NDArray[np.generic] | None = None,
    alpha: float = 0.05,
) -> Contrast:
    """Estimate the gap a - b of an arm, or of one arm minus another, over its runs.

    Parameters
    ----------
    arm, minus : array_like of float, shape (n,) or (S, n)
        One row per run; averaged per case over runs, then subtracted.
    subgroups : sequence of str, shape (n,)
        The subgroup of each case.
    pair : tuple of str
        The subgroups a and b.
    support : tuple of float, optional
        Lower and upper end of what a case of the column can be; without it the support is
        symmetric about 0.
    patients : sequence, shape (n,), optional
        The patient of each case; without it every case is its own patient.
    alpha : float, default 0.05
        Each bound is wrong in at most this share of benchmarks.

    Returns
    -------
    Contrast
        Both bounds guarded and unadjusted; `p` is about the limit 0.

    Raises
    ------
    ValueError
        If shapes differ or a subgroup of the pair has no case.

    Examples
    --------
    >>> groups = ["a", "a", "b", "b"]
    >>> gap = contrast_arms([0.9, 0.9, 0.7, 0.7], subgroups=groups, pair=("a", "b"))
    >>> round(gap.estimate, 3), round(gap.se, 3)
    (0.2, 0.0)
    """
    arms = align_runs(arm) if minus is None else align_runs(arm, minus)
    column = arms[0].mean(axis=0) - (arms[1].mean(axis=0) if minus is not None else 0.0)
    labels = np.asarray(subgroups, dtype=np.str_)
    is_known = np.isfinite(column)
    empty = [name for name in pair if not (is_known & (labels == name)).any()]
    if empty:
        raise ValueError(f"pair must name subgroups with a case, which {empty} have not")
    cohort = Cohort(subgroups=labels, patients=patients, names=pair, pairs=((0, 1),))
    edges = support or symmetric_support(column[np.isin(labels, pair)])
    contrasts = cohort.contrast(
        column, support=edges, runs=[cohort.run_error(runs) for runs in arms]
    )
    (record,) = tabulate_contrasts(
        contrasts, pairs=[pair], levels=(1 - alpha, 1 - alpha), limit=0.0
    )
    return record
