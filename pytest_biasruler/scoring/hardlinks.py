"""Predictions of one submission that are one file under several names."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.notes import Note
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.attempt import attempt
from pytest_biasruler.scoring.job import Role
from pytest_biasruler.scoring.sources import find_entry, list_sets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_biasruler.benchmark.definition import Benchmark
    from pytest_biasruler.scoring.scored import Scored
    from pytest_biasruler.scoring.sources import MaskSet

_MOST_LINKED = 1 / 20


def tell_hard_links(scored: Scored, benchmark: Benchmark) -> Scored:
    """Return the scores with BR120 for each model two of whose predictions are one file.

    A note, as for one mask of several patients, which may have told it already; an error of the
    model if it is true of more than 1 in 20 cases.
    """
    told = {note.set for note in scored.notes if note.code == "BR120"}
    notes, errors = [], {}
    for mask_set in list_sets(benchmark):
        n_linked = 0
        if mask_set.role == Role.MODEL and mask_set.name not in told:
            n_linked = _count_linked(mask_set, scored.cases, benchmark=benchmark)
        if n_linked:
            text = f"{n_linked} predictions of {mask_set.name} are one file under several names"
            notes.append(Note(code="BR120", set=mask_set.name, n=n_linked, text=text))
        if n_linked > _MOST_LINKED * len(scored.cases):
            fix = "Ask for a file for each case"
            errors[mask_set.name] = BiasRulerError("BR120", text, "different files", fix)
    return replace(scored, notes=(*scored.notes, *notes), errors={**errors, **scored.errors})


def _count_linked(mask_set: MaskSet, cases: Iterable[str], *, benchmark: Benchmark) -> int:
    """Return how many predictions share device and inode with another one."""
    files: Counter[tuple[int, int]] = Counter()
    for case in cases:
        source = find_entry(mask_set, case, benchmark=benchmark).source
        if isinstance(source, Path):
            status = attempt(partial(os.lstat, source))
            if isinstance(status, os.stat_result):
                files[status.st_dev, status.st_ino] += 1
    return sum(n for n in files.values() if n > 1)
