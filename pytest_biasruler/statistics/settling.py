"""How many labels would settle a gap: Neyman's numbers, raised until the guard is content."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, sqrt
from typing import TYPE_CHECKING

from pytest_biasruler.statistics.allocation import Allocation, allocate_labels, allowed_error
from pytest_biasruler.statistics.moments import PHANTOM_WEIGHT
from pytest_biasruler.statistics.power import POWER
from pytest_biasruler.statistics.student import satterthwaite, student_quantile, student_tail

if TYPE_CHECKING:
    from pytest_biasruler.statistics.allocation import Stock

_HALVINGS = 20
_STEPS = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """What one subgroup adds to a bound: distance of the mean, squared error and its df."""

    shift: float
    variance: float
    df: float


def settle_gap(
    a: Stock, b: Stock, *, margin: float, level: float, chance: float = POWER
) -> Allocation:
    """Return the labels with which a gap would get its verdict, if its estimate is the truth.

    Parameters
    ----------
    a, b : Stock
        The two subgroups, each with the `edge` of the phantom that hurts this verdict.
    margin : float
        Distance of the estimate from the limit, more than 0.
    level : float
        One-sided level of the bound that has to pass the limit, in (0, 1).
    chance : float, default 0.8
        With which it is to pass.

    Returns
    -------
    Allocation
        Infinite numbers where more than 10,000 further patients would be needed.

    Raises
    ------
    ValueError
        If `margin` is not positive.

    Notes
    -----
    `allowed_error` knows nothing of the guard and of Student's t, and its numbers give a verdict
    in only about half of benchmarks. The squared error is therefore lowered, by bisection, until
    the guarded bound itself is expected to pass the limit.

    Examples
    --------
    >>> from pytest_biasruler.statistics.allocation import Stock
    >>> a, b = (
    ...     Stock(name=name, n_labelled=20, n_patients=900, sd=0.15, sd_complete=0.15, edge=edge)
    ...     for name, edge in (("a", 0.2), ("b", 0.8))
    ... )
    >>> settle_gap(a, b, margin=0.05, level=0.95).labelled
    (132.0, 132.0)
    """
    if not margin > 0:
        raise ValueError(f"margin must be positive, not {margin}")
    plain = allowed_error(margin, level=level, chance=chance)
    enough, too_few = 2.0**-_HALVINGS, 1.0
    best = _try(a, b, plain * too_few, margin=margin, level=level, chance=chance)
    if best is not None:
        return best
    best = _try(a, b, plain * enough, margin=margin, level=level, chance=chance)
    if best is None:
        return Allocation(labelled=(inf, inf), is_possible=False)
    for _ in range(_STEPS):
        middle = sqrt(enough * too_few)
        found = _try(a, b, plain * middle, margin=margin, level=level, chance=chance)
        if found is None:
            too_few = middle
        else:
            enough, best = middle, found
    return best


def chance_of_verdict(
    a: Stock, b: Stock, *, labelled: tuple[float, float], margin: float, level: float
) -> float:
    """Return the chance that so many labels give a verdict, if the present estimate is the truth.

    Parameters
    ----------
    a, b, margin, level
        As for `settle_gap`.
    labelled : tuple of float
        Labelled patients of either subgroup in the end.

    Returns
    -------
    float
        In [0, 1]; 0 where the labels leave the gap without an error.

    Raises
    ------
    ValueError
        If `margin` is not positive.

    Examples
    --------
    What `settle_gap` asks for has the chance that it was asked for:

    >>> from pytest_biasruler.statistics.allocation import Stock
    >>> a, b = (
    ...     Stock(name=name, n_labelled=20, n_patients=900, sd=0.15, sd_complete=0.15, edge=edge)
    ...     for name, edge in (("a", 0.2), ("b", 0.8))
    ... )
    >>> chances = (
    ...     chance_of_verdict(a, b, labelled=(n, n), margin=0.05, level=0.95) for n in (132, 40)
    ... )
    >>> [round(chance, 2) for chance in chances]
    [0.8, 0.28]
    """
    if not margin > 0:
        raise ValueError(f"margin must be positive, not {margin}")
    if not min(labelled) > 1:
        return 0.0
    plain = tuple(_part(stock, n, weight=0.0) for stock, n in zip((a, b), labelled, strict=True))
    df = satterthwaite(plain[0].variance, plain[0].df, plain[1].variance, plain[1].df)
    left = margin - _bound((a, b), labelled, level=level)
    return 1 - float(student_tail(left, se=sqrt(sum(part.variance for part in plain)), df=df))


def _try(
    a: Stock, b: Stock, allowed: float, *, margin: float, level: float, chance: float
) -> Allocation | None:
    """Return the allocation for a squared error if its guarded bound passes the limit."""
    found = allocate_labels(a, b, allowed=allowed)
    if not max(found.labelled) < inf:
        return found
    if not found.is_possible:  # what the unlabelled say is left out
        a, b = (
            replace(stock, n_patients=int(n))
            for stock, n in zip((a, b), found.labelled, strict=True)
        )
    reach = _reach((a, b), found.labelled, level=level, chance=chance)
    return found if reach <= margin else None


def _reach(
    stocks: tuple[Stock, Stock], labelled: tuple[float, ...], *, level: float, chance: float
) -> float:
    """Return how far the limit must be from the estimate for the bound to pass it."""
    plain = [_part(stock, n, weight=0.0) for stock, n in zip(stocks, labelled, strict=True)]
    return _bound(stocks, labelled, level=level) + _width(*plain, level=chance)


def _bound(stocks: tuple[Stock, Stock], labelled: tuple[float, ...], *, level: float) -> float:
    """Return how far the guarded bound is expected to lie from the estimate."""
    plain = [_part(stock, n, weight=0.0) for stock, n in zip(stocks, labelled, strict=True)]
    ghost = [
        _part(stock, n, weight=PHANTOM_WEIGHT) for stock, n in zip(stocks, labelled, strict=True)
    ]
    variants = ((plain[0], plain[1]), (ghost[0], plain[1]), (plain[0], ghost[1]))
    return max(a.shift + b.shift + _width(a, b, level=level) for a, b in variants)


def _width(a: _Part, b: _Part, *, level: float) -> float:
    df = satterthwaite(a.variance, a.df, b.variance, b.df)
    return float(student_quantile(level, df)) * sqrt(a.variance + b.variance)


def _part(stock: Stock, n: float, *, weight: float) -> _Part:
    """Return the moments that `n` labels are expected to have, with a phantom of some weight."""
    is_complete = n >= stock.n_patients
    sd = stock.sd_complete if is_complete else stock.sd
    if not n > 1:
        return _Part(shift=0.0, variance=inf, df=1.0)
    total = n + weight
    shift = weight * stock.edge / total
    squares = (n - 1) * sd**2 + n * shift**2 + weight * (stock.edge - shift) ** 2
    variance = squares / (total * (total - 1))
    fixed = 0.0 if is_complete else stock.fixed_error(n)
    return _Part(shift=shift, variance=max(variance, sd**2 / n) + fixed, df=total - 1)
