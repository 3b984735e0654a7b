"""Would this gate catch a bias? Biases planted into the user's own data, and none (method, 6)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from pytest_biasruler.audit.playing import play_worlds
from pytest_biasruler.audit.scene import REAL, Stage, play, set_scene
from pytest_biasruler.audit.sentence import state_gate, state_trial
from pytest_biasruler.audit.tally import (
    Tally,
    false_safe,
    known_points,
    mutation_score,
    point_of,
    share_of,
    smallest_caught,
)
from pytest_biasruler.audit.trial import Trial, in_family, plan_trial
from pytest_biasruler.audit.worlds import open_deck
from pytest_biasruler.scoring.altered import score_altered
from pytest_biasruler.scoring.measures import ECHO_KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_biasruler.audit.scene import Answer, Played
    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.scoring.altered import Altered

    Progress = Callable[[int, int, int], None]

N_WORLDS = 200


def run_selftest(
    evidence: Evidence,
    *,
    n_worlds: int = N_WORLDS,
    workers: int = 1,
    on_masks: Progress | None = None,
    on_worlds: Progress | None = None,
) -> dict[str, Any]:
    """Return what the declared checks catch of biases planted into their own data.

    Parameters
    ----------
    evidence : Evidence
        Of a benchmark that declares checks.
    n_worlds : int, default 200
        How many null worlds; world r is dealt with seed r.
    workers : int
        Processes that play worlds; the result is the same for any number.
    on_masks, on_worlds : callable, optional
        Called with (done, total, 0) as cases are scored with altered masks, and after each world.

    Returns
    -------
    dict
        Plain data, as `selftest` of audit.json; empty if the benchmark declares no check that can
        fail. The same evidence and number of worlds give the same result.
    """
    family = tuple(filter(in_family, evidence.declared))
    if not family:
        return {}
    evidence = _measured(evidence.altered(is_brief=True), family)
    stage = Stage(
        evidence=evidence.altered(readers={}, measure=None),
        trials=tuple(Trial(declared=declared) for declared in family),
        deck=open_deck(evidence, family),
        masks={},
    )
    trials = _plan(stage)
    masks = _alter_masks(evidence, trials, workers=workers, progress=on_masks)
    stage = replace(stage, trials=trials, masks=masks)
    real = play(stage, seed=REAL)
    worlds = play_worlds(stage, n_worlds=n_worlds, workers=workers, progress=on_worlds)
    n_failing = sum(_fails(world, trials) for world in worlds)
    build_level = share_of(n_failing, len(worlds), alpha=family[0].alpha)
    books = [_open_book(trial, real, worlds, number) for number, trial in enumerate(trials)]
    return _summarise(evidence, books, build_level)


def _plan(stage: Stage) -> tuple[Trial, ...]:
    real = set_scene(stage, seed=REAL)
    return tuple(
        plan_trial(stage.evidence, bare.declared, finding)
        for bare, finding in zip(stage.trials, real.findings, strict=True)
    )


def _measured(evidence: Evidence, family: Sequence[DeclaredCheck]) -> Evidence:
    """Return the evidence with the echoes that its checks ask for, in one small table."""
    wanted = {
        (str(model), str(one.automated), str(one.reference), one.label or "")
        for one in family
        if one.check == "echo"
        for model in (one.model, one.options.get("control"))
        if model is not None
    }
    frames = []
    for model, automated, reference, label in sorted(wanted):
        keys = {"model": model, "automated": automated, "reference": reference, "label": label}
        found = evidence.echoes(
            model=model, automated=automated, reference=reference, label=label or None
        )
        frames.append(found.reset_index(names="case").assign(**keys))
    if not frames:
        return evidence
    echoes = pd.concat(frames, ignore_index=True)
    echoes = echoes[[*ECHO_KEYS, *(name for name in echoes if name not in ECHO_KEYS)]]
    return evidence.altered(scored=replace(evidence.scored, echoes=echoes))


def _alter_masks(
    evidence: Evidence, trials: Sequence[Trial], *, workers: int, progress: Progress | None
) -> Mapping[Altered, pd.Series]:
    wanted = tuple(dict.fromkeys(one for trial in trials for one in trial.masks))
    if not wanted:
        return {}
    named = dict.fromkeys(one.metric for one in wanted if evidence.knows(one.metric))
    return score_altered(
        evidence.benchmark,
        wanted,
        cases=evidence.cases,
        metrics={name: evidence.metric(name) for name in named},
        readers=evidence.readers,
        lost=evidence.scored.unreadable,
        workers=workers,
        progress=progress,
    )


def _fails(world: Played, trials: Sequence[Trial]) -> bool:
    """Return whether some check fails in a world without a bias, where it had better not."""
    return any(
        answer is not None and answer.is_caught and not trial.is_beyond
        for answer, trial in zip(world.bare, trials, strict=True)
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Book:
    """What one check said in all worlds."""

    trial: Trial
    as_is: tuple[tuple[Answer, ...], ...]
    bare: Tally
    planted: list[list[Tally]]

    def operators(self) -> list[dict[str, Any]]:
        """Return the catch curves."""
        return [
            {
                "name": operator.name,
                "acts_on": operator.acts_on,
                "unit": str(operator.unit),
                "points": [
                    point_of(size, tally, as_is, signed=self.trial.is_signed)
                    for size, tally, as_is in zip(operator.sizes, tallies, real, strict=True)
                ],
            }
            for operator, tallies, real in zip(
                self.trial.operators, self.planted, self.as_is, strict=True
            )
        ]


def _open_book(trial: Trial, real: Played, worlds: Sequence[Played], number: int) -> _Book:
    bare = Tally()
    planted = [[Tally() for _ in operator.sizes] for operator in trial.operators]
    for world in worlds:
        answer = world.bare[number]
        if answer is not None:
            bare.count(answer)
        # A check without null worlds has nothing planted there.
        for tallies, answers in zip(planted, world.planted[number], strict=False):
            for tally, found in zip(tallies, answers, strict=True):
                tally.count(found)
    return _Book(trial=trial, as_is=real.planted[number], bare=bare, planted=planted)


def _summarise(
    evidence: Evidence, books: Sequence[_Book], build_level: dict[str, Any]
) -> dict[str, Any]:
    checks = [_record(evidence, book, build_level) for book in books]
    points = [point for check in checks for point in known_points(check["operators"])]
    result = {
        "n_worlds": build_level["n"],
        "n_checks": len(books),
        "build_level": build_level,
        "mutation_score": mutation_score(points),
        "checks": checks,
    }
    return {**result, "statement": state_gate(result)}


def _record(evidence: Evidence, book: _Book, build_level: dict[str, Any]) -> dict[str, Any]:
    trial, declared = book.trial, book.trial.declared
    operators = book.operators()
    points = known_points(operators)
    is_clean = book.bare.n > 0 and not trial.is_beyond
    record = {
        "id": declared.id,
        "check": declared.check,
        "metric": declared.metric or None,
        "by": list(declared.by),
        "limit": declared.limit,
        "target": trial.target,
        "n_patients": trial.n_patients,
        "unit": trial.unit,
        "why_not": trial.why_not,
        "false_alarm": share_of(book.bare.n_fail, book.bare.n, alpha=declared.alpha)
        if is_clean
        else None,
        "false_safe": false_safe(points, alpha=declared.alpha),
        "smallest_caught": smallest_caught(points),
        "largest": points[-1] if points else None,
        "operators": operators,
    }
    metric = evidence.metric(declared.metric) if declared.metric else None
    return {**record, "statement": state_trial(record, metric=metric, build_level=build_level)}
