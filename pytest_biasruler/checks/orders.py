"""The orders of models that a `ranking` finding shows: by mean, by gap, by the challenge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_biasruler.checks.challenge import describe_challenge
from pytest_biasruler.checks.comparison import finite
from pytest_biasruler.checks.matrices import SIDES
from pytest_biasruler.statistics.ranking import rank_correlation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.matrices import ModelScores
    from pytest_biasruler.checks.membership import Membership
    from pytest_biasruler.statistics.ranking import Ranking


def describe_orders(
    evidence: Evidence,
    declared: DeclaredCheck,
    scores: ModelScores,
    *,
    rankings: Sequence[Ranking],
    overall: Ranking | None,
    members: Membership,
) -> dict[str, Any]:
    """Return the plain form of every ranking, and the orders that are described only.

    ``rankings`` are judged; ``overall``, with subgroups, is the order over all complete cases.
    """
    sign = evidence.metric(declared.metric).sign
    details: dict[str, Any] = {
        "rankings": [_plain(ranking, sign=sign, by=declared.by) for ranking in rankings],
        "overall": _plain(overall, sign=sign, by=()) if overall and declared.by else None,
    }
    if evidence.is_brief:
        return details
    details["by_gap"] = _order_by_gap(scores, members) if declared.by else None
    details["challenge"] = _challenge(evidence, declared, scores.models)
    return details


def _plain(ranking: Ranking, *, sign: float, by: Sequence[str]) -> dict[str, Any]:
    regret = ranking.regret
    means = zip(SIDES, (ranking.means_automated, ranking.means_expert), strict=True)
    return {
        "subgroup": ranking.subgroup if by else None,
        "n_cases": ranking.n_cases,
        "n_patients": ranking.n_patients,
        "means": {
            side: {m: finite(sign * mean) for m, mean in zip(ranking.models, row, strict=True)}
            for side, row in means
        },
        "order": {
            "automated": list(ranking.order_automated),
            "expert": list(ranking.order_expert),
        },
        "tau_b": finite(ranking.tau_b),
        "flips": [
            {
                "better": flip.better,
                "worse": flip.worse,
                "gap_automated": finite(flip.gap_automated),
                "gap_expert": finite(flip.gap_expert),
                "p": finite(flip.p),
                "p_holm": finite(flip.p_holm),
                "confirmed": flip.is_confirmed,
            }
            for flip in ranking.flips
        ],
        "regret": {
            "winner": regret.winner,
            "rival": regret.rival,
            "value": finite(regret.value),
            "low": finite(regret.low),
            "high": finite(regret.high),
            "p_holm": finite(regret.p_overturned),
            "overturned": regret.is_overturned,
        },
    }


def _order_by_gap(scores: ModelScores, members: Membership) -> dict[str, Any] | None:
    """Return the models from the smallest to the largest gap under each reference."""
    names = members.subgroups.of.reindex(scores.cases).to_numpy()
    chosen = [names == name for name in members.judged]
    if len(chosen) < 2:
        return None
    matrices = {side: scores.matrix(side) for side in SIDES}
    gaps = {
        side: np.ptp([matrix[cases].mean(axis=0) for cases in chosen], axis=0)
        for side, matrix in matrices.items()
    }
    return {
        "gaps": {
            side: {m: finite(gap) for m, gap in zip(scores.models, of_side, strict=True)}
            for side, of_side in gaps.items()
        },
        "order": {side: _ascending(scores.models, gaps[side]) for side in SIDES},
        "tau_b": finite(rank_correlation(gaps["automated"], gaps["expert"])),
    }


def _ascending(models: Sequence[str], values: np.ndarray) -> list[str]:
    of = dict(zip(models, values.tolist(), strict=True))
    return sorted(models, key=lambda model: (of[model], model))


def _challenge(
    evidence: Evidence, declared: DeclaredCheck, models: Sequence[str]
) -> dict[str, Any] | None:
    """Return every model's challenge score under both references, where all can be given."""
    references = zip(SIDES, (str(declared.automated), str(declared.reference)), strict=True)
    scores: dict[str, dict[str, Any]] = {}
    for side, reference in references:
        of_side: Mapping[str, Any] = {
            model: describe_challenge(
                evidence, model=model, reference=reference, label=declared.label
            )
            for model in models
        }
        if any(score is None for score in of_side.values()):
            return None
        scores[side] = dict(of_side)
    return scores
