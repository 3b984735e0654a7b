"""Subgroup means when experts labelled only a random part: prediction-powered, guarded."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.guard import GuardedMoments
from pytest_biasruler.statistics.moments import Moments, moments_of, sum_cells
from pytest_biasruler.statistics.overlap import Overlap
from pytest_biasruler.statistics.sampled import Sampled, cut_sampled
from pytest_biasruler.statistics.support import pooled_support, symmetric_support

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Pulls = tuple[NDArray[np.intp], NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True, slots=True)
class RectifiedMean:
    """The mean of one subgroup by the experts, helped by the automated scores of the others.

    Attributes
    ----------
    name : str
        The subgroup.
    guarded : GuardedMoments
        Of the rectified mean; its patients are the labelled ones.
    weight : float
        Lambda of PPI++ in [0, 1]: how much the automated scores are relied upon.
    n_labelled, n_unlabelled : int
        Patients with a case that experts labelled, with one that they did not.
    n_labelled_cases, n_unlabelled_cases : int
    effective : float
        Labelled patients that would give the same error without automated scores; NaN where
        an error is undefined, infinite where only theirs is 0.
    mean_rectifier : float
        Mean of the rectifier, expert - weight * automated.
    sd_rectifier, sd_automated, sd_expert : float
        Standard deviations between patients of the rectifier and of the two scores: root of
        (squared error of the mean * patients).
    support : tuple of float
        Where the phantoms of its rectifier stand.
    """

    name: str
    guarded: GuardedMoments
    weight: float
    n_labelled: int
    n_unlabelled: int
    n_labelled_cases: int
    n_unlabelled_cases: int
    effective: float
    mean_rectifier: float
    sd_rectifier: float
    sd_automated: float
    sd_expert: float
    support: tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rectification:
    """The rectified means of all judged subgroups, ready to be compared.

    Attributes
    ----------
    means : tuple of RectifiedMean
        By name.
    overlap : Overlap or None
        If a patient has cases in several of the subgroups.
    support : tuple of float
        The outermost places where phantoms of a rectifier stand; (nan, nan) without a labelled
        case.
    """

    means: tuple[RectifiedMean, ...]
    overlap: Overlap | None
    support: tuple[float, float]


def rectify_means(
    automated: ArrayLike,
    *,
    expert: ArrayLike,
    subgroups: Sequence[str] | NDArray[np.str_],
    judged: Sequence[str],
    patients: Sequence[object] | NDArray[np.generic] | None = None,
    probability: ArrayLike | None = None,
    bounds: tuple[float, float] | None = None,
) -> Rectification:
    """Estimate subgroup means of expert scores that exist for a random part of the cases.

    Parameters
    ----------
    automated : array_like of float, shape (n,)
        The score by the automated reference; a case without a finite one is left out.
    expert : array_like of float, shape (n,)
        The score by the expert reference, NaN where no expert labelled the case.
    subgroups : sequence of str, shape (n,)
        The subgroup of each case.
    judged : sequence of str
        The subgroups to rectify; those without a labelled case are passed over.
    patients : sequence, shape (n,), optional
        The patient of each case; without it every case is its own patient.
    probability : array_like of float, shape (n,), optional
        With which each case was chosen for labelling, independently by patient, in (0, 1];
        without it the labelled patients are a simple random part of each subgroup.
    bounds : tuple of float, optional
        Smallest and largest possible score; without it the guard reaches as far as what was
        seen.

    Returns
    -------
    Rectification

    Raises
    ------
    ValueError
        If lengths differ, or a probability is outside (0, 1].

    Notes
    -----
    A subgroup that is labelled throughout has the plain mean of its expert scores, its error and
    the guard of `estimate_spread`. A patient with labelled and unlabelled cases counts in both
    parts, its pulls on them added before they are squared.

    References
    ----------
    Angelopoulos, A. N., Duchi, J. C., Zrnic, T. (2023). PPI++: Efficient prediction-powered
    inference. arXiv:2311.01453

    Examples
    --------
    Automated scores that are always 0.2 too high, half of them checked: the rectified mean is
    that of all cases minus nearly 0.2.

    >>> part = rectify_means(
    ...     [0.7, 0.9, 0.8, 1.0], expert=[0.5, 0.7, float("nan"), float("nan")],
    ...     subgroups=["a"] * 4, judged=["a"],
    ... ).means[0]
    >>> part.n_labelled, part.n_unlabelled, round(part.weight, 6)
    (2, 2, 0.6)
    >>> round(part.guarded.plain.mean, 6)  # 0.6 * 0.9 + mean(0.5 - 0.6 * 0.7, 0.7 - 0.6 * 0.9)
    0.66
    """
    parts = cut_sampled(
        automated,
        expert=expert,
        subgroups=subgroups,
        judged=judged,
        patients=patients,
        probability=probability,
    )
    pulls = [part.pulls for part in parts]
    supports = _find_supports(parts, bounds=bounds)
    return Rectification(
        means=tuple(
            _rectify(part, support=support, pulls=pull)
            for part, support, pull in zip(parts, supports, pulls, strict=True)
        ),
        overlap=_find_overlap(pulls),
        support=pooled_support([end for support in supports for end in support]),
    )


def _find_supports(
    parts: Sequence[Sampled], *, bounds: tuple[float, float] | None
) -> list[tuple[float, float]]:
    """Return how far the rectifier of each subgroup may reach.

    Where the automated scores have no weight it is an expert score, with the support of scores.
    Else it reaches as far as any that was seen, and as far as an expert and a weighted automated
    score within what was seen can differ: a rare disagreement may not have been labelled yet.
    """
    if not parts:
        return []
    within = pooled_support(np.concatenate([part.labelled_scores for part in parts]))
    if bounds is not None:
        either_way = bounds[0] - bounds[1], bounds[1] - bounds[0]
        return [either_way if part.weight else bounds for part in parts]
    helped = [part for part in parts if part.weight]
    low, high = pooled_support(np.concatenate([within, *(p.everyone.values for p in helped)]))
    _, widest = symmetric_support(np.concatenate([np.empty(0), *(p.rectifier for p in helped)]))
    ends = ((low - part.weight * high, high - part.weight * low) for part in helped)
    beyond = ((min(end[0], -widest), max(end[1], widest)) for end in ends)
    return [next(beyond) if part.weight else within for part in parts]


def _rectify(part: Sampled, *, support: tuple[float, float], pulls: Pulls) -> RectifiedMean:
    squared_error = float(pulls[1] @ pulls[1]) if part.n_labelled > 1 else inf
    plain = Moments(mean=part.mean, variance=squared_error, df=part.n_labelled - 1)
    own = sum_cells(part.guarded_cells)
    before = moments_of(own)
    low, high = (_shift(plain, before, moments_of(own, phantom=end)) for end in support)
    return RectifiedMean(
        name=part.name,
        guarded=GuardedMoments(
            name=part.name, n_patients=part.n_labelled, plain=plain, at_low=low, at_high=high
        ),
        weight=part.weight,
        n_labelled=part.n_labelled,
        n_unlabelled=part.n_unlabelled,
        n_labelled_cases=len(part.labelled.values),
        n_unlabelled_cases=len(part.unlabelled.values),
        effective=_effective(part, squared_error),
        mean_rectifier=part.mean_rectifier,
        sd_rectifier=part.sd_of(part.rectifier),
        sd_automated=part.sd_automated,
        sd_expert=part.sd_of(part.labelled_scores),
        support=support,
    )


def _shift(plain: Moments, before: Moments, after: Moments) -> Moments:
    """Return the moments with what half a phantom patient does to those of the rectifier."""
    return Moments(
        mean=plain.mean + (after.mean - before.mean),
        variance=plain.variance + max(after.variance - before.variance, 0.0),
        df=after.df,
    )


def _effective(part: Sampled, squared_error: float) -> float:
    by_experts = part.sd_of(part.labelled_scores) ** 2
    if not (squared_error < inf and by_experts < inf):
        return nan
    if squared_error == 0:
        return float(part.n_labelled) if by_experts == 0 else inf
    return by_experts / squared_error


def _find_overlap(pulls: Sequence[Pulls]) -> Overlap | None:
    """Return how the rectified means covary if patients cross subgroups, else None."""
    everyone = np.concatenate([np.empty(0, dtype=np.intp), *(codes for codes, _ in pulls)])
    patients = np.unique(everyone)
    if len(patients) == len(everyone):
        return None
    table, is_member = np.zeros((2, len(patients), len(pulls)))
    for column, (codes, pull) in enumerate(pulls):
        rows = np.searchsorted(patients, codes)
        table[rows, column] = pull
        is_member[rows, column] = 1
    return Overlap(covariance=table.T @ table, is_shared=is_member.T @ is_member > 0)
