"""Cases over a Dask cluster whose workers see the same files and run the same code as we do."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import time
import warnings
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.attempt import attempt
from pytest_biasruler.scoring.job import CaseScores, Job, failed_case
from pytest_biasruler.scoring.pool import Site, score_jobs
from pytest_biasruler.scoring.terms import Terms, refuse, score_there, told_by, unlike

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from concurrent.futures import Future

ANSWER_S = 10
"""How long a scheduler may take to answer."""

ASK_S = 60.0
"""How long all machines may take to say what they have: each imports our package to do so."""

WORKER_S = 10
"""How long its first worker may take to be there."""

GRACE_S = 30.0
"""How long a cluster may be without any worker: a nanny starts a new one within a few seconds."""

_LOGGERS = ("distributed", "distributed.client", "distributed.core", "tornado.application")
_MOST_LOOKED_AT = 16  # cases among which one is looked for that has a file
_LOST_CODES = ("BR101", "BR124")


def check_cluster(address: str) -> None:
    """See to it that a cluster answers, and that all of it runs the same code as we do.

    Raises
    ------
    BiasRulerError
        ``BR602``, told in one line.
    """
    with _open_client(address) as client:
        _check_terms(client, Terms.of())


def score_on_cluster(jobs: Iterable[Job], *, address: str) -> Generator[tuple[Job, CaseScores]]:
    """Yield each job with its scores, made by the workers of a cluster.

    Nobody connects to it if there is no job.

    Parameters
    ----------
    jobs : iterable of Job
        With the digests of their files, so that a worker cannot take one that it does not see for
        one that was never made.
    address : str
        Of the scheduler, such as ``tcp://10.0.0.1:8786``.

    Raises
    ------
    BiasRulerError
        ``BR602`` before anything is scored if there is no such cluster, or one that has other
        code or does not see the masks; ``BR801`` if it is lost. What was yielded stays.
    """
    queue = iter(jobs)
    first = list(islice(queue, _MOST_LOOKED_AT))
    if not first:
        return
    terms = Terms.of(first)
    with _open_client(address) as client:
        _check_terms(client, terms)
        n_workers = sum(client.nthreads().values())
        site = Site(
            executor=_Sender(client, terms), workers=n_workers, watch=_Watch(client, address).look
        )
        with contextlib.closing(score_jobs(chain(first, queue), executor=site)) as scored:
            for job, scores in scored:
                yield job, _vouch(job, scores)


class _Sender(Executor):
    """Sends errands to the workers of a client, with the terms under which they are done."""

    def __init__(self, client: Any, terms: Terms) -> None:
        # Impure: an errand is done each time it is sent, also if it looks like an earlier one.
        self._executor: Executor = client.get_executor(pure=False)
        self._terms = terms

    def submit(self, work: Any, /, *args: Any, **_: Any) -> Future[Any]:
        with warnings.catch_warnings():
            # Masks given in code travel with their errand, which Dask remarks.
            warnings.simplefilter("ignore")
            return self._executor.submit(score_there, self._terms, work, *args)


class _Watch:
    """Looks after a cluster while nothing comes back from it."""

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self._address = address
        self._alone_since: float | None = None

    def look(self) -> None:
        """Raise BR801 if the scheduler is gone, or no worker was there for `GRACE_S`."""
        if self._client.status != "running":
            raise _lost(f"the connection to the scheduler {self._address} was lost")
        # Asked by a call that ends: `scheduler_info` waits for ever for a scheduler that hangs.
        n_workers = attempt(
            lambda: self._client.run_on_scheduler(
                lambda dask_scheduler: len(dask_scheduler.workers), callback_timeout=GRACE_S
            )
        )
        if isinstance(n_workers, BiasRulerError):
            raise _lost(f"the scheduler {self._address} does not answer")
        if n_workers:
            self._alone_since = None
            return
        self._alone_since = self._alone_since or time.monotonic()
        if time.monotonic() - self._alone_since > GRACE_S:
            raise _lost(f"no worker of the scheduler {self._address} is left")


@contextlib.contextmanager
def _open_client(address: str) -> Iterator[Any]:
    """Hand out a client that says nothing by itself, and is closed in the end."""
    try:
        from distributed import Client
    except ImportError:
        found, fix = "biasruler_scheduler needs Dask", "Install pytest-biasruler[dask]"
        raise BiasRulerError("BR602", found, "the package distributed", fix) from None
    with _quiet():
        with warnings.catch_warnings():
            # Dask remarks other versions, of its own packages too; ours are asked for by us.
            warnings.simplefilter("ignore")
            connect = partial(Client, address, timeout=ANSWER_S, set_as_default=False)
            greeted = attempt(partial(_greet, address))
            client = greeted if isinstance(greeted, BiasRulerError) else attempt(connect)
        if isinstance(client, BiasRulerError):
            _forget_clients()
            raise BiasRulerError(
                "BR602",
                f"no Dask scheduler answers at {address}",
                f"one within {ANSWER_S} s",
                "Start it, or leave out biasruler_scheduler to score here",
            )
        try:
            yield client
        finally:
            attempt(partial(client.close, timeout=ANSWER_S))
            del client
            _forget_clients()


def _greet(address: str) -> None:
    """Raise if nothing that speaks as Dask does answers in time.

    A client waits for ever for the greeting of a server of another kind.
    """
    import distributed

    dask: Any = distributed  # most of it has no types

    async def greet() -> None:
        keys = dask.Security().get_connection_args("client")
        async with asyncio.timeout(ANSWER_S):
            comm = await dask.comm.connect(address, timeout=ANSWER_S, **keys)
            await comm.close()

    with ThreadPoolExecutor(1) as thread:  # this one may run a loop of its own, in a notebook
        thread.submit(asyncio.run, greet()).result()


def _forget_clients() -> None:
    """Let go of a client that could not connect or close, here and now.

    It closes itself when it is collected. Collected while the next client is being made, it was
    seen to wait for ever for a lock that this thread holds.
    """
    gc.collect()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask from printing tracebacks of what we tell in one line."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _check_terms(client: Any, terms: Terms) -> None:
    """Raise what the scheduler, or the first of its workers in order, does not have."""
    waited = attempt(partial(client.wait_for_workers, 1, timeout=WORKER_S))
    if isinstance(waited, BiasRulerError):
        found = f"the scheduler {client.scheduler.address} has no worker"
        expected = f"one within {WORKER_S} s"
        raise BiasRulerError("BR602", found, expected, "Start one: dask worker ADDRESS")
    # The scheduler unpacks errands too, but opens no mask.
    of_code = replace(terms, witness=None, decoders=())
    ask = partial(client.run_on_scheduler, refuse, of_code, callback_timeout=ASK_S)
    _heed("the scheduler", attempt(ask))
    ask = partial(client.run, refuse, terms, on_error="return", callback_timeout=ASK_S)
    answers = attempt(ask)
    if isinstance(answers, BiasRulerError):
        found = f"not every worker of the scheduler {client.scheduler.address} answers"
        raise BiasRulerError("BR602", found, f"all within {ASK_S:.0f} s", "Restart its workers")
    for address, answer in sorted(answers.items()):
        _heed(f"worker {address}", answer)


def _heed(machine: str, answer: object) -> None:
    """Raise what a machine answered, if it may not score."""
    if isinstance(answer, BiasRulerError) and answer.code == "BR602":
        raise told_by(machine, answer)
    if answer is not None:  # it could not even unpack the question
        raise told_by(machine, unlike("cannot import pytest_biasruler", "it to be installed"))


def _vouch(job: Job, scores: CaseScores) -> CaseScores:
    """Return scores, but those of a worker that did not find a file that is there."""
    for entry in job.entries:
        facts = scores["masks"].get(entry.set)
        error = facts["error"] if facts is not None else None
        if entry.digest and error and error[0] in _LOST_CODES:
            found = f"{entry.title} could not be read on a worker of the cluster"
            fix = "Run again when every machine sees it"
            return failed_case(BiasRulerError("BR123", found, "the file that is here", fix))
    return scores


def _lost(found: str) -> BiasRulerError:
    fix = "Run again: what was scored is kept, unless biasruler_no_cache is set"
    return BiasRulerError("BR801", found, "it to stay", fix)
