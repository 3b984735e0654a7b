"""Whose labels to ask for next: patients in a seeded random order, or drawn with known chances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pytest_biasruler.benchmark.metrics import Direction
from pytest_biasruler.checks.labelling import find_labelling, read_probabilities
from pytest_biasruler.statistics.lots import chances_by_score, draw_more, draw_order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_biasruler.audit.supply import Supply
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.finding import Finding


def draw_queue(
    evidence: Evidence,
    finding: Finding,
    supply: Supply,
    *,
    n_wanted: int,
    n_spare: int | None,
    seed: int,
) -> list[dict[str, Any]]:
    """Return the patients of one subgroup whose open cases should be labelled, in order.

    Parameters
    ----------
    n_wanted : int
        Labelled patients in the end.
    n_spare : int, optional
        Open cases that may be left; without it any number.
    seed : int
        Of the random order, of which every beginning is a random part of the patients.

    Returns
    -------
    list of dict
        One for each patient: subgroup, rank from 1, the patient's open cases, and the
        probability with which the patient is chosen, None in a plain random order. Where chances
        are known, all other patients follow with rank None: their chance has changed too.
    """
    column = (finding.details.get("design") or {}).get("probability")
    n_more = n_wanted - supply.stock.n_labelled
    if column is not None:
        if n_more <= 0:
            return []
        return _draw_with_chances(
            evidence, finding, supply, column=str(column), n_wanted=n_wanted, seed=seed
        )
    order = _order(supply, seed=seed)
    n_kept = _n_needed(order, supply, n_more=n_more, n_spare=n_spare)
    return [
        _entry(supply, supply.open_cases[patient], rank=rank, probability=None)
        for rank, patient in enumerate(order[:n_kept], start=1)
    ]


def _entry(
    supply: Supply, cases: Sequence[str], *, rank: int | None, probability: float | None
) -> dict[str, Any]:
    return {
        "subgroup": supply.stock.name,
        "rank": rank,
        "cases": list(cases),
        "probability": probability,
    }


def _order(supply: Supply, *, seed: int) -> list[str]:
    """Return the open patients in random order, those who are labelled in part last."""
    fresh = [patient for patient in supply.open_cases if patient not in supply.labelled]
    begun = [patient for patient in supply.open_cases if patient in supply.labelled]
    return [
        patients[place]
        for patients in (fresh, begun)
        for place in draw_order(len(patients), seed=seed)
    ]


def _n_needed(order: Sequence[str], supply: Supply, *, n_more: int, n_spare: int | None) -> int:
    """Return how many patients from the front are enough for precision and for coverage."""
    if n_spare is None:
        return max(n_more, 0)
    left = sum(len(cases) for cases in supply.open_cases.values())
    n_kept = 0
    for patient in order:
        if n_kept >= n_more and left <= n_spare:
            break
        left -= len(supply.open_cases[patient])
        n_kept += 1
    return n_kept


def _draw_with_chances(
    evidence: Evidence,
    finding: Finding,
    supply: Supply,
    *,
    column: str,
    n_wanted: int,
    seed: int,
) -> list[dict[str, Any]]:
    """Return who is drawn beside those labelled, and everybody's chance over both draws."""
    table = _chances(evidence, finding, supply, column=column)
    scores = table["score"].to_numpy()
    target = chances_by_score(scores, n_wanted=n_wanted)
    after = np.maximum(table["before"].to_numpy(), target)
    is_open = np.array([patient in supply.open_cases for patient in table.index])
    drawn = np.zeros(len(table), dtype=bool)
    drawn[is_open] = draw_more(table["before"].to_numpy()[is_open], after[is_open], seed=seed)
    chosen = np.flatnonzero(drawn)
    order = [*chosen[draw_order(len(chosen), seed=seed)], *np.flatnonzero(~drawn)]
    patients = list(table.index)
    cases: Mapping[str, tuple[str, ...]] = {**dict(table["cases"]), **supply.open_cases}
    return [
        _entry(
            supply,
            cases[patients[place]] if drawn[place] else table["cases"].iloc[place],
            rank=rank if drawn[place] else None,
            probability=float(after[place]),
        )
        for rank, place in enumerate(order, start=1)
    ]


def _chances(evidence: Evidence, finding: Finding, supply: Supply, *, column: str) -> pd.DataFrame:
    """Return score, earlier chance and cases of each patient of the subgroup, by patient."""
    labelling = find_labelling(
        evidence,
        str(finding.metric),
        model=str(finding.model),
        reference=str(finding.reference),
        automated=str(finding.automated),
        label=finding.label,
    )
    everyone = labelling.everyone
    before = pd.Series(
        read_probabilities(evidence, labelling, column=column), index=everyone.per_case.index
    )
    of = evidence.cut(finding.by).of.reindex(before.index)
    inside = before.index[(of == supply.stock.name).to_numpy()]
    patients = pd.Series(evidence.patients(inside), index=inside, dtype=object).astype(str)
    metric = evidence.metric(str(finding.metric))
    is_graded = metric.is_share and metric.direction == Direction.HIGHER
    scores = everyone.shown.loc[inside] if is_graded else pd.Series(0.0, index=inside)
    return pd.DataFrame(
        {
            "score": scores.groupby(patients).mean(),
            "before": before.loc[inside].groupby(patients).max(),
            "cases": pd.Series(inside, index=inside).groupby(patients).agg(tuple),
        }
    )
