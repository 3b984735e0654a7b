"""Cases cut into subgroups: bins, categories, crossings, and those of whom nothing is recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from math import prod
from operator import eq
from typing import TYPE_CHECKING

import pandas as pd

from pytest_biasruler.benchmark.binning import cut_numbers, is_missing
from pytest_biasruler.benchmark.categories import MISSING, category_problems, near_spellings
from pytest_biasruler.benchmark.notes import Note
from pytest_biasruler.benchmark.refusals import raise_if_any
from pytest_biasruler.benchmark.texttable import tidy
from pytest_biasruler.errors import BiasRulerError, BiasRulerProblems

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_biasruler.benchmark.definition import Attribute, Benchmark
    from pytest_biasruler.benchmark.metadata import Metadata
    from pytest_biasruler.errors import Limits

_CROSS = " × "
_MOST_CELLS = 10_000
"""Cells of a crossing, empty ones included; more of them than this are a mistake."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Subgroups:
    """Which subgroup each case is in: exactly one.

    Attributes
    ----------
    name : str
        The attribute, or the attributes of a crossing joined by " × ".
    of : Series of str
        Case to name of its subgroup, sorted by case.
    order : tuple of str
        Names as they are listed: bins in order of their edges, empty ones included; categories by
        name; of a crossing only cells that hold a case. `missing` comes last.
    declared : tuple of str
        Names that are known without looking at the cases and may be empty: the bins, or all
        cells of a crossing; of categories none.
    missing : str or None
        Name of the subgroup of cases whose value is not recorded; None if there are none.
    judge_missing : bool
        Whether that subgroup is compared with the others.
    n_merged : int
        Cases whose cell was replaced as `Attribute.merge` says.
    edges : tuple of float
        Of bins, declared or found at quantiles; of categories and crossings none.
    numbers : mapping
        Case to the number that was put into a bin; of categories and crossings none.
    fewest : int
        Patients of the smallest bin; of categories and crossings 0.
    """

    name: str
    of: pd.Series[str] = field(repr=False)
    order: tuple[str, ...]
    declared: tuple[str, ...] = ()
    missing: str | None = None
    judge_missing: bool = False
    notes: tuple[Note, ...] = ()
    n_merged: int = 0
    edges: tuple[float, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict, repr=False)
    fewest: int = 0


def cut_subgroups(metadata: Metadata, attribute: Attribute, *, limits: Limits) -> Subgroups:
    """Cut the cases of `metadata` by one attribute.

    Cells are merged, then those that `attribute.missing` lists go to the subgroup "missing", then
    the others are binned or taken as they are.

    Raises
    ------
    BiasRulerProblems
        ``BR406`` a cell is no number; ``BR407`` numbers lie in no bin; ``BR405`` one category has
        several spellings; ``BR410`` too many categories; ``BR413`` a category is called
        "missing". Of cells only categories are quoted.
    """
    cells = metadata.frame[attribute.source]
    merge = {tidy(old): tidy(kept) for kept, olds in attribute.merge.items() for old in olds}
    merged = cells.map(lambda cell: merge.get(cell, cell))
    known = merged[~merged.isin(_missing_among(set(merged), attribute))]
    binned = None
    if attribute.is_numeric:
        cells_known = dict(zip(map(str, known.index), known, strict=True))
        binned = cut_numbers(cells_known, attribute, metadata)
        order, notes = binned.names, binned.notes
        of_known = pd.Series([binned.of[str(case)] for case in known.index], index=known.index)
    else:
        order, of_known, notes = _cut_categories(known, attribute, metadata, limits)
    of = pd.Series(MISSING, index=cells.index, dtype=object, name=attribute.name)
    of.loc[known.index] = of_known
    has_missing = len(known) < len(cells)
    return Subgroups(
        name=attribute.name,
        of=of,
        order=(*order, MISSING) if has_missing else order,
        declared=order if binned else (),
        missing=MISSING if has_missing else None,
        judge_missing=attribute.judge_missing,
        notes=notes,
        n_merged=int((merged != cells).sum()),
        edges=binned.edges if binned else (),
        numbers=binned.numbers if binned else {},
        fewest=_fewest(metadata, of, binned.names) if binned else 0,
    )


