"""Whether two references put models in the same order, and what it costs if they do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.concordance import rank_correlation as rank_correlation
from pytest_biasruler.statistics.multiplicity import adjust_holm
from pytest_biasruler.statistics.paired import EVERYONE as EVERYONE
from pytest_biasruler.statistics.paired import cut_matrices, reach_of
from pytest_biasruler.statistics.regret import Regret as Regret
from pytest_biasruler.statistics.regret import estimate_regret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from pytest_biasruler.statistics.paired import Matrices, PairedDifferences


@dataclass(frozen=True, kw_only=True, slots=True)
class Flip:
    """Two models that the two references put in opposite order.

    Attributes
    ----------
    better, worse : str
        By the automated reference; by the expert one it is the other way round.
    gap_automated, gap_expert : float
        Mean of `better` minus `worse` under A, of `worse` minus `better` under E; both above 0.
    p, p_holm : float
        That both references surely order the two so, alone and over all ordered pairs.
    is_confirmed : bool
        Whether `p_holm` is at most alpha.
    """

    better: str
    worse: str
    gap_automated: float
    gap_expert: float
    p: float
    p_holm: float
    is_confirmed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranking:
    """The order of models under two references, in one group of cases.

    Attributes
    ----------
    subgroup : str
        `EVERYONE` where cases are not cut.
    n_cases, n_patients : int
    models : tuple of str
    means_automated, means_expert : tuple of float
        In the order of `models`.
    order_automated, order_expert : tuple of str
        Best first; a tie under A puts the lower expert mean first, then the first name.
    tau_b : float
        Kendall's rank correlation of the two columns of means; NaN if one of them is constant.
    flips : tuple of Flip
        Every pair in opposite order, confirmed or not, the surest first.
    regret : Regret
    """

    subgroup: str
    n_cases: int
    n_patients: int
    models: tuple[str, ...]
    means_automated: tuple[float, ...]
    means_expert: tuple[float, ...]
    order_automated: tuple[str, ...]
    order_expert: tuple[str, ...]
    tau_b: float
    flips: tuple[Flip, ...]
    regret: Regret


def compare_rankings(
    automated: ArrayLike,
    expert: ArrayLike,
    *,
    models: Sequence[str],
    subgroups: Sequence[str] | NDArray[np.str_] | None = None,
    judged: Sequence[str] = (EVERYONE,),
    patients: Sequence[object] | NDArray[np.generic] | None = None,
    alpha: float = 0.05,
) -> tuple[Ranking, ...]:
    """Compare the order of models under an automated and an expert reference, paired by case.

    Parameters
    ----------
    automated, expert : array_like of float, shape (n, M)
        Scores of each case and model, larger is better; a case with a value that is not finite in
        either matrix is left out.
    models : sequence of str, length M
        At least two, all different.
    subgroups : sequence of str, shape (n,), optional
        The subgroup of each case; without it all cases form one group.
    judged : sequence of str
        The subgroups to rank in; those without a complete case are passed over.
    patients : sequence, shape (n,), optional
        The patient of each case; without it every case is its own patient.
    alpha : float, default 0.05
        Level of Holm over subgroups times ordered pairs, and of each upper bound; lower bounds
        share it among rivals and subgroups.

    Returns
    -------
    tuple of Ranking
        In the order of `judged`.

    Raises
    ------
    ValueError
        If shapes differ, or models are fewer than two or not all different.

    References
    ----------
    Holm, S. (1979). Scandinavian Journal of Statistics 6(2), 65-70.

    Examples
    --------
    >>> (ranking,) = compare_rankings(
    ...     [[0.8, 0.9], [0.7, 0.8], [0.9, 0.9]], [[0.7, 0.5], [0.7, 0.6], [0.6, 0.4]],
    ...     models=["a", "b"])
    >>> ranking.order_automated, ranking.order_expert, round(ranking.regret.value, 6)
    (('b', 'a'), ('a', 'b'), 0.166667)
    """
    names = tuple(models)
    if len(names) < 2 or len(set(names)) < len(names):
        raise ValueError(f"models must be at least two different names, not {list(names)}")
    if np.shape(automated)[-1:] != (len(names),):
        raise ValueError(f"automated must have {len(names)} columns, one for each model")
    cut = cut_matrices((automated, expert), subgroups=subgroups, patients=patients)
    chosen = {name: cut[name] for name in dict.fromkeys(judged) if name in cut}
    reach = reach_of(chosen.values()) if chosen else np.zeros((len(names), len(names)))
    found = {name: _compare(matrices, reach=reach) for name, matrices in chosen.items()}
    adjusted = _adjust([both.p for both in found.values()])
    return tuple(
        _rank(name, both, names, p_holm, n_groups=len(found), alpha=alpha)
        for (name, both), p_holm in zip(found.items(), adjusted, strict=True)
    )


def _adjust(tables: Sequence[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Return the p-values of all tables adjusted together; a model has no flip with itself."""
    if not tables:
        return []
    stacked = np.stack(tables)
    is_pair = np.broadcast_to(~np.eye(stacked.shape[1], dtype=np.bool_), stacked.shape)
    adjusted = np.ones_like(stacked)
    adjusted[is_pair] = adjust_holm(stacked[is_pair])
    return list(adjusted)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Both:
    """Paired differences of all models under both references; p of the flip of (i, j)."""

    matrices: Matrices
    automated: PairedDifferences
    expert: PairedDifferences
    p: NDArray[np.float64]


def _compare(matrices: Matrices, *, reach: NDArray[np.float64]) -> _Both:
    automated, expert = (matrices.differences(side, reach=reach) for side in (0, 1))
    # i ahead of j under A, and j ahead of i under E: both must be sure.
    p = np.maximum(automated.tails(), expert.tails().T)
    return _Both(matrices=matrices, automated=automated, expert=expert, p=p)


def _rank(
    name: str,
    both: _Both,
    models: tuple[str, ...],
    p_holm: NDArray[np.float64],
    *,
    n_groups: int,
    alpha: float,
) -> Ranking:
    by_automated, by_expert = both.matrices.means
    by_name = sorted(range(len(models)), key=lambda m: models[m])
    first = sorted(by_name, key=lambda m: (-by_automated[m], by_expert[m]))
    second = sorted(by_name, key=lambda m: -by_expert[m])
    return Ranking(
        subgroup=name,
        n_cases=both.matrices.n_cases,
        n_patients=both.matrices.n_patients,
        models=models,
        means_automated=tuple(by_automated.tolist()),
        means_expert=tuple(by_expert.tolist()),
        order_automated=tuple(models[m] for m in first),
        order_expert=tuple(models[m] for m in second),
        tau_b=rank_correlation(by_automated, by_expert),
        flips=_list_flips(both, models, p_holm, alpha=alpha),
        regret=estimate_regret(
            both.expert, p_holm, models=models, winner=first[0], n_groups=n_groups, alpha=alpha
        ),
    )


def _list_flips(
    both: _Both, models: tuple[str, ...], p_holm: NDArray[np.float64], *, alpha: float
) -> tuple[Flip, ...]:
    ahead, behind = both.automated.means, both.expert.means.T
    flips = [
        Flip(
            better=models[i],
            worse=models[j],
            gap_automated=float(ahead[i, j]),
            gap_expert=float(behind[i, j]),
            p=float(both.p[i, j]),
            p_holm=float(p_holm[i, j]),
            is_confirmed=bool(p_holm[i, j] <= alpha),
        )
        for i, j in np.argwhere((ahead > 0) & (behind > 0)).tolist()
    ]
    return tuple(sorted(flips, key=lambda flip: (flip.p, flip.better, flip.worse)))
