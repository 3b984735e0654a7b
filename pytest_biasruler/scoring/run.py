"""All cases of a benchmark, scored once: what is in the store is read, the rest is measured."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.benchmark.refusals import raise_if_any
from pytest_biasruler.errors import CODES, BiasRulerError, Consequence
from pytest_biasruler.masks.mask import Mask
from pytest_biasruler.scoring.assembly import assemble
from pytest_biasruler.scoring.blame import score_confined
from pytest_biasruler.scoring.case import score_case
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

    def carry_out(
        self, cases: Sequence[str], *, workers: int, executor: Executor | None, tally: _Tally
    ) -> dict[str, CaseScores]:
        """Return the scores of every case that has masks, in the order in which they are done."""
        done: dict[str, CaseScores] = {}
        if not list_sets(self.benchmark):
            return done
        missing = self.look_up(cases, done=done, tally=tally)
        if self.benchmark.untrusted:
            scored = score_confined(missing, workers=workers)
        elif all(map(is_importable, self.readers.values())):
            scored = score_jobs(missing, workers=workers, executor=executor)
        else:
            scored = score_jobs(missing)
        with closing(scored):  # whatever stops this loop ends its processes too
            for job, scores in scored:
                done[job.case] = self.finish(job, scores)
                tally.count()
        return done

    def look_up(
        self, cases: Iterable[str], *, done: dict[str, CaseScores], tally: _Tally
    ) -> Iterator[Job]:
        """Yield the job of each case that is not in the store; the others go to `done`."""
        name = name_confined if self.benchmark.untrusted else name_job
        for case in cases:
            job = self._job(case)
            if self.store is not None or self.benchmark.untrusted:
                job = name(job)
            found = None if self.store is None else self.store.read(job.key)
            if found is None:
                yield job
                continue
            done[case] = self._measure_here(job, cast("CaseScores", found))
            tally.count(n_from_store=1)

    def finish(self, job: Job, scores: CaseScores) -> CaseScores:
        """Keep scores that were just made, and return them with those of this process."""
        if self.store is not None and _is_lasting(scores):
            self.store.write(job.key, scores)
        return self._measure_here(job, scores)

    def _job(self, case: str) -> Job:
        job = make_job(
            self.benchmark,
            case,
            sets=list_sets(self.benchmark),
            metrics=self.metrics,
            measures=self.measures,
            readers=self.readers,
        )
        return replace(job, cost=sum(map(_cost_of, job.entries)))

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


def _is_lasting(scores: CaseScores) -> bool:
    """Return whether the same files would give the same again: a failed disk is no property."""
    errors = [scores["error"], *(facts["error"] for facts in scores["masks"].values())]
    codes = [error[0] for error in errors if error] + [each[1] for each in scores["problems"]]
    return not any(code == "BR124" or CODES[code] == Consequence.ERROR for code in codes)
