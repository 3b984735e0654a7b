"""One world on stage: what every check says in it, and what it says once a bias is planted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pytest_biasruler.audit.judging import judge_alone
from pytest_biasruler.audit.planting import World
from pytest_biasruler.audit.realised import Sight, realised_size
from pytest_biasruler.audit.worlds import deal_subgroups, shuffle_models
from pytest_biasruler.checks.finding import Finding, Verdict
from pytest_biasruler.statistics.multiplicity import adjust_holm

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_biasruler.audit.operators import Operator
    from pytest_biasruler.audit.trial import Trial
    from pytest_biasruler.audit.worlds import Deck
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.scoring.altered import Altered

REAL = 0
"""In place of a seed: the data as they are."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a check says in one world.

    Attributes
    ----------
    verdict : Verdict or None
        By the check alone; None if it could not run.
    is_caught : bool
        Whether the gate fails by this check, after Holm over the family.
    realised : float or None
        How large a planted bias came out, in units of the limit.
    """

    verdict: Verdict | None
    is_caught: bool
    realised: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Stage:
    """All that worlds are made of; plain enough to travel to another process."""

    evidence: Evidence
    trials: tuple[Trial, ...]
    deck: Deck
    masks: Mapping[Altered, pd.Series]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Played:
    """One world: what each check says without a bias, and of each operator at each size."""

    bare: tuple[Answer | None, ...]
    planted: tuple[tuple[tuple[Answer, ...], ...], ...]


def play(stage: Stage, *, seed: int) -> Played:
    """Return what every check says in one world; a check that has no null world says nothing."""
    scene = set_scene(stage, seed=seed)
    has_world = [seed == REAL or trial.has_null_worlds for trial in stage.trials]
    return Played(
        bare=tuple(
            scene.answer(number, scene.findings[number]) if has_world[number] else None
            for number in range(len(stage.trials))
        ),
        planted=tuple(
            tuple(
                tuple(scene.plant(number, operator, size) for size in operator.sizes)
                for operator in trial.operators
                if has_world[number]
            )
            for number, trial in enumerate(stage.trials)
        ),
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Scene:
    """One world before anything is planted: null, or the data as they are.

    Attributes
    ----------
    worlds : tuple of Evidence
        The world as each check needs it.
    p_values : ndarray of float
        Of the family, in the order of its trials; 1 for a check without a finding.
    """

    worlds: tuple[Evidence, ...]
    seed: int
    trials: Sequence[Trial]
    masks: Mapping[Altered, pd.Series]
    findings: tuple[Finding | None, ...]
    p_values: np.ndarray = field(repr=False)

    def answer(
        self, number: int, finding: Finding | None, *, realised: float | None = None
    ) -> Answer:
        """Return what a finding of the check at place `number` comes to."""
        return Answer(
            verdict=None if finding is None else finding.verdict,
            is_caught=self._is_caught(number, finding),
            realised=realised,
        )

    def _is_caught(self, number: int, finding: Finding | None) -> bool:
        if finding is None or finding.verdict != Verdict.FAIL:
            return False
        if len(self.trials) == 1:
            return True
        p_values = self.p_values.copy()
        p_values[number] = p_of(finding)
        alpha = self.trials[number].declared.alpha
        return bool(adjust_holm(p_values)[number] <= alpha)

    def plant(self, number: int, operator: Operator, size: float) -> Answer:
        """Return what the check at place `number` says once the bias is planted."""
        trial, evidence = self.trials[number], self.worlds[number]
        world = World(
            evidence=evidence,
            seed=self.seed,
            is_target=_is_target(evidence, trial),
            unit=trial.unit,
            masks=self.masks,
        )
        planted = operator.plant(world, trial.declared, size)
        finding = judge_alone(planted, trial.declared).finding
        realised = realised_size(
            Sight(evidence=evidence, finding=self.findings[number]),
            Sight(evidence=planted, finding=finding),
            trial=trial,
        )
        return self.answer(number, finding, realised=realised)


def set_scene(stage: Stage, *, seed: int) -> Scene:
    """Return a world with what every check of the family says in it."""
    worlds = _worlds_of(stage, seed=seed)
    findings = tuple(
        judge_alone(world, trial.declared).finding
        if seed == REAL or trial.has_null_worlds
        else None
        for world, trial in zip(worlds, stage.trials, strict=True)
    )
    return Scene(
        worlds=worlds,
        seed=seed,
        trials=stage.trials,
        masks=stage.masks,
        findings=findings,
        p_values=np.array([p_of(finding) for finding in findings]),
    )


def _worlds_of(stage: Stage, *, seed: int) -> tuple[Evidence, ...]:
    """Return the world as each check needs it: within sites, or with models handed round."""
    if seed == REAL:
        return (stage.evidence.altered(cuts=stage.deck.cuts),) * len(stage.trials)
    dealt = {
        within: stage.evidence.altered(
            cuts=deal_subgroups(stage.deck, seed=seed, within_sites=within)
        )
        for within in {trial.is_within_sites for trial in stage.trials}
    }
    return tuple(
        _shuffled(dealt[trial.is_within_sites], trial, seed=seed) for trial in stage.trials
    )


def _shuffled(evidence: Evidence, trial: Trial, *, seed: int) -> Evidence:
    if trial.declared.check != "ranking":
        return evidence
    models = trial.declared.options["models"]
    return evidence.altered(
        rows=shuffle_models(evidence, trial.declared, models=models, seed=seed)
    )


def _is_target(evidence: Evidence, trial: Trial) -> pd.Series[bool]:
    if trial.target is None:
        return pd.Series(data=True, index=pd.Index(evidence.cases))
    is_target: pd.Series[bool] = evidence.cut(trial.declared.by).of == trial.target
    return is_target


def p_of(finding: Finding | None) -> float:
    """Return p_fail, 1 where there is none."""
    return 1.0 if finding is None or finding.p_fail is None else finding.p_fail
