"""The TSV of panoptica's aggregator: one row for each subject, columns ``GROUP-METRIC``."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.refusals import raise_if_any
from pytest_biasruler.benchmark.rules import listed
from pytest_biasruler.scoring.naming import suggestion
from pytest_biasruler.scoring.pattern import Pattern, aliased, twice
from pytest_biasruler.scoring.unfold import Reading
from pytest_biasruler.scoring.wide import slot_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_biasruler.benchmark.texttable import TextTable
    from pytest_biasruler.errors import BiasRulerError
    from pytest_biasruler.scoring.naming import Naming

_CASE = "subject_name"
_SIGN = "-"  # groups may not hold it, subjects and metrics may
_INSTANCE = re.compile(r".+-(?P<group>[^-]+)_inst_[0-9]+")


def read_panoptica(header: Sequence[str], naming: Naming, *, same: Mapping[str, str]) -> Reading:
    """Return what the columns hold.

    Raises
    ------
    BiasRulerProblems
        ``BR403`` two columns that hold one thing, ``BR602`` no table of panoptica, groups that are
        no labels, or no column that is named as a metric of ours.
    """
    raise_if_any(_foreign(header, naming))
    groups = groups_of(header)
    raise_if_any(naming.unknown_names(naming.metrics, of_labels=groups))
    labels = _labels(groups, naming, same=same)
    metrics = aliased(naming.metrics, naming.source.columns)
    pattern = Pattern("{label}-{metric}", names={"label": labels, "metric": metrics})
    slots = {
        column: slot_of({**same, **readings[0]})
        for column in header
        if (readings := pattern.readings(column))
    }
    raise_if_any(
        [
            *_absent(header, groups, naming=naming),
            *(naming.same_slot(*pair, ours="one thing") for pair in twice(slots)),
            *(_nothing_named(header, naming) if not slots else ()),
        ]
    )
    return Reading(case=_CASE, slots=slots, n_left=0)


def groups_of(header: Sequence[str]) -> tuple[str, ...]:
    """Return the groups of a header.

    Examples
    --------
    >>> groups_of(["subject_name", "tumor-rq", "tumor-sq", "edema-rq"])
    ('tumor', 'edema')
    """
    found = (column.split(_SIGN, maxsplit=1) for column in header[1:])
    return tuple(dict.fromkeys(each[0] for each in found if len(each) > 1))


def without_instances(table: TextTable, groups: Sequence[str]) -> TextTable:
    """Return the rows of whole subjects; ``None`` in a cell is an empty one.

    With ``output_individual_instance_metrics`` each instance has a row of its own.
    """
    position = table.header.index(_CASE)
    kept = [
        place
        for place, row in enumerate(table.rows)
        if not ((one := _INSTANCE.fullmatch(row[position])) and one["group"] in groups)
    ]
    rows = [table.rows[place] for place in kept]
    if any("None" in row for row in rows):
        rows = [["" if cell == "None" else cell for cell in row] for row in rows]
    return replace(table, rows=rows, lines=[table.lines[place] for place in kept])


def _foreign(header: Sequence[str], naming: Naming) -> Iterator[BiasRulerError]:
    if header[0] != _CASE or not groups_of(header):
        found = f"{naming.shown} is no table of panoptica"
        expected = f"{_CASE}, then GROUP-METRIC"
        yield naming.refused(found, expected=expected, fix="Correct format", of_table=True)


def _labels(groups: Sequence[str], naming: Naming, *, same: Mapping[str, str]) -> dict[str, str]:
    """Return group -> label; ``""`` where the benchmark has none."""
    known = tuple(naming.vocabulary.labels)
    named = aliased(known, naming.source.columns)
    if len(groups) == 1 and groups[0] not in named:
        if "label" in same:
            return {groups[0]: same["label"]}
        if len(known) < 2:
            return {groups[0]: known[0] if known else ""}
    if "label" in same:
        found = f"{naming.shown} has {len(groups)} groups"
        fix = f'Write columns = {{ GROUP = "{same["label"]}" }} instead of label'
        raise_if_any([naming.refused(found, expected="one group", fix=fix)])
    if not any(group in named for group in groups):
        found = f"{naming.shown} has {len(groups)} groups, and none is a label"
        fix = 'Name them in [labels], or write columns = { GROUP = "label" }'
        expected = listed(known) or "one group, without [labels]"
        raise_if_any([naming.refused(found, expected=expected, fix=fix)])
    return named


def _absent(
    header: Sequence[str], groups: Sequence[str], *, naming: Naming
) -> Iterator[BiasRulerError]:
    metrics = {column.partition(_SIGN)[2] for column in header}
    for theirs in naming.source.columns:
        if theirs not in metrics and theirs not in groups:
            yield naming.absent(theirs)


def _nothing_named(header: Sequence[str], naming: Naming) -> Iterator[BiasRulerError]:
    metrics = list(dict.fromkeys(column.partition(_SIGN)[2] for column in header[1:]))
    found = f"no metric of {naming.shown} is named in columns"
    fix = (
        suggestion(metrics, columns=naming.source.columns) or 'Write columns = { THEIRS = "ours" }'
    )
    yield naming.refused(found, expected="which of theirs is which of ours", fix=fix)
