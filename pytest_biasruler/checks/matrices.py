"""The scores of several models under two references, on the cases that have all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.checks.evidence import Column, score_column

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.evidence import Evidence

SIDES = ("automated", "expert")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ModelScores:
    """Cases x models under both references, complete cases only.

    Attributes
    ----------
    models : tuple of str
    cases : Index
        Those with a score of every model under both references.
    columns : mapping
        Side (automated, expert) -> model -> its scores, also of incomplete cases.
    excluded, undefined : frozenset of str
        Cases left out because a reference has no mask of them; because a score is missing.
    """

    models: tuple[str, ...]
    cases: pd.Index = field(repr=False)
    columns: Mapping[str, Mapping[str, Column]]
    excluded: frozenset[str] = field(repr=False)
    undefined: frozenset[str] = field(repr=False)

    def matrix(self, side: str) -> np.ndarray:
        """Return s times the scores of the complete cases, shape (n, M)."""
        columns = self.columns[side].values()
        return np.column_stack([one.per_case.loc[self.cases].to_numpy() for one in columns])

    def column(self, model: str) -> Column:
        """Return the expert scores of one model, counting what any of the columns lost."""
        chosen = self.columns["expert"][model]
        return Column(
            per_case=chosen.per_case.loc[self.cases],
            shown=chosen.shown.loc[self.cases],
            excluded=self.excluded,
            undefined=self.undefined,
        )

    def lost_by(self) -> dict[str, dict[str, int]]:
        """Return how many cases have no score, by model and reference."""
        return {
            model: {
                side: len(self.columns[side][model].excluded | self.columns[side][model].undefined)
                for side in SIDES
            }
            for model in self.models
        }


def gather_scores(evidence: Evidence, declared: DeclaredCheck) -> ModelScores:
    """Return the scores of the models that a check ranks, under both of its references.

    A missing prediction counts with its worst score. A case that only some of the columns have is
    undefined, unless a reference excludes it.
    """
    models = tuple(declared.options["models"])
    references = {"automated": str(declared.automated), "expert": str(declared.reference)}
    columns = {
        side: {
            model: score_column(
                evidence,
                declared.metric,
                model=model,
                reference=reference,
                label=declared.label,
            )
            for model in models
        }
        for side, reference in references.items()
    }
    every = [column for of_model in columns.values() for column in of_model.values()]
    indices = [column.per_case.index for column in every]
    cases = reduce(lambda left, right: left.intersection(right), indices).sort_values()
    some = reduce(lambda left, right: left.union(right), indices)
    excluded = frozenset().union(*(column.excluded for column in every))
    undefined = frozenset(some.difference(cases)).union(*(column.undefined for column in every))
    return ModelScores(
        models=models,
        cases=cases,
        columns=columns,
        excluded=excluded,
        undefined=undefined - excluded,
    )
