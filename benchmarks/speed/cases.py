"""How long does one case take, from files to scores, by ours and by other tools?"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.peers.catalogue import FLOOR, FLOOR_PLAIN, OURS, OURS_PLAIN, PEERS
from benchmarks.speed.cohort import choose_cases, make_cohort, paths_of, write_tiny_case
from benchmarks.speed.figures import Figure, list_ratios, round_off
from benchmarks.speed.tool import Tool

if TYPE_CHECKING:
    from benchmarks.speed.asked import Asked

AGREEMENT = 1e-6  # MONAI computes in single precision

Times = dict[tuple[int, int], float]  # (round, case) -> seconds
Scores = dict[int, dict[str, dict[str, float]]]  # case -> pair -> metric -> score


def measure(asked: Asked) -> dict[str, Any]:
    """Score the same cases by every tool in turn, round by round."""
    numbers = choose_cases(asked.n_cases)
    folder = make_cohort(asked.folder, n_cases=max(numbers) + 1)
    with ExitStack() as stack:
        tools = [stack.enter_context(Tool(peer)) for peer in PEERS.values()]
        tiny = write_tiny_case(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        for tool in tools:
            if not tool.missing:
                tool.score(tiny)
        times, scores = _take_turns(tools, folder, numbers, asked=asked)
    return {
        "figures": _list_figures(times, asked=asked),
        "missing": {tool.peer.name: tool.missing for tool in tools if tool.missing},
        "agreement": compare_scores(scores),
    }


def _take_turns(
    tools: list[Tool], folder: Path, numbers: list[int], *, asked: Asked
) -> tuple[dict[str, Times], dict[str, Scores]]:
    times: dict[str, Times] = defaultdict(dict)
    scores: dict[str, Scores] = defaultdict(dict)
    for turn in range(asked.n_rounds):
        for number in numbers:
            for tool in tools:
                if tool.missing or tool.seconds > asked.budget_s:
                    continue
                seconds, found = tool.score(paths_of(folder, number))
                if not tool.missing:
                    times[tool.peer.name][turn, number] = seconds
                    scores[tool.peer.name][number] = found
    return times, scores


def _list_figures(times: dict[str, Times], *, asked: Asked) -> list[dict[str, Any]]:
    figures = []
    for name, measured in times.items():
        note = f"{len({number for _, number in measured})} cases"
        if len(measured) < asked.n_cases * asked.n_rounds:
            note += "; slow, so fewer turns"
        values = tuple(1e3 * seconds for seconds in measured.values())
        title = PEERS[name].title
        figures.append(Figure(name=name, title=title, unit="ms", values=values, note=note))
    figures += [
        _ratio(above, below, times)
        for above, below in _list_comparisons(times)
        if above in times and below in times
    ]
    return [figure.to_plain() for figure in figures]


def _list_comparisons(times: dict[str, Times]) -> list[tuple[str, str]]:
    others = [name for name in times if name not in (OURS, OURS_PLAIN, FLOOR, FLOOR_PLAIN)]
    return [
        *((name, ours) for name in others for ours in (OURS, OURS_PLAIN)),
        (OURS_PLAIN, OURS),
        (OURS, FLOOR),
        (OURS_PLAIN, FLOOR_PLAIN),
    ]


def _ratio(above: str, below: str, times: dict[str, Times]) -> Figure:
    """Return the ratios of the turns that both tools took part in."""
    both = [turn for turn in times[above] if turn in times[below]]
    return Figure(
        name=f"{above}/{below}",
        title=f"{PEERS[above].title} ÷ {PEERS[below].title}",
        unit="x",
        values=list_ratios(*([times[name][turn] for turn in both] for name in (above, below))),
    )


def compare_scores(scores: dict[str, Scores]) -> list[dict[str, Any]]:
    """Return how far each tool's scores lie from ours at most, by metric.

    Raises
    ------
    ValueError
        If a metric that is defined as ours differs: the tools did not do the same work.
    """
    rows = []
    for name, theirs in scores.items():
        furthest = _list_furthest(theirs, scores[OURS_PLAIN])
        same = [*furthest] if name == OURS else [*PEERS[name].same]
        wrong = [metric for metric in same if not furthest[metric] <= AGREEMENT]
        if wrong:
            raise ValueError(f"{name} and ours differ in {', '.join(wrong)}: {furthest}")
        if name not in (OURS_PLAIN, FLOOR, FLOOR_PLAIN):
            apart = {metric: round_off(by) for metric, by in furthest.items()}
            rows.append({"name": name, "same": same, "furthest": apart})
    return rows


def _list_furthest(theirs: Scores, ours: Scores) -> dict[str, float]:
    """Return metric -> the largest difference of all cases and pairs; NaN if one is NaN."""
    apart: dict[str, list[float]] = defaultdict(list)
    for number, pairs in theirs.items():
        for pair, metrics in pairs.items():
            for metric, value in metrics.items():
                apart[metric].append(abs(value - ours[number][pair][metric]))
    return {metric: float(np.max(each)) for metric, each in apart.items()}
