"""Which questions a benchmark may ask: each check's own keys, defaults and needs, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMON_KEYS = (
    *("check", "metric", "by", "label", "model", "reference", "automated", "limit", "baseline"),
    *("alpha", "min_patients", "policy", "support", "screen", "waive", "name"),
)
"""Keys that every check takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What a check needs to be asked.

    Attributes
    ----------
    keys : mapping
        The check's own keys with their defaults; None: no default.
    metrics : tuple of str
        Used where the check names no metric; empty: the metric of ``[defaults]``.
    limit : float or None
        Default limit for metrics on the 0-1 scale; None: it must be given, or there is none.
    needs_by, needs_model, needs_both, takes_limit, takes_metric, takes_baseline : bool
        Whether subgroups, a model, both kinds of reference, a limit, a metric, a reference group
        belong to it.
    support : str
        Where the guard's phantom patients stand: pooled, symmetric or bounds (method, 2.3).
    lists : tuple of str
        Own keys whose value is a list by nature, never expanded.
    in_family : bool
        Whether its p-values count in the Holm family of the benchmark.
    """

    check: str
    asks: str
    keys: Mapping[str, object] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    limit: float | None = None
    needs_by: bool = True
    needs_model: bool = True
    needs_both: bool = False
    takes_limit: bool = True
    takes_metric: bool = True
    takes_baseline: bool = True
    support: str = "pooled"
    lists: tuple[str, ...] = ()
    in_family: bool = True


QUESTIONS: Mapping[str, Question] = {
    question.check: question
    for question in (
        Question(check="gap", asks="Do subgroups score differently?", limit=0.05),
        Question(
            check="ruler",
            asks="Does the automated reference bend the gap?",
            keys={"gap_limit": None},
            limit=0.02,
            needs_both=True,
            support="symmetric",
        ),
        Question(
            check="labels",
            asks="Are the automated labels themselves worse for a subgroup?",
            keys={"second_expert": None},
            metrics=("dice", "signed_volume_error"),
            limit=0.05,
            needs_model=False,
            needs_both=True,
        ),
        Question(
            check="success",
            asks="Do subgroups reach a good enough score equally often?",
            keys={"threshold": 0.8, "statistic": "ratio", "sweep": None},
            limit=None,  # 0.8 for a ratio, 0.10 for a difference
            support="bounds",
            lists=("sweep",),
        ),
        Question(
            check="floor",
            asks="Is the worst-off subgroup good enough in absolute terms?",
            limit=None,
            takes_baseline=False,
            support="bounds",
        ),
        Question(
            check="provenance",
            asks="Is the evidence good enough to judge at all?",
            keys={
                "max_identical": 0.5,
                "max_exclusion_gap": 0.05,
                "max_missing": 0.10,
                "min_expert_share": 0.0,
            },
            needs_by=True,
            takes_limit=False,
            takes_metric=False,
            takes_baseline=False,
            in_family=False,
        ),
    )
}
"""Every question that can be asked, by the name of its check."""
