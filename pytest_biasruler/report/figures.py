"""Which figure a finding is shown with: numbers of its details handed to the drawing modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.checks.finding import Status
from pytest_biasruler.report.anatomy import draw_morphology
from pytest_biasruler.report.arms import draw_amplification
from pytest_biasruler.report.charts import (
    Series,
    draw_bars,
    draw_lines,
)
from pytest_biasruler.report.difficulty import draw_difficulty
from pytest_biasruler.report.echo import draw_echo
from pytest_biasruler.report.forest import ForestRow, Panel
from pytest_biasruler.report.marks import BLUE, MOST_SERIES, ORANGE
from pytest_biasruler.report.noise import draw_noise
from pytest_biasruler.report.numbers import (
    format_signed,
    shown,
    typeset,
)
from pytest_biasruler.report.rectified import draw_rectified
from pytest_biasruler.report.rows import (
    axis_of,
    draw_panels,
    gap_panel,
    means_panel,
    series_looks,
    words_of,
)
from pytest_biasruler.report.rulers import draw_ruler
from pytest_biasruler.report.sites import draw_transport
from pytest_biasruler.report.standings import draw_ranking
from pytest_biasruler.report.sweeps import draw_success
from pytest_biasruler.report.titles import means_title
from pytest_biasruler.report.trend import draw_trend
from pytest_biasruler.report.wording import (
    attribute_title,
    by_group,
    metric_title,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.marks import Figure

MOST_PAIRS = 12
"""Pairs drawn; the table beside the figure has all of them."""


def draw_finding(finding: Finding) -> tuple[Figure, ...]:
    """Return the figures of a finding, as far as its details hold their numbers."""
    draw = {
        "gap": _draw_gap,
        "ruler": draw_ruler,
        "labels": _draw_labels,
        "success": draw_success,
        "floor": _draw_floor,
        "amplification": draw_amplification,
        "echo": draw_echo,
        "difficulty": draw_difficulty,
        "morphology": draw_morphology,
        "ranking": draw_ranking,
        "transport": draw_transport,
        "noise": draw_noise,
        "rectified": draw_rectified,
        "provenance": _draw_provenance,
    }.get(finding.check, _draw_gap)
    if finding.details.get("form") == "trend":
        draw = draw_trend
    return tuple(figure for figure in draw(finding) if figure is not None)


def _draw_gap(finding: Finding) -> tuple[Figure | None, ...]:
    title = means_title(finding)
    words = words_of(
        finding,
        f"Mean {title} of each subgroup, and the gaps between them against the limit.",
        f"Mean {title} by {attribute_title(finding)} (above) and the gap with its decision "
        "bounds against the limit (below).",
    )
    panels = (means_panel(finding), gap_panel(finding))
    return draw_panels(words, panels), _draw_distribution(finding)


def _draw_distribution(finding: Finding) -> Figure | None:
    judged = [group.name for group in finding.groups if group.status == Status.JUDGED]
    quantiles = finding.details.get("distribution") or {}
    names = [name for name in judged if len(quantiles.get(name) or ()) > 1]
    if not 1 <= len(names) <= MOST_SERIES:
        return None
    series = []
    for name in names:
        scores = quantiles[name]
        points = tuple((score, i / (len(scores) - 1)) for i, score in enumerate(scores))
        series.append(Series(name=shown(name), points=points, marked=(len(scores) // 2,)))
    words = words_of(
        finding,
        "For each subgroup, the share of cases that score at most a given value; medians marked.",
        "Share of cases that score at most this much. A line further left has more low scores; "
        "the mark is the median.",
    )
    return draw_lines(series, words=words, axes=(axis_of(finding, ""), "share of cases"))


def _draw_labels(finding: Finding) -> tuple[Figure | None, ...]:
    direction = finding.details.get("direction") or {}
    own = _draw_gap(finding)[0]
    if finding.metric == "signed_volume_error" or not direction:
        return (own,)
    looks = series_looks(finding)
    rows = tuple(
        ForestRow(
            name=shown(name),
            value=value,
            shown=typeset(format_signed(value)),
            shape=looks.get(name, ("ring", "none"))[0],
            colour=looks.get(name, ("ring", "none"))[1],
            ring="not judged",
        )
        for name, value in by_group(finding, direction)
    )
    words = words_of(
        finding,
        "Mean signed volume error of the automated labels for each subgroup, around zero.",
        "Are the automated labels drawn too small (left of zero) or too large (right)?",
    )
    panel = Panel(rows=rows, axis="signed volume error, share of the union", origin=0.0)
    return own, draw_panels(words, (panel,))


def _draw_floor(finding: Finding) -> tuple[Figure | None, ...]:
    limits = () if finding.limit is None else (finding.limit,)
    words = words_of(
        finding,
        "Mean score of each subgroup with its bounds, against the floor.",
        f"Mean {metric_title(finding.metric)} of each subgroup with its decision bounds, against "
        "the floor.",
    )
    return (draw_panels(words, (means_panel(finding, limits=limits),)),)


def _draw_provenance(finding: Finding) -> tuple[Figure | None, ...]:
    sources: Mapping[str, Mapping[str, Any]] = finding.details.get("sources") or {}
    keys = ("expert", "automated_only", "none")
    rows = []
    for name, counts in by_group(finding, sources):
        numbers = [counts.get(key) or 0 for key in keys]
        total = sum(numbers) or 1
        text = " · ".join(str(n) for n in numbers)
        rows.append((shown(name), tuple(n / total for n in numbers), text))
    if not rows:
        return ()
    words = words_of(
        finding,
        "For each subgroup, the share of cases with an expert label, an automated one only, none.",
        "Who drew the labels, by subgroup: expert · automated only · no label.",
    )
    parts = (("expert", BLUE), ("automated only", ORANGE), ("no label", "none"))
    return (draw_bars(rows, words=words, parts=parts),)
