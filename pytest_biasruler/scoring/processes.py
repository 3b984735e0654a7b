"""Processes of this machine: started afresh, ended with their parent."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.process import BaseProcess


@contextlib.contextmanager
def open_pool(workers: int) -> Iterator[ProcessPoolExecutor]:
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


def check_that_workers_start() -> None:
    """Raise if a process dies before it is given a case, as it does in an unguarded script.

    Raises
    ------
    BiasRulerError
        ``BR801``.
    """
    with open_pool(1) as pool:
        if pool.submit(int).exception() is None:
            return
    raise BiasRulerError(
        "BR801",
        "worker processes do not start",
        'a script that does its work below if __name__ == "__main__"',
        "Move the work there, or use workers=1",
    )
