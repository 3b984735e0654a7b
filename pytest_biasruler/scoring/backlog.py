"""Cases that wait to be scored: the largest first, cut into errands that take about as long."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from pytest_biasruler.masks.crop import Crop

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_biasruler.scoring.job import Job

ERRAND_S = 0.25
"""How long an errand should take. The way to a process and back was measured at 1 to 3 ms, to a
worker of a cluster and back at 10 ms, so that 95 % of the time is spent on scores."""

_MOST_CASES = 256  # of an errand: what a process that dies may take with it is scored once more
_PIECES = 4  # what is left is cut into so many errands per worker, so that all end together
_BYTES_OF_PATH = 1024  # an entry with path and digest, in memory
_MOST_BYTES = 2**26
_COST_OF_ENTRY = 4096  # opening a file takes as long as reading and scoring so many bytes


def cost_of(job: Job) -> int:
    """Return about how long a case may take, in bytes of its files."""
    return job.cost + _COST_OF_ENTRY * len(job.entries)


class Backlog:
    """The jobs of a run, taken from their source as they are needed or as there is time.

    What waits is bounded by its memory, 64 MiB: some 60,000 paths, or two large masks given in
    code. Beyond that the order is that of the source, but for the small cases, which stay behind
    until the end and even it out.

    Examples
    --------
    >>> from pytest_biasruler.scoring.job import Job
    >>> jobs = [Job(case=name, entries=(), metrics=(), cost=cost) for name, cost in
    ...         (("a", 1000), ("b", 3000), ("c", 2000))]
    >>> backlog = Backlog(jobs)
    >>> while backlog.grow():
    ...     pass
    >>> [[job.case for job in backlog.take(workers=1)] for _ in range(4)]
    [['b'], ['c'], ['a'], []]
    """

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._source = iter(jobs)
        self._is_over = False
        self._calls_others = False
        self._heap: list[tuple[int, int, Job]] = []
        self._n_seen = 0
        self._bytes = 0
        self._cost = 0
        self._cost_done = 0
        self._seconds = 0.0

    @property
    def cost(self) -> int:
        """Cost of what waits here."""
        return self._cost

    @property
    def is_over(self) -> bool:
        """Whether the source has no more jobs."""
        return self._is_over

    @property
    def calls_others(self) -> bool:
        """Whether a metric or reader that is not ours was among the jobs so far."""
        return self._calls_others

    def expect(self, cost: float) -> float:
        """Return how many seconds so much may take by what was noted; 0 before anything was."""
        return self._seconds * cost / self._cost_done if self._cost_done else 0.0

    def note(self, errand: Sequence[Job], *, seconds: float) -> None:
        """Learn from an errand how long what is left may take; no score depends on it."""
        self._cost_done += sum(map(cost_of, errand))
        self._seconds += seconds

    def grow(self) -> bool:
        """Take one more job from the source; return whether there was one, and room for it."""
        if self._is_over or self._bytes >= _MOST_BYTES:
            return False
        job = next(self._source, None)
        if job is None:
            self._is_over = True
            return False
        heapq.heappush(self._heap, (-cost_of(job), self._n_seen, job))
        self._n_seen += 1
        own = any(metric.score is not None for metric in job.metrics)
        self._calls_others = self._calls_others or own or bool(job.readers)
        self._bytes += _bytes_of(job)
        self._cost += cost_of(job)
        return True

    def take(self, *, workers: int) -> list[Job]:
        """Return the next errand, empty if nothing is left.

        One case, the largest, until its time is known; then as many as take `ERRAND_S`, but
        towards the end less, so that no worker waits for the last errand of another one.
        """
        n_pieces = workers * _PIECES
        while self._is_short(n_pieces) and self.grow():
            pass
        share = self.expect(self._cost) / n_pieces
        room_s = min(ERRAND_S, share)
        errand: list[Job] = []
        while self._heap and len(errand) < _MOST_CASES:
            if errand and not (self.expect(-self._heap[0][0]) <= room_s):
                break
            errand.append(self._pop())
            seconds = self.expect(cost_of(errand[-1]))
            room_s -= seconds
            if not seconds:
                break
        return errand

    def take_smallest(self) -> Job | None:
        """Return the job that may take least of those that wait here, if one does."""
        if not self._heap:
            return None
        smallest = max(self._heap, key=lambda waiting: waiting[:2])
        self._heap.remove(smallest)
        heapq.heapify(self._heap)
        return self._leave(smallest[2])

    def _is_short(self, n_pieces: int) -> bool:
        """Return whether too little waits here to tell a whole errand from the last ones."""
        is_timed = self._cost_done > 0
        return len(self._heap) < n_pieces or (
            is_timed and self.expect(self._cost) < ERRAND_S * n_pieces
        )

    def _pop(self) -> Job:
        return self._leave(heapq.heappop(self._heap)[2])

    def _leave(self, job: Job) -> Job:
        self._bytes -= _bytes_of(job)
        self._cost -= cost_of(job)
        return job


def _bytes_of(job: Job) -> int:
    """Return about how much memory a job holds."""
    sources = [entry.source for entry in job.entries]
    given = sum(source.voxels.nbytes for source in sources if isinstance(source, Crop))
    return given + _BYTES_OF_PATH * len(sources)
