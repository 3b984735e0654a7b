"""What a number of patients can show, and how many patients a question needs."""

from __future__ import annotations

from math import ceil, inf, isfinite

from pytest_biasruler.statistics.student import student_quantile

POWER = 0.8
"""The chance of a verdict that every number of this module is about."""

MOST_PATIENTS = 10_000
"""More than this is not a plan; it is reported as infinite."""


def smallest_detectable(*, se: float, df: float, level: float) -> float:
    """Return the excess over a limit that would be found in 80 % of benchmarks.

    Parameters
    ----------
    se, df : float
        Standard error of the estimate and its degrees of freedom.
    level : float
        Level of the bound that has to pass the limit, in (0, 1).

    Returns
    -------
    float
        In the unit of `se`; NaN or infinite as `se` is.

    Examples
    --------
    >>> round(smallest_detectable(se=0.01, df=inf, level=0.95), 6)
    0.024865
    """
    if se == 0 or not isfinite(se):
        return se
    return se * float(student_quantile(level, df) + student_quantile(POWER, df))


def more_patients(n_patients: int, *, se: float, df: float, level: float, margin: float) -> float:
    """Return how many more patients a subgroup needs for a verdict, if the value is the truth.

    Parameters
    ----------
    n_patients : int
        Patients that the subgroup has.
    se, df : float
        Standard error and degrees of freedom of the estimate from them.
    level : float
        Level of the bound that has to pass the limit, in (0, 1).
    margin : float
        Distance of the value from the limit; its sign does not matter.

    Returns
    -------
    float
        A whole number; infinite above 10,000 or where no number suffices.

    Examples
    --------
    Half the needed margin asks for four times the patients, three times as many more:

    >>> more_patients(50, se=1.0, df=inf, level=0.95, margin=1.2433)
    150
    """
    reach = smallest_detectable(se=se, df=df, level=level)
    if not (margin and isfinite(reach)):
        return inf
    wanted = ((reach / margin) ** 2 - 1) * n_patients
    if not wanted <= MOST_PATIENTS:
        return inf
    return max(ceil(wanted), 0)


def patients_per_group(*, sd: float, margin: float, alpha: float = 0.05) -> float:
    """Return the patients that each of two equal subgroups needs, planned from nothing.

    Parameters
    ----------
    sd : float
        Standard deviation within a subgroup.
    margin : float
        Distance of the true gap from the limit, more than 0, in the unit of `sd`.
    alpha : float, default 0.05
        One-sided level of the bound.

    Returns
    -------
    float
        A whole number, at least 1; infinite if the margin is too small for any.

    Raises
    ------
    ValueError
        If `sd` or `margin` is not positive.

    Examples
    --------
    >>> [patients_per_group(sd=sd, margin=0.05) for sd in (0.08, 0.15, 0.25)]
    [33, 113, 310]
    """
    if not (sd > 0 and margin > 0):
        raise ValueError(f"sd and margin must be positive, not {sd} and {margin}")
    df, n_patients = inf, inf
    for _ in range(60):
        reach = smallest_detectable(se=sd, df=df, level=1 - alpha) / margin
        if not isfinite(reach) or reach > 1e100:
            return inf
        n_patients = max(ceil(2 * reach**2 - 1e-9), 1)
        df = max(2 * (n_patients - 1), 1)
    return n_patients
