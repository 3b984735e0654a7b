"""Did training on automated labels widen the gap?

The columns are s*(y(automated-trained, expert) - y(expert-trained, expert)) and the gap of the
automated-trained model itself; what counts is the smaller of the growth and the gap, so that
closing a gap is no amplification. Own keys: ``automated_trained`` and ``expert_trained``, the
models of each arm; several are runs of one training.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_biasruler.checks.answer import answer, is_wrongly_paired, note_unjudged
from pytest_biasruler.checks.arms import (
    ARMS,
    Arm,
    bounds_of_arms,
    close_loop,
    contrast_details,
    read_arm,
)
from pytest_biasruler.checks.comparison import (
    Comparison,
    comparison_details,
    conclude,
    estimate_of,
    finite,
)
from pytest_biasruler.checks.evidence import Column, paired_difference
from pytest_biasruler.checks.growth_statement import (
    Change,
    claim_of,
    find_change,
    ratio_details,
    state_growth,
)
from pytest_biasruler.checks.membership import Membership, find_members
from pytest_biasruler.statistics.amplification import Amplification, estimate_amplification
from pytest_biasruler.statistics.comparison import UNDEFINED as NO_SPREAD
from pytest_biasruler.statistics.support import difference_support

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.finding import Estimate, Finding

Supports = tuple[tuple[float, float], tuple[float, float]]


def check_amplification(evidence: Evidence, declared: DeclaredCheck) -> Finding:
    """Return whether some gap surely grew by more than the limit."""
    arms = {
        trained: read_arm(evidence, declared, trained, reference=str(declared.reference))
        for trained in ARMS
    }
    column = paired_difference(arms["automated"].mean, arms["expert"].mean)
    members = find_members(evidence, column, by=declared.by, min_patients=declared.min_patients)
    supports = _supports(evidence, declared, arms) if declared.support == "bounds" else None
    result = _estimate(evidence, declared, column, members=members, arms=arms, supports=supports)
    comparison = _compare(
        declared, column, members=members, arms=arms, result=result, supports=supports
    )
    change = None if result is None else find_change(result)
    verdict, reason = conclude(
        comparison, none_scored="no pairs", wrong_pairing=_is_wrongly_paired(evidence, declared)
    )
    statement = state_growth(
        declared,
        change,
        n_judged=len(members.judged),
        unit=evidence.metric(declared.metric).unit,
        is_crowded=bool(members.crowded),
    )
    return answer(
        evidence,
        declared,
        statement=statement + note_unjudged(members, verdict),
        verdict=verdict,
        reason=reason,
        estimate=_estimate_of(declared, comparison),
        p_fail=result.p_fail if result else None,
        min_detectable=result.min_detectable if result else None,
        groups=members.groups,
        details={
            **comparison_details(comparison),
            "claim": claim_of(declared),
            **_growth_details(result, change),
            **_arm_details(evidence, declared, members, arms=arms, change=change),
        },
    )


def _estimate(
    evidence: Evidence,
    declared: DeclaredCheck,
    column: Column,
    *,
    members: Membership,
    arms: dict[str, Arm],
    supports: Supports | None,
) -> Amplification | None:
    """Return the amplification, or None where too few subgroups are judged."""
    judged, baseline = members.judged, declared.baseline
    if len(judged) < 2 or (baseline is not None and baseline not in judged):
        return None
    cases = column.per_case.index
    return estimate_amplification(
        arms["automated"].scores(cases),
        arms["expert"].scores(cases),
        subgroups=members.subgroups.of.reindex(cases).to_numpy(dtype=object),
        judged=judged,
        limit=float(declared.limit or 0.0),
        supports=supports,
        patients=evidence.patients(cases),
        baseline=baseline,
        alpha=declared.alpha,
    )


def _supports(evidence: Evidence, declared: DeclaredCheck, arms: dict[str, Arm]) -> Supports:
    """Return what a difference and what a score can be, by the bounds of the metric."""
    low, high = bounds_of_arms(evidence, declared, arms.values())
    return (low - high, high - low), (low, high)


def _compare(
    declared: DeclaredCheck,
    column: Column,
    *,
    members: Membership,
    arms: dict[str, Arm],
    result: Amplification | None,
    supports: Supports | None,
) -> Comparison:
    """Return the amplification in the form in which every check draws its conclusion."""
    limit, spread, support = float(declared.limit or 0.0), None, None
    if result is not None:
        spread = replace(
            NO_SPREAD,
            value=result.value,
            low=result.low,
            high=result.high,
            ci95=result.ci95,
            pair=result.pair,
            p_level=result.level,
            p_fail=result.p_fail,
            min_detectable=result.min_detectable,
            needed=result.needed,
        )
        judged = members.judged_among(column.per_case.index)
        seen = difference_support(*(arm.mean.per_case.loc[judged] for arm in arms.values()))
        support = supports[0] if supports else seen
    return Comparison(column=column, members=members, spread=spread, support=support, limit=limit)


def _is_wrongly_paired(evidence: Evidence, declared: DeclaredCheck) -> bool:
    """Return whether most predictions of some run do not touch the expert masks."""
    models = [model for arm in ARMS for model in declared.options[f"{arm}_trained"]]
    return any(
        is_wrongly_paired(evidence, replace(declared, model=model, automated=None))
        for model in models
    )


def _estimate_of(declared: DeclaredCheck, comparison: Comparison) -> Estimate | None:
    estimate = estimate_of(comparison, alpha=declared.alpha)
    if estimate is None or comparison.spread is None:
        return estimate
    several = any(len(declared.options[f"{arm}_trained"]) > 1 for arm in ARMS)
    method = (
        "guarded cluster-robust Welch of growth and gap"
        f"{', widened by the variance between runs' if several else ''}, Bonferroni level "
        f"{comparison.spread.p_level:.4f} for the lower bound, {1 - declared.alpha:.4f} for the "
        "upper"
    )
    return replace(estimate, method=method)


def _growth_details(result: Amplification | None, change: Change | None) -> dict[str, Any]:
    if result is None or change is None:
        return {"gap_pair": None, "gaps": None, "direction": None, "ratio": None, "theta": []}
    return {
        "gap_pair": list(change.pair),
        "gaps": {
            "expert_trained": change.expert.details(),
            "automated_trained": change.automated.details(),
        },
        "direction": change.direction,
        "ratio": ratio_details(result.ratio),
        "theta": [
            {
                "a": one.pair[0],
                "b": one.pair[1],
                "theta": finite(one.theta),
                "low": finite(one.low),
                "high": finite(one.high),
                "p": finite(one.p),
                "growth": contrast_details(one.growth),
                "gap_automated_trained": contrast_details(one.gap),
                "gap_expert_trained": contrast_details(one.gap_expert),
                "is_separated": one.is_separated,
            }
            for one in result.pairs
        ],
    }


def _arm_details(
    evidence: Evidence,
    declared: DeclaredCheck,
    members: Membership,
    *,
    arms: dict[str, Arm],
    change: Change | None,
) -> dict[str, Any]:
    """Return the closed loop, the means of both arms by subgroup and the gap of every run."""
    cases = arms["automated"].mean.per_case.index.intersection(arms["expert"].mean.per_case.index)
    names = members.subgroups.of.reindex(cases)
    parts = {str(name): part.index for name, part in names.groupby(names, sort=True)}
    details: dict[str, Any] = {
        "closed_loop": None,
        "means": {
            f"{trained}_trained": {
                name: finite(arm.mean.shown.loc[part].mean()) for name, part in parts.items()
            }
            for trained, arm in arms.items()
        },
        "seeds": None,
    }
    if change is None:
        return details
    a, b = (parts[name] for name in change.pair)
    details["closed_loop"] = close_loop(
        evidence, declared, members, by_expert=arms, pair=change.pair
    )
    details["seeds"] = {
        f"{trained}_trained": {
            model: finite(np.mean(arm.scores(a)[run]) - np.mean(arm.scores(b)[run]))
            for run, model in enumerate(arm.models)
        }
        for trained, arm in arms.items()
    }
    return details
