"""What an `amplification` finding shows: a gap before and after training, and the closed loop."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_biasruler.checks.quantities import name_quantity
from pytest_biasruler.report.blocks import Items
from pytest_biasruler.report.forest import ForestRow, Panel
from pytest_biasruler.report.growth import (
    ARMS,
    gap_lines,
    in_one_order,
    loop_cells,
    loop_table,
    pairs_table,
    runs_table,
    told_pair,
)
from pytest_biasruler.report.loop import Side, draw_gap_slope, draw_square
from pytest_biasruler.report.numbers import (
    format_bounds,
    format_number,
    format_signed,
    shown,
    typeset,
)
from pytest_biasruler.report.rows import draw_panels, estimate_row, words_of
from pytest_biasruler.report.wording import (
    metric_title,
    pair_title,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block
    from pytest_biasruler.report.marks import Figure

MOST_PAIRS = 12
"""Pairs drawn; the table beside the figure has all of them."""


def draw_amplification(finding: Finding) -> tuple[Figure | None, ...]:
    """Return the gap before and after, the growth against its limit, and the closed loop."""
    return _draw_slope(finding), _draw_growth(finding), _draw_loop(finding)


def _draw_slope(finding: Finding) -> Figure | None:
    before, after = (_side(finding, arm) for arm in ARMS)
    if before is None or after is None:
        return None
    figure_words = words_of(
        finding,
        "The gap of the expert-trained and of the automated-trained model with their bounds.",
        f"The gap in mean {metric_title(finding.metric)} ({told_pair(finding)}), judged by the "
        "expert reference, before and after training on automated labels, with decision bounds."
        f"{' Rings: single runs.' if before.runs or after.runs else ''}",
    )
    return draw_gap_slope((before, after), words=figure_words)


def _side(finding: Finding, arm: str) -> Side | None:
    gap = (finding.details.get("gaps") or {}).get(f"{arm}_trained") or {}
    if gap.get("value") is None:
        return None
    runs = (finding.details.get("seeds") or {}).get(f"{arm}_trained") or {}
    bounds = typeset(format_bounds(gap.get("low"), gap.get("high")))
    return Side(
        title=f"{arm}-trained",
        value=gap["value"],
        low=gap.get("low"),
        high=gap.get("high"),
        shown=f"{typeset(format_number(gap['value']))} {bounds}",
        runs=tuple(run for run in runs.values() if run is not None) if len(runs) > 1 else (),
    )


def _draw_growth(finding: Finding) -> Figure | None:
    if finding.estimate is None or finding.limit is None:
        return None
    own = replace(estimate_row(finding), limits=(finding.limit,))
    figure_words = words_of(
        finding,
        "What training amplified, with decision bounds, against the limit.",
        "The smaller of a gap's growth and of the gap after training, against the limit: a gap "
        "that was turned around counts from zero. Below zero no gap was amplified.",
    )
    axis = f"{name_quantity(finding)}{f', {shown(finding.unit)}' if finding.unit else ''}"
    panel = Panel(rows=(own, *_other_pairs(finding, finding.limit)), axis=axis, origin=0.0)
    return draw_panels(figure_words, (panel,))


def _other_pairs(finding: Finding, limit: float) -> tuple[ForestRow, ...]:
    own = finding.estimate.pair if finding.estimate else None
    others = [one for one in in_one_order(finding) if (one["a"], one["b"]) != own]
    others.sort(key=lambda one: (-(one.get("theta") or 0.0), one["a"], one["b"]))
    return tuple(
        ForestRow(
            name=pair_title((one["a"], one["b"])),
            value=one.get("theta"),
            bounds=(one.get("low"), one.get("high")),
            limits=(limit,),
            shown=typeset(format_number(one.get("theta"), limit=limit)),
            shape="ring",
            colour="none",
            ring="pairs other than the one that decides",
        )
        for one in others[: MOST_PAIRS - 1]
    )


def _draw_loop(finding: Finding) -> Figure | None:
    cells = loop_cells(finding)
    if not cells:
        return None
    rows = [
        (
            ("trained on", f"{trained} labels"),
            [" ".join(gap_lines(cells.get((trained, judge)))[:1]) for judge in ARMS],
        )
        for trained in ARMS
    ]
    figure_words = words_of(
        finding,
        "The gap of both models under both references: trained on, by row; judged by, by column.",
        f"The closed loop: the gap ({told_pair(finding)}) by what the model was trained on and "
        "by what judges it. Only the bold column is judged by experts; a model that is trained "
        "and judged by the same automated labels may show no gap at all.",
    )
    titles = [("judged by", judge) for judge in ARMS]
    return draw_square(rows, columns=titles, bold=0, words=figure_words)


def describe_amplification(finding: Finding) -> Iterator[Block]:
    """Yield the ratio and what it rests on, every pair, the closed loop and both arms' means."""
    texts = tuple(_remarks(finding))
    if texts:
        yield Items(texts=texts)
    if finding.details.get("theta"):
        yield pairs_table(finding)
    if loop_cells(finding):
        yield loop_table(finding)
    seeds = finding.details.get("seeds") or {}
    if any(len(runs) > 1 for runs in seeds.values()):
        yield runs_table(finding, seeds)


def _remarks(finding: Finding) -> Iterator[str]:
    details = finding.details
    ratio = details.get("ratio") or {}
    if ratio.get("value") is not None:
        bounds = format_bounds(ratio.get("low"), ratio.get("high"))
        yield typeset(
            "Ratio of the gaps, automated-trained over expert-trained: "
            f"{format_number(ratio['value'])}, 95 % interval {bounds}."
        )
    elif ratio:
        yield "Ratio of the gaps: undefined, the expert-trained gap is not separated from 0."
    if details.get("claim") == "checkpoints":
        yield (
            "This is about these checkpoints: what training on automated labels does in general "
            "needs at least 3 runs per arm."
        )
    elif details.get("claim") == "training":
        yield "This is about training: the variance between runs is part of every bound."
    yield from _tell_loop(finding)


def _tell_loop(finding: Finding) -> Iterator[str]:
    """Tell both gaps by both references: no one verb is true of all their signs."""
    loop = finding.details.get("closed_loop") or {}
    interaction, cells = loop.get("interaction") or {}, loop_cells(finding)
    values = {w: cell["value"] for w, cell in cells.items() if cell.get("value") is not None}
    if interaction.get("value") is None or len(values) < 4:
        return
    automated, expert = (
        f"{trained}-trained model is {_signed(values[trained, 'automated'])} (experts: "
        f"{_signed(values[trained, 'expert'])})"
        for trained in ("automated", "expert")
    )
    first, second = (
        _signed(values[trained, "automated"] - values[trained, "expert"])
        for trained in ("automated", "expert")
    )
    bounds = typeset(format_bounds(interaction.get("low"), interaction.get("high")))
    yield (
        f"By the automated reference the gap {told_pair(finding)} of the {automated}, that of "
        f"the {expert}. It moves the one by {first} and the other by {second}, which is "
        f"{_signed(interaction['value'])} {bounds} apart."
    )


def _signed(value: float) -> str:
    return typeset(format_signed(value))
