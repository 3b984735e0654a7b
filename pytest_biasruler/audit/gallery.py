"""The worst cases of a failing finding, chosen by the number that made it fail."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_biasruler.checks.comparison import finite
from pytest_biasruler.checks.evidence import paired_difference, score_column
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.checks.quantities import is_beside_humans, is_larger_worse
from pytest_biasruler.scoring.gallery import draw_case

if TYPE_CHECKING:
    import pandas as pd

    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.finding import Finding

N_WORST = 12
N_MEDIAN = 3

EVERYBODY = "all"
"""What stands for a subgroup where a check compares none."""

_UNSEEN = ("morphology", "provenance", "transport")
"""Checks whose number no single case explains by how its masks look."""


def illustrate(evidence: Evidence, finding: Finding, *, show_cases: bool = False) -> Finding:
    """Return the finding with ``details["gallery"]`` if it is a FAIL and its masks can be read.

    Shown are the 12 cases of the worst-off subgroup that the check's own number puts last, and 3
    about the median.
    """
    subgroup = _worst_off(finding)
    if finding.verdict != Verdict.FAIL or subgroup is None or finding.check in _UNSEEN:
        return finding
    ranked = _rank_cases(evidence, finding, subgroup)
    worst = [(case, "worst") for case in ranked.index[:N_WORST]]
    rest = ranked.index[N_WORST:]
    middle = max(len(rest) // 2 - N_MEDIAN // 2, 0)
    median = [(case, "median") for case in rest[middle : middle + N_MEDIAN]]
    pictures = []
    for case, kind in [*worst, *median]:
        picture = _picture(evidence, finding, case, show_cases=show_cases)
        if picture is not None:
            number = float(ranked[case])
            pictures.append({**picture, "kind": kind, "subgroup": subgroup, "number": number})
    return replace(finding, details={**finding.details, "gallery": pictures})


def _worst_off(finding: Finding) -> str | None:
    """Return the subgroup whose cases explain the finding."""
    if finding.check == "floor":
        worst = finding.details.get("worst")
        return None if worst is None else str(worst)
    if finding.check == "ranking":
        return str(finding.details.get("subgroup") or EVERYBODY)
    if finding.check == "echo" and not finding.by:
        return EVERYBODY
    pair = finding.estimate.pair if finding.estimate else None
    if pair is None:
        return None
    if is_larger_worse(finding):
        return pair[0]
    if not _is_signed(finding):
        return pair[1]
    means = {group.name: abs(group.mean or 0.0) for group in finding.groups}
    return max(pair, key=lambda name: (means[name], name))


def _is_signed(finding: Finding) -> bool:
    """Return whether a case is the worse the further its number lies from 0."""
    return finding.metric == "signed_volume_error" or _is_paired(finding)


def _is_paired(finding: Finding) -> bool:
    """Return whether the number of a case is its score by one reference minus the other's."""
    is_dose = finding.details.get("form") == "dose"
    return finding.check == "ruler" or (finding.check == "noise" and not is_dose)


def _rank_cases(evidence: Evidence, finding: Finding, subgroup: str) -> pd.Series:
    """Return the check's number for each case of the subgroup, worst first."""
    shown = _number_of_cases(evidence, finding)
    members = shown
    if subgroup != EVERYBODY or finding.by:
        of = evidence.cut(finding.by).of.reindex(shown.index)
        members = shown[(of == subgroup).to_numpy()]
    is_better_above = -1.0 if finding.metric is None else evidence.metric(finding.metric).sign
    badness = members.abs() if _is_signed(finding) else -is_better_above * members
    return members.loc[badness.sort_values(ascending=False, kind="stable").index]


def _number_of_cases(evidence: Evidence, finding: Finding) -> pd.Series:
    """Return what the check looks at in each case; of several runs, the first."""
    label, model = finding.label, _model_of(finding)
    reference, automated = str(finding.reference), str(finding.automated)
    if finding.check == "echo":
        asked = {"model": str(model), "automated": automated, "reference": reference}
        return evidence.echoes(**asked, label=label)["kappa"].dropna()
    metric = str(finding.metric)
    scored_set = automated if finding.check == "labels" else str(model)
    column = score_column(evidence, metric, model=scored_set, reference=reference, label=label)
    if finding.check == "ranking":
        best = _leaders(finding)["expert"]
        other = score_column(evidence, metric, model=best, reference=reference, label=label)
        column = paired_difference(column, other)
    if _is_paired(finding):
        other = score_column(evidence, metric, model=scored_set, reference=automated, label=label)
        column = paired_difference(other, column)
    if is_beside_humans(finding):
        second = str(finding.details["second_expert"])
        humans = score_column(evidence, metric, model=second, reference=reference, label=label)
        column = paired_difference(column, humans)
    return column.shown


def _model_of(finding: Finding) -> str | None:
    """Return the model whose masks are drawn."""
    if finding.check == "amplification":
        return str(next(iter(finding.details["seeds"]["automated_trained"])))
    if finding.check == "ranking":
        return _leaders(finding)["automated"]
    return finding.model


def _leaders(finding: Finding) -> dict[str, str]:
    """Return the model that each reference puts first, where the regret is told."""
    told = finding.details.get("subgroup")
    rankings = finding.details.get("rankings") or ()
    order = next(one["order"] for one in rankings if one.get("subgroup") == told)
    return {side: str(order[side][0]) for side in ("expert", "automated")}


def _picture(
    evidence: Evidence, finding: Finding, case: str, *, show_cases: bool
) -> dict[str, Any] | None:
    model = _model_of(finding)
    roles = {
        "expert": finding.reference,
        "automated": finding.automated,
        "model": model,
    }
    lost = evidence.scored.unreadable  # what killed its process once is not opened again
    sets = {
        name: role
        for role, name in roles.items()
        if name is not None and case not in lost.get(name, ())
    }
    picture = draw_case(
        evidence.benchmark,
        case,
        sets=list(sets),
        label=finding.label,
        readers=evidence.readers,
    )
    if picture is None:
        return None
    scored_set = finding.automated if model is None else model
    rows = evidence.pair(str(scored_set), str(finding.reference), finding.label)
    known = case in rows.index
    return {
        "case": case if show_cases else evidence.scored.aliases.get(case, "case"),
        "score": float(rows[finding.metric][case]) if known and finding.metric else None,
        "volume_ml": finite(rows["reference_ml"][case]) if known else None,
        "outlines": {sets[name]: path for name, path in picture.outlines.items()},
        "width": picture.width,
        "height": picture.height,
        "coarse": [sets[name] for name in picture.coarse],
        "model": model,
        "sides": list(picture.sides),
        "difficulty": _difficulty(evidence, case),
    }


def _difficulty(evidence: Evidence, case: str) -> dict[str, str]:
    """Return the columns of the metadata that `difficulty` checks of the benchmark hold equal."""
    declared = [check.keys.get("difficulty") or () for check in evidence.benchmark.checks]
    names = {str(n) for one in declared for n in ([one] if isinstance(one, str) else one)}
    frame = evidence.metadata.frame
    return {name: str(frame[name][case]) for name in sorted(names) if name in frame.columns}
