"""What may be known of the size of each subgroup, the same in every output of a public audit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_biasruler.audit.public_beside import tells_few
from pytest_biasruler.audit.public_cells import Cell, hide_cells, is_small
from pytest_biasruler.audit.public_columns import columns_of, finite, may_tell
from pytest_biasruler.audit.public_listed import (
    Listed,
    cross_names,
    full_table,
    list_subgroups,
    listing_of,
    patients_by,
)
from pytest_biasruler.audit.public_names import hides_edges, is_age, public_names
from pytest_biasruler.audit.public_rules import edges_of, refuse_small_subgroups
from pytest_biasruler.benchmark.refusals import raise_if_any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from pytest_biasruler.audit.public_beside import Listing
    from pytest_biasruler.benchmark.subgroups import Subgroups
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.finding import Finding

    Cuts = dict[tuple[str, ...], tuple[pd.Series[str], Listing]]


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
    most_edge : int
        The largest `min_patients` that decides what is judged.
    """

    n_patients: int | None
    n_cases: int | None
    attributes: Mapping[str, Listed]
    withheld: Mapping[str, int]
    aged: Mapping[str, int]
    most_edge: int
    _cuts: Cuts = field(repr=False)
    _evidence: Evidence = field(repr=False)

    @property
    def is_whole(self) -> bool:
        """Whether nothing of any attribute is hidden."""
        return self.n_patients is not None and all(
            listed.is_whole for listed in self.attributes.values()
        )

    @property
    def withheld_alone(self) -> tuple[str, ...]:
        """Attributes whose numbers are withheld while the total is told."""
        is_told = self.n_patients is not None
        return tuple(n for n, each in self.attributes.items() if is_told and each.is_withheld)

    def of(self, by: Sequence[str]) -> Listed:
        """Return what may be shown of the subgroups of a question; of a crossing all or nothing.

        The cells of a crossing are not even told apart as small and large: next to the sizes of
        the attributes crossed, that could give them away. Only crossings that the benchmark
        declares are shown: they were reckoned with when others were.
        """
        if len(by) == 1:
            return self.attributes[by[0]]
        if not by:
            return Listed(names={}, sizes={}, cells={})
        names = {name: self.attributes[name].names for name in by}
        public = cross_names(self._evidence, names, by)
        is_shown = tuple(by) in self._cuts
        cell = Cell.SHOWN if is_shown else Cell.NOT_SHOWN
        cells = [cell] * len(dict.fromkeys(public.values()))
        of = self._evidence.cut(by).of
        return list_subgroups(self._evidence, of, public, cells=cells, is_withheld=not is_shown)

    def subgroups(self, attribute: str) -> Subgroups:
        """Return who is in which subgroup of an attribute, for what is told of its edges."""
        return self._evidence.subgroups[attribute]

    def is_everybody(self, *, n_cases: int) -> bool:
        """Return whether so many scored cases are all cases of the benchmark."""
        return n_cases == len(self._evidence.cases)

    def tells_scores(self, *, metric: str, label: str, model: str, reference: str) -> bool:
        """Return whether means of the scores of a model against a reference may be printed."""
        rows = self._evidence.pair(model, reference, label)
        return may_tell(self._evidence, finite(rows[metric]), self._cuts)

    def tells_means(self, finding: Finding) -> bool:
        """Return whether means may be printed of all scores that a finding may rest on."""
        columns = columns_of(self._evidence, finding)
        return all(may_tell(self._evidence, scores, self._cuts) for scores in columns)


def disclose(evidence: Evidence) -> Disclosure:
    """Return what may be said about the sizes of a benchmark's subgroups.

    If the counts of one attribute have to be withheld, so has their total, and with it the counts
    of every other attribute, since they add up to the same. An attribute that would give away a
    few people beside those declared before it is withheld alone.

    Raises
    ------
    BiasRulerError
        ``BR602`` if a check judges subgroups of fewer than 11 patients.
    """
    raise_if_any(refuse_small_subgroups(evidence.benchmark, evidence.declared))
    edges = edges_of(evidence.benchmark, evidence.declared)
    names = {
        each.name: public_names(each, evidence.subgroups[each.name])
        for each in evidence.benchmark.attributes
    }
    shown = {name: _hide(evidence, name, names[name], edges=edges) for name in names}
    n_small = {name: _count_small(evidence, name, names[name]) for name in names}
    n_patients = int(evidence.metadata.patients.nunique())
    withheld = {name: n_small[name] for name, cells in shown.items() if cells is None}
    is_withheld = bool(withheld) or is_small(n_patients)
    cuts = _cut_safely(evidence, names, {} if is_withheld else shown)
    return Disclosure(
        n_patients=None if is_withheld else n_patients,
        n_cases=None if is_withheld else len(evidence.cases),
        attributes={
            name: list_subgroups(
                evidence,
                evidence.subgroups[name].of,
                names[name],
                cells=shown[name] if (name,) in cuts else None,
                is_withheld=(name,) not in cuts,
            )
            for name in names
        },
        withheld=withheld,
        aged={
            each.name: n
            for each in evidence.benchmark.attributes
            if is_age(each)
            and not hides_edges(each, evidence.subgroups[each.name])
            and (n := sum(old != new for old, new in names[each.name].items()))
        },
        most_edge=max(edges),
        _cuts=cuts,
        _evidence=evidence,
    )


def _hide(
    evidence: Evidence, attribute: str, names: Mapping[str, str], *, edges: Sequence[int]
) -> tuple[Cell, ...] | None:
    sizes = patients_by(evidence, evidence.subgroups[attribute].of, names)
    return hide_cells([*sizes.values()], edges=edges[1:])


def _count_small(evidence: Evidence, attribute: str, names: Mapping[str, str]) -> int:
    sizes = patients_by(evidence, evidence.subgroups[attribute].of, names)
    return sum(map(is_small, sizes.values()))


def _cut_safely(
    evidence: Evidence,
    names: Mapping[str, Mapping[str, str]],
    shown: Mapping[str, Sequence[Cell] | None],
) -> Cuts:
    """Return the attributes, then the crossings, that give away nobody beside earlier ones."""
    cuts: Cuts = {}
    columns = {each.name: each.source for each in evidence.benchmark.attributes}
    for name, cells in shown.items():
        public = dict.fromkeys(names[name].values())
        known = dict(zip(public, cells or (), strict=True))
        of = evidence.subgroups[name].of.map(dict(names[name]))
        _add(cuts, (name,), of, listing_of(evidence, of, known, source=columns[name]))
    is_whole = len(cuts) == len(names) and all(
        cell is Cell.SHOWN for cells in shown.values() for cell in cells or ()
    )
    crossed = {check.by: None for check in evidence.declared if len(check.by) > 1}
    for by in crossed if is_whole else ():
        if any(map(is_small, _sizes(evidence, full_table(evidence, by)))):
            continue
        crossed_names = cross_names(evidence, names, by)
        of = evidence.cut(by).of.map(crossed_names)
        known = dict.fromkeys(crossed_names.values(), Cell.SHOWN)
        _add(cuts, by, of, listing_of(evidence, of, known, source=" × ".join(by)))
    return cuts


def _add(cuts: Cuts, by: tuple[str, ...], of: pd.Series[str], listing: Listing) -> None:
    if not tells_few(listing, beside=[earlier for _, earlier in cuts.values()]):
        cuts[by] = (of, listing)


def _sizes(evidence: Evidence, of: pd.Series[str]) -> list[int]:
    return [*patients_by(evidence, of, {name: name for name in of.unique()}).values()]
