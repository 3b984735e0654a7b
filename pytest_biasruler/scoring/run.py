"""All cases of a benchmark, scored once: what is in the store is read, the rest is measured."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.benchmark.places import bind_places
from pytest_biasruler.benchmark.refusals import raise_if_any
from pytest_biasruler.scoring.assembly import assemble
from pytest_biasruler.scoring.given import read_scores
from pytest_biasruler.scoring.hardlinks import tell_hard_links
from pytest_biasruler.scoring.measures import Measure, build_measure
from pytest_biasruler.scoring.pairs import is_measured
from pytest_biasruler.scoring.plan import Plan, Tally, is_portable
from pytest_biasruler.scoring.sources import check_masks_exist, list_sets
from pytest_biasruler.scoring.submission import check_submission

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    import pandas as pd

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.benchmark.metadata import Metadata
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.masks.mask import Mask
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
    benchmark = bind_places(benchmark, metadata)
    refused = check_submission(benchmark, list_sets(benchmark), metrics=known.values())
    raise_if_any([*refused, *check_masks_exist(benchmark, metadata)])
    given = read_scores(benchmark, metadata=metadata, metrics=known)
    plan = Plan(
        benchmark=benchmark,
        metrics=tuple(filter(is_portable, filter(is_measured, known.values()))),
        here=tuple(each for each in known.values() if not is_portable(each)),
        measures=tuple(measures),
        readers=readers or {},
        store=store,
        scheduler=scheduler,
    )
    tally = Tally(total=len(metadata.cases), progress=progress)
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

    The same as `score_benchmark` would have measured beside the scores, found in the same
    store; without rows if no set has masks.
    """
    plan = Plan(
        benchmark=bind_places(benchmark, metadata),
        measures=(measure,),
        readers=readers or {},
        store=store,
        scheduler=scheduler,
    )
    tally = Tally(total=len(metadata.cases), progress=None)
    done = plan.carry_out(metadata.cases, workers=workers, executor=None, tally=tally)
    return build_measure(measure, done)
