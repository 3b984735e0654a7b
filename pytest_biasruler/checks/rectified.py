"""What is the gap by the experts when they labelled only a random subset?

The column is s*y(model, expert) where experts labelled, helped by s*y(model, automated) on all
cases. Own keys: ``labelled``, ``"random"`` if the labelled patients are a simple random part of
each subgroup; ``probability``, the metadata column with the known chance of each case.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_biasruler.checks.answer import answer_comparison
from pytest_biasruler.checks.bounds import bounds_of
from pytest_biasruler.checks.comparison import Comparison, finite
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.checks.labelling import (
    find_labelled_members,
    find_labelling,
    read_probabilities,
)
from pytest_biasruler.checks.numbers import format_number
from pytest_biasruler.checks.sources import compare_sources
from pytest_biasruler.statistics.comparison import compare_groups
from pytest_biasruler.statistics.rectified import rectify_means

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.checks.labelling import Labelling
    from pytest_biasruler.checks.membership import Membership
    from pytest_biasruler.statistics.rectified import Rectification, RectifiedMean

NOT_RANDOM = "not a random subset"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Cut:
    """Who was labelled, in which subgroup, and with what chance each usable case was chosen."""

    labelling: Labelling
    members: Membership
    chances: np.ndarray | None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Rectified:
    """One question of this kind: who was labelled, and the means that follow."""

    labelling: Labelling
    members: Membership
    means: tuple[RectifiedMean, ...]
    comparison: Comparison
    is_random: bool


def check_rectified(evidence: Evidence, declared: DeclaredCheck) -> Finding:
    """Return whether the gap by the experts, rectified, surely exceeds the limit."""
    found = _rectify(evidence, declared)
    finding = answer_comparison(
        evidence,
        declared,
        found.comparison,
        statement=_state(evidence, declared, found),
        details=_details(evidence, declared, found),
        none_scored="no pairs",
    )
    if finding.estimate is None:
        return finding
    method = f"prediction-powered means, {finding.estimate.method}"
    finding = replace(finding, estimate=replace(finding.estimate, method=method))
    if found.is_random:
        return finding
    # Labels that were picked by hand are no evidence: not of this check, and not for the family.
    return replace(finding, verdict=Verdict.INCONCLUSIVE, reason=NOT_RANDOM, p_fail=None)


def _rectify(evidence: Evidence, declared: DeclaredCheck) -> _Rectified:
    labelling = find_labelling(
        evidence,
        declared.metric,
        model=str(declared.model),
        reference=str(declared.reference),
        automated=str(declared.automated),
        label=declared.label,
    )
    members = find_labelled_members(
        evidence, labelling, by=declared.by, min_patients=declared.min_patients
    )
    column = declared.options.get("probability")
    chances = None if column is None else read_probabilities(evidence, labelling, column=column)
    cut = _Cut(labelling=labelling, members=members, chances=chances)
    means = _means(evidence, declared, cut, names=members.subgroups.order).means
    members = _with_means(members, means, sign=evidence.metric(declared.metric).sign)
    return _Rectified(
        labelling=labelling,
        members=members,
        means=means,
        comparison=_compare(evidence, declared, replace(cut, members=members)),
        is_random=column is not None
        or declared.options.get("labelled") == "random"
        or (labelling.is_complete and not members.crowded),
    )


def _compare(evidence: Evidence, declared: DeclaredCheck, cut: _Cut) -> Comparison:
    """Return the spread of the judged subgroups, if there are two and the baseline is one."""
    limit, judged = float(declared.limit or 0.0), cut.members.judged
    spread = support = None
    if len(judged) > 1 and (declared.baseline is None or declared.baseline in judged):
        rectified = _means(evidence, declared, cut, names=judged)
        support = rectified.support
        spread = compare_groups(
            [mean.guarded for mean in rectified.means],
            limit=limit,
            baseline=declared.baseline,
            alpha=declared.alpha,
            overlap=rectified.overlap,
        )
    return Comparison(
        column=cut.labelling.labelled,
        members=cut.members,
        spread=spread,
        support=support,
        limit=limit,
    )


def _means(
    evidence: Evidence, declared: DeclaredCheck, cut: _Cut, *, names: Sequence[str]
) -> Rectification:
    """Return the rectified means of the subgroups `names`."""
    labelling, everyone = cut.labelling, cut.labelling.everyone.per_case
    of = cut.members.subgroups.of.reindex(everyone.index)
    bounds = None
    if declared.support == "bounds" and len(labelling.labelled.per_case):
        bounds = bounds_of(evidence, declared, labelling.labelled, labelling.everyone)
    return rectify_means(
        everyone.to_numpy(),
        expert=labelling.expert_or_nan,
        subgroups=of.to_numpy(dtype=object),
        judged=names,
        patients=evidence.patients(everyone.index),
        probability=cut.chances,
        bounds=bounds,
    )


def _with_means(members: Membership, means: Sequence[RectifiedMean], *, sign: float) -> Membership:
    """Return the members with the rectified mean of each subgroup in natural direction."""
    known = {mean.name: sign * mean.guarded.plain.mean for mean in means}
    groups = tuple(replace(group, mean=finite(known.get(group.name))) for group in members.groups)
    return replace(members, groups=groups)


def _state(evidence: Evidence, declared: DeclaredCheck, found: _Rectified) -> str:
    labelling, is_complete = found.labelling, found.labelling.is_complete
    n_labelled, n_cases = len(labelling.labelled.per_case), len(labelling.everyone.per_case)
    attribute, spread = " and ".join(declared.by), found.comparison.spread
    share = f"all {n_cases}" if is_complete else f"{n_labelled} of {n_cases}"
    has_lost = labelling.everyone.excluded or labelling.everyone.undefined
    start = f"Experts labelled {share} cases{' that can be used' if has_lost else ''}; "
    if spread is None:
        return f"{start}the {attribute} gap cannot be rectified"
    metric = evidence.metric(declared.metric)
    value = format_number(finite(spread.value), limit=declared.limit)
    value += f" {metric.unit}" if metric.unit else ""
    start += "" if is_complete else "rectified, "
    best, worst = found.comparison.pair
    return f"{start}{metric.title} of {attribute} {worst} is {value} worse than of {best}"


def _details(evidence: Evidence, declared: DeclaredCheck, found: _Rectified) -> dict[str, Any]:
    labelling = found.labelling
    return {
        "needed": None,  # more labels may do; how many is said by the plan
        "design": {
            "labelled": declared.options.get("labelled"),
            "probability": declared.options.get("probability"),
            "is_random": found.is_random,
            "is_complete": labelling.is_complete,
            "min_patients": declared.min_patients,
        },
        "n_labelled": len(labelling.labelled.per_case),
        "n_cases": len(labelling.everyone.per_case),
        "labelled": {mean.name: _part(mean) for mean in found.means},
        "naive": compare_sources(evidence, found.labelling, found.comparison),
    }


def _part(mean: RectifiedMean) -> dict[str, Any]:
    return {
        "labelled": mean.n_labelled_cases,
        "unlabelled": mean.n_unlabelled_cases,
        "labelled_patients": mean.n_labelled,
        "unlabelled_patients": mean.n_unlabelled,
        "weight": finite(mean.weight),
        "effective": finite(mean.effective),
        "mean_rectifier": finite(mean.mean_rectifier),
        "sd_rectifier": finite(mean.sd_rectifier),
        "sd_automated": finite(mean.sd_automated),
        "sd_expert": finite(mean.sd_expert),
        "support": [finite(end) for end in mean.support],
    }
