"""How far one group of numbers lies above another: Cliff's delta with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from math import atanh, ceil, inf, isfinite, nan, tanh
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.power import more_patients, smallest_detectable
from pytest_biasruler.statistics.student import satterthwaite, student_quantile, student_tail

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

FEWEST = 2
"""Numbers that each side needs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delta:
    """The chance that a number of `first` is above one of `second`, minus that it is below.

    Attributes
    ----------
    value : float
        In [-1, 1]; 0 if neither tends to be larger.
    se, df : float
        Standard error and degrees of freedom; 0 and infinite where all pairs say the same.
    n_first, n_second : int
        Numbers on each side.
    """

    value: float
    se: float
    df: float
    n_first: int
    n_second: int

    def bounds(self, level: float) -> tuple[float, float]:
        """Return the lower and the upper bound, each at one-sided `level`.

        Returns
        -------
        tuple of float
            Inside [-1, 1], on either side of the value.
        """
        if self.se == 0:
            return self._bounds_of_one_voice(level)
        reach = float(student_quantile(level, self.df)) * self._stretched_se
        centre = atanh(self.value)
        return tanh(centre - reach), tanh(centre + reach)

    def decision_bounds(self, *, strict: float, plain: float) -> tuple[float, float]:
        """Return the bounds that decide: away from 0 at level `strict`, else at `plain`.

        Many intervals that are looked at together need a strict level to show a shift and none
        to show that there is none. A bound that the strict level does not hold on the value's own
        side of 0 stands at 0, or where the plain one is beyond that.

        Returns
        -------
        tuple of float
            Inside [-1, 1]. Each errs in at most 1 - `plain`; one that excludes 0 in at most
            1 - `strict`.
        """
        (low, high), (strict_low, strict_high) = self.bounds(plain), self.bounds(strict)
        if self.value < 0:
            return low, min(strict_high, max(high, 0.0))
        return max(strict_low, min(low, 0.0)), high

    def tail(self, limit: float) -> float:
        """Return the one-sided p of "the size of delta does not exceed `limit`", in [0, 1]."""
        if self.se > 0:
            excess = atanh(abs(self.value)) - _stretch(limit)
            return float(student_tail(excess, se=self._stretched_se, df=self.df))
        # The error at which the lower bound 1 - 2q of `bounds` meets the limit.
        return ((1 + limit) / 2) ** self._fewest if self.value else 1.0

    def detectable(self, limit: float, *, level: float) -> float:
        """Return the excess of the size over `limit` that a bound at `level` finds in 80 %.

        Returns
        -------
        float
            NaN where all pairs say the same, so that nothing is known of the spread.
        """
        if self.se == 0:
            return nan
        reach = smallest_detectable(se=self._stretched_se, df=self.df, level=level)
        return tanh(_stretch(limit) + reach) - limit

    def more_patients(self, limit: float, *, level: float) -> tuple[float, float]:
        """Return how many more numbers each side needs for a bound at `level` to settle it.

        Returns
        -------
        tuple of float
            Whole numbers for first and second; infinite above 10,000.
        """
        if self.se == 0:
            return self._more_of_one_voice(limit, level=level)
        margin = atanh(abs(self.value)) - _stretch(limit)
        first, second = (
            more_patients(n, se=self._stretched_se, df=self.df, level=level, margin=margin)
            for n in (self.n_first, self.n_second)
        )
        return first, second

    @property
    def _fewest(self) -> int:
        return min(self.n_first, self.n_second)

    @property
    def _stretched_se(self) -> float:
        """The error on the scale of the inverse hyperbolic tangent, on which bounds are taken."""
        return self.se / (1 - self.value**2)

    def _bounds_of_one_voice(self, level: float) -> tuple[float, float]:
        # Of n numbers that all say the same, a share q may by luck still say something else.
        share: float = 1 - (1 - level) ** (1 / self._fewest)
        if self.value == 0:
            return -share, share
        low, high = 1 - 2 * share, 1.0
        return (low, high) if self.value > 0 else (-high, -low)

    def _more_of_one_voice(self, limit: float, *, level: float) -> tuple[float, float]:
        share = (1 - limit) / 2 if self.value else limit
        if not 0 < share < 1:
            return inf, inf
        wanted = ceil(np.log(1 - level) / np.log1p(-share))
        return max(wanted - self.n_first, 0), max(wanted - self.n_second, 0)


def estimate_delta(first: ArrayLike, second: ArrayLike) -> Delta:
    """Estimate Cliff's delta of two groups of numbers.

    Parameters
    ----------
    first, second : array_like of float, shapes (n,) and (m,)
        At least two numbers each, one per patient; infinite ones count by their order.

    Returns
    -------
    Delta
        Unchanged by any rising transformation of all numbers; its sign turns with the sides.

    Raises
    ------
    ValueError
        If a side has fewer than two numbers, is not flat, or holds NaN.

    References
    ----------
    Cliff, N. (1993). Psychological Bulletin 114(3), 494-509. doi:10.1037/0033-2909.114.3.494

    Examples
    --------
    Of the sixteen pairs twelve are above, one is below and three are tied:

    >>> delta = estimate_delta([1, 2, 3, float("inf")], [0, 1, 1, 2])
    >>> delta.value, round(delta.se, 6)
    (0.6875, 0.284129)
    >>> [round(bound, 6) for bound in delta.bounds(0.975)]
    [-0.481226, 0.976264]
    """
    a, b = _sorted(first, name="first"), _sorted(second, name="second")
    rows, columns = _above_minus_below(a, b), -_above_minus_below(b, a)
    variance_a = _squared_error(rows, n_other=len(b))
    variance_b = _squared_error(columns, n_other=len(a))
    return Delta(
        value=int(rows.sum()) / (len(a) * len(b)),
        se=float(np.sqrt(variance_a + variance_b)),
        df=float(satterthwaite(variance_a, len(a) - 1.0, variance_b, len(b) - 1.0)),
        n_first=len(a),
        n_second=len(b),
    )


def _stretch(limit: float) -> float:
    return atanh(limit) if limit < 1 else inf


def _sorted(values: ArrayLike, *, name: str) -> NDArray[np.float64]:
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1 or len(numbers) < FEWEST:
        raise ValueError(f"{name} must hold at least {FEWEST} numbers, not {numbers.shape}")
    if np.isnan(numbers).any():
        raise ValueError(f"{name} holds NaN")
    return np.sort(numbers)


def _above_minus_below(
    values: NDArray[np.float64], others: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return for each value how many of the sorted others lie below it, minus how many above."""
    below = np.searchsorted(others, values, side="left")
    above = len(others) - np.searchsorted(others, values, side="right")
    return below - above


def _squared_error(counts: NDArray[np.intp], *, n_other: int) -> float:
    """Return the squared error of a mean of whole counts, exactly 0 if all are equal."""
    if counts.min() == counts.max():
        return 0.0
    return float(np.var(counts / n_other, ddof=1)) / len(counts)


def is_beyond(bounds: tuple[float, float], limit: float) -> bool:
    """Return whether an interval lies wholly above `limit` or wholly below its negative.

    Examples
    --------
    >>> is_beyond((0.2, 0.4), 0.147), is_beyond((-0.4, -0.2), 0.147), is_beyond((0.1, 0.4), 0.147)
    (True, True, False)
    """
    low, high = bounds
    return isfinite(low) and isfinite(high) and (low > limit or high < -limit)
