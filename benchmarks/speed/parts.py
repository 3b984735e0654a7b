"""Where does the time of a case go? Own time of functions, by the part of the work they do."""

from __future__ import annotations

import cProfile
import pstats
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest_biasruler
from benchmarks.peers.ours import make_job
from benchmarks.speed.cohort import choose_cases, make_cohort, paths_of
from benchmarks.speed.figures import Figure
from pytest_biasruler.scoring.case import score_case

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.speed.asked import Asked

    Function = tuple[str, int, str]  # file, line, name, as cProfile tells them

PACKAGE = Path(pytest_biasruler.__file__).parent
REST = "rest: headers, counting, bookkeeping"
PARTS = {  # of a module, or of one function of it
    "masks.file": "reading files",
    "masks.stream": "inflating",
    "masks.inflate": "inflating",
    "masks.voxels": "cropping to what is foreground",
    "masks.crop": "cropping to what is foreground",
    "masks.tally": "cropping to what is foreground",
    "scoring.surface": "surfaces",
    "scoring.surfel": "surfaces",
    "scoring.surface:tree": "distances",
    "scoring.search": "distances",
    "scoring.distance": "distances",
    "scoring.crowded": "distances",
    "scoring.shape": "lesions",
    "scoring.component": "lesions",
}
HASHES = ("sha256", "HASH", "blake2")
N_ROUNDS = 3


def measure(asked: Asked) -> dict[str, Any]:
    """Return milliseconds per case of each part, without a profiler's and with its cost."""
    numbers = choose_cases(asked.n_cases)
    folder = make_cohort(asked.folder, n_cases=max(numbers) + 1)
    jobs = [make_job(paths_of(folder, number)) for number in numbers]
    score_case(jobs[0])
    start = time.perf_counter()
    for job in jobs:
        score_case(job)
    plain_ms = 1e3 * (time.perf_counter() - start) / len(jobs)
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(N_ROUNDS):
        for job in jobs:
            score_case(job)
    profile.disable()
    seconds = share_out(pstats.Stats(profile).stats)
    total = sum(seconds.values())
    figures = [
        Figure(name=part, title=part, unit="%", values=(100 * own / total,))
        for part, own in sorted(seconds.items(), key=lambda item: -item[1])
    ]
    whole = Figure(name="case", title="a case without profiler", unit="ms", values=(plain_ms,))
    return {"figures": [figure.to_plain() for figure in (whole, *figures)]}


def share_out(stats: Mapping[Function, Any]) -> dict[str, float]:
    """Return part -> seconds; the time of others' functions goes to who called them.

    Parameters
    ----------
    stats : mapping
        As of `pstats.Stats`: function -> (primitive calls, calls, own time, time with callees,
        callers), and callers -> the same four for calls from there.
    """
    seconds: dict[str, float] = {}
    for function, (_, _, own, _, _) in stats.items():
        for part, share in _shares(function, stats, seen=frozenset()).items():
            seconds[part] = seconds.get(part, 0.0) + share * own
    return seconds


def _shares(
    function: Function, stats: Mapping[Function, Any], *, seen: frozenset[Function]
) -> dict[str, float]:
    """Return which parts the time of a function belongs to; the shares add up to 1."""
    file, _, name = function
    if any(word in name for word in HASHES):
        return {"hashing": 1.0}
    if Path(file).is_relative_to(PACKAGE):
        module = ".".join(Path(file).relative_to(PACKAGE).with_suffix("").parts)
        return {PARTS.get(f"{module}:{name}") or PARTS.get(module, REST): 1.0}
    callers = {
        caller: counts[2]
        for caller, counts in stats[function][4].items()
        if caller not in seen and caller in stats
    }
    total = sum(callers.values())
    if not total:
        return {REST: 1.0}
    shares: dict[str, float] = {}
    for caller, weight in callers.items():
        for part, share in _shares(caller, stats, seen=seen | {function}).items():
            shares[part] = shares.get(part, 0.0) + share * weight / total
    return shares
