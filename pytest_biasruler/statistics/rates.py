"""How often subgroups succeed: differences and ratios of rates."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, isfinite, log, nan
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.cells import cut_cells
from pytest_biasruler.statistics.comparison import compare_groups
from pytest_biasruler.statistics.group import GroupMoments, describe_group
from pytest_biasruler.statistics.guard import GuardedMoments, guard_moments
from pytest_biasruler.statistics.moments import PHANTOM_WEIGHT, Moments, sum_cells
from pytest_biasruler.statistics.overlap import Overlap, find_overlap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from pytest_biasruler.statistics.cells import Cells
    from pytest_biasruler.statistics.comparison import Spread


@dataclass(frozen=True, kw_only=True, slots=True)
class RateRatio:
    """The smallest ratio of two subgroups' rates and its bounds; smaller is worse.

    FAIL if `high` is below the limit, PASS if `low` is above it. Undefined where no rate or the
    reference group's is above 0, or nothing can be compared: every number but `rates` is NaN,
    `pair` is None and `p_fail` is 1.

    Attributes
    ----------
    value : float
        Smallest rate over largest; with a reference group the smallest over its rate.
    low, high : float
        Each wrong in at most alpha of benchmarks; `high` is at most 1 if unsigned.
    ci95 : tuple of float
        Plain two-sided 95 % interval, from the logarithm; NaN at a rate of 0.
    pair : tuple of str or None
        The subgroups of the larger (or reference) and of the smaller rate.
    se_log, df : float
        Of the logarithm of the ratio.
    p_level, p_fail : float
        Level p* of `high`, and the evidence that some ratio is below the limit.
    min_detectable : float
        Distance below the limit, on the logarithm, found in 80 % of benchmarks.
    needed : mapping of str to float
        How many more patients the subgroups of `pair` need for a verdict.
    difference : float
        Largest minus smallest rate (demographic parity difference).
    groups : tuple of GroupMoments
        Every subgroup of the column by name; a mean is a rate.
    """

    value: float
    low: float
    high: float
    ci95: tuple[float, float]
    pair: tuple[str, str] | None
    se_log: float
    df: float
    p_level: float
    p_fail: float
    min_detectable: float
    needed: Mapping[str, float]
    difference: float
    groups: tuple[GroupMoments, ...]

    @property
    def is_defined(self) -> bool:
        """Whether there is a ratio."""
        return self.pair is not None


def estimate_rate_ratio(
    column: ArrayLike,
    *,
    subgroups: Sequence[str] | NDArray[np.str_],
    judged: Sequence[str],
    limit: float,
    patients: Sequence[object] | NDArray[np.generic] | None = None,
    baseline: str | None = None,
    alpha: float = 0.05,
) -> RateRatio:
    """Estimate the smallest ratio of two subgroups' success rates (four-fifths rule).

    Parameters
    ----------
    column : array_like of float, shape (n,)
        1 for a success, 0 for none; a value that is not finite leaves its case out.
    subgroups : sequence of str, shape (n,)
        The subgroup of each case.
    judged : sequence of str
        The subgroups to compare; those without a finite value are passed over.
    limit : float
        What no ratio should fall below, in (0, 1].
    patients : sequence, shape (n,), optional
        The patient of each case; without it every case is its own patient.
    baseline : str, optional
        The reference group: each other's rate is divided by its rate, signed.
    alpha : float, default 0.05
        Each bound is wrong in at most this share of benchmarks.

    Returns
    -------
    RateRatio

    Raises
    ------
    ValueError
        If lengths differ, a finite value is neither 0 nor 1, the limit is outside (0, 1] or the
        reference group is not judged.

    Examples
    --------
    24 successes of 40 against 36 of 40:

    >>> ratio = estimate_rate_ratio(
    ...     [1] * 24 + [0] * 16 + [1] * 36 + [0] * 4, subgroups=["a"] * 40 + ["b"] * 40,
    ...     judged=["a", "b"], limit=0.8,
    ... )
    >>> [round(number, 6) for number in (ratio.value, ratio.low, ratio.high)]
    [0.666667, 0.51881, 0.898025]
    """
    names = sorted(set(judged))
    if not 0 < limit <= 1:
        raise ValueError(f"limit must lie in (0, 1], not {limit}")
    if baseline is not None and baseline not in names:
        raise ValueError(f"baseline {baseline!r} is not among the judged {names}")
    cut = cut_cells(column, subgroups=subgroups, patients=patients)
    cells = [cut[name] for name in names if name in cut and cut[name].values.size]
    if not all(np.isin(cell.values, (0.0, 1.0)).all() for cell in cells):
        raise ValueError("column must hold 0 and 1 only")
    guarded = [_guard_rate(cell) for cell in cells]
    logs = compare_groups(
        [_take_logarithm(group) for group in guarded],
        limit=-log(limit),
        baseline=baseline,
        alpha=alpha,
        overlap=_divide_overlap(cells, [group.plain.mean for group in guarded]),
    )
    rates = [group.plain.mean for group in guarded]
    return _return_from_logarithm(
        logs,
        difference=max(rates) - min(rates) if rates else nan,
        groups=tuple(describe_group(cell, judged=names) for cell in cut.values()),
    )


def _guard_rate(cell: Cells) -> GuardedMoments:
    """Return the guarded moments of a rate, by a whole phantom where all cases are alike.

    Twenty successes in twenty tell nothing of how rare a failure is: with half a phantom they were
    called better than 270 in 300 in 9 % of benchmarks in which both rates are 0.9, with a whole
    one in 0.5 %.
    """
    is_saturated = bool(np.all(cell.values == cell.values[0]))
    return guard_moments(
        cell.name,
        sum_cells(cell),
        support=(0.0, 1.0),
        weight=1.0 if is_saturated else PHANTOM_WEIGHT,
    )


def _take_logarithm(group: GuardedMoments) -> GuardedMoments:
    return GuardedMoments(
        name=group.name,
        n_patients=group.n_patients,
        plain=_log_moments(group.plain),
        at_low=_log_moments(group.at_low),
        at_high=_log_moments(group.at_high),
    )


def _log_moments(moments: Moments) -> Moments:
    """Return the moments of the logarithm; a rate of 0 is -inf, beyond any error."""
    if not moments.mean > 0:
        return Moments(mean=-inf, variance=inf, df=moments.df)
    return Moments(
        mean=log(moments.mean), variance=moments.variance / moments.mean**2, df=moments.df
    )


def _divide_overlap(cells: Sequence[Cells], rates: Sequence[float]) -> Overlap | None:
    """Return the covariance of the logarithms of the rates, if patients cross subgroups."""
    overlap = find_overlap(cells)
    if overlap is None:
        return None
    scale = np.array([1 / rate if rate else 0.0 for rate in rates])
    return Overlap(
        covariance=overlap.covariance * np.outer(scale, scale), is_shared=overlap.is_shared
    )


def _return_from_logarithm(
    logs: Spread, *, difference: float, groups: tuple[GroupMoments, ...]
) -> RateRatio:
    is_defined = logs.value != -inf  # it is if the reference group's rate is 0
    low, high = logs.ci95 if isfinite(logs.value) else (nan, nan)
    return RateRatio(
        value=_exp(-logs.value) if is_defined else nan,
        low=_exp(-logs.high) if is_defined else nan,
        high=_exp(-logs.low) if is_defined else nan,
        ci95=(_exp(-high), _exp(-low)),
        pair=logs.pair if is_defined else None,
        se_log=logs.se,
        df=logs.df,
        p_level=logs.p_level,
        p_fail=logs.p_fail if is_defined else 1.0,
        min_detectable=logs.min_detectable,
        needed=logs.needed,
        difference=difference,
        groups=groups,
    )


def _exp(number: float) -> float:
    """Return the exponential, infinite where `math.exp` would raise OverflowError."""
    return exp(number) if not number > 700 else inf
