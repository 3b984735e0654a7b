"""The subgroups of one attribute, or of several crossed, as they may be shown in public."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING

from pytest_biasruler.audit.public_beside import Listing, members_of
from pytest_biasruler.audit.public_cells import Cell, is_small

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
    is_withheld : bool
        Whether no number at all may stand beside its subgroups: few would follow from them.
    """

    names: Mapping[str, str]
    sizes: Mapping[str, int | None]
    cells: Mapping[str, Cell]
    n_small: int = 0
    is_withheld: bool = False
    _counts: Mapping[str, tuple[int, int]] = field(default_factory=dict, repr=False)

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the list is hidden."""
        return all(cell is Cell.SHOWN for cell in self.cells.values())

    @property
    def joined(self) -> frozenset[str]:
        """Public names that stand for several subgroups."""
        counts = Counter(self.names.values())
        return frozenset(name for name, n in counts.items() if n > 1)

    def lost(self, name: str, *, n_patients: int, n_cases: int) -> int:
        """Return how many patients of a subgroup have no score; 1 if only some of their cases."""
        all_patients, all_cases = self._counts.get(name, (n_patients, n_cases))
        return max(all_patients - n_patients, int(n_cases < all_cases))

    def shows(self, name: str) -> bool:
        """Return whether numbers of a subgroup, by its own name, may be printed."""
        public = self.names.get(name)
        return (
            public is not None and self.cells[public] is Cell.SHOWN and public not in self.joined
        )


def list_subgroups(
    evidence: Evidence,
    of: pd.Series[str],
    names: Mapping[str, str],
    *,
    cells: Sequence[Cell] | None,
    is_withheld: bool = False,
) -> Listed:
    """Return what may be shown of subgroups; nothing of their sizes where `cells` is None."""
    sizes = patients_by(evidence, of, names)
    if cells is None:
        cells = [Cell.NOT_SHOWN if n else Cell.SHOWN for n in sizes.values()]
    known = dict(zip(sizes, cells, strict=True))
    n_patients = patients_by(evidence, of, {name: name for name in names})
    n_cases = of.value_counts()
    return Listed(
        names=names,
        sizes={name: n if known[name] is Cell.SHOWN else None for name, n in sizes.items()},
        cells=known,
        n_small=sum(map(is_small, sizes.values())),
        is_withheld=is_withheld,
        _counts={name: (n, int(n_cases.get(name, 0))) for name, n in n_patients.items()},
    )


def patients_by(
    evidence: Evidence, of: pd.Series[str], names: Mapping[str, str]
) -> dict[str, int]:
    """Return patients by public name, in the order of `names`."""
    patients = evidence.metadata.patients.reindex(of.index)
    counts = patients.groupby(of.map(dict(names)), sort=False).nunique()
    return {name: int(counts.get(name, 0)) for name in dict.fromkeys(names.values())}


def listing_of(
    evidence: Evidence, of: pd.Series[str], cells: Mapping[str, Cell], *, source: str
) -> Listing:
    """Return who is in which subgroup, by its public name, and which of these are shown."""
    members = members_of(of, evidence.metadata.patients)
    shown = [name for name in members.columns if cells[name] is Cell.SHOWN]
    return Listing(source=source, members=members, shown=tuple(shown))


def cross_names(
    evidence: Evidence, names: Mapping[str, Mapping[str, str]], by: Sequence[str]
) -> dict[str, str]:
    """Return the public name of each cell of a crossing; a case that misses one is missing."""
    cut = evidence.cut(by)
    parts = [evidence.subgroups[name].of.map(dict(names[name])).astype(str) for name in by]
    joined = reduce(lambda left, right: left + " × " + right, parts)
    of_cases = zip(cut.of, joined.reindex(cut.of.index), strict=True)
    public = {name: name if name == cut.missing else other for name, other in of_cases}
    return {name: public[name] for name in cut.order}


def full_table(evidence: Evidence, by: Sequence[str]) -> pd.Series[str]:
    """Return the cell of each case in the crossing that keeps missing values apart.

    The cell "missing" of a crossing is a sum; next to the sizes of the attributes, its parts show.
    """
    parts = [evidence.subgroups[name].of.astype(str) for name in by]
    return reduce(lambda left, right: left + "\x1f" + right, parts)
