"""Who is in which subgroup of a check, and which subgroups are judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_biasruler.checks.finding import Group, Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_biasruler.benchmark.subgroups import Subgroups
    from pytest_biasruler.checks.evidence import Column, Evidence

MAX_UNDEFINED_SHARE = 0.05
"""Above this share of a judged subgroup without a value, a PASS is withheld (method, 2.5)."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Membership:
    """The subgroups of a check and which of them are judged."""

    subgroups: Subgroups
    groups: tuple[Group, ...]
    judged: tuple[str, ...]
    excluded: Mapping[str, int]
    undefined: Mapping[str, int]
    crowded: tuple[str, ...]

    @property
    def too_small(self) -> tuple[str, ...]:
        """Names of the subgroups that have cases, but too few patients to be judged."""
        return tuple(
            group.name
            for group in self.groups
            if group.status == Status.TOO_SMALL
            or (group.status == Status.EMPTY and self.lost(group.name))
        )

    def lost(self, name: str) -> int:
        """Return how many cases of a subgroup are excluded or undefined."""
        return self.excluded[name] + self.undefined[name]


def find_members(
    evidence: Evidence, column: Column, *, by: Sequence[str], min_patients: int
) -> Membership:
    """Return who is in which subgroup of `by`, and which subgroups are judged."""
    subgroups = evidence.cut(by)
    groups, judged, crowded = [], [], []
    excluded, undefined = {}, {}
    of = subgroups.of
    for name in subgroups.order:
        members = of.index[of == name]
        values = column.shown.reindex(members).dropna()
        n_patients = len(set(evidence.patients(values.index)))
        status = _status(
            n_patients,
            is_missing=name == subgroups.missing and not subgroups.judge_missing,
            min_patients=min_patients,
        )
        excluded[name] = sum(case in column.excluded for case in members)
        undefined[name] = sum(case in column.undefined for case in members)
        groups.append(
            Group(
                name=name,
                n_cases=len(values),
                n_patients=n_patients,
                mean=float(values.mean()) if len(values) else None,
                sd=float(values.std(ddof=1)) if len(values) > 1 else None,
                status=status,
            )
        )
        if status == Status.JUDGED:
            judged.append(name)
        # Also where so many are lost that too few are left: that must not look like a small group.
        was_large = len(set(evidence.patients(members))) >= min_patients
        lost = excluded[name] + undefined[name]
        is_compared = status != Status.MISSING and was_large
        if is_compared and not lost <= MAX_UNDEFINED_SHARE * (lost + len(values)):
            crowded.append(name)
    return Membership(
        subgroups=subgroups,
        groups=tuple(groups),
        judged=tuple(judged),
        excluded=excluded,
        undefined=undefined,
        crowded=tuple(crowded),
    )


def _status(n_patients: int, *, is_missing: bool, min_patients: int) -> Status:
    if is_missing:
        return Status.MISSING
    if n_patients == 0:
        return Status.EMPTY
    return Status.JUDGED if n_patients >= min_patients else Status.TOO_SMALL
