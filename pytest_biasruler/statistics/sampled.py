"""One subgroup of which experts labelled a random part, and each patient's pull on its mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, nan, sqrt
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.cells import Cells, cut_cells, mean_of
from pytest_biasruler.statistics.moments import moments_of, sum_cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Sampled:
    """A subgroup with an automated score for every case and an expert one for some.

    Attributes
    ----------
    name : str
    labelled, unlabelled, everyone : Cells
        Automated scores of the labelled, the unlabelled and all cases.
    labelled_scores : ndarray of float
        Expert scores, in the order of ``labelled.values``.
    weight : float
        Lambda of PPI++, 0 where the automated scores say nothing or no case is unlabelled.
    stands_for : ndarray of float or None
        One over the probability of each labelled case, in the same order; None for a simple
        random part.
    """

    name: str
    labelled: Cells
    unlabelled: Cells
    everyone: Cells
    labelled_scores: NDArray[np.float64]
    weight: float
    stands_for: NDArray[np.float64] | None

    @property
    def n_labelled(self) -> int:
        """Patients with a labelled case."""
        return len(self.labelled.patients)

    @property
    def n_unlabelled(self) -> int:
        """Patients with an unlabelled case."""
        return len(self.unlabelled.patients)

    @property
    def rectifier(self) -> NDArray[np.float64]:
        """Expert minus weighted automated score of the labelled cases."""
        return self.labelled_scores - self.weight * self.labelled.values

    @property
    def mean_rectifier(self) -> float:
        """Mean of the rectifier, each case standing for as many as its probability says."""
        rectifier = self.rectifier
        if self.stands_for is None:
            return mean_of(rectifier)
        centre = float(np.median(rectifier))
        return centre + float(self.stands_for @ (rectifier - centre)) / float(
            self.stands_for.sum()
        )

    @property
    def guarded_cells(self) -> Cells:
        """The rectifier as cells, each as far from the mean as it stands for others."""
        rectifier = self.rectifier
        if self.stands_for is not None:
            mean = self.mean_rectifier
            rectifier = mean + (rectifier - mean) * (self.stands_for / self.stands_for.mean())
        return replace(self.labelled, values=rectifier)

    @property
    def mean(self) -> float:
        """The rectified mean."""
        if self.stands_for is not None:
            return mean_of(self._scores_of_everyone())
        spare = self.weight * mean_of(self.unlabelled.values) if self.weight else 0.0
        return spare + self.mean_rectifier

    @property
    def pulls(self) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Patients, ascending, and each one's pull on the rectified mean."""
        if self.stands_for is not None:
            return self.everyone.patients, self.everyone.influences(self._scores_of_everyone())
        own = self.labelled.influences(self.rectifier)
        if not self.weight:
            return self.labelled.patients, own
        spare = self.weight * _pull_of_the_rest(self.unlabelled, self.everyone)
        codes = np.union1d(self.labelled.patients, self.unlabelled.patients)
        pulls = np.zeros(len(codes))
        pulls[np.searchsorted(codes, self.labelled.patients)] += own
        pulls[np.searchsorted(codes, self.unlabelled.patients)] += spare
        return codes, pulls

    def _scores_of_everyone(self) -> NDArray[np.float64]:
        """Return z of all cases, whose mean and squared error are those of the estimate."""
        mean = self.mean_rectifier
        scores = self.weight * self.everyone.values + mean
        rows = np.searchsorted(self.everyone.rows, self.labelled.rows, sorter=self._by_row)
        extra = (self.rectifier - mean) * (1.0 if self.stands_for is None else self.stands_for)
        scores[self._by_row[rows]] += extra
        return scores

    @property
    def _by_row(self) -> NDArray[np.intp]:
        return np.argsort(self.everyone.rows)

    @property
    def sd_automated(self) -> float:
        """Standard deviation of the automated scores between patients, of all cases."""
        return _sd(self.everyone)

    def sd_of(self, values: NDArray[np.float64]) -> float:
        """Return the standard deviation between patients of one number per labelled case."""
        return _sd(replace(self.labelled, values=values))


