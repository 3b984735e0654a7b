"""Does one arm of training widen a gap that is there: growth and gap, both at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, isfinite, nan, sqrt
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.arms import Cohort, align_runs
from pytest_biasruler.statistics.cells import cut_cells
from pytest_biasruler.statistics.comparison import pair_groups
from pytest_biasruler.statistics.contrast import plain_interval
from pytest_biasruler.statistics.growth import PairGrowth, grow_pairs
from pytest_biasruler.statistics.power import more_patients, smallest_detectable
from pytest_biasruler.statistics.ratio import UNDEFINED_RATIO, Ratio, bound_ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from pytest_biasruler.statistics.seeds import RunError


@dataclass(frozen=True, kw_only=True, slots=True)
class Amplification:
    """The largest growth of a gap over ordered pairs of subgroups, signed.

    Without a pair every number is NaN, `pair` is None and `p_fail` is 1.

    Attributes
    ----------
    value : float
        Largest `theta`; negative if every gap shrank.
    low, high : float
        Each wrong in at most alpha of benchmarks; not a two-sided interval.
    ci95 : tuple of float
        Plain two-sided 95 % interval of what `value` is: of the growth, or of the gap itself.
    pair : tuple of str or None
        The (a, b) of `value`; the first by name if several share it.
    level : float
        Level of `low`, corrected for the number of pairs.
    p_fail : float
        Evidence that some gap grew by more than the limit, adjusted for the number of pairs.
    min_detectable : float
        Excess over the limit that would be found in 80 %.
    needed : mapping of str to float
        How many more patients the subgroups of `pair` need for a verdict if `value` is the
        truth and the runs stay as they are; infinite above 10,000.
    ratio : Ratio
        Automated-trained over expert-trained gap of `pair`, with Fieller's interval.
    pairs : tuple of PairGrowth
        By name.
    """

    value: float
    low: float
    high: float
    ci95: tuple[float, float]
    pair: tuple[str, str] | None
    level: float
    p_fail: float
    min_detectable: float
    needed: Mapping[str, float]
    ratio: Ratio
    pairs: tuple[PairGrowth, ...]


UNDEFINED = Amplification(
    value=nan, low=nan, high=nan, ci95=(nan, nan), pair=None, level=nan, p_fail=1.0,
    min_detectable=nan, needed={}, ratio=UNDEFINED_RATIO, pairs=(),
)  # fmt: skip


def estimate_amplification(
    automated: ArrayLike,
    expert: ArrayLike,
    *,
    subgroups: Sequence[str] | NDArray[np.str_],
    judged: Sequence[str],
    limit: float,
    supports: tuple[tuple[float, float], tuple[float, float]] | None = None,
    patients: Sequence[object] | NDArray[np.generic] | None = None,
    baseline: str | None = None,
    alpha: float = 0.05,
) -> Amplification:
    """Estimate how much wider a gap is in one arm than in another, of the same cases.

    Parameters
    ----------
    automated, expert : array_like of float, shape (n,) or (S, n)
        Scores of each arm, larger is better, one row per run; a case that is not finite in every
        run of both arms is left out.
    subgroups : sequence of str, shape (n,)
    judged : sequence of str
        To be compared; a subgroup without a complete case is passed over.
    limit : float
        By how much no gap should grow, in the unit of the scores.
    supports : tuple of (float, float), optional
        Ends of what a difference, and of what a score can be; default: as observed.
    patients : sequence, shape (n,), optional
        Without it every case is its own patient.
    baseline : str, optional
        The reference group: only its mean minus each other's is looked at.
    alpha : float, default 0.05
        Each bound is wrong in at most this share of benchmarks.

    Returns
    -------
    Amplification

    Raises
    ------
    ValueError
        If shapes differ, limit or alpha are out of range, or the reference group is not judged.

    References
    ----------
    Berger, R. L. (1982). Technometrics 24(4), 295-300. doi:10.1080/00401706.1982.10487790

    Examples
    --------
    A gap grows from 0.1 to 0.3; to close it would be no growth:

    >>> even, groups = [0.8, 0.8, 0.7, 0.7], {"subgroups": ["a", "a", "b", "b"]}
    >>> asked = {**groups, "judged": ["a", "b"], "limit": 0.02}
    >>> wider = estimate_amplification([0.9, 0.9, 0.6, 0.6], even, **asked)
    >>> wider.pair, round(wider.value, 3), round(wider.ratio.value, 3)
    (('a', 'b'), 0.2, 3.0)
    >>> round(estimate_amplification([0.75] * 4, even, **asked).value, 3)
    0.0
    """
    names = _check(judged, limit=limit, baseline=baseline, alpha=alpha)
    arms = align_runs(automated, expert)
    means = [arm.mean(axis=0) for arm in arms]
    cut = cut_cells(means[0] - means[1], subgroups=subgroups, patients=patients)
    known = tuple(name for name in names if name in cut and cut[name].values.size)
    cohort = Cohort(
        subgroups=np.asarray(subgroups, dtype=np.str_),
        patients=patients,
        names=known,
        pairs=tuple(pair_groups(known, baseline=baseline)),
    )
    if not cohort.pairs:
        return UNDEFINED
    runs = [cohort.run_error(arm) for arm in arms]
    level = 1 - alpha / len(cohort.pairs)
    pairs = grow_pairs(
        cohort, means, runs=runs, supports=supports, limit=limit, levels=(level, 1 - alpha)
    )
    place = max(range(len(pairs)), key=lambda index: pairs[index].theta)
    top = pairs[place]
    return replace(
        _pick_largest(pairs, top=top, level=level),
        needed=_plan(
            top,
            n_patients={name: len(cut[name].sizes) for name in top.pair},
            fixed=float(sum(run.variance[place] for run in runs[: top.n_arms])),
            level=level if top.theta > limit else 1 - alpha,
            limit=limit,
        ),
        ratio=_divide(cohort, means, runs, place=place, pair=top, alpha=alpha),
    )


def _pick_largest(
    pairs: tuple[PairGrowth, ...], *, top: PairGrowth, level: float
) -> Amplification:
    binding = top.binding
    return replace(
        UNDEFINED,
        value=top.theta,
        low=max(pair.low for pair in pairs),
        high=max(pair.high for pair in pairs),
        ci95=plain_interval(binding.estimate, se=binding.se, df=binding.df),
        pair=top.pair,
        level=level,
        p_fail=min(1.0, len(pairs) * min(pair.p for pair in pairs)),
        min_detectable=smallest_detectable(se=binding.se, df=binding.df, level=level),
        pairs=pairs,
    )


def _check(
    judged: Sequence[str], *, limit: float, baseline: str | None, alpha: float
) -> list[str]:
    if len(set(judged)) < len(judged):
        raise ValueError(f"judged names a subgroup twice: {list(judged)}")
    if not isfinite(limit):
        raise ValueError(f"limit must be finite, not {limit}")
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha must lie inside (0, 0.5), not {alpha}")
    if baseline is not None and baseline not in judged:
        raise ValueError(f"baseline {baseline!r} is not among the judged {list(judged)}")
    return sorted(judged)


def _plan(
    top: PairGrowth,
    *,
    n_patients: Mapping[str, int],
    fixed: float,
    level: float,
    limit: float,
) -> dict[str, float]:
    """Return the patients still needed; `fixed`, the error of the runs, does not shrink."""
    se, df = top.binding.se, top.binding.df
    reach = smallest_detectable(se=1.0, df=df, level=level)
    left = (top.theta - limit) ** 2 - reach**2 * fixed
    if not left > 0:
        return dict.fromkeys(n_patients, inf)
    own, margin = sqrt(max(se**2 - fixed, 0.0)), sqrt(left)
    return {
        name: more_patients(n, se=own, df=df, level=level, margin=margin)
        for name, n in n_patients.items()
    }


def _divide(
    cohort: Cohort,
    means: Sequence[NDArray[np.float64]],
    runs: Sequence[RunError],
    *,
    place: int,
    pair: PairGrowth,
    alpha: float,
) -> Ratio:
    top, bottom = pair.gap, pair.gap_expert
    if not bottom.estimate:
        return UNDEFINED_RATIO
    # The contrast that the ratio cancels, whatever its scale, has the interval's freedom.
    scale = max(abs(top.estimate), abs(bottom.estimate))
    weights = bottom.estimate / scale, top.estimate / scale
    rest = cohort.contrast(
        weights[0] * means[0] - weights[1] * means[1],
        support=None,
        runs=[run.scaled(weight) for run, weight in zip(runs, weights, strict=True)],
    )
    covary = (top.se**2 + bottom.se**2 - pair.growth.se**2) / 2  # growth is top - bottom
    return bound_ratio(
        top.estimate,
        bottom.estimate,
        covariance=np.array([[top.se**2, covary], [covary, bottom.se**2]]),
        df=float(rest.for_low.df[0, place]),
        alpha=alpha,
    )
