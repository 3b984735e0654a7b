"""What may be known of the size of each subgroup, the same in every output of a public audit."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING

from pytest_biasruler.audit.public_cells import Cell, hide_cells, is_small
from pytest_biasruler.audit.public_names import is_age, public_names
from pytest_biasruler.audit.public_rules import refuse_small_subgroups
from pytest_biasruler.benchmark.refusals import raise_if_any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from pytest_biasruler.checks.evidence import Evidence


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """The subgroups of one attribute, or of several crossed, as they may be shown.

    Attributes
    ----------
    names : mapping
        Name of a subgroup -> its public name, in order; joined ones share theirs.
    sizes : mapping
        Public name -> patients; None where hidden.
    cells : mapping
        Public name -> what became of its count.
    n_small : int
        Subgroups of 1 to 10 patients.
    """

    names: Mapping[str, str]
    sizes: Mapping[str, int | None]
    cells: Mapping[str, Cell]
    n_small: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the list is hidden."""
        return all(cell is Cell.SHOWN for cell in self.cells.values())

    @property
    def joined(self) -> frozenset[str]:
        """Public names that stand for several subgroups."""
        counts = Counter(self.names.values())
        return frozenset(name for name, n in counts.items() if n > 1)

    def shows(self, name: str) -> bool:
        """Return whether numbers of a subgroup, by its own name, may be printed."""
        public = self.names.get(name)
        return (
            public is not None and self.cells[public] is Cell.SHOWN and public not in self.joined
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Disclosure:
    """What a public audit may say about sizes.

    Attributes
    ----------
    n_patients, n_cases : int or None
        Of the whole benchmark; None if all counts are withheld.
    attributes : mapping
        Attribute -> its subgroups.
    withheld : mapping
        Attributes because of which all counts are withheld -> how many of their subgroups are
        small.
    aged : mapping
        Attributes with ages above 89 -> how many of their subgroups were renamed.
    """

    n_patients: int | None
    n_cases: int | None
    attributes: Mapping[str, Listed]
    withheld: Mapping[str, int]
    aged: Mapping[str, int]
    _evidence: Evidence = field(repr=False)

    @property
    def is_whole(self) -> bool:
        """Whether nothing of any attribute is hidden."""
        return self.n_patients is not None and all(
            listed.is_whole for listed in self.attributes.values()
        )

    def of(self, by: Sequence[str]) -> Listed:
        """Return what may be shown of the subgroups of a question; of a crossing all or nothing.

        The cells of a crossing are not even told apart as small and large: next to the sizes of
        the attributes crossed, that could give them away.
        """
        if len(by) == 1:
            return self.attributes[by[0]]
        cut = self._evidence.cut(by) if by else None
        if cut is None:
            return Listed(names={}, sizes={}, cells={})
        public = _cross_names(self._evidence, self.attributes, by)
        names = dict(zip(cut.of, public, strict=True))
        names = {name: names[name] for name in cut.order}
        sizes = _patients_by(self._evidence, cut.of.map(names))
        is_whole = self.is_whole and not any(
            map(is_small, _patients_by(self._evidence, _full_table(self._evidence, by)).values())
        )
        return Listed(
            names=names,
            sizes=sizes if is_whole else dict.fromkeys(sizes),
            cells=dict.fromkeys(sizes, Cell.SHOWN if is_whole else Cell.NOT_SHOWN),
        )


def disclose(evidence: Evidence) -> Disclosure:
    """Return what may be said about the sizes of a benchmark's subgroups.

    If the counts of one attribute have to be withheld, so has their total, and with it the counts
    of every other attribute, since they add up to the same.

    Raises
    ------
    BiasRulerError
        ``BR602`` if a check judges subgroups of fewer than 11 patients.
    """
    raise_if_any(refuse_small_subgroups(evidence.benchmark, evidence.declared))
    edges = sorted({check.min_patients for check in evidence.declared} - {11})
    counted = {
        attribute.name: _count(evidence, attribute.name)
        for attribute in evidence.benchmark.attributes
    }
    shown = {
        name: hide_cells([*sizes.values()], edges=edges) for name, (_, sizes) in counted.items()
    }
    withheld = {
        name: sum(map(is_small, counted[name][1].values()))
        for name, cells in shown.items()
        if cells is None
    }
    n_patients = int(evidence.metadata.patients.nunique())
    is_withheld = bool(withheld) or is_small(n_patients)
    return Disclosure(
        n_patients=None if is_withheld else n_patients,
        n_cases=None if is_withheld else len(evidence.cases),
        attributes={
            name: _list(*counted[name], cells=None if is_withheld else shown[name])
            for name in counted
        },
        withheld=withheld,
        aged={
            attribute.name: n
            for attribute in evidence.benchmark.attributes
            if is_age(attribute)
            and (n := sum(old != new for old, new in counted[attribute.name][0].items()))
        },
        _evidence=evidence,
    )


def _count(evidence: Evidence, attribute: str) -> tuple[dict[str, str], dict[str, int]]:
    """Return public names by name, and patients by public name, in the order of the subgroups."""
    subgroups = evidence.subgroups[attribute]
    declared = {each.name: each for each in evidence.benchmark.attributes}
    names = public_names(declared[attribute], subgroups)
    sizes = _patients_by(evidence, subgroups.of.map(names))
    return names, {name: sizes.get(name, 0) for name in dict.fromkeys(names.values())}


def _patients_by(evidence: Evidence, of: pd.Series[str]) -> dict[str, int]:
    patients = evidence.metadata.patients.reindex(of.index)
    counts = patients.groupby(of, sort=False).nunique()
    return {str(name): int(n) for name, n in counts.items()}


def _list(
    names: Mapping[str, str], sizes: Mapping[str, int], *, cells: Sequence[Cell] | None
) -> Listed:
    if cells is None:
        cells = [Cell.NOT_SHOWN if n else Cell.SHOWN for n in sizes.values()]
    known = dict(zip(sizes, cells, strict=True))
    return Listed(
        names=names,
        sizes={name: n if known[name] is Cell.SHOWN else None for name, n in sizes.items()},
        cells=known,
        n_small=sum(map(is_small, sizes.values())),
    )


def _cross_names(
    evidence: Evidence, attributes: Mapping[str, Listed], by: Sequence[str]
) -> list[str]:
    """Return the public name of the cell of each case; a case that misses one is missing."""
    cut = evidence.cut(by)
    parts = [
        evidence.subgroups[name].of.map(dict(attributes[name].names)).astype(str) for name in by
    ]
    joined = reduce(lambda left, right: left + " × " + right, parts)
    return [
        name if name == cut.missing else public
        for name, public in zip(cut.of, joined.reindex(cut.of.index), strict=True)
    ]


def _full_table(evidence: Evidence, by: Sequence[str]) -> pd.Series[str]:
    """Return the cell of each case in the crossing that keeps missing values apart.

    The cell "missing" of a crossing is a sum; next to the sizes of the attributes, its parts show.
    """
    parts = [evidence.subgroups[name].of.astype(str) for name in by]
    return reduce(lambda left, right: left + "\x1f" + right, parts)
