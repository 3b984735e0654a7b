"""Many worlds, here or over processes: the same answers in the same order."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from typing import TYPE_CHECKING

from pytest_biasruler.audit.scene import Played, Stage, play
from pytest_biasruler.benchmark.places import Places
from pytest_biasruler.scoring.identity import is_importable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Progress = Callable[[int, int, int], None]

_ERRANDS_PER_WORKER = 5
_FEWEST = 10  # below so many worlds for each process, starting one costs more than it saves


def play_worlds(
    stage: Stage, *, n_worlds: int, workers: int = 1, progress: Progress | None = None
) -> list[Played]:
    """Return worlds 1 to `n_worlds`, in order.

    Parameters
    ----------
    workers : int
        Processes, started afresh (``spawn``); where the stage cannot travel, as when masks are
        arrays or metrics have functions of their own, the worlds are played here.
    progress : callable, optional
        Called with (done, total, 0).
    """
    played: list[Played] = []
    for world in _play(stage, range(1, n_worlds + 1), workers=workers):
        played.append(world)
        if progress is not None:
            progress(len(played), n_worlds, 0)
    return played


def _play(stage: Stage, seeds: Sequence[int], *, workers: int) -> Iterator[Played]:
    n_done = 0
    if workers > 1 and len(seeds) >= _FEWEST * workers and _can_travel(stage):
        try:
            for world in _play_elsewhere(stage, seeds, workers=workers):
                yield world
                n_done += 1
        except BrokenExecutor:  # the rest is played here: a world does not depend on its process
            pass
    for seed in seeds[n_done:]:
        yield play(stage, seed=seed)


def _can_travel(stage: Stage) -> bool:
    benchmark = stage.evidence.benchmark
    masks = [each.masks for each in benchmark.references]
    masks += [each.masks for each in benchmark.models]
    if not all(each is None or isinstance(each, str | Places) for each in masks):
        return False  # arrays would be sent along with every errand
    metrics = (*stage.evidence.metrics.values(), *benchmark.metrics.values())
    return all(each.score is None or is_importable(each.score) for each in metrics)


def _play_elsewhere(stage: Stage, seeds: Sequence[int], *, workers: int) -> Iterator[Played]:
    size = -(-len(seeds) // (workers * _ERRANDS_PER_WORKER))
    errands = [seeds[start : start + size] for start in range(0, len(seeds), size)]
    context = multiprocessing.get_context("spawn")  # threads of numpy may hold a lock
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        for worlds in pool.map(_play_several, [stage] * len(errands), errands):
            yield from worlds


def _play_several(stage: Stage, seeds: Sequence[int]) -> list[Played]:
    return [play(stage, seed=seed) for seed in seeds]