def _fewest(metadata: Metadata, of: pd.Series[str], names: Sequence[str]) -> int:
    sizes = metadata.patients.reindex(of.index).groupby(of).nunique()
    return min((int(sizes.get(name, 0)) for name in names), default=0)


def _missing_among(cells: set[str], attribute: Attribute) -> list[str]:
    tokens = [tidy(token) for token in attribute.missing]
    is_numeric = attribute.is_numeric
    return [cell for cell in cells if is_missing(cell, tokens=tokens, is_numeric=is_numeric)]


_Cut = tuple[tuple[str, ...], "pd.Series[str]", tuple[Note, ...]]
"""Names in order, known case -> name, notes."""


def _cut_categories(
    known: pd.Series[str], attribute: Attribute, metadata: Metadata, limits: Limits
) -> _Cut:
    counts = {str(name): int(n) for name, n in known.value_counts().items()}
    raise_if_any(
        category_problems(
            counts,
            attribute=attribute,
            shown=metadata.shown_of(attribute.source),
            limits=limits,
        )
    )
    return tuple(sorted(counts)), known, near_spellings(counts, attribute=attribute)


def cross_subgroups(parts: Sequence[Subgroups]) -> Subgroups:
    """Cross the subgroups of several attributes of the same cases.

    A case of which one attribute is missing is missing in the crossing, which judges its missing
    cases only if every attribute that has some does.

    Raises
    ------
    BiasRulerError
        ``BR410`` if there are more than 10,000 cells; ``BR405`` if two cells have one name.
    """
    if len(parts) == 1:
        return parts[0]
    names = _cell_names(parts)
    name = _CROSS.join(part.name for part in parts)
    missing = [part.missing for part in parts]
    of = [
        MISSING if any(map(eq, row, missing)) else _CROSS.join(row)
        for row in zip(*(part.of for part in parts), strict=True)
    ]
    observed = set(of)
    has_missing = MISSING in observed
    return Subgroups(
        name=name,
        of=pd.Series(of, index=parts[0].of.index, dtype=object, name=name),
        order=(*(each for each in names if each in observed), *([MISSING] if has_missing else [])),
        declared=names,
        missing=MISSING if has_missing else None,
        judge_missing=all(part.judge_missing for part in parts if part.missing is not None),
        n_merged=sum(part.n_merged for part in parts),
    )


def _cell_names(parts: Sequence[Subgroups]) -> tuple[str, ...]:
    """Return the names of all cells of a crossing in product order."""
    sides = [[each for each in part.order if each != part.missing] for part in parts]
    where = " and ".join(part.name for part in parts)
    n_cells = prod(map(len, sides))
    if n_cells > _MOST_CELLS:
        found, fix = f"crossing has {n_cells} cells", "Cross fewer or coarser attributes"
        raise BiasRulerError("BR410", found, f"at most {_MOST_CELLS}", fix, where)
    names = tuple(map(_CROSS.join, product(*sides)))
    if len(set(names)) < n_cells:
        found, fix = "two cells of the crossing have one name", "Rename a category by merge"
        raise BiasRulerError("BR405", found, f"no category with{_CROSS}in it", fix, where)
    return names


def cut_all(benchmark: Benchmark, metadata: Metadata) -> Mapping[str, Subgroups]:
    """Cut the cases by every attribute of `benchmark`, in its order.

    Raises
    ------
    BiasRulerProblems
        All problems of all attributes, sorted by line.
    """
    cut: dict[str, Subgroups] = {}
    problems: list[BiasRulerError] = []
    for attribute in benchmark.attributes:
        try:
            cut[attribute.name] = cut_subgroups(metadata, attribute, limits=benchmark.limits)
        except BiasRulerProblems as refused:
            problems += refused.problems
    raise_if_any(problems)
    return cut


def subgroup_frame(benchmark: Benchmark, metadata: Metadata) -> pd.DataFrame:
    """Return one row per case: patient, site where the benchmark names one, and its subgroups.

    An attribute called "patient" or "site" takes the place of that column.
    """
    columns = {"patient": metadata.patients}
    if metadata.sites is not None:
        columns["site"] = metadata.sites
    columns |= {name: cut.of for name, cut in cut_all(benchmark, metadata).items()}
    return pd.DataFrame(columns, index=metadata.frame.index)
