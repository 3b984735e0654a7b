"""Cases over processes: a case that kills its process is named, and takes no other one with it."""

from __future__ import annotations

import time
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Future,
    wait,
)
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.backlog import Backlog
from pytest_biasruler.scoring.case import score_case
from pytest_biasruler.scoring.job import failed_case
from pytest_biasruler.scoring.processes import check_that_workers_start, open_pool

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from concurrent.futures import Executor

    from pytest_biasruler.scoring.job import CaseScores, Job

    Scores = Generator[tuple[Job, CaseScores]]
    Answer = tuple[list[CaseScores], float]
    InFlight = dict[Future[Answer], list[Job]]
    Suspects = Generator[tuple[Job, CaseScores], None, list[Job]]

_ERRANDS_PER_WORKER = 2  # one to do and one that waits; more would only hold arrays in memory
_LOOK_EVERY_S = 2.0
# Two processes were measured to start with 3 s of processor time, mostly imports: 2.5 s of one
# core, so that 60 or 80 cases of three masks are scored here in half the time or less.
_START_S = 2.5
_SMALL = 2**23  # bytes of all files; less may be scored before a process has started
_TRUST_S = 0.25  # of scoring, before the rest is judged by it: one case may meet a busy machine


def score_errand(jobs: Iterable[Job]) -> Answer:
    """Return the scores of several cases, and how many seconds they took, in another process."""
    start = time.perf_counter()
    return [score_case(job) for job in jobs], time.perf_counter() - start


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """Where errands are done.

    Attributes
    ----------
    workers : int
        How many errands are done at a time.
    watch : callable
        Called every two seconds in which nothing came back; raises `BiasRulerError` if nothing
        ever will.
    """

    executor: Executor
    workers: int
    watch: Callable[[], None] = lambda: None


def score_jobs(
    jobs: Iterable[Job], *, workers: int = 1, executor: Executor | Site | None = None
) -> Scores:
    """Yield each job with its scores, in the order in which they are done.

    Parameters
    ----------
    jobs : iterable of Job
        Taken as `Backlog` has room for them.
    workers : int
        1: here, without another process. Otherwise that many processes, started afresh
        (``spawn``), so a script that calls this needs its ``if __name__ == "__main__"``. Where
        all files have less than 8 MiB and nothing but our own code is run on them, cases are
        scored here for as long as the rest would take less than 2.5 s: processes would cost more
        than they save. Where a case is scored decides no score.
    executor : concurrent.futures.Executor or Site, optional
        Used in place of an own pool, twice `workers` errands in flight: say how many it has.

    Raises
    ------
    BiasRulerError
        ``BR801`` if no process can be started at all: every case would be called guilty. What
        the watch of a `Site`, or one of its workers, refuses.

    Yields
    ------
    job, scores
        If a process dies, every case it may have been working on is scored again, one at a time
        in a fresh process; one that dies alone is BR801 and is not tried a third time.
    """
    if executor is None and workers == 1:
        for job in jobs:
            yield job, score_case(job)
        return
    backlog = Backlog(jobs)
    if executor is not None:
        if not isinstance(executor, Site):
            executor = Site(executor=executor, workers=workers)
        yield from _use(backlog, executor)
        return
    yield from _score_here(backlog)
    while first := backlog.take(workers=workers):
        with open_pool(workers) as pool:
            suspects = yield from _drain(backlog, Site(executor=pool, workers=workers), first)
        if suspects:
            check_that_workers_start()
            yield from _score_apart(suspects)


def _use(backlog: Backlog, site: Site) -> Scores:
    """Score all that waits at a site of others; what breaks it is scored in a process of ours."""
    while first := backlog.take(workers=site.workers):
        suspects = yield from _drain(backlog, site, first)
        yield from _score_apart(suspects)


def _score_here(backlog: Backlog) -> Scores:
    """Score the smallest cases here, while the rest would not repay the start of processes."""
    while backlog.cost <= _SMALL and backlog.grow():
        pass
    is_small = backlog.is_over and backlog.cost <= _SMALL and not backlog.calls_others
    spent_s = 0.0
    while is_small and (job := backlog.take_smallest()) is not None:
        scores, seconds = score_errand([job])
        backlog.note([job], seconds=seconds)
        yield job, scores[0]
        spent_s += seconds
        is_small = spent_s < _TRUST_S or backlog.expect(backlog.cost) <= _START_S


