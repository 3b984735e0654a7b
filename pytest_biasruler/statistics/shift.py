"""How far one group of numbers lies above another: Cliff's delta with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from math import atanh, ceil, inf, isfinite, nan, sqrt, tanh
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.power import more_patients, smallest_detectable
from pytest_biasruler.statistics.side import read_side
from pytest_biasruler.statistics.student import satterthwaite, student_quantile, student_tail

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from pytest_biasruler.statistics.side import Side


@dataclass(frozen=True, kw_only=True, slots=True)
class Delta:
    """The chance that a number of `first` is above one of `second`, minus that it is below.

    Attributes
    ----------
    value : float
        In [-1, 1]; 0 if neither tends to be larger.
    variance_first, variance_second : float
        Of what each number of a side says, from -1, below all of the other side, to 1, above all;
        both 0 where all pairs say the same.
    n_first, n_second : float
        Numbers on each side, phantoms by their weight.
    """

    value: float
    variance_first: float
    variance_second: float
    n_first: float
    n_second: float

    @property
    def se(self) -> float:
        """Standard error; 0 where all pairs say the same."""
        return sqrt(sum(self._squared_errors))

    @property
    def df(self) -> float:
        """Degrees of freedom, infinite where all pairs say the same."""
        first, second = self._squared_errors
        return float(satterthwaite(first, self.n_first - 1, second, self.n_second - 1))

    @property
    def _squared_errors(self) -> tuple[float, float]:
        return self.variance_first / self.n_first, self.variance_second / self.n_second

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

    def tail(self, limit: float, *, side: int = 1) -> float:
        """Return the one-sided p of "delta is not above `limit`", in [0, 1].

        For `side` -1 of "delta is not below -`limit`".
        """
        value = side * self.value
        if self.se > 0:
            excess = atanh(value) - _stretch(limit)
            return float(student_tail(excess, se=self._stretched_se, df=self.df))
        # The error at which the lower bound 1 - 2q of `bounds` meets the limit.
        return float(((1 + limit) / 2) ** self._fewest) if value > 0 else 1.0

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
            more_patients(round(n), se=self._stretched_se, df=self.df, level=level, margin=margin)
            for n in (self.n_first, self.n_second)
        )
        return first, second

    @property
    def _fewest(self) -> float:
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
        return ceil(max(wanted - self.n_first, 0)), ceil(max(wanted - self.n_second, 0))


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
    return compare_sides(read_side(first, name="first"), read_side(second, name="second"))


def compare_sides(first: Side, second: Side) -> Delta:
    """Return Cliff's delta of two sides whose numbers may be phantoms."""
    rows, columns = first.above_minus_below(second), -second.above_minus_below(first)
    return Delta(
        value=float(first.weights @ rows) / (first.size * second.size),
        variance_first=first.variance(rows / second.size),
        variance_second=second.variance(columns / first.size),
        n_first=first.size,
        n_second=second.size,
    )


def _stretch(limit: float) -> float:
    return atanh(limit) if limit < 1 else inf


def is_beyond(bounds: tuple[float, float], limit: float) -> bool:
    """Return whether an interval lies wholly above `limit` or wholly below its negative.

    Examples
    --------
    >>> is_beyond((0.2, 0.4), 0.147), is_beyond((-0.4, -0.2), 0.147), is_beyond((0.1, 0.4), 0.147)
    (True, True, False)
    """
    low, high = bounds
    return isfinite(low) and isfinite(high) and (low > limit or high < -limit)
