"""Cells of numbers put into bins: those with declared edges, and those cut at quantiles."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.bins import bin_names, bin_of, filler_note
from pytest_biasruler.benchmark.notes import Note
from pytest_biasruler.benchmark.numbers import number_problems, read_number
from pytest_biasruler.benchmark.quantiles import (
    patient_values,
    quantile_edges,
    quantile_names,
    quantile_note,
)
from pytest_biasruler.benchmark.refusals import raise_if_any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_biasruler.benchmark.definition import Attribute
    from pytest_biasruler.benchmark.metadata import Metadata
    from pytest_biasruler.benchmark.numbers import Number

_EVERYTHING = (-math.inf, math.inf)


@dataclass(frozen=True, kw_only=True, slots=True)
class Binned:
    """The numbers of an attribute and the bin of each case.

    Attributes
    ----------
    names : tuple of str
        Of the bins, in order of their edges.
    of : mapping
        Case -> name of its bin.
    numbers : mapping
        Case -> its number.
    edges : tuple of float
        Declared, or found at quantiles; none where no number is known.
    """

    names: tuple[str, ...]
    of: Mapping[str, str]
    numbers: Mapping[str, float]
    edges: tuple[float, ...]
    notes: tuple[Note, ...]


def is_missing(cell: str, *, tokens: Sequence[str], is_numeric: bool) -> bool:
    """Return whether a tidied cell means "not recorded"; of numbers any spelling of it does.

    Examples
    --------
    >>> is_missing("15.0", tokens=["", "15"], is_numeric=True)
    True
    >>> is_missing("15.0", tokens=["15"], is_numeric=False)
    False
    """
    if cell in tokens:
        return True
    return is_numeric and read_number(cell) in {read_number(token) for token in tokens} - {None}


def cut_numbers(known: Mapping[str, str], attribute: Attribute, metadata: Metadata) -> Binned:
    """Put cells into the bins of an attribute.

    Parameters
    ----------
    known : mapping
        Case to cell, missing ones left out.

    Raises
    ------
    BiasRulerProblems
        ``BR406`` a cell is no number; ``BR407`` numbers lie in no bin.
    """
    by_cell = {cell: read_number(cell) for cell in set(known.values())}
    edges = _edges(known, by_cell, attribute, metadata)
    raise_if_any(
        number_problems(
            known,
            edges=edges or _EVERYTHING,
            column=attribute.source,
            places=metadata.lines_of(attribute.source),
            shown=metadata.shown_of(attribute.source),
        )
    )
    read = {case: number for case, cell in known.items() if (number := by_cell[cell]) is not None}
    numbers = {case: number.value for case, number in read.items()}
    whole = all(value.is_integer() for value in numbers.values())
    names = attribute.names or (quantile_names if attribute.quantiles else bin_names)(
        edges, whole=whole
    )
    places = {case: bin_of(value, edges=edges) for case, value in numbers.items()}
    return Binned(
        names=names,
        of={case: names[place] for case, place in places.items() if place is not None},
        numbers=numbers,
        edges=edges,
        notes=(
            *_open_note(sum(number.is_open for number in read.values()), attribute=attribute.name),
            *filler_note([*numbers.values()], attribute=attribute, n_rows=len(metadata.frame)),
            *_quantile_note(edges, attribute),
        ),
    )


def _edges(
    known: Mapping[str, str],
    by_cell: Mapping[str, Number | None],
    attribute: Attribute,
    metadata: Metadata,
) -> tuple[float, ...]:
    if attribute.quantiles is None:
        return attribute.bins or ()
    read = {case: by_cell[cell] for case, cell in known.items()}
    values = {
        case: number.value
        for case, number in read.items()
        if number is not None and math.isfinite(number.value)
    }
    patients = {str(case): str(name) for case, name in metadata.patients.items()}
    by_patient = patient_values(values, patients)
    return quantile_edges(by_patient, n_bins=attribute.quantiles, cases=[*values.values()])


def _quantile_note(edges: tuple[float, ...], attribute: Attribute) -> tuple[Note, ...]:
    if attribute.quantiles is None:
        return ()
    return quantile_note(edges, n_bins=attribute.quantiles, attribute=attribute.name)


def _open_note(n: int, *, attribute: str) -> tuple[Note, ...]:
    text = f'{n} values of {attribute} with a plus, such as "90+", are read without it'
    return (Note(code="BR406", set=attribute, n=n, text=text),) if n else ()
