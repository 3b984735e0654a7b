"""Does the gap survive once case difficulty is held equal?

The column is s*y(model, reference). A line through the reference group predicts, from covariates
alone, what each case of another subgroup would get; what a subgroup gets less than that is
unexplained. Against a declared baseline only less counts. If the reference group was only chosen,
as the largest, more counts as well: then it is the reference group that is worse off.

Own keys: ``difficulty``, the covariates: shape features of the expert mask or columns of the
metadata, numbers or text; ``max_off_support``, the share of a subgroup's cases that may lie
outside what the reference group covers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.checks.answer import (
    answer,
    is_wrongly_paired,
    note_automated,
    note_unjudged,
)
from pytest_biasruler.checks.comparison import finite
from pytest_biasruler.checks.covariates import read_covariates
from pytest_biasruler.checks.evidence import Column, score_column
from pytest_biasruler.checks.finding import Estimate, Finding, Verdict
from pytest_biasruler.checks.membership import find_members
from pytest_biasruler.checks.numbers import format_number
from pytest_biasruler.checks.remainders import decompose_gaps, describe_remainders
from pytest_biasruler.statistics.oaxaca import estimate_remainders
from pytest_biasruler.statistics.spread import judge_bounds

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.checks.covariates import Covariate
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.membership import Membership
    from pytest_biasruler.statistics.remainder import Remainders

    Covariates = tuple[Covariate, ...]


def check_difficulty(evidence: Evidence, declared: DeclaredCheck) -> Finding:
    """Return whether some subgroup is surely worse off than its cases' difficulty explains."""
    scores = score_column(
        evidence,
        declared.metric,
        model=str(declared.model),
        reference=str(declared.reference),
        label=declared.label,
    )
    covariates = read_covariates(evidence, declared, scores.per_case.index)
    column = _with_covariates(scores, covariates)
    members = find_members(evidence, column, by=declared.by, min_patients=declared.min_patients)
    baseline = _find_baseline(declared, members)
    left = _estimate(evidence, declared, column, covariates, members, baseline)
    verdict, reason = _conclude(
        left, declared, members, is_wrong=is_wrongly_paired(evidence, declared)
    )
    return answer(
        evidence,
        declared,
        statement=_state(evidence, declared, left, covariates) + note_unjudged(members, verdict),
        verdict=verdict,
        reason=reason,
        estimate=_estimate_of(left, alpha=declared.alpha) if left else None,
        p_fail=left.p_fail if left else None,
        min_detectable=left.min_detectable if left else None,
        groups=members.groups,
        details={
            "counts": {"excluded": dict(members.excluded), "undefined": dict(members.undefined)},
            "too_small": list(members.too_small),
            "covariates": [covariate.to_plain() for covariate in covariates],
            "baseline": baseline,
            "is_baseline_chosen": declared.baseline is None,
            "max_off_support": _max_off_support(declared),
            **describe_remainders(left, limit=float(declared.limit or 0.0)),
            "kitagawa": decompose_gaps(evidence, column, covariates, members, baseline=baseline)
            if left and not evidence.is_brief
            else {},
        },
    )


def _with_covariates(scores: Column, covariates: Covariates) -> Column:
    """Return the scores of the cases whose difficulty is known; the others are undefined."""
    cases = scores.per_case.index
    is_known = np.ones(len(cases), dtype=bool)
    for covariate in covariates:
        is_known &= covariate.is_known.to_numpy()
    return Column(
        per_case=scores.per_case[is_known],
        shown=scores.shown[is_known],
        excluded=scores.excluded,
        undefined=scores.undefined | frozenset(cases[~is_known]),
    )


def _find_baseline(declared: DeclaredCheck, members: Membership) -> str | None:
    """Return the reference group: the declared one, else the judged one with most patients."""
    if declared.baseline is not None:
        return declared.baseline
    judged = [group for group in members.groups if group.name in members.judged]
    largest = min(judged, key=lambda group: (-group.n_patients, group.name), default=None)
    return largest.name if largest else None


