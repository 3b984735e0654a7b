"""Two metrics, one question: do overlap and boundary say the same about a gap?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_biasruler import Finding

HEAD = ("subgroups of", "model", "by Dice", "by Boundary IoU", "verdicts")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """The findings of one question by both metrics."""

    overlap: Finding
    boundary: Finding

    @property
    def is_split(self) -> bool:
        """Whether the two verdicts differ."""
        return self.overlap.verdict != self.boundary.verdict


def compare_metrics(findings: Iterable[Finding]) -> list[Pair]:
    """Return the gaps that were asked for by both metrics, in the order of the audit."""
    asked: dict[tuple[object, ...], dict[str | None, Finding]] = {}
    for finding in findings:
        if finding.check == "gap":
            question = (finding.by, finding.model, finding.label, finding.reference)
            asked.setdefault(question, {})[finding.metric] = finding
    return [
        Pair(overlap=by_metric["dice"], boundary=by_metric["boundary_iou"])
        for by_metric in asked.values()
        if {"dice", "boundary_iou"} <= by_metric.keys()
    ]


def describe_rows(pairs: Iterable[Pair]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return head and rows of the table."""
    rows = [
        (
            " and ".join(pair.overlap.by),
            str(pair.overlap.model),
            describe_gap(pair.overlap),
            describe_gap(pair.boundary),
            "differ" if pair.is_split else "agree",
        )
        for pair in pairs
    ]
    return HEAD, rows


def describe_gap(finding: Finding) -> str:
    """Return verdict and size of a gap; a gap that could not be estimated has no size."""
    gap = finding.estimate.value if finding.estimate is not None else None
    return f"{finding.verdict}, {gap:.3f}" if gap is not None else f"{finding.verdict}"
