"""The answer to one question: a verdict with its numbers, in plain types only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


Count = Any
"""An int wherever something is judged; None where a public audit hides it."""


class Verdict(StrEnum):
    """What the data say about a limit."""

    PASS = "PASS"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


class Status(StrEnum):
    """Why a subgroup is, or is not, compared with others."""

    JUDGED = "judged"
    TOO_SMALL = "too small"
    MISSING = "missing"
    EMPTY = "empty"
    SUPPRESSED = "suppressed"
    NOT_SHOWN = "not shown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A spread and its bounds, in the unit of the metric; None where undefined.

    `low` and `high` each err in at most `alpha` of benchmarks; `ci95` is a plain two-sided 95 %
    interval of `value`. `pair` names the two subgroups that `value` compares.
    """

    value: float | None
    low: float | None
    high: float | None
    ci95: tuple[float | None, float | None]
    pair: tuple[str, str] | None
    method: str
    alpha: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """One subgroup of a finding; mean and sd of its column in the metric's natural direction.

    In public, counts may be None: hidden. `n_patients` is then that of the metadata.
    """

    name: str
    n_cases: Count
    n_patients: Count
    mean: float | None
    sd: float | None
    status: Status


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One question and its answer.

    Attributes
    ----------
    id : str
        Node id inside pytest, else the id of the declared check.
    statement : str
        One sentence with the numbers, without the verdict.
    reason : str or None
        Why an INCONCLUSIVE verdict is one.
    p_fail, p_fail_holm : float or None
        Of "the limit is not exceeded", alone and within the family of the benchmark.
    min_detectable : float or None
        Excess over the limit that a FAIL would catch in 80 % of benchmarks.
    details : mapping
        What this check's figure and table need; plain types, no NaN.
    outcome : str or None
        passed, failed, inconclusive, waived; None: computed but not judged.
    line : int or None
        Where the question stands in the file that `id` begins with, from 1.
    """

    id: str
    check: str
    metric: str | None
    unit: str
    label: str | None
    by: tuple[str, ...]
    model: str | None
    reference: str | None
    automated: str | None
    baseline: str | None
    support: str
    policy: str
    waive: Mapping[str, str] | None
    limit: float | None
    statement: str
    estimate: Estimate | None
    verdict: Verdict
    reason: str | None
    p_fail: float | None
    p_fail_holm: float | None
    min_detectable: float | None
    groups: tuple[Group, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    outcome: str | None = None
    line: int | None = None

    @property
    def is_public(self) -> bool:
        """Whether the finding was stripped for strangers, and what is not there may be hidden."""
        return bool(self.details.get("public"))

    @property
    def told_pair(self) -> tuple[str, str] | None:
        """The pair in the order in which people are told of it.

        A distortion is told as the change of a gap that is not negative by the experts.
        """
        oriented = self.details.get("direction_pair")
        if oriented:
            return (oriented[0], oriented[1])
        return self.estimate.pair if self.estimate is not None else None