def _max_off_support(declared: DeclaredCheck) -> float:
    return float(declared.options["max_off_support"])


def _estimate(
    evidence: Evidence,
    declared: DeclaredCheck,
    column: Column,
    covariates: Covariates,
    members: Membership,
    baseline: str | None,
) -> Remainders | None:
    if len(members.judged) < 2 or baseline is None or baseline not in members.judged:
        return None
    cases = column.per_case.index
    return estimate_remainders(
        column.per_case.to_numpy(),
        covariates={one.name: one.values.loc[cases].to_numpy() for one in covariates},
        subgroups=members.subgroups.of.reindex(cases).to_numpy(dtype=object),
        judged=members.judged,
        baseline=baseline,
        limit=float(declared.limit or 0.0),
        patients=evidence.patients(cases),
        max_off_support=_max_off_support(declared),
        both_orders=declared.baseline is None,
        alpha=declared.alpha,
    )


def _conclude(
    left: Remainders | None, declared: DeclaredCheck, members: Membership, *, is_wrong: bool
) -> tuple[Verdict, str | None]:
    if left is None:
        return Verdict.INCONCLUSIVE, "too few subgroups"
    verdict = Verdict(judge_bounds(left.low, left.high, declared.limit))
    # What lies beyond reach proves nothing; it takes nothing from a FAIL of another subgroup.
    if verdict != Verdict.FAIL and left.beyond_reach:
        return Verdict.INCONCLUSIVE, "no overlap"
    if verdict == Verdict.PASS and is_wrong:
        return Verdict.INCONCLUSIVE, "wrong pairing"
    if verdict == Verdict.PASS and members.crowded:
        return Verdict.INCONCLUSIVE, "missing values"
    if verdict != Verdict.INCONCLUSIVE:
        return verdict, None
    is_strong = left.min_detectable <= float(declared.limit or 0.0)
    return verdict, "borderline" if is_strong else "underpowered"


def _estimate_of(left: Remainders, *, alpha: float) -> Estimate:
    return Estimate(
        value=finite(left.value),
        low=finite(left.low),
        high=finite(left.high),
        ci95=(finite(left.ci95[0]), finite(left.ci95[1])),
        pair=left.pair,
        method=(
            "guarded Oaxaca decomposition on the reference group's line, HC3 by patient, "
            f"{'both orders, ' if left.is_unsigned else ''}level {left.level:.4f} for the lower "
            f"bound, {1 - alpha:.4f} for the upper"
        ),
        alpha=alpha,
    )


def _state(
    evidence: Evidence, declared: DeclaredCheck, left: Remainders | None, covariates: Covariates
) -> str:
    metric, attribute = evidence.metric(declared.metric), " and ".join(declared.by)
    held = _join([covariate.title for covariate in covariates])
    if left is None or left.pair is None:
        return (
            f"{metric.title} cannot be compared between subgroups of {attribute} with {held} "
            "held equal"
        )
    best, worst = left.pair
    gap = left.gap
    unit = f" {metric.unit}" if metric.unit else ""
    value = format_number(left.value, limit=declared.limit)
    verb = "are" if len(covariates) > 1 else "is"
    ending = note_automated(evidence, declared)
    if 0 < left.value <= gap:
        return (
            f"{value} of the {format_number(gap)}{unit} {metric.title} gap between {attribute} "
            f"{best} and {worst} remains when {held} {verb} held equal{ending}"
        )
    # The limit lies on the side of "worse" only.
    limit = declared.limit if left.value >= 0 else None
    return (
        f"At equal {held}, {metric.title} is {_tell(left.value, metric, limit=limit)} for "
        f"{attribute} {worst} than for {best} ({_tell(gap, metric)} before){ending}"
    )


def _join(names: list[str]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def _tell(gap: float, metric: Metric, *, limit: float | None = None) -> str:
    unit = f" {metric.unit}" if metric.unit else ""
    way = "lower" if (gap >= 0) == (metric.sign > 0) else "higher"
    return f"{format_number(abs(gap), limit=limit)}{unit} {way}"
