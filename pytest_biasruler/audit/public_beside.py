"""Whether a few people follow from several lists of subgroups that are printed side by side."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pytest_biasruler.audit.public_cells import is_small

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Bools = np.ndarray[tuple[int, int], np.dtype[np.bool_]]

MOST_SUBSETS = 12
"""Subgroups up to which every union of them is tried; of longer lists, one and two at a time."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Listing:
    """The subgroups of an attribute or of a crossing, with the patients of each.

    Attributes
    ----------
    source : str
        The column that is cut; of a crossing, its name.
    members : DataFrame of bool
        Patients by public names of subgroups.
    shown : tuple of str
        The names beside which numbers are printed.
    """

    source: str
    members: pd.DataFrame = field(repr=False)
    shown: tuple[str, ...]


def members_of(of: pd.Series[str], patients: pd.Series[str]) -> pd.DataFrame:
    """Return which patients are in which subgroup, one row each; `of` is by case.

    Examples
    --------
    >>> of = pd.Series({"c1": "a", "c2": "b", "c3": "b"})
    >>> members_of(of, pd.Series({"c1": "p", "c2": "p", "c3": "q"})).to_numpy().tolist()
    [[True, True], [False, True]]
    """
    return pd.crosstab(patients.reindex(of.index).to_numpy(), of.to_numpy()).astype(bool)


def tells_few(listing: Listing, *, beside: Sequence[Listing]) -> bool:
    """Return whether 1 to 10 patients follow from a list, or from it and those `beside` it.

    Two rules, each about sets of people rather than about numbers:

    1. Lists cut from one column, or a list whose subgroups overlap: everybody who is in the same
       subgroups of all of them makes a cell. No cell may hold 1 to 10 patients. Whatever is
       added and subtracted, a set of people that follows is made of whole cells.
    2. Any other two lists: take some of the printed subgroups of one, or all people but these,
       and take away every printed subgroup of the other that lies within. If there is one,
       nothing or more than 10 must be left.

    Examples
    --------
    60 White, 30 Black, 4 Asian, then black or not: 64 not black, of whom 60 are White.

    >>> race = pd.get_dummies(pd.Series(["W"] * 60 + ["B"] * 30 + ["A"] * 4))
    >>> race = Listing(source="race", members=race, shown=("W",))
    >>> black = pd.get_dummies(pd.Series(["no"] * 60 + ["yes"] * 30 + ["no"] * 4))
    >>> black = Listing(source="black", members=black, shown=("no", "yes"))
    >>> tells_few(race, beside=()), tells_few(black, beside=[race])
    (False, True)
    """
    cut_alike = [other for other in beside if other.source == listing.source]
    if cut_alike or (listing.members.sum(axis=1) > 1).any():
        _, counts = _cells([listing, *cut_alike])
        if any(map(is_small, counts)):
            return True
    return any(_subtracts(listing, other) or _subtracts(other, listing) for other in beside)


def _cells(listings: Iterable[Listing]) -> tuple[list[pd.DataFrame], Sequence[int]]:
    """Return the cells of the joint partition, one row each by list, and their patients."""
    frames = [each.members for each in listings]
    joint = pd.concat(frames, axis=1, keys=range(len(frames))).fillna(value=False).astype(bool)
    rows, counts = np.unique(joint.to_numpy(), axis=0, return_counts=True)
    ends = np.cumsum([len(frame.columns) for frame in frames])[:-1]
    parts = np.split(rows, ends, axis=1)
    cells = [
        pd.DataFrame(part, columns=frame.columns)
        for part, frame in zip(parts, frames, strict=True)
    ]
    return cells, [int(n) for n in counts]


def _subtracts(first: Listing, second: Listing) -> bool:
    """Return whether unions of `first`, less what lies within of `second`, leave 1 to 10."""
    (one, other), counts = _cells([first, second])
    unions = _unions(one[list(first.shown)].to_numpy(dtype=bool))
    parts = other[list(second.shown)].to_numpy(dtype=bool)
    is_within = ~(~unions @ parts)
    left = unions & ~(is_within @ parts.T)
    # What follows from one of the two alone is the care of `hide_cells`.
    of_both = is_within.any(axis=1) & ~unions.all(axis=1)
    return any(map(is_small, left[of_both] @ np.asarray(counts)))


def _unions(subgroups: Bools) -> Bools:
    """Return unions of subgroups over cells, and all people but these, one row each."""
    k = subgroups.shape[1]
    sizes = range(k + 1) if k <= MOST_SUBSETS else range(3)
    chosen = [subset for size in sizes for subset in combinations(range(k), size)]
    picks = np.zeros((len(chosen), k), dtype=bool)
    for row, subset in enumerate(chosen):
        picks[row, list(subset)] = True
    unions: Bools = picks @ subgroups.T
    return np.concatenate([unions, ~unions])