def cut_sampled(
    automated: ArrayLike,
    *,
    expert: ArrayLike,
    subgroups: Sequence[str] | NDArray[np.str_],
    judged: Sequence[str],
    patients: Sequence[object] | NDArray[np.generic] | None = None,
    probability: ArrayLike | None = None,
) -> list[Sampled]:
    """Cut cases into subgroups and each subgroup into its labelled and its unlabelled part.

    Parameters
    ----------
    automated, expert, subgroups, judged, patients, probability
        As for `rectify_means`.

    Returns
    -------
    list of Sampled
        The judged subgroups with a labelled case, by name.

    Raises
    ------
    ValueError
        If lengths differ, or a probability is outside (0, 1].

    Examples
    --------
    >>> part = cut_sampled(
    ...     [0.7, 0.9, 0.8], expert=[0.5, 0.7, float("nan")], subgroups=["a"] * 3, judged=["a"]
    ... )[0]
    >>> part.n_labelled, part.n_unlabelled, part.labelled_scores.tolist()
    (2, 1, [0.5, 0.7])
    """
    scores = np.asarray(automated, dtype=np.float64)
    checked = np.asarray(expert, dtype=np.float64)
    if checked.shape != scores.shape:
        raise ValueError(f"expert {checked.shape} must be {scores.shape}, as automated is")
    stands_for = None if probability is None else _stands_for(probability, shape=scores.shape)
    is_labelled = np.isfinite(checked)
    columns = (
        np.where(is_labelled, scores, nan),
        np.where(is_labelled, nan, scores),
        scores,
    )
    cuts = [cut_cells(column, subgroups=subgroups, patients=patients) for column in columns]
    parts = []
    for name in sorted(set(judged)):
        if name in cuts[0] and cuts[0][name].values.size:
            labelled, unlabelled, everyone = (cut[name] for cut in cuts)
            part = Sampled(
                name=name,
                labelled=labelled,
                unlabelled=unlabelled,
                everyone=everyone,
                labelled_scores=checked[labelled.rows],
                weight=0.0,
                stands_for=None if stands_for is None else stands_for[labelled.rows],
            )
            parts.append(replace(part, weight=_tune(part)))
    return parts


def _stands_for(probability: ArrayLike, *, shape: tuple[int, ...]) -> NDArray[np.float64]:
    chances = np.asarray(probability, dtype=np.float64)
    if chances.shape != shape:
        raise ValueError(f"probability {chances.shape} must be {shape}, as automated is")
    if not np.all((chances > 0) & (chances <= 1)):
        raise ValueError("probability must lie in (0, 1]")
    return 1 / chances


def _tune(part: Sampled) -> float:
    """Return lambda: the reliance on the automated scores that makes the error smallest."""
    spread = _scale(part.everyone) * float(np.var(part.everyone.values))
    if not (part.n_unlabelled and part.n_labelled > 1 and spread > 0):
        return 0.0
    weights = np.ones(len(part.labelled_scores)) if part.stands_for is None else part.stands_for
    expert = part.labelled_scores - np.average(part.labelled_scores, weights=weights)
    automated = part.labelled.values - np.average(part.labelled.values, weights=weights)
    shared = float((weights * expert) @ automated) / float(weights.sum())
    if part.stands_for is None:
        shared *= _scale(part.labelled) / (1 + part.n_labelled / part.n_unlabelled)
    return min(max(shared / spread, 0.0), 1.0)


def _scale(cells: Cells) -> float:
    """Return C / (C - 1) for C patients: copies of their cases must not pass for more of them."""
    n_patients = len(cells.patients)
    return n_patients / (n_patients - 1) if n_patients > 1 else 0.0


def _pull_of_the_rest(unlabelled: Cells, everyone: Cells) -> NDArray[np.float64]:
    """Return each unlabelled patient's pull on the mean of the unlabelled cases.

    A single one shows no spread of its own; its pull is what one patient of the subgroup has.
    """
    if len(unlabelled.patients) > 1:
        return unlabelled.influences(unlabelled.values)
    return np.array([_sd(everyone)])


def _sd(cells: Cells) -> float:
    """Return the standard deviation between patients; infinite for a single one."""
    moments = moments_of(sum_cells(cells))
    return sqrt(moments.variance * len(cells.patients)) if moments.variance < inf else inf
