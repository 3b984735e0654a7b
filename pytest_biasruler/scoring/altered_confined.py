"""Altered masks of an untrusted benchmark, scored in a process for each case."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_biasruler.scoring import answer
from pytest_biasruler.scoring.confinement import Confinement, Failure
from pytest_biasruler.scoring.errand import Task, pack_errand

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_biasruler.scoring.altered import Altered
    from pytest_biasruler.scoring.job import Job


def alter_confined(
    jobs: Iterable[Job], wanted: Sequence[Altered], *, workers: int
) -> Iterator[dict[Altered, float]]:
    """Yield the scores of each case in order; none of one whose process fails.

    What is wrong with such a case is told where its masks were scored as they are.
    """
    todo = list(jobs)
    if not todo:
        return
    confinement = Confinement(limits=todo[0].limits)
    work = partial(_alter, wanted=wanted, confinement=confinement)
    n_told, early = 0, {}
    for (number, _), scores in confinement.work_on(enumerate(todo), work, workers=workers):
        early[number] = scores
        while n_told in early:
            yield early.pop(n_told)
            n_told += 1


def _alter(
    numbered: tuple[int, Job], *, wanted: Sequence[Altered], confinement: Confinement
) -> dict[Altered, float]:
    job = numbered[1]
    details = [asdict(one) for one in wanted]
    heard = confinement.ask(pack_errand(Task.ALTER, job, wanted=details))
    if isinstance(heard, Failure):
        return {}
    try:
        return _hear(answer.parse(heard), wanted, job)
    except answer.Malformed:
        return {}


def _hear(plain: Any, wanted: Sequence[Altered], job: Job) -> dict[Altered, float]:
    metrics = {metric.name: metric for metric in job.metrics}
    given = answer.rows(plain, most=len(wanted))
    if len(given) != len(wanted):
        raise answer.Malformed("scores")
    found = {}
    for one, value in zip(wanted, given, strict=True):
        low, high = metrics[one.metric].range if one.metric in metrics else (None, 1.0)
        score = answer.number_or_none(value, low, high)
        if score is not None:
            found[one] = score
    return found
