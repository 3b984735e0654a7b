"""Who is in which subgroup of a check, and which subgroups are judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.checks.finding import Group, Status

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pandas as pd

    from pytest_biasruler.benchmark.subgroups import Subgroups
    from pytest_biasruler.checks.evidence import Column, Evidence

MAX_UNDEFINED_SHARE = 0.05
"""Above this share of a judged subgroup without a value, a PASS is withheld (method, 2.5)."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Membership:
    """The subgroups of a check and which of them are judged."""

    subgroups: Subgroups
    groups: tuple[Group, ...]
    excluded: Mapping[str, int]
    undefined: Mapping[str, int]
    crowded: tuple[str, ...]

    @property
    def judged(self) -> tuple[str, ...]:
        """Names of the subgroups that are compared."""
        return tuple(group.name for group in self.groups if group.status == Status.JUDGED)

    def judged_among(self, cases: pd.Index) -> pd.Index:
        """Return those of the cases that are in a judged subgroup."""
        of = self.subgroups.of.reindex(cases)
        judged: pd.Index[str] = of[of.isin(self.judged)].index
        return judged

    @property
    def too_small(self) -> tuple[str, ...]:
        """Names of the subgroups that have cases, but too few patients to be judged.

        Also those that lost all their scores, for whatever reason; a bin without any case is not
        worth a word.
        """
        inhabited = set(self.subgroups.of)
        return tuple(
            group.name
            for group in self.groups
            if group.status == Status.TOO_SMALL
            or (group.status == Status.EMPTY and group.name in inhabited)
        )


def find_members(
    evidence: Evidence, column: Column, *, by: Sequence[str], min_patients: int
) -> Membership:
    """Return who is in which subgroup of `by`, and which subgroups are judged."""
    subgroups = evidence.cut(by)
    cases, names = subgroups.of.index, subgroups.of.to_numpy()
    values, patients = column.shown.reindex(cases).to_numpy(), evidence.number_patients(cases)
    lost = {
        "excluded": _among(cases, column.excluded),
        "undefined": _among(cases, column.undefined),
    }
    counts: dict[str, dict[str, int]] = {reason: {} for reason in lost}
    groups, crowded = [], []
    for name in subgroups.order:
        is_member = names == name
        for reason, is_lost in lost.items():
            counts[reason][name] = int(np.count_nonzero(is_member & is_lost))
        has_value = is_member & ~np.isnan(values)
        is_missing = name == subgroups.missing and not subgroups.judge_missing
        n_patients = _count_different(patients[has_value])
        status = _status(n_patients, is_missing=is_missing, min_patients=min_patients)
        groups.append(_describe(name, values[has_value], n_patients=n_patients, status=status))
        # Also where so many are lost that too few are left: that must not look like a small group.
        was_large = _count_different(patients[is_member]) >= min_patients
        n_lost = sum(count[name] for count in counts.values())
        is_crowded = not n_lost <= MAX_UNDEFINED_SHARE * (n_lost + groups[-1].n_cases)
        if was_large and is_crowded and not is_missing:
            crowded.append(name)
    return Membership(
        subgroups=subgroups,
        groups=tuple(groups),
        excluded=counts["excluded"],
        undefined=counts["undefined"],
        crowded=tuple(crowded),
    )


def _count_different(numbers: np.ndarray) -> int:
    return int(np.count_nonzero(np.bincount(numbers)))


def _among(cases: pd.Index, chosen: Collection[str]) -> np.ndarray:
    """Return whether each case is one of the chosen ones, which mostly are few or none."""
    if not chosen:
        return np.zeros(len(cases), dtype=bool)
    return np.array([case in chosen for case in cases])


def _describe(name: str, values: np.ndarray, *, n_patients: int, status: Status) -> Group:
    return Group(
        name=name,
        n_cases=len(values),
        n_patients=n_patients,
        mean=float(values.mean()) if len(values) else None,
        sd=float(values.std(ddof=1)) if len(values) > 1 else None,
        status=status,
    )


def _status(n_patients: int, *, is_missing: bool, min_patients: int) -> Status:
    if is_missing:
        return Status.MISSING
    if n_patients == 0:
        return Status.EMPTY
    return Status.JUDGED if n_patients >= min_patients else Status.TOO_SMALL
