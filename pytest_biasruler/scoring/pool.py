"""Cases over processes: a case that kills its process is named, and takes no other one with it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from itertools import islice
from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.case import score_case, score_cases
from pytest_biasruler.scoring.job import failed_case

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from concurrent.futures import Executor
    from multiprocessing.process import BaseProcess

    from pytest_biasruler.scoring.job import CaseScores, Job

    Scores = Generator[tuple[Job, CaseScores]]
    InFlight = dict[Future[list[CaseScores]], list[Job]]

_BATCH = 4  # cases per errand: of a small case, the way to the process costs as much as the scores
_ERRANDS_PER_WORKER = 2  # one to do and one that waits; more would only hold arrays in memory


def score_jobs(
    jobs: Iterable[Job], *, workers: int = 1, executor: Executor | None = None
) -> Scores:
    """Yield each job with its scores, in the order in which they are done.

    Parameters
    ----------
    jobs : iterable of Job
        Taken only as fast as they can be scored.
    workers : int
        1: here, without another process. Otherwise that many processes, started afresh
        (``spawn``), so a script that calls this needs its ``if __name__ == "__main__"``.
    executor : concurrent.futures.Executor, optional
        Used in place of an own pool, one case for each errand, twice `workers` in flight: say how
        many workers it has.

    Raises
    ------
    BiasRulerError
        ``BR801`` if no process can be started at all: every case would be called guilty.

    Yields
    ------
    job, scores
        If a process dies, every case it may have been working on is scored again alone in a
        fresh process; one that dies again is BR801 and is not tried a third time.
    """
    queue = iter(jobs)
    if executor is None and workers == 1:
        for job in queue:
            yield job, score_case(job)
        return
    is_done = False
    while not is_done:
        if executor is None:
            with _pool(workers) as pool:
                suspects = yield from _drain(queue, pool, workers=workers, batch=_BATCH)
            if suspects:
                _check_that_workers_start()
        else:
            suspects = yield from _drain(queue, executor, workers=workers, batch=1)
        for job in suspects:
            yield job, _score_alone(job)
        is_done = not suspects


@contextlib.contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Hand out a pool of processes that ends, also if one of them died."""
    # Not fork: threads of numpy, or of an xdist worker, may hold a lock at that moment.
    with ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_parent
    ) as pool:
        try:
            yield pool
        finally:
            # A broken pool waits for all its processes but ends only those it had when it broke:
            # one that was being started at that moment was seen to be waited for without end.
            if vars(pool).get("_broken"):
                for process in [*(vars(pool).get("_processes") or {}).values()]:
                    process.kill()


def _end_with_parent() -> None:
    """See to it that this process ends when its parent does, even if the parent is killed.

    A process of a pool holds both ends of its queue, so by itself it would wait there for ever.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_wait_for_end, args=(parent,), daemon=True).start()


def _wait_for_end(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)  # an exception would end this thread alone


def _check_that_workers_start() -> None:
    """Raise if a process dies before it is given a case, as it does in an unguarded script."""
    with _pool(1) as pool:
        if pool.submit(int).exception() is None:
            return
    raise BiasRulerError(
        "BR801",
        "worker processes do not start",
        'a script that does its work below if __name__ == "__main__"',
        "Move the work there, or use workers=1",
    )


def _drain(
    queue: Iterator[Job], executor: Executor, *, workers: int, batch: int
) -> Generator[tuple[Job, CaseScores], None, list[Job]]:
    """Score the queue until it is empty or a process dies; return the cases that were caught."""
    flying: InFlight = {}
    is_broken = False
    try:
        while not is_broken:
            while len(flying) < workers * _ERRANDS_PER_WORKER:
                errand = list(islice(queue, batch))
                if not errand:
                    break
                flying[_submit(executor, errand)] = errand
            if not flying:
                return []
            for future in wait(flying, return_when=FIRST_COMPLETED).done:
                if isinstance(future.exception(), BrokenExecutor):
                    is_broken = True
                else:
                    yield from _collect(future, flying.pop(future))
        return [job for errand in flying.values() for job in errand]
    finally:  # also if the caller stops listening: nothing more is begun
        for future in flying:
            future.cancel()


def _submit(executor: Executor, errand: list[Job]) -> Future[list[CaseScores]]:
    try:
        return executor.submit(score_cases, errand)
    except (BrokenExecutor, OSError) as error:  # it died since the last errand, or just now
        broken: Future[list[CaseScores]] = Future()
        is_told = isinstance(error, BrokenExecutor)
        broken.set_exception(error if is_told else BrokenExecutor(type(error).__name__))
        return broken


def _collect(future: Future[list[CaseScores]], errand: list[Job]) -> Scores:
    error = future.exception()
    if error is None:
        yield from zip(errand, future.result(), strict=True)
        return
    # Scoring itself never raises: this is a worker lost on a cluster, or a job that cannot travel.
    for job in errand:
        yield job, failed_case(_worker_died(f"worker failed ({type(error).__name__})"))


def _score_alone(job: Job) -> CaseScores:
    with _pool(1) as pool:
        future = pool.submit(score_case, job)
        if future.exception() is None:
            return future.result()
    return failed_case(_worker_died("worker died (memory?)"))


def _worker_died(found: str) -> BiasRulerError:
    return BiasRulerError("BR801", found, "it to finish", "Lower biasruler_workers")
