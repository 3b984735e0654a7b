"""The ready score tables that a benchmark brings, on disk or in a DataFrame."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING

import pandas as pd

from pytest_biasruler.benchmark.definition import ScoreSource
from pytest_biasruler.benchmark.frames import frame_to_parts
from pytest_biasruler.benchmark.notes import Note
from pytest_biasruler.benchmark.problems import place_of, title_of
from pytest_biasruler.scoring.allowance import Allowance, table_limits
from pytest_biasruler.scoring.incoming import open_table
from pytest_biasruler.scoring.naming import Naming
from pytest_biasruler.scoring.published import Incoming, Published, Vocabulary, publish
from pytest_biasruler.scoring.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.benchmark.metadata import Metadata
    from pytest_biasruler.benchmark.metrics import Metric


def read_scores(
    benchmark: Benchmark, *, metadata: Metadata | None, metrics: Mapping[str, Metric]
) -> Published | None:
    """Return the ready score tables of `benchmark` as one, checked; None if it has none.

    Without metadata every case counts as known; what an untrusted benchmark can need is then not
    known, and its tables not read.

    Raises
    ------
    BiasRulerProblems
        What `publish` and `open_table` refuse.
    """
    if benchmark.scores is None or (benchmark.untrusted and metadata is None):
        return None
    limits, needed = table_limits(benchmark, n_cases=len(metadata.known) if metadata else 0)
    vocabulary = Vocabulary(
        cases=None if metadata is None else metadata.cases,
        models=tuple(each.name for each in benchmark.models),
        references=tuple(each.name for each in benchmark.references),
        labels=tuple(benchmark.labels),
        outside=() if metadata is None else metadata.outside,
        metrics=metrics,
    )
    source, rule = benchmark.scores, benchmark.defaults.both_empty
    if isinstance(source, pd.DataFrame):
        parts = frame_to_parts(source, shown="scores", limits=limits, needed=needed)
        opens = [partial(Incoming, shown="scores", parts=parts)]
        return publish(opens, vocabulary=vocabulary, shelf=Shelf(names=("scores",)), rule=rule)
    sources = (source,) if isinstance(source, ScoreSource) else tuple(source)
    names = shown_names([each.table for each in sources])
    allowance = Allowance(limits=limits, needed=needed)
    opened = [
        partial(
            open_table,
            Naming(
                source=each,
                vocabulary=vocabulary,
                shown=name,
                place=_place(benchmark, number, n=len(sources)),
            ),
            benchmark=benchmark,
            allowance=allowance,
        )
        for number, (each, name) in enumerate(zip(sources, names, strict=True))
    ]
    return publish(opened, vocabulary=vocabulary, shelf=Shelf(names=names), rule=rule)


def note_gaps(given: Published | None) -> tuple[Note, ...]:
    """Return what was left out of ready score tables, and what they leave undefined."""
    if given is None:
        return ()
    notes = []
    if given.n_strangers:
        text = f"{given.n_strangers} rows of the score table match no case"
        if given.n_respelt:
            text += f"; {given.n_respelt} would, but for capitals or leading zeros"
        notes.append(Note(code="BR404", set="scores", n=given.n_strangers, text=text))
    if given.n_others:
        text = (
            f"{given.n_others} rows of the score table name a model, reference or label that the "
            "benchmark does not"
        )
        notes.append(Note(code="BR404", set="names in scores", n=given.n_others, text=text))
    if given.n_left:
        text = f"{given.n_left} columns of the score table fit no pattern and were left out"
        notes.append(Note(code="BR404", set="columns of scores", n=given.n_left, text=text))
    for model, by_metric in sorted(given.n_undefined.items()):
        n, each = sum(by_metric.values()), (f"{k} of {name}" for name, k in by_metric.items())
        text = f"{n} scores of {model} in the score table are undefined: {', '.join(each)}"
        notes.append(Note(code="BR423", set=model, n=n, text=text))
    return tuple(notes)


def shown_names(tables: Sequence[str]) -> tuple[str, ...]:
    """Return the shortest ends of the paths that tell files apart.

    Examples
    --------
    >>> shown_names(["fold/unet/summary.json", "fold/swin/summary.json", "x/dice.csv"])
    ('unet/summary.json', 'swin/summary.json', 'dice.csv')
    """
    names = [PurePath(table).name for table in tables]
    for n_parts in range(2, 1 + max((len(PurePath(table).parts) for table in tables), default=1)):
        twice = {name for name, n in Counter(names).items() if n > 1}
        names = [
            "/".join(PurePath(table).parts[-n_parts:]) if name in twice else name
            for table, name in zip(tables, names, strict=True)
        ]
    return tuple(names)


def _place(benchmark: Benchmark, number: int, *, n: int) -> str:
    """Return where the benchmark names a table."""
    path = ("scores", number) if n > 1 else ("scores",)
    return title_of(path) if benchmark.file is None else place_of(benchmark)(path)[1]
