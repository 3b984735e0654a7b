"""What it costs to choose a model by the wrong reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.power import smallest_detectable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_biasruler.statistics.paired import PairedDifferences


@dataclass(frozen=True, kw_only=True, slots=True)
class Regret:
    """What it costs, by the expert, to choose the model that the automated reference puts first.

    Attributes
    ----------
    winner, rival : str
        First under A (ties: the lower expert mean); the best other model under E.
    value : float
        Expert mean of `rival` minus that of `winner`, at least 0.
    low, high : float
        Largest guarded lower and upper bound over all rivals, at least 0. `high` is taken at level
        1 - alpha: every rival is tested, so it holds although the winner was chosen on the same
        cases. `low` shares alpha among the rivals (and subgroups): the largest of several lower
        bounds at 1 - alpha was above the truth in 12 % of simulated benchmarks.
    ci95 : tuple of float
        Plain two-sided 95 % interval of the paired difference behind `value`, cut at 0.
    se : float
    df : int
        Of that difference, clustered by patient.
    p_overturned : float
        Smallest Holm-adjusted p that the winner is surely ahead of a model under A and surely
        behind it under E.
    is_overturned : bool
        Whether that is at most alpha.
    min_detectable : float
        Difference that would be confirmed in 80 % of benchmarks.
    """

    winner: str
    rival: str
    value: float
    low: float
    high: float
    ci95: tuple[float, float]
    se: float
    df: int
    p_overturned: float
    is_overturned: bool
    min_detectable: float


def estimate_regret(
    expert: PairedDifferences,
    p_holm: NDArray[np.float64],
    *,
    models: Sequence[str],
    winner: int,
    n_groups: int = 1,
    alpha: float = 0.05,
) -> Regret:
    """Estimate what the choice of one model costs by the expert reference.

    Parameters
    ----------
    expert : PairedDifferences
        Between the expert scores of M models, larger is better.
    p_holm : ndarray of float, shape (M, M)
        Adjusted p that model i is surely ahead of j under A and surely behind it under E.
    models : sequence of str, length M
    winner : int
        Position of the chosen model.
    n_groups : int, default 1
        Subgroups that are judged together.
    alpha : float, default 0.05

    Returns
    -------
    Regret

    Examples
    --------
    By the expert, a is ahead of the chosen b by 0.2, 0.1 and 0.2. The guard adds half a case in
    which it is ahead by 0.3, the range of all scores:

    >>> from pytest_biasruler.statistics.paired import cut_matrices
    >>> expert = cut_matrices([[[0.7, 0.5], [0.7, 0.6], [0.6, 0.4]]])["all"].differences(0)
    >>> regret = estimate_regret(expert, np.ones((2, 2)), models=["a", "b"], winner=1)
    >>> regret.rival, round(regret.value, 6), round(regret.high, 3)
    ('a', 0.166667, 0.289)
    """
    rivals = [m for m in range(len(models)) if m != winner]
    lead = expert.means[:, winner]
    rival = min(rivals, key=lambda m: (-lead[m], models[m]))
    low, high, low95, high95 = (
        np.maximum(bound(level=level, side=side)[:, winner], 0.0)
        for bound, level, side in (
            (expert.guarded_bounds, 1 - alpha / (n_groups * len(rivals)), -1),
            (expert.guarded_bounds, 1 - alpha, 1),
            (expert.bounds, 0.975, -1),
            (expert.bounds, 0.975, 1),
        )
    )
    n_tests = n_groups * len(models) * len(rivals)
    se, p_overturned = float(expert.errors[rival, winner]), float(p_holm[winner, rivals].min())
    return Regret(
        winner=models[winner],
        rival=models[rival],
        value=max(0.0, float(lead[rival])),
        low=float(low[rivals].max()),
        high=float(high[rivals].max()),
        ci95=(float(low95[rival]), float(high95[rival])),
        se=se,
        df=expert.df,
        p_overturned=p_overturned,
        is_overturned=p_overturned <= alpha,
        min_detectable=smallest_detectable(se=se, df=expert.df, level=1 - alpha / n_tests),
    )
