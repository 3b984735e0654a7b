"""The two arms of a training experiment as columns of scores, and its closed loop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_biasruler.checks.bounds import bounds_of
from pytest_biasruler.checks.comparison import finite
from pytest_biasruler.checks.evidence import Column, paired_difference, score_column
from pytest_biasruler.statistics.arms import contrast_arms
from pytest_biasruler.statistics.support import pooled_support

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.membership import Membership
    from pytest_biasruler.statistics.contrast import Contrast

ARMS = ("automated", "expert")
"""What an arm was trained on; the own key that names its runs ends in ``_trained``."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Arm:
    """The runs of one training, judged by one reference.

    Attributes
    ----------
    models : tuple of str
    runs : tuple of Column
        One per model.
    mean : Column
        The average over runs of the cases that every run has a score for.
    """

    models: tuple[str, ...]
    runs: tuple[Column, ...]
    mean: Column

    def scores(self, cases: pd.Index) -> NDArray[np.float64]:
        """Return the scores of these cases, larger is better, one row per run."""
        return np.stack([run.per_case.loc[cases].to_numpy() for run in self.runs])


def read_arm(evidence: Evidence, declared: DeclaredCheck, trained: str, *, reference: str) -> Arm:
    """Return the runs that were trained on `trained` labels, judged by `reference`.

    A missing prediction is undefined: its worst score would make or hide growth.
    """
    models = tuple(declared.options[f"{trained}_trained"])
    runs = tuple(
        score_column(
            evidence,
            declared.metric,
            model=model,
            reference=reference,
            label=declared.label,
            worst_is_score=False,
        )
        for model in models
    )
    return Arm(models=models, runs=runs, mean=_average(runs))


def _average(runs: Sequence[Column]) -> Column:
    shared = paired_difference(runs[0], runs[0])
    for run in runs[1:]:
        shared = paired_difference(shared, run)
    return Column(
        per_case=_mean([run.per_case.loc[shared.per_case.index] for run in runs]),
        shown=_mean([run.shown.loc[shared.per_case.index] for run in runs]),
        excluded=shared.excluded,
        undefined=shared.undefined,
    )


def _mean(parts: Sequence[pd.Series]) -> pd.Series:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total / len(parts)


def bounds_of_arms(
    evidence: Evidence, declared: DeclaredCheck, arms: Iterable[Arm]
) -> tuple[float, float]:
    """Return the smallest and largest possible score, larger is better, of all arms."""
    known = tuple(arms)
    asked = replace(declared, model=known[0].models[0])
    return bounds_of(evidence, asked, *(arm.mean for arm in known))


def close_loop(
    evidence: Evidence,
    declared: DeclaredCheck,
    members: Membership,
    *,
    by_expert: Mapping[str, Arm],
    pair: tuple[str, str],
) -> dict[str, Any]:
    """Return the gap of `pair` for both arms under both references, and their interaction.

    The interaction is how much more the automated reference adds to the gap of the arm that was
    trained on it. All four gaps are of the same cases; without any case that the automated
    reference scored in both subgroups, only the two gaps by the expert are told.
    """
    by_automated = {
        trained: read_arm(evidence, declared, trained, reference=str(declared.automated))
        for trained in ARMS
    }
    judges = {"automated": by_automated, "expert": by_expert}
    names = _shared_names(members, judges, pair)
    if not all((names == name).any() for name in pair):
        judges = {"expert": by_expert}
        names = _shared_names(members, judges, pair)
    loop = _Loop(
        judges=judges,
        names=names,
        patients=evidence.patients(names.index),
        pair=pair,
        alpha=declared.alpha,
    )
    support = None
    if declared.support == "bounds":
        arms = (arm for judge in judges.values() for arm in judge.values())
        support = bounds_of_arms(evidence, declared, arms)
    return {
        "pair": list(pair),
        "n_cases": len(names),
        "cells": [
            {
                "trained_on": trained,
                "judged_by": judge,
                **contrast_details(loop.gap(trained, judge, support=support)),
            }
            for trained in ARMS
            for judge in judges
        ],
        "interaction": contrast_details(loop.interaction()) if len(judges) > 1 else None,
    }


def _shared_names(
    members: Membership, judges: Mapping[str, Mapping[str, Arm]], pair: tuple[str, str]
) -> pd.Series:
    """Return the subgroup of each case of the pair that every run has a score for."""
    names = members.subgroups.of
    names = names[names.isin(pair)]
    for arms in judges.values():
        for arm in arms.values():
            names = names[names.index.isin(arm.mean.per_case.index)]
    return names.sort_index()


def contrast_details(contrast: Contrast) -> dict[str, float | None]:
    """Return a contrast with its bounds as a finding carries it."""
    return {
        "value": finite(contrast.estimate),
        "low": finite(contrast.low),
        "high": finite(contrast.high),
    }


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Loop:
    """Both arms under one or both references on the cases that all of them have."""

    judges: Mapping[str, Mapping[str, Arm]]
    names: pd.Series
    patients: NDArray[np.object_]
    pair: tuple[str, str]
    alpha: float

    def gap(self, trained: str, judge: str, *, support: tuple[float, float] | None) -> Contrast:
        """Return the gap of an arm under a reference."""
        scores = self.judges[judge][trained].scores(self.names.index)
        return self._contrast(scores, support=support or pooled_support(scores.mean(axis=0)))

    def interaction(self) -> Contrast:
        """Return how much more the automated reference adds to its own arm's gap."""
        bent = {
            trained: self.judges["automated"][trained].scores(self.names.index)
            - self.judges["expert"][trained].scores(self.names.index)
            for trained in ARMS
        }
        return self._contrast(bent["automated"], bent["expert"])

    def _contrast(
        self,
        arm: NDArray[np.float64],
        minus: NDArray[np.float64] | None = None,
        *,
        support: tuple[float, float] | None = None,
    ) -> Contrast:
        return contrast_arms(
            arm,
            minus,
            subgroups=self.names.to_numpy(dtype=object),
            pair=self.pair,
            support=support,
            patients=self.patients,
            alpha=self.alpha,
        )
