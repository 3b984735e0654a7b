"""Do subgroups reach a good enough score equally often?

The column is 1 where the score is better than ``threshold``, else 0. Own keys: ``threshold`` (0.8,
or ``"top-quartile"``), ``statistic`` (``"ratio"``: the smallest rate over the largest, limit 0.8;
``"difference"``, limit 0.10) and ``sweep``, the thresholds of a table that is never gated.
"""

from __future__ import annotations

from math import expm1
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_biasruler.checks.answer import (
    answer,
    answer_comparison,
    is_wrongly_paired,
    note_automated,
    note_unjudged,
)
from pytest_biasruler.checks.comparison import finite
from pytest_biasruler.checks.evidence import Column, score_column
from pytest_biasruler.checks.finding import Estimate, Finding, Verdict
from pytest_biasruler.checks.membership import find_members
from pytest_biasruler.checks.numbers import format_number
from pytest_biasruler.checks.rates import (
    compare_rates,
    compare_successes,
    judge_ratio,
    mark_successes,
    ratio_limit,
)
from pytest_biasruler.checks.sweep import describe_sweep
from pytest_biasruler.statistics.katz import katz_interval

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.membership import Membership
    from pytest_biasruler.statistics.rates import RateRatio

TOP_QUARTILE = "top-quartile"


def check_success(evidence: Evidence, declared: DeclaredCheck) -> Finding:
    """Return whether some subgroup surely succeeds too rarely."""
    scores = score_column(
        evidence,
        declared.metric,
        model=str(declared.model),
        reference=str(declared.reference),
        label=declared.label,
    )
    threshold = find_threshold(evidence, declared, scores)
    column = mark_successes(evidence, declared, scores, threshold=threshold)
    members = find_members(evidence, column, by=declared.by, min_patients=declared.min_patients)
    ratio = compare_rates(evidence, declared, column, members)
    details = {
        "statistic": declared.options["statistic"],
        "threshold": threshold,
        "definition": _define(evidence, declared, threshold),
        "rates": {group.name: group.mean for group in members.groups},
        "dpd": finite(ratio.difference) if ratio else None,
        "dir": _ratio_details(ratio),
        "katz": _katz(ratio),
    }
    if not evidence.is_brief:
        details |= describe_sweep(evidence, declared, scores, threshold=threshold)
    if declared.options["statistic"] == "difference":
        return _answer_difference(evidence, declared, column, ratio, details)
    return _answer_ratio(evidence, declared, members, ratio, details)


def find_threshold(evidence: Evidence, declared: DeclaredCheck, scores: Column) -> float:
    """Return the score that a success must be better than, in natural direction."""
    threshold = declared.options["threshold"]
    if threshold != TOP_QUARTILE:
        return float(threshold)
    sign = evidence.metric(declared.metric).sign
    if scores.per_case.empty:
        return float("nan")
    return sign * float(np.quantile(scores.per_case, 0.75))


def _answer_ratio(
    evidence: Evidence,
    declared: DeclaredCheck,
    members: Membership,
    ratio: RateRatio | None,
    details: dict[str, Any],
) -> Finding:
    verdict, reason = judge_ratio(ratio, members, ratio_limit(declared))
    if verdict == Verdict.PASS and is_wrongly_paired(evidence, declared):
        verdict, reason = Verdict.INCONCLUSIVE, "wrong pairing"
    return answer(
        evidence,
        declared,
        statement=_state(evidence, declared, ratio, details) + note_unjudged(members, verdict),
        verdict=verdict,
        reason=reason,
        estimate=_estimate_of(ratio, declared.alpha),
        p_fail=ratio.p_fail if ratio else None,
        min_detectable=_detectable(ratio, ratio_limit(declared)) if ratio else None,
        groups=members.groups,
        details={
            **details,
            "counts": {"excluded": dict(members.excluded), "undefined": dict(members.undefined)},
            "too_small": list(members.too_small),
            "needed": {name: finite(n) for name, n in ratio.needed.items()} if ratio else None,
            "better_above": True,
        },
    )


def _answer_difference(
    evidence: Evidence,
    declared: DeclaredCheck,
    column: Column,
    ratio: RateRatio | None,
    details: dict[str, Any],
) -> Finding:
    comparison = compare_successes(evidence, declared, column)
    return answer_comparison(
        evidence,
        declared,
        comparison,
        statement=_state(evidence, declared, ratio, details),
        details={**details, "better_above": False},
    )


def _detectable(ratio: RateRatio, limit: float) -> float:
    """Return how far below the limit a ratio must lie to be found in 80 % of benchmarks."""
    return limit * -expm1(-ratio.min_detectable)


def _estimate_of(ratio: RateRatio | None, alpha: float) -> Estimate | None:
    if ratio is None:
        return None
    return Estimate(
        value=finite(ratio.value),
        low=finite(ratio.low),
        high=finite(ratio.high),
        ci95=(finite(ratio.ci95[0]), finite(ratio.ci95[1])),
        pair=ratio.pair,
        method=(
            "guarded cluster-robust ratio of rates on the log scale, max-T level "
            f"{ratio.p_level:.4f} for the upper bound, {1 - alpha:.4f} for the lower"
        ),
        alpha=alpha,
    )


def _ratio_details(ratio: RateRatio | None) -> dict[str, float | None]:
    return {
        "value": finite(ratio.value) if ratio else None,
        "low": finite(ratio.low) if ratio else None,
        "high": finite(ratio.high) if ratio else None,
    }


def _katz(ratio: RateRatio | None) -> list[float | None] | None:
    """Return the 95 % interval of the ratio that papers print: no guard, no clusters."""
    if ratio is None or ratio.pair is None:
        return None
    known = {group.name: group for group in ratio.groups}
    better, worse = (known[name] for name in ratio.pair)
    low, high = katz_interval(
        (round(worse.mean * worse.n_cases), round(better.mean * better.n_cases)),
        n_cases=(worse.n_cases, better.n_cases),
    )
    return [finite(low), finite(high)]


def _define(evidence: Evidence, declared: DeclaredCheck, threshold: float) -> str:
    metric = evidence.metric(declared.metric)
    relation = "above" if metric.sign > 0 else "below"
    unit = f" {metric.unit}" if metric.unit else ""
    is_declared = declared.options["threshold"] != TOP_QUARTILE
    origin = "" if is_declared else " (the best quarter of all cases)"
    return f"{metric.title} {relation} {format_number(threshold)}{unit}{origin}"


def _state(
    evidence: Evidence, declared: DeclaredCheck, ratio: RateRatio | None, details: dict[str, Any]
) -> str:
    attribute = " and ".join(declared.by)
    definition = _define(evidence, declared, details["threshold"])
    if ratio is None:
        return f"The shares of cases with {definition} cannot be compared by {attribute}"
    if ratio.pair is None and declared.options["statistic"] == "ratio":
        return f"No judged subgroup of {attribute} has a rate above 0 to compare ({definition})"
    rates = {group.name: 100 * group.mean for group in ratio.groups if group.is_judged}
    ranked = sorted(rates, key=lambda name: (-rates[name], name))
    better, worse = ratio.pair or (ranked[0], ranked[-1])
    told = f"ratio {format_number(ratio.value, limit=declared.limit)}"
    if declared.options["statistic"] == "difference":
        told = f"difference {format_number(ratio.difference, limit=declared.limit)}"
    return (
        f"{format_number(rates[worse], decimals=0)} % of {attribute} {worse} against "
        f"{format_number(rates[better], decimals=0)} % of {better} reach {definition} "
        f"({told}){note_automated(evidence, declared)}"
    )
