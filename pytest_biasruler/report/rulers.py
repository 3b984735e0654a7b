"""Figures of a `ruler` finding: two rulers side by side, and who agrees with whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.checks.finding import Status
from pytest_biasruler.report.charts import draw_triangle
from pytest_biasruler.report.flips import EDGES
from pytest_biasruler.report.forest import Panel
from pytest_biasruler.report.marks import MOST_SERIES, text_width
from pytest_biasruler.report.numbers import format_number, shown, typeset
from pytest_biasruler.report.rows import axis_of, draw_panels, gap_panel, gap_rows, words_of
from pytest_biasruler.report.slopes import Slope, draw_slopes
from pytest_biasruler.report.wording import metric_title

TWINS = "The model agrees with the automated labels more than either agrees with the expert"
EDGE_WIDTH = 96.0
"""Room for a line of text beside an edge of the triangle."""

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.marks import Figure


def draw_ruler(finding: Finding) -> tuple[Figure | None, ...]:
    """Return slopes from expert to automated, the forest of both gaps, and the triangle."""
    words = words_of(
        finding,
        "The gap by the expert reference, by the automated one, and their difference.",
        "The same gap measured with two rulers, and how far the automated one bends it.",
    )
    rows = gap_rows(finding)
    panels = [
        Panel(rows=rows, axis=axis_of(finding, "gap in "), origin=0.0),
        gap_panel(finding),
    ]
    return _draw_slopes(finding), draw_panels(words, panels), _draw_triangle(finding)


def _draw_slopes(finding: Finding) -> Figure | None:
    means = [
        (finding.details.get(f"gap_{kind}") or {}).get("means") or {}
        for kind in ("expert", "automated")
    ]
    judged = [group.name for group in finding.groups if group.status == Status.JUDGED]
    pairs = [(name, means[0].get(name), means[1].get(name)) for name in judged]
    slopes = [
        Slope(
            name=shown(name),
            left=left,
            right=right,
            left_shown=typeset(format_number(left)),
            right_shown=typeset(format_number(right)),
        )
        for name, left, right in pairs
        if left is not None and right is not None
    ]
    if not 1 <= len(slopes) <= MOST_SERIES:
        return None
    words = words_of(
        finding,
        f"Mean {metric_title(finding.metric)} of each subgroup by expert and automated reference.",
        f"Mean {metric_title(finding.metric)} of the same cases, by the expert and by the "
        "automated reference. Lines that draw together hide a gap.",
    )
    width = 2 * float(finding.details.get("gap_limit") or 0.0)
    return draw_slopes(slopes, words=words, sides=("expert", "automated"), width=width)


def _draw_triangle(finding: Finding) -> Figure | None:
    agreement = finding.details.get("agreement") or {}
    overall = agreement.get("all")
    if not overall:
        return None
    judged = {group.name for group in finding.groups if group.status == Status.JUDGED}
    title, edges = metric_title(finding.metric), {}
    for edge in ("model_expert", "model_automated", "automated_expert"):
        parts = {
            name: means[edge]
            for name, means in agreement.items()
            if name in judged and means.get(edge) is not None
        }
        lines = [f"{title} {typeset(format_number(overall.get(edge)))}"]
        if parts:
            is_lower = finding.unit in ("mm", "ml")
            worst = (max if is_lower else min)(parts, key=lambda name: (parts[name], name))
            number = typeset(format_number(parts[worst]))
            line = f"{shown(worst)}: {number}"
            lines.append(line if text_width(line) <= EDGE_WIDTH else f"worst: {number}")
        edges[edge] = lines
    words = words_of(
        finding,
        "Mean score between model, automated and expert masks, and the worst subgroup's.",
        "Who agrees with whom: the mean over all cases, below it the worst subgroup's."
        f"{_told_twins(finding, overall)}",
    )
    return draw_triangle(edges, words=words)


def _told_twins(finding: Finding, overall: Mapping[str, float | None]) -> str:
    """Return the sentence that is due where model and automated labels are closest."""
    pair, *others = (overall.get(edge) for edge in EDGES)
    known = [other for other in others if other is not None]
    if pair is None or len(known) < 2:
        return ""
    are_closest = pair < min(known) if finding.unit in ("mm", "ml") else pair > max(known)
    surely = "" if finding.details.get("near_twins") else " (not confirmed)"
    return f" {TWINS}{surely}." if are_closest else ""
