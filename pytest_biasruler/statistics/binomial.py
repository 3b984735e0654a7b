"""How sure a share of yes among independent trials is: the exact interval."""

from __future__ import annotations

from scipy.special import betaincinv


def exact_interval(n_yes: int, n_trials: int, *, level: float = 0.95) -> tuple[float, float]:
    """Return the exact two-sided interval of a share.

    Parameters
    ----------
    n_yes, n_trials : int
        How many of the trials said yes, and how many there were.
    level : float, default 0.95
        Of the interval; it holds the true share at least this often.

    Returns
    -------
    tuple of float
        In [0, 1]; (0, 1) without a trial.

    Raises
    ------
    ValueError
        If `n_yes` is not between 0 and `n_trials`, or `level` not inside (0, 1).

    References
    ----------
    Clopper, C. J., Pearson, E. S. (1934). Biometrika 26(4), 404-413. doi:10.2307/2331986

    Examples
    --------
    None of 20: the upper end solves (1 - p)**20 = 0.025.

    >>> low, high = exact_interval(0, 20)
    >>> low, round(high, 4), round((1 - high) ** 20, 3)
    (0.0, 0.1684, 0.025)
    """
    if not 0 <= n_yes <= n_trials:
        raise ValueError(f"n_yes must lie between 0 and n_trials = {n_trials}, not {n_yes}")
    if not 0 < level < 1:
        raise ValueError(f"level must lie inside (0, 1), not {level}")
    tail, n_no = (1 - level) / 2, n_trials - n_yes
    low = float(betaincinv(n_yes, n_no + 1, tail)) if n_yes else 0.0
    high = float(betaincinv(n_yes + 1, n_no, 1 - tail)) if n_no else 1.0
    return low, high
