"""Two bounds and a limit: what may be concluded."""

from __future__ import annotations

from math import isnan
from typing import Literal

VerdictName = Literal["FAIL", "PASS", "INCONCLUSIVE"]


def judge_bounds(low: float | None, high: float | None, limit: float | None) -> VerdictName:
    """Return FAIL only if surely above the limit, PASS only if surely below it.

    Parameters
    ----------
    low, high : float or None
        Bounds of the value; None and NaN are undefined.
    limit : float or None
        What the value should not exceed.

    Returns
    -------
    str
        ``"FAIL"``, ``"PASS"`` or ``"INCONCLUSIVE"``; the last whenever anything is undefined.

    Examples
    --------
    >>> [judge_bounds(low, high, 0.05) for low, high in ((0.06, 0.2), (-0.1, 0.04), (0.05, 0.2))]
    ['FAIL', 'PASS', 'INCONCLUSIVE']
    """
    if low is None or high is None or limit is None:
        return "INCONCLUSIVE"
    if isnan(low) or isnan(high):
        return "INCONCLUSIVE"
    if low > limit:
        return "FAIL"
    return "PASS" if high < limit else "INCONCLUSIVE"


def tipping_point(low: float | None, high: float | None, limit: float | None) -> float:
    """Return the difference in label error between subgroups that would undo a gap verdict.

    Parameters
    ----------
    low, high, limit : float or None
        As for `judge_bounds`.

    Returns
    -------
    float
        At least 0; 0 if the verdict is INCONCLUSIVE.

    Examples
    --------
    >>> tipping_point(0.25, 0.5, 0.125), tipping_point(0.0, 0.25, 0.5), tipping_point(0, 1, 0.5)
    (0.125, 0.25, 0.0)
    """
    verdict = judge_bounds(low, high, limit)
    if low is None or high is None or limit is None or verdict == "INCONCLUSIVE":
        return 0.0
    return low - limit if verdict == "FAIL" else limit - high
