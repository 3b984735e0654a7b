"""What does a second run cost, what do two workers save, and what does a cluster cost?"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.speed.cohort import make_cohort
from benchmarks.speed.figures import Figure, list_ratios
from pytest_biasruler.benchmark.definition import Benchmark
from pytest_biasruler.benchmark.metadata import read_metadata
from pytest_biasruler.scoring.run import score_benchmark
from pytest_biasruler.scoring.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.speed.asked import Asked

N_ROUNDS = 3
TITLES = {
    "first": "first run, one process, scores stored",
    "rerun": "the same run again, nothing changed",
    "one": "one worker, no store",
    "two": "two local workers, their start included",
    "dask": "Dask, two workers of one thread, cluster running",
    "trimmed": "the same as Dask starts workers by itself, memory given back at once",
}
KEPT_MEMORY = {"MALLOC_TRIM_THRESHOLD_": "268435456", "MALLOC_MMAP_THRESHOLD_": "33554432"}
"""As docs/cluster.md starts workers: what is freed is kept for the next piece of a mask."""
RATIOS = (("first", "rerun"), ("one", "two"), ("two", "dask"))


def measure(asked: Asked) -> dict[str, Any]:
    """Score the same cases in all these ways in turn, round by round."""
    folder = make_cohort(asked.folder, n_cases=asked.n_many)
    benchmark = Benchmark.from_file(folder / "biasruler.toml")
    seconds: dict[str, list[float]] = {name: [] for name in TITLES}
    missing: dict[str, str] = {}
    _time(benchmark)  # files are in memory from here on, for everyone
    for _ in range(N_ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            for way, time_way in _list_ways(benchmark, Path(name)).items():
                try:
                    seconds[way].append(time_way())
                except ImportError as error:
                    missing[way] = str(error)
    figures = [
        Figure(
            name=name,
            title=TITLES[name],
            unit="s",
            values=tuple(values),
            note=f"{asked.n_many} cases",
        )
        for name, values in seconds.items()
        if values
    ]
    figures += [
        Figure(
            name=f"{above}/{below}",
            title=f"{TITLES[above]} ÷ {TITLES[below]}",
            unit="x",
            values=list_ratios(seconds[above], seconds[below]),
        )
        for above, below in RATIOS
        if seconds[above] and seconds[below]
    ]
    return {"figures": [figure.to_plain() for figure in figures], "missing": missing}


def _list_ways(benchmark: Benchmark, folder: Path) -> dict[str, Callable[[], float]]:
    """Return name -> what scores all cases and returns the seconds, to be called in this order.

    The first one fills the store in `folder` that the second one finds.
    """
    return {
        "first": lambda: _time(benchmark, store=Store(folder)),
        "rerun": lambda: _time(benchmark, store=Store(folder)),
        "one": lambda: _time(benchmark),
        "two": lambda: _time(benchmark, workers=2),
        "dask": lambda: _time_dask(benchmark, KEPT_MEMORY),
        "trimmed": lambda: _time_dask(benchmark, {}),
    }


def _time(benchmark: Benchmark, **how: Any) -> float:
    metadata = read_metadata(benchmark)
    start = time.perf_counter()
    scored = score_benchmark(benchmark, metadata=metadata, **how)
    seconds = time.perf_counter() - start
    if scored.table.empty:
        raise ValueError("nothing was scored")
    return seconds


def _time_dask(benchmark: Benchmark, variables: dict[str, str]) -> float:
    """Start a cluster, as it would stand ready, then score; its workers import for themselves."""
    from distributed import LocalCluster

    size = {"n_workers": 2, "threads_per_worker": 1, "processes": True}
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        with LocalCluster(**size, dashboard_address=":0") as cluster:
            return _time(benchmark, scheduler=cluster.scheduler_address)
    finally:  # Dask leaves variables of its workers behind, which would slow down local ones
        os.environ.clear()
        os.environ.update(before)
