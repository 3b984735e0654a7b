"""How large a planted bias came out in the check's own number, in units of its limit."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from pytest_biasruler.checks.finding import Status

if TYPE_CHECKING:
    from pytest_biasruler.audit.trial import Trial
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.finding import Finding


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Sight:
    """One world before or after a bias is planted, and what the check says there."""

    evidence: Evidence
    finding: Finding | None


def realised_size(before: Sight, after: Sight, *, trial: Trial) -> float | None:
    """Return how far the target's mean of the check's column moved, less that of the others.

    Returns
    -------
    float or None
        In units of the limit, above 0 for the worse. For `success` the fall of the target's rate
        as a share of it, in units of 1 - limit; for `floor` the fall of the mean in units of the
        distance of the mean of all cases from the limit; for `ranking` the fall of the last
        model by the expert reference. None where a mean is missing.
    """
    if trial.declared.check == "ranking":
        return _fall_of_last_model(before.evidence, after.evidence, trial)
    if before.finding is None or after.finding is None:
        return None
    if trial.target is None:
        return _moved_estimate(before.finding, after.finding, trial)
    first, second = (_mean(each.finding, trial.target) for each in (before, after))
    if first is None or second is None:
        return None
    if trial.declared.check == "success":
        return _fall_of_rate(first, second, trial)
    # Without a metric, as for `echo`, larger is worse.
    metric = trial.declared.metric
    sign = before.evidence.metric(metric).sign if metric else -1.0
    moved = first - second
    if trial.declared.check != "floor":
        moved -= _mean_of_others(before.finding, trial) - _mean_of_others(after.finding, trial)
    return sign * moved / trial.unit if isfinite(moved) else None


def _fall_of_last_model(before: Evidence, after: Evidence, trial: Trial) -> float | None:
    declared = trial.declared
    last, reference = declared.options["models"][-1], str(declared.reference)
    first, second = (
        float(each.pair(last, reference, declared.label)[declared.metric].mean())
        for each in (before, after)
    )
    moved = before.metric(declared.metric).sign * (first - second) / trial.unit
    return moved if isfinite(moved) else None


def _mean(finding: Finding | None, name: str) -> float | None:
    if finding is None:
        return None
    return next((group.mean for group in finding.groups if group.name == name), None)


def _mean_of_others(finding: Finding, trial: Trial) -> float:
    others = [
        (group.mean, group.n_cases)
        for group in finding.groups
        if group.status == Status.JUDGED and group.name != trial.target and group.mean is not None
    ]
    n_cases = sum(n for _, n in others)
    return sum(mean * n for mean, n in others) / n_cases if n_cases else 0.0


def _fall_of_rate(first: float, second: float, trial: Trial) -> float | None:
    limit = float(trial.declared.limit or 0.0)
    if trial.declared.options["statistic"] == "difference":
        return (first - second) / limit if limit > 0 else None
    if not first > 0 or not limit < 1:
        return None
    return (1 - second / first) / (1 - limit)


def _moved_estimate(before: Finding, after: Finding, trial: Trial) -> float | None:
    """Return how far the value itself moved, where all cases got the bias."""
    values = [each.estimate.value if each.estimate else None for each in (before, after)]
    if values[0] is None or values[1] is None:
        return None
    return (values[1] - values[0]) / trial.unit
