"""Shapes of patients: who is compared with whom, feature by feature and all features at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.statistics.permutation import permute_energy

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.membership import Membership
    from pytest_biasruler.statistics.permutation import EnergyTest

SIZE = "log_volume_ml"
ALL_OTHERS = "all others"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sides:
    """A subgroup and what it is compared with; `second` are the subgroups behind the name `b`."""

    a: str
    b: str
    second: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Patients:
    """One row per patient of either side: the means over his cases there.

    Attributes
    ----------
    sides : Sides
    shapes : DataFrame of float
        Features by patient, and `SIZE`; NaN where none of his cases has the feature.
    is_first : ndarray of bool
        Whether the row is of subgroup a.
    sites : ndarray of str
        Site of the patient's first case by name; all the same if no site is declared.
    """

    sides: Sides
    shapes: pd.DataFrame
    is_first: np.ndarray
    sites: np.ndarray

    def values(self, feature: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the known numbers of both sides."""
        column = self.shapes[feature].to_numpy()
        known = np.isfinite(column)
        return column[known & self.is_first], column[known & ~self.is_first]

    def medians(self, feature: str) -> tuple[float, float]:
        """Return the median of both sides, NaN where nobody has the feature."""
        first, second = (
            float(np.median(side)) if len(side) else nan for side in self.values(feature)
        )
        return first, second


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Energies:
    """Shuffled within sites, and within sites among patients of about equal size."""

    within_sites: EnergyTest
    at_equal_size: EnergyTest


def pair_sides(judged: Sequence[str], *, baseline: str | None) -> tuple[Sides, ...]:
    """Return each subgroup against the baseline, else against all other judged ones.

    Examples
    --------
    >>> [(sides.a, sides.b) for sides in pair_sides(["x", "y"], baseline=None)]
    [('x', 'y')]
    >>> [(sides.a, sides.b) for sides in pair_sides(["x", "y", "z"], baseline="y")]
    [('x', 'y'), ('z', 'y')]
    >>> pair_sides(["x", "y", "z"], baseline=None)[1]
    Sides(a='y', b='all others', second=('x', 'z'))
    """
    if baseline is not None:
        return tuple(
            Sides(a=name, b=baseline, second=(baseline,)) for name in judged if name != baseline
        )
    if len(judged) == 2:
        return (Sides(a=judged[0], b=judged[1], second=(judged[1],)),)
    return tuple(
        Sides(a=name, b=ALL_OTHERS, second=tuple(other for other in judged if other != name))
        for name in judged
    )


def gather_patients(
    evidence: Evidence, shapes: pd.DataFrame, *, sides: Sides, members: Membership
) -> Patients:
    """Return one row for each patient who has a case on either side.

    A patient with cases on both sides has a row on each.
    """
    of = members.subgroups.of.reindex(shapes.index)
    cases = shapes[of.isin([sides.a, *sides.second]).to_numpy()].sort_index()
    sites = evidence.sites(cases.index)
    keys = [(of[cases.index] != sides.a).to_numpy(), evidence.patients(cases.index)]
    named = cases.assign(**{"": "" if sites is None else sites}).groupby(keys, sort=True)
    means = named[list(shapes.columns)].mean()
    return Patients(
        sides=sides,
        shapes=means,
        is_first=~means.index.get_level_values(0).to_numpy(dtype=bool),
        sites=named[""].first().to_numpy(dtype=object),
    )


def count_crossing(evidence: Evidence, shapes: pd.DataFrame, members: Membership) -> int:
    """Return how many patients have cases in several judged subgroups."""
    cases = members.judged_among(shapes.index)
    pairs = set(zip(evidence.patients(cases), members.subgroups.of.reindex(cases), strict=True))
    return sum(n > 1 for n in Counter(patient for patient, _ in pairs).values())


def compare_shapes(patients: Patients, features: Sequence[str]) -> Energies | None:
    """Return the energy distance of all features at once; None if a side has no whole row."""
    known = np.isfinite(patients.shapes[[SIZE, *features]].to_numpy()).all(axis=1)
    is_first, sites = patients.is_first[known], patients.sites[known].astype(str)
    if is_first.all() or not is_first.any():
        return None
    rows = patients.shapes[known]
    size = rows[SIZE].to_numpy()
    thirds = np.searchsorted(np.quantile(size, [1 / 3, 2 / 3]), size)
    names, codes = np.unique(sites, return_inverse=True)
    cells = codes + len(names) * thirds
    within_sites, at_equal_size = permute_energy(
        rows[list(features)].to_numpy(),
        is_first=is_first,
        strata=[sites, cells.astype(str)],
    )
    return Energies(within_sites=within_sites, at_equal_size=at_equal_size)
