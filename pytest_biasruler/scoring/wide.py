"""Wide tables: one row for each case, and columns whose names say what they hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.refusals import first_of, raise_if_any
from pytest_biasruler.benchmark.rules import shown as quoted
from pytest_biasruler.benchmark.score_keys import parts_of, split_pattern
from pytest_biasruler.scoring.naming import suggestion
from pytest_biasruler.scoring.pattern import Pattern, aliased, twice
from pytest_biasruler.scoring.unfold import Reading, Slot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pytest_biasruler.errors import BiasRulerError
    from pytest_biasruler.scoring.naming import Naming

    Names = dict[str, dict[str, str]]


def names_of_parts(naming: Naming) -> Names:
    """Return part -> name of theirs -> name of ours."""
    vocabulary, columns = naming.vocabulary, naming.source.columns
    return {
        "model": aliased((*vocabulary.models, *vocabulary.references), columns),
        "reference": aliased(tuple(vocabulary.references), columns),
        "label": aliased(tuple(vocabulary.labels), columns),
        "metric": aliased(naming.metrics, columns),
    }


def case_column(naming: Naming) -> str:
    """Return their column of cases."""
    named = (theirs for theirs, ours in naming.source.columns.items() if ours == "case")
    return next(named, "case")


def fits(naming: Naming) -> Callable[[str], bool]:
    """Return whether the name of a column fits the pattern."""
    reader = Pattern(naming.source.pattern or "", names=names_of_parts(naming))
    return lambda column: bool(reader.readings(column))


def read_wide(header: Sequence[str], naming: Naming, *, same: Mapping[str, str]) -> Reading:
    """Return what the columns of a wide table hold, by the pattern of their names.

    Parameters
    ----------
    same : mapping
        What the whole table is about: ``model``, ``reference``, ``label``, ``metric``.

    Raises
    ------
    BiasRulerProblems
        ``BR403`` two columns that hold one thing, ``BR602`` no column that fits, one that can be
        read in two ways, and names that nobody knows.
    """
    pattern, names = naming.source.pattern or "", names_of_parts(naming)
    reader, case = Pattern(pattern, names=names), case_column(naming)
    found = {column: reader.readings(column) for column in header if column != case}
    slots = {
        column: slot_of(readings[0] | dict(same))
        for column, readings in found.items()
        if len(readings) == 1
    }
    raise_if_any(_unsaid(naming, names))
    raise_if_any(
        [
            *_absent(header, [case, *slots], naming=naming),
            *first_of(_ambiguous(found, naming), shown=naming.shown),
            *(naming.same_slot(*pair, ours="one thing") for pair in twice(slots)),
            *(_nothing_fits(header, naming) if not any(found.values()) else ()),
        ]
    )
    return Reading(case=case, slots=slots, n_left=sum(not each for each in found.values()))


def slot_of(said: Mapping[str, str]) -> Slot:
    """Return what a column holds of which so much is known; a label without name is left out."""
    keys = [key for key in ("model", "reference", "label") if said.get(key)]
    return Slot(metric=said["metric"], about=tuple((key, said[key]) for key in keys))


def _unsaid(naming: Naming, names: Names) -> Iterator[BiasRulerError]:
    known = {"case", *(ours for part in names.values() for ours in part.values())}
    yield from naming.unknown_names(known)
    if "label" in parts_of(naming.source.pattern or "") and not naming.vocabulary.labels:
        found, fix = "pattern holds {label}, and there is no [labels]", "Add [labels]"
        yield naming.refused(found, expected="names of labels", fix=fix)


def _absent(
    header: Sequence[str], read: Sequence[str], *, naming: Naming
) -> Iterator[BiasRulerError]:
    case = read[0]
    if case not in header:
        found = f"column {quoted(case)} is not in {naming.shown}"
        fix = 'Write columns = { THEIRS = "case" }'
        yield naming.refused(found, expected="a column of cases", fix=fix, of_table=True)
    for theirs, ours in naming.source.columns.items():
        is_used = ours == "case" or any(theirs in column for column in read[1:])
        if read[1:] and not is_used:
            yield naming.absent(theirs)


def _ambiguous(
    found: Mapping[str, Sequence[Mapping[str, str]]], naming: Naming
) -> Iterator[BiasRulerError]:
    for column, readings in found.items():
        if len(readings) > 1:
            first, second = (" and ".join(each.values()) for each in readings[:2])
            told = f"column {quoted(column)} can be read as {first} or as {second}"
            fix = "Rename the column, or choose another pattern"
            yield naming.refused(told, expected="one meaning", fix=fix, of_table=True)


def _nothing_fits(header: Sequence[str], naming: Naming) -> Iterator[BiasRulerError]:
    pattern = naming.source.pattern or ""
    found = f"no column of {naming.shown} fits pattern {quoted(pattern)}"
    expected = "columns named by models, references, labels and metrics of the benchmark"
    otherwise = "Correct pattern, or name their words in columns"
    fix = suggestion(unknown_metrics(header, naming), columns=naming.source.columns) or otherwise
    yield naming.refused(found, expected=expected, fix=fix)


def unknown_metrics(header: Sequence[str], naming: Naming) -> list[str]:
    """Return what stands in place of a metric where all else of a column's name is known."""
    literals, names = split_pattern(naming.source.pattern or ""), names_of_parts(naming)
    steps = []
    for place, step in enumerate(literals):
        is_part = place % 2 == 1
        if is_part and step != "metric":
            steps.append(f"(?:{'|'.join(map(re.escape, names[step])) or '(?!)'})")
        else:
            steps.append("(?P<metric>.+)" if is_part else re.escape(step))
    fitting = re.compile("".join(steps))
    if "metric" not in fitting.groupindex:
        return []
    found = (fitting.fullmatch(column) for column in header)
    metrics = dict.fromkeys(each["metric"] for each in found if each)
    return [metric for metric in metrics if metric not in names["metric"]]
