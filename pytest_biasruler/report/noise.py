"""What a `noise` finding shows: what label noise costs, or how much of it a verdict can bear."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_biasruler.checks.finding import Status
from pytest_biasruler.report.blocks import Items
from pytest_biasruler.report.cells import (
    bounds_cell,
    count_cell,
    make_table,
    name_cell,
    number_cell,
    words,
)
from pytest_biasruler.report.charts import Series, draw_lines
from pytest_biasruler.report.forest import ForestRow, Panel
from pytest_biasruler.report.marks import MOST_SERIES
from pytest_biasruler.report.numbers import (
    format_bounds,
    format_limit,
    format_number,
    joined,
    shown,
    typeset,
)
from pytest_biasruler.report.rows import (
    axis_of,
    draw_panels,
    estimate_row,
    gap_panel,
    words_of,
)
from pytest_biasruler.report.wording import by_group, metric_title, pair_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block, Table
    from pytest_biasruler.report.marks import Figure


def draw_noise(finding: Finding) -> tuple[Figure | None, ...]:
    """Return score over noise and the spread of its slopes, or tipping point and distortion."""
    if finding.details.get("form") == "tipping":
        return (_draw_tipping(finding),)
    around = words_of(
        finding,
        "How much more label noise costs one subgroup than another, against the limit.",
        f"How much more {metric_title(finding.metric)} one subgroup loses per unit of label noise "
        "than another, with decision bounds, against the limit.",
    )
    return _draw_doses(finding), draw_panels(around, (gap_panel(finding),))


def _draw_doses(finding: Finding) -> Figure | None:
    judged = [group.name for group in finding.groups if group.status == Status.JUDGED]
    levels = [entry["level"] for entry in finding.details.get("levels") or ()]
    doses = finding.details.get("doses") or {}
    series = [
        Series(name=shown(name), points=points, marked=tuple(range(len(points))))
        for name in judged
        if (points := _points(levels, doses.get(name) or ()))
    ]
    if not 1 <= len(series) <= MOST_SERIES:
        return None
    around = words_of(
        finding,
        f"Mean {metric_title(finding.metric)} of each subgroup over the level of label noise.",
        f"Mean {metric_title(finding.metric)} of the same cases, by models trained on labels with "
        "more and more noise. Lines that draw apart: noise costs one subgroup more.",
    )
    return draw_lines(series, words=around, axes=("level of label noise", axis_of(finding)))


def _points(
    levels: Sequence[float], means: Sequence[float | None]
) -> tuple[tuple[float, float], ...]:
    pairs = zip(levels, means, strict=False)
    return tuple((level, mean) for level, mean in pairs if mean is not None)


def _draw_tipping(finding: Finding) -> Figure | None:
    rows = _measured_rows(finding)
    above = (
        "Above: the label error that differs between subgroups, as measured, against the one that "
        "would undo the verdict by the automated reference. "
    )
    around = words_of(
        finding,
        "The measured label error that differs between subgroups, with its bounds, against what "
        "would undo the verdict by the automated reference.",
        f"{above if rows else ''}The gap by the automated reference, and the range in which "
        "overlaps alone put that of the experts, on the cases that have all masks.",
    )
    measured = Panel(rows=rows, axis="label error that differs between subgroups", origin=0.0)
    gaps = Panel(rows=tuple(_gap_rows(finding)), axis=axis_of(finding, "gap in "), origin=0.0)
    return draw_panels(around, (measured, gaps))


def _measured_rows(finding: Finding) -> tuple[ForestRow, ...]:
    """Return the distortion against the tipping point, computed and so rounded."""
    if finding.estimate is None:
        return ()
    limits = () if finding.limit is None else (float(format_number(finding.limit)),)
    return (replace(estimate_row(finding, name="measured"), limits=limits),)


def _gap_rows(finding: Finding) -> Iterator[ForestRow]:
    gap, bounds = (finding.details.get(key) or {} for key in ("gap_automated", "iou_bounds"))
    value, limit = gap.get("value"), gap.get("limit")
    if value is None:
        return
    limits = () if limit is None else (limit,)
    yield ForestRow(
        name="by the automated reference",
        value=value,
        bounds=(gap.get("low"), gap.get("high")),
        limits=limits,
        shown=typeset(format_number(value, limit=limit)),
        sign=str(gap.get("verdict") or "not-judged").lower(),
        word=str(gap.get("verdict") or ""),
    )
    if bounds:
        yield ForestRow(
            name="by experts, from overlaps alone",
            value=None,  # anywhere in between: a mark would look like an estimate
            bounds=(bounds.get("low"), bounds.get("high")),
            limits=limits,
            shown="a range",
            is_range=True,
        )


def describe_noise(finding: Finding) -> Iterator[Block]:
    """Yield the scores at every level, or what would undo the verdict."""
    if finding.details.get("form") == "tipping":
        texts = tuple(_tipping_remarks(finding))
        if texts:
            yield Items(texts=texts)
        bounds = finding.details.get("iou_bounds")
        if bounds:
            yield _bounds_table(finding, bounds)
    elif finding.details.get("doses"):
        yield _dose_table(finding)


def _tipping_remarks(finding: Finding) -> Iterator[str]:
    gap, tipping = finding.details.get("gap_automated") or {}, finding.details.get("tipping")
    if gap.get("value") is not None:
        limit = gap.get("limit")
        value = typeset(format_number(gap["value"], limit=limit))
        ends = typeset(format_bounds(gap.get("low"), gap.get("high"), limit=limit))
        pair = pair_title(tuple(gap["pair"]) if gap.get("pair") else None)
        yield (
            f"Gap by the automated reference on all cases ({pair}): {value} {ends}, limit "
            f"{typeset(format_limit(limit))}: {shown(gap.get('verdict') or 'not judged')}."
        )
    if tipping is not None:
        size = typeset(format_number(tipping, limit=0.0))
        yield (
            f"Tipping point {size}: the distance from the limit of the bound that decided that "
            "verdict."
        )


def _bounds_table(finding: Finding, bounds: Mapping[str, Any]) -> Table:
    rows = [
        (
            name_cell(name),
            count_cell(known.get("n_cases")),
            bounds_cell(typeset(format_bounds(known.get("low"), known.get("high")))),
        )
        for name, known in by_group(finding, bounds.get("groups") or {})
    ]
    pair = bounds.get("pair")
    gap = typeset(format_bounds(bounds.get("low"), bounds.get("high")))
    return make_table(
        f"Where the mean {metric_title(finding.metric)} by experts must lie, from overlaps alone",
        ("subgroup", "cases", "least and largest mean"),
        rows,
        note=f"The expert gap {pair_title(tuple(pair) if pair else None)} lies in {gap} on these "
        "cases: 1 − IoU obeys the triangle inequality. Chance is not in these bounds.",
        is_sortable=False,
    )


def _dose_table(finding: Finding) -> Table:
    doses = by_group(finding, finding.details.get("doses") or {})
    slopes = finding.details.get("slopes") or {}
    rows = [
        (
            words(typeset(format_number(entry["level"]))),
            words(joined(entry.get("models") or ())),
            *(number_cell(means[index]) for _, means in doses),
        )
        for index, entry in enumerate(finding.details.get("levels") or ())
    ]
    slope_cells = (number_cell(slopes.get(name), signed=True) for name, _ in doses)
    rows.append((words("slope"), words("per unit of noise"), *slope_cells))
    return make_table(
        f"Mean {metric_title(finding.metric)} at each level of label noise, same cases throughout",
        ("level", "models", *(shown(name) for name, _ in doses)),
        rows,
        is_sortable=False,
    )
