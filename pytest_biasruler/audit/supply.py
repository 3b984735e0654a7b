"""What experts could still label for a finding, and what the labels there are say of the rest."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, inf, sqrt
from typing import TYPE_CHECKING

import pandas as pd

from pytest_biasruler.benchmark.definition import ReferenceKind
from pytest_biasruler.checks.evidence import Column, paired_difference, score_column
from pytest_biasruler.checks.labelling import find_labelling, find_unlabelled
from pytest_biasruler.checks.membership import MAX_UNDEFINED_SHARE
from pytest_biasruler.statistics.allocation import Stock
from pytest_biasruler.statistics.cells import cut_cells
from pytest_biasruler.statistics.moments import moments_of, sum_cells

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.finding import Finding


@dataclass(frozen=True, kw_only=True, slots=True)
class Supply:
    """One subgroup of a finding: what it has, and who in it could still be labelled.

    Attributes
    ----------
    stock : Stock
        Without the phantom's edge, which depends on the pair.
    mean, low, high : float
        Of the number that a label gives, and the support of the guard.
    open_cases : mapping of str to tuple of str
        Patient -> the cases of that patient that no expert labelled, both sorted by name.
    labelled : frozenset of str
        Patients with a labelled case.
    n_spare : int
        Open cases that may stay unlabelled without withholding a PASS; below 0 if too many
        cases are lost for other reasons.
    """

    stock: Stock
    mean: float
    low: float
    high: float
    open_cases: Mapping[str, tuple[str, ...]]
    labelled: frozenset[str]
    n_spare: int

    @property
    def n_open(self) -> int:
        """Patients with a case that could be labelled."""
        return len(self.open_cases)


def find_supplies(
    evidence: Evidence, finding: Finding, *, names: Sequence[str]
) -> dict[str, Supply]:
    """Return what each of the subgroups `names` has, of a gap, ruler or rectified finding."""
    column, unlabelled = _column_of(evidence, finding)
    of = evidence.cut(finding.by).of
    return {
        name: _supply(
            evidence,
            finding,
            name=name,
            values=column.per_case[(of.reindex(column.per_case.index) == name).to_numpy()],
            unlabelled=unlabelled[(of.reindex(unlabelled) == name).to_numpy()],
            members=of.index[of == name],
        )
        for name in names
    }


def _column_of(evidence: Evidence, finding: Finding) -> tuple[Column, pd.Index]:
    """Return the number that each labelled case gives, and the cases that could be labelled."""
    metric, reference = str(finding.metric), str(finding.reference)
    model, automated = str(finding.model), str(finding.automated)
    if finding.check == "rectified":
        found = find_labelling(
            evidence,
            metric,
            model=model,
            reference=reference,
            automated=automated,
            label=finding.label,
        )
        return found.labelled, found.unlabelled
    is_ruler = finding.check == "ruler"
    column, other = (
        score_column(
            evidence,
            metric,
            model=model,
            reference=name,
            label=finding.label,
            worst_is_score=not is_ruler,
        )
        for name in (reference, automated if is_ruler else reference)
    )
    unlabelled = find_unlabelled(evidence, reference)
    if finding.details.get("proven_by") != ReferenceKind.EXPERT:
        unlabelled = unlabelled[:0]  # more labels of a machine settle nothing
    if is_ruler:
        unlabelled = unlabelled.intersection(other.per_case.index)
        column = paired_difference(other, column)
    return column, unlabelled


def _supply(
    evidence: Evidence,
    finding: Finding,
    *,
    name: str,
    values: pd.Series,
    unlabelled: pd.Index,
    members: pd.Index,
) -> Supply:
    patients = evidence.patients(values.index)
    labelled = frozenset(map(str, patients))
    of = pd.Series(evidence.patients(unlabelled), index=unlabelled, dtype=object)
    open_cases = {
        str(patient): tuple(sorted(map(str, cases.index)))
        for patient, cases in of.groupby(of, sort=True)
    }
    n_patients = len(labelled | set(open_cases))
    n_lost = len(members) - len(values) - len(unlabelled)
    known = _known(finding, name) or _measured(finding, values, patients=patients)
    low, high = known.pop("support")
    mean = known.pop("mean")
    return Supply(
        stock=Stock(name=name, n_labelled=len(labelled), n_patients=n_patients, **known),
        mean=mean,
        low=low,
        high=high,
        open_cases=open_cases,
        labelled=labelled,
        n_spare=floor(MAX_UNDEFINED_SHARE * len(members)) - n_lost,
    )


def _measured(finding: Finding, values: pd.Series, *, patients: Any) -> dict[str, Any]:
    """Return mean and spread of a column of which an unlabelled case says nothing."""
    if values.empty:
        return {"mean": 0.0, "support": (0.0, 0.0), "sd": inf, "sd_complete": inf}
    cells = cut_cells(values.to_numpy(), subgroups=["all"] * len(values), patients=patients)
    moments = moments_of(sum_cells(cells["all"]))
    sd = sqrt(moments.variance * len(cells["all"].patients))
    support = finding.details.get("support") or (moments.mean, moments.mean)
    return {"mean": moments.mean, "support": support, "sd": sd, "sd_complete": sd}


def _known(finding: Finding, name: str) -> dict[str, Any] | None:
    """Return mean and spread of the rectifier of a `rectified` finding."""
    part = (finding.details.get("labelled") or {}).get(name)
    if finding.check != "rectified" or part is None:
        return None
    return {
        "mean": part["mean_rectifier"],
        "support": part["support"],
        "sd": part["sd_rectifier"],
        "sd_complete": part["sd_expert"],
        "sd_helped": part["weight"] * part["sd_automated"],
        "at_least": finding.details["design"]["min_patients"],
    }
