"""The interval of a ratio of two rates as papers print it."""

from __future__ import annotations

from math import exp, log, nan, sqrt


def katz_interval(successes: tuple[int, int], *, n_cases: tuple[int, int]) -> tuple[float, float]:
    """Return the two-sided 95 % interval of a ratio of two rates as papers would print it.

    Parameters
    ----------
    successes, n_cases : tuple of int
        Of the numerator and of the denominator.

    Returns
    -------
    tuple of float
        Not guarded, not clustered, not adjusted; NaN where a rate is 0.

    References
    ----------
    Katz, D. et al. (1978). Biometrics 34(3), 469-474. doi:10.2307/2530610

    Examples
    --------
    >>> low, high = katz_interval((163, 200), n_cases=(349, 349))
    >>> round(low, 3), round(high, 3)
    (0.706, 0.941)
    """
    (x_a, x_b), (n_a, n_b) = successes, n_cases
    if not (x_a > 0 and x_b > 0):
        return nan, nan
    centre = log(x_a / n_a) - log(x_b / n_b)
    reach = 1.96 * sqrt(1 / x_a - 1 / n_a + 1 / x_b - 1 / n_b)
    return exp(centre - reach), exp(centre + reach)
