"""From a benchmark to its evidence: metadata read, cases cut into subgroups and scored."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

from pytest_biasruler.audit.inspecting import find_problems
from pytest_biasruler.benchmark.declared import declare_checks
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.benchmark.named import find_unknown_names
from pytest_biasruler.benchmark.places import bind_places
from pytest_biasruler.benchmark.refusals import raise_if_any
from pytest_biasruler.benchmark.subgroups import cut_all
from pytest_biasruler.checks.evidence import Evidence
from pytest_biasruler.errors import BiasRulerProblems
from pytest_biasruler.scoring.measures import needed_measures
from pytest_biasruler.scoring.run import measure_benchmark, score_benchmark

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.masks.mask import Mask
    from pytest_biasruler.scoring.store import Store


def prepare(
    benchmark: Benchmark,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    store: Store | None = None,
    progress: Callable[[int, int, int], None] | None = None,
    metrics: Sequence[Metric] = (),
    readers: Mapping[str, Callable[[Path], Mask]] | None = None,
) -> Evidence:
    """Return everything that is known before the first question is asked.

    Parameters
    ----------
    workers : int
        Processes that score cases; 1 scores in this process.
    scheduler : str, optional
        Address of a Dask cluster that scores them instead.
    store : Store, optional
        Where scores are kept between runs; None keeps nothing.
    progress : callable, optional
        Called with (done, total, from store) as cases are scored.
    metrics : sequence of Metric
        Metrics of plugins, beside the built-in ones.
    readers : mapping of str to callable, optional
        Readers of other mask formats, by suffix.

    Raises
    ------
    BiasRulerError
        On every problem that stops an audit before anything is scored, all at once.
    """
    try:
        metadata = read_metadata(benchmark)
        subgroups = cut_all(benchmark, metadata)
        benchmark = bind_places(benchmark, metadata)
        declared = declare_checks(benchmark, metrics=metrics)
        raise_if_any(
            find_unknown_names(benchmark, declared, metadata=metadata, subgroups=subgroups)
        )
    except BiasRulerProblems:
        raise_if_any(find_problems(benchmark, metrics=metrics))  # the others beside it, too
        raise
    scored = score_benchmark(
        benchmark,
        metadata=metadata,
        metrics=metrics,
        measures=needed_measures(declared),
        workers=workers,
        scheduler=scheduler,
        store=store,
        progress=progress,
        readers=readers,
    )
    how: dict[str, Any] = {"workers": workers, "scheduler": scheduler}
    how |= {"store": store, "readers": readers}
    return Evidence(
        benchmark=benchmark,
        metadata=metadata,
        scored=scored,
        subgroups=subgroups,
        metrics={metric.name: metric for metric in metrics},
        readers=readers or {},
        measure=cache(partial(measure_benchmark, benchmark, metadata=metadata, **how)),
    )
