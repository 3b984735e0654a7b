"""Tidy tables whose columns are called otherwise, or leave out what is the same in every row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.refusals import raise_if_any
from pytest_biasruler.scoring.pattern import aliased
from pytest_biasruler.scoring.table import KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_biasruler.errors import BiasRulerError
    from pytest_biasruler.scoring.naming import Naming

_SCORE = ("score", "value")
_CONSTANTS = KEYS[1:]


def tidy_columns(naming: Naming) -> dict[str, str]:
    """Return column of theirs -> name of ours, of all columns that may be read."""
    names = aliased((*KEYS, *naming.metrics), naming.source.columns)
    metric = naming.source.metric
    return names if metric is None else names | dict.fromkeys(_SCORE, metric)


def same_in_every_row(naming: Naming) -> dict[str, str]:
    """Return the keys that the whole table is about, as the benchmark says."""
    told = {key: getattr(naming.source, key) for key in _CONSTANTS}
    return {key: name for key, name in told.items() if name is not None}


def read_names(header: Sequence[str], naming: Naming) -> dict[str, str]:
    """Return name of ours -> column of theirs, of the columns that are there.

    Raises
    ------
    BiasRulerProblems
        ``BR403`` two columns for one name, ``BR602`` a name that nobody knows, a column that is
        not there, or one that says what the benchmark says, too.
    """
    raise_if_any(_problems(header, naming))
    columns = tidy_columns(naming)
    return {columns[theirs]: theirs for theirs in header if theirs in columns}


def _problems(header: Sequence[str], naming: Naming) -> Iterator[BiasRulerError]:
    yield from naming.unknown_names((*KEYS, *naming.metrics))
    for theirs in naming.source.columns:
        if theirs not in header:
            yield naming.absent(theirs)
    yield from _clashes(header, tidy_columns(naming), naming=naming)
    for key, name in same_in_every_row(naming).items():
        if key in {tidy_columns(naming).get(theirs) for theirs in header}:
            found = f'{key} = "{name}" is said, and {naming.shown} has a column of it'
            yield naming.refused(found, expected="one of both", fix=f"Remove {key}")
    if naming.source.metric is not None and not set(_SCORE) & set(header):
        found = f"{naming.shown} has no column called score or value"
        fix = f'Write columns = {{ THEIRS = "{naming.source.metric}" }} instead of metric'
        yield naming.refused(found, expected="one that holds the metric", fix=fix, of_table=True)


def _clashes(
    header: Sequence[str], columns: Mapping[str, str], *, naming: Naming
) -> Iterator[BiasRulerError]:
    first: dict[str, str] = {}
    for theirs in header:
        ours = columns.get(theirs)
        if ours is None:
            continue
        if ours in first:
            yield naming.same_slot(first[ours], theirs, ours=ours)
        first.setdefault(ours, theirs)
