"""Figures of a `success` finding: what another threshold of success would tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.checks.finding import Status
from pytest_biasruler.report.charts import Guide, Series, draw_lines
from pytest_biasruler.report.marks import MOST_SERIES
from pytest_biasruler.report.numbers import format_limit, shown, typeset
from pytest_biasruler.report.rows import draw_panels, gap_panel, words_of
from pytest_biasruler.report.wording import has_ratio, metric_title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.marks import Figure


def draw_success(finding: Finding) -> tuple[Figure | None, ...]:
    """Return the forest of the ratio, and rates and ratio over other thresholds."""
    words = words_of(
        finding,
        "The share of successful cases compared between subgroups, against the limit.",
        "How the subgroups' success rates compare, against the limit.",
    )
    return draw_panels(words, (gap_panel(finding),)), *_draw_sweep(finding)


def _draw_sweep(finding: Finding) -> tuple[Figure | None, ...]:
    sweep = finding.details.get("sweep") or []
    judged = [group.name for group in finding.groups if group.status == Status.JUDGED]
    if len(sweep) < 2 or not 1 <= len(judged) <= MOST_SERIES:
        return ()
    rates = [
        _sweep_series(shown(name), [(s["threshold"], s["rates"].get(name)) for s in sweep])
        for name in judged
    ]
    ratio = _sweep_series("ratio", [(s["threshold"], s.get("dir")) for s in sweep])
    drawn = draw_lines(
        [one for one in rates if one.points],
        words=words_of(
            finding,
            "Share of cases of each subgroup that succeed, over the threshold of success.",
            "Would another threshold of success tell another story? Share of cases above it.",
        ),
        axes=(_axis(finding), "share of cases"),
        upright=_asked(finding),
    )
    return drawn, _draw_ratio(finding, ratio) if ratio.points else None


def _draw_ratio(finding: Finding, ratio: Series) -> Figure:
    across = None
    if has_ratio(finding) and finding.limit is not None:
        across = Guide(value=finding.limit, text=f"limit {typeset(format_limit(finding.limit))}")
    return draw_lines(
        [ratio],
        words=words_of(
            finding,
            "Smallest over largest success rate, over the threshold of success.",
            "The ratio of the smallest to the largest rate at each threshold.",
        ),
        axes=(_axis(finding), "ratio of rates"),
        upright=_asked(finding),
        across=across,
        height=220,
    )


def _axis(finding: Finding) -> str:
    return f"{metric_title(finding.metric)} that counts as success"


def _asked(finding: Finding) -> Guide | None:
    """Return the line at the threshold that the check asks about, if it is a number."""
    threshold = finding.details.get("threshold")
    if not isinstance(threshold, int | float):
        return None
    return Guide(value=threshold, text=f"asked: {typeset(format_limit(threshold, decimals=2))}")


def _sweep_series(name: str, points: Sequence[tuple[float, float | None]]) -> Series:
    known = tuple((x, y) for x, y in points if y is not None)
    return Series(name=name, points=known, marked=tuple(range(len(known))))
