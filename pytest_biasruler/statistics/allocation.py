"""How many labels, or patients, two subgroups need so that their gap can be judged."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf
from typing import TYPE_CHECKING

from scipy.special import ndtri

from pytest_biasruler.statistics.power import MOST_PATIENTS, POWER

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_ROUNDS = 20
_ROUNDING = 1e-9
"""A whole number that arithmetic left a hair too large is not one more patient."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stock:
    """What a subgroup has and how much its patients vary; counts are patients.

    Attributes
    ----------
    name : str
    n_labelled : int
        Patients whose labels the estimate rests on.
    n_patients : int
        Those and the ones that could still be labelled.
    sd : float
        Between patients, of the number that a label gives: the column of the check, for
        rectified means expert - weight * automated.
    sd_complete : float
        Of the number that counts once everybody is labelled: the expert score.
    sd_helped : float, default 0
        Weight times the standard deviation of the automated score; 0 where an unlabelled
        patient says nothing.
    at_least : int, default 0
        Patients that must be labelled whatever the precision.
    edge : float, default 0
        How far from the mean of that number the guard's phantom stands.
    """

    name: str
    n_labelled: int
    n_patients: int
    sd: float
    sd_complete: float
    sd_helped: float = 0.0
    at_least: int = 0
    edge: float = 0.0

    @property
    def floor(self) -> int:
        """Fewest labelled patients that a plan may ask for, of those there are."""
        return min(max(self.at_least, self.n_labelled), self.n_patients)

    def fixed_error(self, n: float) -> float:
        """Return the part of the squared error that labels beyond `n` do not touch."""
        if self.sd_helped == 0:
            return 0.0
        rest = self.n_patients - n
        return self.sd_helped**2 / rest if rest > 0 else inf


@dataclass(frozen=True, kw_only=True, slots=True)
class Allocation:
    """What would give a verdict in 80 % of benchmarks, if the present estimate is the truth.

    Attributes
    ----------
    labelled : tuple of float
        Labelled patients of each subgroup in the end; infinite above 10,000.
    is_possible : bool
        Whether labelling the patients there are suffices; otherwise `labelled` exceeds them in
        some subgroup, and what unlabelled ones say is left out of account.
    """

    labelled: tuple[float, ...]
    is_possible: bool


def allowed_error(margin: float, *, level: float, chance: float = POWER) -> float:
    """Return the squared error at which a plain bound passes the limit with a given chance.

    Parameters
    ----------
    margin : float
        Distance of the estimate from the limit; its sign does not matter.
    level : float
        One-sided level of the bound, in (0, 1).
    chance : float, default 0.8
        In (0, 1).

    Examples
    --------
    >>> round(allowed_error(0.05, level=0.95), 7)
    0.0004044
    """
    return float((margin / (ndtri(level) + ndtri(chance))) ** 2)


def allocate(sds: Sequence[float], *, allowed: float) -> tuple[float, ...]:
    """Return the fewest patients of each subgroup that keep a gap's squared error allowed.

    Parameters
    ----------
    sds : sequence of float
        Standard deviation between patients of each subgroup.
    allowed : float
        Squared error of the difference of their means, above 0.

    Returns
    -------
    tuple of float
        Whole numbers: sd * sum(sds) / allowed, rounded up.

    Raises
    ------
    ValueError
        If `allowed` is not positive.

    References
    ----------
    Neyman, J. (1934). Journal of the Royal Statistical Society 97(4), 558-606.
    doi:10.2307/2342192

    Examples
    --------
    Error of 200 and 100 patients: 0.2**2 / 200 + 0.1**2 / 100 = 0.0003

    >>> allocate([0.2, 0.1], allowed=0.0003)
    (200, 100)
    """
    if not allowed > 0:
        raise ValueError(f"allowed must be positive, not {allowed}")
    total = sum(sds)
    return tuple(_whole(sd * total / allowed) for sd in sds)


def allocate_labels(a: Stock, b: Stock, *, allowed: float) -> Allocation:
    """Return how many patients of two subgroups should be labelled, or have to be there.

    Parameters
    ----------
    a, b : Stock
        The two subgroups of a gap.
    allowed : float
        Squared error of the gap that may be left.

    Returns
    -------
    Allocation

    Examples
    --------
    Nobody else could be labelled, so the numbers count patients that there would have to be:

    >>> stocks = [
    ...     Stock(name=name, n_labelled=50, n_patients=50, sd=sd, sd_complete=sd)
    ...     for name, sd in (("a", 0.2), ("b", 0.1))
    ... ]
    >>> allocate_labels(*stocks, allowed=0.0003)
    Allocation(labelled=(200.0, 100.0), is_possible=False)
    """
    stocks = (a, b)
    wanted = [float(stock.floor) for stock in stocks]
    for _ in range(_MOST_ROUNDS):
        is_full = [n >= stock.n_patients for n, stock in zip(wanted, stocks, strict=True)]
        left = allowed - sum(
            stock.sd_complete**2 / stock.n_patients if full else stock.fixed_error(n)
            for stock, n, full in zip(stocks, wanted, is_full, strict=True)
        )
        found = _share_out(stocks, is_full, left)
        if found is None:
            break
        if found == wanted:
            return Allocation(labelled=tuple(found), is_possible=True)
        wanted = found
    if sum(stock.sd_complete**2 / stock.n_patients for stock in stocks) <= allowed:
        return Allocation(labelled=(float(a.n_patients), float(b.n_patients)), is_possible=True)
    return _allocate_patients(stocks, allowed=allowed)


def _share_out(
    stocks: Sequence[Stock], is_full: Sequence[bool], left: float
) -> list[float] | None:
    """Return the labels of each subgroup that keep their error within `left`, if any do."""
    wanted = [
        float(stock.n_patients if full else 0) for stock, full in zip(stocks, is_full, strict=True)
    ]
    open_ones = [place for place, full in enumerate(is_full) if not full]
    if not open_ones:
        return wanted if left >= 0 else None
    if not left > 0:
        return None
    fixed = _fit([(stocks[place].sd, stocks[place].floor) for place in open_ones], allowed=left)
    for place, n in zip(open_ones, fixed, strict=True):
        wanted[place] = min(n, float(stocks[place].n_patients))
    return wanted


def _fit(needs: Sequence[tuple[float, int]], *, allowed: float) -> list[float]:
    """Return Neyman's numbers, those below their floor raised to it and the others lowered."""
    numbers = [float(n) for n in allocate([sd for sd, _ in needs], allowed=allowed)]
    for place, (sd, floor) in enumerate(needs):
        if numbers[place] <= floor:
            numbers[place] = float(floor)
            left = allowed - (sd**2 / floor if floor else 0.0)
            for other, (other_sd, other_floor) in enumerate(needs):
                if other != place:
                    enough = _whole(other_sd**2 / left) if left > 0 else inf
                    numbers[other] = max(enough, float(other_floor))
            break
    return numbers


def _allocate_patients(stocks: Sequence[Stock], *, allowed: float) -> Allocation:
    """Return how many labelled patients it takes if unlabelled ones say nothing."""
    if not allowed > 0:
        return Allocation(labelled=(inf,) * len(stocks), is_possible=False)
    needs = [(stock.sd_complete, max(stock.n_labelled, stock.at_least)) for stock in stocks]
    numbers = _fit(needs, allowed=allowed)
    within = [
        n if n - stock.n_patients <= MOST_PATIENTS else inf
        for n, stock in zip(numbers, stocks, strict=True)
    ]
    return Allocation(labelled=tuple(within), is_possible=False)


def _whole(n: float) -> float:
    return ceil(n - _ROUNDING) if n < inf else inf
