"""Which cases experts labelled, which they did not, and with what chance each was chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from pytest_biasruler.benchmark.numbers import masked, read_number
from pytest_biasruler.benchmark.refusals import line_of, lines_text
from pytest_biasruler.checks.evidence import Column, score_column
from pytest_biasruler.checks.membership import find_members
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.membership import Membership

_NOT_THERE = ("BR101", "BR404")
"""No mask, no row: the expert was not asked. Any other code is a label that was lost."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Labelling:
    """The scores of one model by both references, where the expert one has only a part.

    Attributes
    ----------
    everyone : Column
        By the automated reference: every case that can be used, labelled or not.
    labelled : Column
        By the expert reference, of those cases that have both scores.
    """

    everyone: Column
    labelled: Column

    @property
    def unlabelled(self) -> pd.Index:
        """Cases that no expert labelled."""
        rest: pd.Index[str] = self.everyone.per_case.index.difference(self.labelled.per_case.index)
        return rest

    @property
    def is_complete(self) -> bool:
        """Whether experts labelled every case that can be used."""
        return self.unlabelled.empty

    @property
    def expert_or_nan(self) -> np.ndarray:
        """Return s*y by the expert for every usable case, NaN where there is none."""
        column = self.labelled.per_case.reindex(self.everyone.per_case.index)
        return column.to_numpy(dtype=float)


def find_labelling(
    evidence: Evidence,
    metric: str,
    *,
    model: str,
    reference: str,
    automated: str,
    label: str | None,
) -> Labelling:
    """Return who was labelled by the expert `reference`.

    A case without an expert mask, or without any row of the expert in a score table, is not
    labelled. A mask that is there but cannot be read, and a row without a finite score, are
    lost: such a case takes part in nothing.
    """
    expert = score_column(evidence, metric, model=model, reference=reference, label=label)
    column = score_column(evidence, metric, model=model, reference=automated, label=label)
    codes = evidence.scored.excluded.get(reference, {})
    unread = frozenset(
        case for case in expert.excluded if codes.get(case, _NOT_THERE[0]) not in _NOT_THERE
    )
    # What both masks empty leave out is neither labelled nor open: it has no score by design.
    asked = expert.per_case.index.union(pd.Index(sorted(expert.excluded - unread), dtype=object))
    everyone = column.only(asked.difference(pd.Index(sorted(expert.undefined), dtype=object)))
    labelled = expert.only(everyone.per_case.index)
    return Labelling(
        everyone=replace(
            everyone,
            excluded=column.excluded | unread,
            undefined=(column.undefined | expert.undefined) - column.excluded - unread,
        ),
        labelled=replace(labelled, excluded=unread),
    )


def find_unlabelled(evidence: Evidence, reference: str) -> pd.Index:
    """Return the cases that nobody labelled for a reference, sorted by name."""
    codes = evidence.scored.excluded.get(reference, {})
    cases = sorted(case for case, code in codes.items() if code in _NOT_THERE)
    unlabelled: pd.Index[str] = pd.Index(cases, dtype=object)
    return unlabelled


def find_labelled_members(
    evidence: Evidence, labelling: Labelling, *, by: Sequence[str], min_patients: int
) -> Membership:
    """Return who is in which subgroup; judged are those with enough labelled patients.

    A PASS is withheld if too many cases were lost, of all or of those that experts looked at.
    """
    counted = find_members(evidence, labelling.labelled, by=by, min_patients=min_patients)
    whole = find_members(evidence, labelling.everyone, by=by, min_patients=min_patients)
    crowded = {*counted.crowded, *whole.crowded}
    return replace(
        counted,
        excluded=whole.excluded,
        undefined=whole.undefined,
        crowded=tuple(group.name for group in counted.groups if group.name in crowded),
    )


def read_probabilities(evidence: Evidence, labelling: Labelling, *, column: str) -> np.ndarray:
    """Return the chance with which each usable case was chosen, in the order of the cases.

    Raises
    ------
    BiasRulerError
        ``BR406`` if a cell is no number in (0, 1]; ``BR602`` if a case was sure to be chosen
        and no expert labelled it. Lines are named, never cells.
    """
    cases = labelling.everyone.per_case.index
    cells = evidence.metadata.frame[column].reindex(cases)
    chances = cells.map(_chance).astype(float)
    wrong = chances.index[chances.isna()]
    if len(wrong):
        cell = str(cells[wrong[0]])
        form = masked(cell) if cell else "is empty"
        raise BiasRulerError(
            "BR406",
            f"{column} {form} ({_lines(evidence, wrong, column)})",
            "a number above 0 and at most 1 for every case, labelled or not",
            "Write the chance with which the case was chosen",
        )
    sure = chances.index[chances == 1].intersection(labelling.unlabelled)
    if len(sure):
        raise BiasRulerError(
            "BR602",
            f"{column} is 1 for cases that no expert labelled ({_lines(evidence, sure, column)})",
            "a chance below 1 for a case that was not chosen",
            "Add the labels or correct the chance",
        )
    return chances.to_numpy()


def _chance(cell: str) -> float:
    number = read_number(cell)
    is_chance = number is not None and not number.is_open and 0 < number.value <= 1
    return number.value if number is not None and is_chance else float("nan")


def _lines(evidence: Evidence, cases: pd.Index, column: str) -> str:
    places = evidence.metadata.lines_of(column)
    lines = [line_of(places[case]) for case in cases]
    noun = "line" if len(lines) == 1 else "lines"
    return f"{evidence.metadata.shown_of(column)}, {noun} {lines_text(lines)}"
