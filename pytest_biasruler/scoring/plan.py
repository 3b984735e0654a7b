"""How the cases of a benchmark are scored: what is in the store is read, the rest is measured."""

from __future__ import annotations

from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.crop import Crop
from pytest_biasruler.scoring.archive import Archive, ConfinedArchive
from pytest_biasruler.scoring.backlog import cost_of
from pytest_biasruler.scoring.blame import score_confined
from pytest_biasruler.scoring.case import score_case
from pytest_biasruler.scoring.cluster import score_on_cluster
from pytest_biasruler.scoring.identity import is_importable, name_job
from pytest_biasruler.scoring.job import CaseScores, Entry, Job, ScoreRow
from pytest_biasruler.scoring.pool import score_jobs
from pytest_biasruler.scoring.sources import list_sets, make_job
from pytest_biasruler.scoring.submission import name_confined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.masks.mask import Mask
    from pytest_biasruler.scoring.sources import MaskSet
    from pytest_biasruler.scoring.store import Store

    Progress = Callable[[int, int, int], None]
    Readers = Mapping[str, Callable[[Path], Mask]]


@dataclass(kw_only=True, slots=True)
class Tally:
    """How far scoring has come.

    A progress that has a method ``weigh`` is told which share of the work is done, too: the
    largest cases come first, so that their number tells too little.
    """

    total: int
    progress: Progress | None
    n_done: int = 0
    n_from_store: int = 0
    n_expected: int = 0
    cost_expected: int = 0
    cost_done: int = 0

    def expect(self, job: Job) -> None:
        """Note a case that is to be scored."""
        self.n_expected += 1
        self.cost_expected += cost_of(job)

    def count_scored(self, job: Job) -> None:
        """Count a case that was scored, and tell."""
        self.cost_done += cost_of(job)
        weigh: Callable[[float], None] | None = getattr(self.progress, "weigh", None)
        if weigh is not None:
            # Of cases not yet looked up in the store, the mean cost of those before stands.
            mean = self.cost_expected / self.n_expected
            weigh(self.cost_done / (mean * (self.total - self.n_from_store)))
        self.count()

    def count(self, *, n_from_store: int = 0) -> None:
        """Count one more case, and tell."""
        self.n_done += 1
        self.n_from_store += n_from_store
        if self.progress is not None:
            self.progress(self.n_done, self.total, self.n_from_store)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How the cases of one benchmark are scored.

    `metrics` can be measured anywhere; `here` only in this process, since their functions cannot
    be imported by name.
    """

    benchmark: Benchmark
    metrics: tuple[Metric, ...] = ()
    here: tuple[Metric, ...] = ()
    measures: tuple[str, ...] = ()
    readers: Readers
    store: Store | None
    scheduler: str | None = None
    folders: dict[str, Path] = field(default_factory=dict)

    def carry_out(
        self, cases: Sequence[str], *, workers: int, executor: Executor | None, tally: Tally
    ) -> dict[str, CaseScores]:
        """Return the scores of every case that has masks, in the order in which they are done."""
        done: dict[str, CaseScores] = {}
        if not list_sets(self.benchmark):
            return done
        archive = self.open_archive()
        missing = self.look_up(cases, archive=archive, done=done, tally=tally)
        if self.benchmark.untrusted:
            scored = score_confined(missing, workers=workers)
        elif not all(map(is_importable, self.readers.values())):
            scored = score_jobs(missing)
        elif self.scheduler is not None:
            scored = score_on_cluster(missing, address=self.scheduler)
        else:
            scored = score_jobs(missing, workers=workers, executor=executor)
        # Whatever stops this loop ends its processes too, and what is scored by then is kept.
        with nullcontext() if archive is None else closing(archive), closing(scored):
            for job, scores in scored:
                whole = (job, scores) if archive is None else archive.enter(job, scores)
                done[job.case] = self._measure_here(*whole)
                tally.count_scored(job)
        return done

    def open_archive(self) -> Archive | ConfinedArchive | None:
        """Return what the store holds of this benchmark."""
        if self.store is None:
            return None
        if self.benchmark.untrusted:
            return ConfinedArchive(self.store)
        return Archive(self.store, settings=self._job("", sets=()))

    def look_up(
        self,
        cases: Iterable[str],
        *,
        archive: Archive | ConfinedArchive | None,
        done: dict[str, CaseScores],
        tally: Tally,
    ) -> Iterator[Job]:
        """Yield what is to be measured of each case; what the store has whole goes to `done`."""
        sets = list_sets(self.benchmark)
        jobs = (self._job(case, sets=sets) for case in cases)
        looked = self._name(jobs) if archive is None else archive.look_up(jobs)
        for job, found in looked:
            if found is None:
                todo = replace(job, cost=sum(map(_cost_of, job.entries)))
                tally.expect(todo)
                yield todo
                continue
            done[job.case] = self._measure_here(job, found)
            tally.count(n_from_store=1)

    def _name(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, None]]:
        for job in jobs:
            if self.benchmark.untrusted:
                yield name_confined(job), None
            else:
                yield name_job(job) if self.scheduler else job, None

    def _job(self, case: str, *, sets: Sequence[MaskSet]) -> Job:
        return make_job(
            self.benchmark,
            case,
            sets=sets,
            metrics=self.metrics,
            measures=self.measures,
            readers=self.readers,
            folders=self.folders,
        )

    def _measure_here(self, job: Job, scores: CaseScores) -> CaseScores:
        """Return scores with those of metrics that no other process can import."""
        if not self.here or scores["error"] is not None:
            return scores
        more = score_case(replace(job, metrics=self.here, measures=()))
        if more["error"] is not None:
            return more
        rows = [
            ScoreRow(**{**row, "scores": {**row["scores"], **extra["scores"]}})
            for row, extra in zip(scores["rows"], more["rows"], strict=True)
        ]
        problems = [*scores["problems"], *(p for p in more["problems"] if p[1] == "BR899")]
        return CaseScores(**{**scores, "rows": rows, "problems": problems})


def _cost_of(entry: Entry) -> int:
    """Return how many bytes, or voxels of a mask given in code, there are to be looked at."""
    if isinstance(entry.source, Crop):
        return entry.source.voxels.size
    try:
        return 0 if isinstance(entry.source, BiasRulerError) else entry.source.lstat().st_size
    except (OSError, ValueError):  # what is wrong with it is told when it is read
        return 0


def is_portable(metric: Metric) -> bool:
    """Return whether another process can measure this metric."""
    return metric.score is None or is_importable(metric.score)