def _drain(backlog: Backlog, site: Site, first: list[Job]) -> Suspects:
    """Score until nothing waits or a process dies; return the cases that were caught by that."""
    flying: InFlight = {_submit(site, first): first}
    failed: list[Job] = []
    is_broken = False
    try:
        while flying and not is_broken:
            for future in _await_any(flying, backlog, site):
                if isinstance(_error_of(future), BrokenExecutor):
                    is_broken = True
                else:
                    errand = flying.pop(future)
                    failed += yield from _collect(future, errand, backlog)
            while not is_broken and len(flying) < site.workers * _ERRANDS_PER_WORKER:
                errand = backlog.take(workers=site.workers)
                if not errand:
                    break
                flying[_submit(site, errand)] = errand
        if not is_broken:
            failed = yield from _send_alone(failed, backlog, site)
        return [*failed, *(job for errand in flying.values() for job in errand)]
    finally:  # also if the caller stops listening: nothing more is begun
        for future in flying:
            future.cancel()


def _send_alone(jobs: list[Job], backlog: Backlog, site: Site) -> Suspects:
    """Score cases one at a time with nothing beside them, which could be to blame in their place.

    A cluster counts a case as lost that only waited on a worker when another one killed it.
    """
    for number, job in enumerate(jobs):
        future = _submit(site, [job])
        _await_any({future: [job]}, backlog, site)
        error = _error_of(future)
        if isinstance(error, BrokenExecutor):
            return jobs[number:]
        if (yield from _collect(future, [job], backlog)):
            # Scoring never raises: its worker was lost again, or the job cannot travel.
            yield job, failed_case(_worker_died(f"worker failed ({type(error).__name__})"))
    return []


def _await_any(flying: InFlight, backlog: Backlog, site: Site) -> set[Future[Answer]]:
    """Return what is done; look up more cases while nothing is."""
    while not any(future.done() for future in flying) and backlog.grow():
        pass
    while not (done := wait(flying, timeout=_LOOK_EVERY_S, return_when=FIRST_COMPLETED).done):
        site.watch()
    if any(future.cancelled() for future in done):  # not by us
        site.watch()
    return done


def _submit(site: Site, errand: list[Job]) -> Future[Answer]:
    try:
        return site.executor.submit(score_errand, errand)
    except (BrokenExecutor, OSError) as error:  # it died since the last errand, or just now
        broken: Future[Answer] = Future()
        is_told = isinstance(error, BrokenExecutor)
        broken.set_exception(error if is_told else BrokenExecutor(type(error).__name__))
        return broken


def _error_of(future: Future[Answer]) -> BaseException | None:
    return CancelledError() if future.cancelled() else future.exception()


def _collect(future: Future[Answer], errand: list[Job], backlog: Backlog) -> Suspects:
    """Yield the scores of an errand; return its cases if it failed."""
    error = _error_of(future)
    if error is None:
        scores, seconds = future.result()
        backlog.note(errand, seconds=seconds)
        yield from zip(errand, scores, strict=True)
        return []
    if isinstance(error, BiasRulerError):  # a worker that must not score
        raise error.with_traceback(None)
    return errand


def _score_apart(suspects: Iterable[Job]) -> Scores:
    """Score cases one at a time; each that dies in a process used before gets a fresh one."""
    queue = list(suspects)[::-1]
    while queue:
        with open_pool(1) as pool:
            is_fresh, is_alive = True, True
            while queue and is_alive:
                future = _submit(Site(executor=pool, workers=1), queue[-1:])
                is_alive = _error_of(future) is None
                if is_alive:
                    yield queue.pop(), future.result()[0][0]
                elif is_fresh:
                    yield queue.pop(), failed_case(_worker_died("worker died (memory?)"))
                is_fresh = False


def _worker_died(found: str) -> BiasRulerError:
    return BiasRulerError("BR801", found, "it to finish", "Lower biasruler_workers")
