"""Whose fault it is that the process of a case failed: a prediction's, or the reference's own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.answer import Malformed, parse
from pytest_biasruler.scoring.confinement import Confinement, Failure, malformed
from pytest_biasruler.scoring.errand import Task, pack_errand
from pytest_biasruler.scoring.job import CaseScores, Entry, Job, Role
from pytest_biasruler.scoring.parts import drop_models, exclude_case, join_parts
from pytest_biasruler.scoring.testimony import hear

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    Answer = CaseScores | Failure

_MOST_TRUSTED = 3
"""After so many cases of which a model killed the process it is no longer scored beside others."""


def score_confined(jobs: Iterable[Job], *, workers: int = 1) -> Generator[tuple[Job, CaseScores]]:
    """Yield each job with its scores, every case in a process of its own.

    Parameters
    ----------
    jobs : iterable of Job
        Named by `submission.name_confined`; all masks are files.
    workers : int
        How many processes run at a time; the result is the same for any number.

    Raises
    ------
    BiasRulerError
        ``BR801`` if such a process cannot even start: every mask would be called guilty.
    """
    queue = iter(jobs)
    first = next(queue, None)
    if first is None:
        return
    court = Court(confinement=Confinement(limits=first.limits))
    yield from court.confinement.work_on(_chain(first, queue), court.score, workers=workers)


def _chain(first: Job, rest: Iterator[Job]) -> Iterator[Job]:
    yield first
    yield from rest


@dataclass(kw_only=True, eq=False)
class Court:
    """Scores cases, and tries those again whose process failed.

    What is said of a case does not depend on the cases before it, only how often it is tried.
    """

    confinement: Confinement
    _killed: Counter[str] = field(default_factory=Counter, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)
    _does_start: bool = field(default=False, init=False)

    def score(self, job: Job) -> CaseScores:
        """Return the scores of a case; what made its process fail has none.

        If the process fails, or says that a reference cannot be used, the references are scored
        against themselves without any prediction. If that fails too it is their fault, and the
        case is excluded. Otherwise each model is scored alone, so that one that kills its process
        costs no other one its case: it counts as unreadable, for that reason. A model that did so
        before is scored alone at once: each of its cases costs the time limit once, not twice.
        """
        models = [entry.set for entry in job.entries if _is_read(entry, Role.MODEL)]
        suspects = [name for name in models if self._killed[name] >= _MOST_TRUSTED]
        apart = self._score_apart(job, suspects) if suspects and len(models) > 1 else None
        return self._score_together(job, models) if apart is None else apart

    def _score_apart(self, job: Job, suspects: list[str]) -> CaseScores | None:
        """Return the scores of a case, suspects alone; None if anything is wrong without them."""
        witnesses = _itself(job)
        rest = _without(job, dict.fromkeys(suspects, malformed()), more=witnesses)
        base = self._ask(rest)
        if isinstance(base, Failure) or _accused(base, rest):
            return None
        base = drop_models(base, {entry.set for entry in witnesses})
        alone = {name: self._score_alone(job, name, base, blamed=malformed()) for name in suspects}
        return join_parts(job, base, alone)

    def _score_together(self, job: Job, models: list[str]) -> CaseScores:
        found = self._ask(job)
        if not isinstance(found, Failure) and not _accused(found, job):
            return found
        witnesses = _itself(job)
        blamed = found if isinstance(found, Failure) else malformed()
        base = self._ask(_without(job, dict.fromkeys(models, blamed), more=witnesses))
        if isinstance(base, Failure):
            return self._blame_references(job, base)
        base = drop_models(base, {entry.set for entry in witnesses})
        if not isinstance(found, Failure) and _agree(found, base, job):
            return found
        alone = {name: self._score_alone(job, name, base, blamed=blamed) for name in models}
        if len(models) == 1:
            alone = dict.fromkeys(models, blamed)
        with self._lock:
            self._killed.update(each for each in alone if isinstance(alone[each], Failure))
        return join_parts(job, base, alone)

    def _score_alone(self, job: Job, model: str, base: CaseScores, *, blamed: Failure) -> Answer:
        others = [each.set for each in job.entries if _is_read(each, Role.MODEL)]
        others.remove(model)
        if not others:
            return blamed
        kept = [entry for entry in job.entries if entry.set not in others]
        found = self._ask(replace(job, entries=tuple(kept)))
        if isinstance(found, Failure) or _agree(found, base, job):
            return found
        return malformed()

    def _blame_references(self, job: Job, failure: Failure) -> CaseScores:
        """Return the case without the references that fail alone; all, if none of them does."""
        self._check_that_it_starts()
        references = [each.set for each in job.entries if _is_read(each, Role.EXPERT)]
        references += [each.set for each in job.entries if _is_read(each, Role.AUTOMATED)]
        guilty: dict[str, Failure] = {}
        for name in references if len(references) > 1 else []:
            alone = replace(job, entries=tuple(e for e in job.entries if e.set == name))
            found = self._ask(replace(alone, entries=(*alone.entries, *_itself(alone))))
            if isinstance(found, Failure):
                guilty[name] = found
        guilty = guilty or dict.fromkeys(references, failure)
        rest = _without(job, guilty)
        if any(_is_read(e, Role.EXPERT, Role.AUTOMATED) for e in rest.entries):
            return self.score(rest)
        return exclude_case(rest)

    def _ask(self, job: Job) -> Answer:
        heard = self.confinement.ask(pack_errand(Task.SCORE, job))
        if isinstance(heard, Failure):
            return heard
        try:
            scores = hear(parse(heard), job)
        except Malformed:
            return malformed()
        error = scores["error"]
        if error is not None:  # our own bug, met by one of these files
            return Failure(code=error[0], found=f"met an {error[1]}", fix="Report it")
        return scores

    def _check_that_it_starts(self) -> None:
        """Raise if a process that is asked for nothing fails, as without an installed package."""
        with self._lock:
            if not self._does_start:
                nothing = Job(case="", entries=(), metrics=(), limits=self.confinement.limits)
                if self.confinement.ask(pack_errand(Task.NOTHING, nothing)) != b"null":
                    raise BiasRulerError(
                        "BR801",
                        "the process of an untrusted case does not start",
                        "pytest_biasruler to be importable by python -I",
                        "Install it into the environment of this interpreter",
                    )
                self._does_start = True


def _is_read(entry: Entry, *roles: Role) -> bool:
    """Return whether the process opens the mask of this entry."""
    return entry.role in roles and not isinstance(entry.source, BiasRulerError)


def _accused(found: CaseScores, job: Job) -> bool:
    """Return whether a process that read predictions says that a reference cannot be used."""
    if not any(_is_read(entry, Role.MODEL) for entry in job.entries):
        return False
    return any(
        found["masks"][entry.set]["error"] is not None
        for entry in job.entries
        if _is_read(entry, Role.EXPERT, Role.AUTOMATED)
    )


def _agree(found: CaseScores, base: CaseScores, job: Job) -> bool:
    """Return whether both say the same of every reference."""
    names = [entry.set for entry in job.entries if entry.role != Role.MODEL]
    return all(found["masks"][name] == base["masks"][name] for name in names)


def _itself(job: Job) -> tuple[Entry, ...]:
    """Return each reference once more, in the part of a model."""
    names = {entry.set for entry in job.entries}
    found = []
    for entry in job.entries:
        if _is_read(entry, Role.EXPERT, Role.AUTOMATED):
            name = f"{entry.set} itself"
            while name in names:
                name += "!"
            names.add(name)
            found.append(replace(entry, set=name, role=Role.MODEL))
    return tuple(found)


def _without(job: Job, guilty: Mapping[str, Failure], *, more: tuple[Entry, ...] = ()) -> Job:
    """Return the job with masks that are not opened, since they make their process fail."""
    entries = (
        replace(entry, source=guilty[entry.set].of(entry.title)) if entry.set in guilty else entry
        for entry in job.entries
    )
    return replace(job, entries=(*entries, *more))
