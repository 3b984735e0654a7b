"""All cases of a benchmark, scored once: what is in the store is read, the rest is measured."""

from __future__ import annotations

from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.benchmark.refusals import raise_if_any
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.masks.mask import Mask
from pytest_biasruler.scoring.archive import Archive, ConfinedArchive
from pytest_biasruler.scoring.assembly import assemble
from pytest_biasruler.scoring.blame import score_confined
from pytest_biasruler.scoring.case import score_case
from pytest_biasruler.scoring.cluster import score_on_cluster
from pytest_biasruler.scoring.given import read_scores
from pytest_biasruler.scoring.hardlinks import tell_hard_links
from pytest_biasruler.scoring.identity import is_importable, name_job
from pytest_biasruler.scoring.job import CaseScores, Entry, Job, ScoreRow
from pytest_biasruler.scoring.measures import Measure, build_measure
from pytest_biasruler.scoring.pairs import is_measured
from pytest_biasruler.scoring.pool import score_jobs
from pytest_biasruler.scoring.sources import check_masks_exist, list_sets, make_job
from pytest_biasruler.scoring.submission import check_submission, name_confined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    import pandas as pd

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.benchmark.metadata import Metadata
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.scoring.scored import Scored
    from pytest_biasruler.scoring.sources import MaskSet
    from pytest_biasruler.scoring.store import Store

    Progress = Callable[[int, int, int], None]
    Readers = Mapping[str, Callable[[Path], Mask]]

__all__ = ["check_masks_exist", "measure_benchmark", "score_benchmark"]


def score_benchmark(
    benchmark: Benchmark,
    *,
    metadata: Metadata,
    metrics: Iterable[Metric] | None = None,
    measures: Sequence[str] = (),
    workers: int = 1,
    store: Store | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
    scheduler: str | None = None,
    readers: Readers | None = None,
) -> Scored:
    """Score every case of a benchmark, and account for each that could not be.

    Parameters
    ----------
    benchmark : Benchmark
        Its masks, its ready score table, or both.
    metadata : Metadata
        Which cases there are, and whose.
    metrics : iterable of Metric, optional
        Metrics of plugins, beside the built-in ones and those of the benchmark. One whose
        function a fresh interpreter cannot import is measured in this process and never stored.
    measures : sequence of str
        What is measured beside scores, in the same pass; see `needed_measures`.
    workers : int
        How many processes; the result is the same for any number.
    store : Store, optional
        Scores of earlier runs; None: nothing is kept.
    progress : callable, optional
        Called as ``progress(done, total, from_store)`` with numbers of cases.
    executor : concurrent.futures.Executor, optional
        Used in place of an own pool of processes; not for an untrusted benchmark, each case of
        which is scored in a process of its own.
    scheduler : str, optional
        Address of a Dask cluster, used in place of processes here; not for an untrusted
        benchmark, whose files are not to reach other machines.
    readers : mapping of str to callable, optional
        Readers of other mask formats by suffix; not used for an untrusted benchmark.

    Returns
    -------
    Scored

    Raises
    ------
    BiasRulerProblems
        What stops the run before anything is scored: ``BR126``, a path outside the data root,
        what `read_scores` and `check_submission` refuse. One bad mask or case never raises.
    """
    known = {metric.name: metric for metric in (*CATALOGUE.values(), *(metrics or ()))}
    known |= benchmark.metrics
    refused = check_submission(benchmark, list_sets(benchmark), metrics=known.values())
    raise_if_any([*refused, *check_masks_exist(benchmark, metadata)])
    given = read_scores(benchmark, metadata=metadata, metrics=known)
    plan = _Plan(
        benchmark=benchmark,
        metrics=tuple(filter(_is_portable, filter(is_measured, known.values()))),
        here=tuple(each for each in known.values() if not _is_portable(each)),
        measures=tuple(measures),
        readers=readers or {},
        store=store,
        scheduler=scheduler,
    )
    tally = _Tally(total=len(metadata.cases), progress=progress)
    done = plan.carry_out(metadata.cases, workers=workers, executor=executor, tally=tally)
    scored = assemble(benchmark, metadata=metadata, metrics=known, done=done, given=given)
    return replace(
        tell_hard_links(scored, benchmark) if benchmark.untrusted else scored,
        shapes=build_measure(Measure.SHAPE, done) if Measure.SHAPE in measures else None,
        echoes=build_measure(Measure.ECHO, done) if Measure.ECHO in measures else None,
    )


def measure_benchmark(
    benchmark: Benchmark,
    measure: str,
    *,
    metadata: Metadata,
    workers: int = 1,
    store: Store | None = None,
    scheduler: str | None = None,
    readers: Readers | None = None,
) -> pd.DataFrame:
    """Return the shapes or the echoes of every case, for a question asked after scoring.

    The same as `score_benchmark` would have measured beside the scores, kept in the store under a
    key of its own; without rows if no set has masks.
    """
    plan = _Plan(
        benchmark=benchmark,
        measures=(measure,),
        readers=readers or {},
        store=store,
        scheduler=scheduler,
    )
    tally = _Tally(total=len(metadata.cases), progress=None)
    done = plan.carry_out(metadata.cases, workers=workers, executor=None, tally=tally)
    return build_measure(measure, done)


@dataclass(kw_only=True, slots=True)
class _Tally:
    """How far scoring has come; the one thing here that changes."""

    total: int
    progress: Progress | None
    n_done: int = 0
    n_from_store: int = 0

    def count(self, *, n_from_store: int = 0) -> None:
        self.n_done += 1
        self.n_from_store += n_from_store
        if self.progress is not None:
            self.progress(self.n_done, self.total, self.n_from_store)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
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

    def carry_out(
        self, cases: Sequence[str], *, workers: int, executor: Executor | None, tally: _Tally
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
                tally.count()
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
        tally: _Tally,
    ) -> Iterator[Job]:
        """Yield what is to be measured of each case; what the store has whole goes to `done`."""
        sets = list_sets(self.benchmark)
        jobs = (self._job(case, sets=sets) for case in cases)
        looked = self._name(jobs) if archive is None else archive.look_up(jobs)
        for job, found in looked:
            if found is None:
                yield replace(job, cost=sum(map(_cost_of, job.entries)))
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
    if isinstance(entry.source, Mask):
        return entry.source.voxels.size
    try:
        return 0 if isinstance(entry.source, BiasRulerError) else entry.source.lstat().st_size
    except (OSError, ValueError):  # what is wrong with it is told when it is read
        return 0


def _is_portable(metric: Metric) -> bool:
    return metric.score is None or is_importable(metric.score)
