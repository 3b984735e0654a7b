"""Gaps in parts as bars from zero: the whole, and the parts that it is the sum of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.charts import draw_key
from pytest_biasruler.report.marks import (
    INK,
    SKY,
    VERMILLION,
    WIDTH,
    Box,
    Figure,
    Line,
    Path,
    Point,
    Text,
    fitted,
    inside,
    tenth,
    trace,
)
from pytest_biasruler.report.numbers import format_limit, format_number, shown, typeset
from pytest_biasruler.report.scale import Scale, fit_scale

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from pytest_biasruler.report.marks import Mark, Words

    Split = tuple[str, Mapping[str, Any]]

PLOT_START, PLOT_END, VALUES_END = 8.0, 304.0, 360.0
LEGEND, LIMIT_LABEL, NAME, BAR, STEP, BETWEEN, AXIS = 30.0, 18.0, 20.0, 12.0, 17.0, 8.0, 46.0
PARTS = (("gap", "none"), ("explained", SKY), ("unexplained", VERMILLION))
"""The bars of a subgroup, the first the sum of the others."""


def draw_split_bars(
    splits: Sequence[Split], *, words: Words, axis: str, limits: tuple[float, ...]
) -> Figure:
    """Return three bars for each subgroup: gap, explained and, with its bounds, unexplained.

    `splits` are names with numbers by part, and the bounds `low` and `high` of the last part; a
    bound of None is open, two of them are not drawn. Limits, of which two differ only in sign, are
    dashed lines.
    """
    scale = _scale(splits, limits=limits)
    marks: list[Mark] = [*draw_key(PARTS, x=0.0)]
    top = LEGEND + LIMIT_LABEL if limits else LEGEND
    for split in splits:
        marks += _draw_split(split, scale, top)
        marks += _draw_uprights(limits, scale, top + NAME)
        top += NAME + len(PARTS) * STEP + BETWEEN
    marks += _draw_axis(axis, scale, top)
    if limits:
        marks.append(_name_limits(limits, scale, LEGEND + LIMIT_LABEL))
    return Figure(words=words, width=WIDTH, height=round(top + AXIS), marks=tuple(marks))


def _scale(splits: Sequence[Split], *, limits: tuple[float, ...]) -> Scale:
    values = [split.get(part) for _, split in splits for part, _ in PARTS]
    bounds = [split.get(end) for _, split in splits for end in ("low", "high")]
    return fit_scale([0.0, *limits, *values], bounds=bounds, start=PLOT_START, end=PLOT_END)


def _draw_split(split: Split, scale: Scale, top: float) -> Iterator[Mark]:
    name, numbers = split
    yield Text(x=0, y=tenth(top + 14), text=fitted(shown(name), WIDTH))
    top += NAME
    for index, (part, colour) in enumerate(PARTS):
        value = numbers.get(part)
        if value is None:
            continue
        y = top + index * STEP
        ends = sorted((scale.place(0.0), scale.place(value)))
        width = tenth(ends[1] - ends[0])
        yield Box(x=ends[0], y=tenth(y), width=width, height=BAR, colour=colour)
        text = typeset(format_number(value))
        yield Text(x=VALUES_END, y=tenth(y + 10), text=text, anchor="end")
    y = tenth(top + 2 * STEP + BAR / 2)
    yield from _draw_bounds((numbers.get("low"), numbers.get("high")), scale, y)


def _draw_bounds(
    bounds: tuple[float | None, float | None], scale: Scale, y: float
) -> Iterator[Mark]:
    if bounds == (None, None):
        return
    places = []
    for bound, edge, arrow in zip(bounds, (scale.low, scale.high), ("left", "right"), strict=True):
        x = scale.place(edge if bound is None else bound)
        places.append(x)
        if bound is None or not scale.holds(bound):
            yield Point(x=x, y=y, shape=arrow, colour=INK)
        else:
            yield Path(d=trace([(x, y - 5), (x, y + 5)]), colour=INK)
    # Paths, not lines: those lie below the bars.
    yield Path(d=trace([(places[0], y), (places[1], y)]), colour=INK)


def _draw_uprights(limits: tuple[float, ...], scale: Scale, top: float) -> Iterator[Mark]:
    """Yield zero and the limits through the bars of one subgroup, not through its name."""
    bottom = tenth(top + len(PARTS) * STEP - 2)
    zero = scale.place(0.0)
    yield Line(x1=zero, y1=tenth(top - 3), x2=zero, y2=bottom)
    for limit in limits:
        x = scale.place(limit)
        yield Path(d=trace([(x, top - 3), (x, bottom)]), colour=INK, dash="4 2")


def _draw_axis(axis: str, scale: Scale, y: float) -> Iterator[Mark]:
    yield Line(x1=PLOT_START, y1=tenth(y), x2=PLOT_END, y2=tenth(y))
    for value, text in scale.ticks():
        x = scale.place(value)
        yield Line(x1=x, y1=tenth(y), x2=x, y2=tenth(y + 4))
        yield Text(x=inside(x, text), y=tenth(y + 17), text=text, anchor="middle")
    middle = tenth((PLOT_START + PLOT_END) / 2)
    yield Text(x=middle, y=tenth(y + 33), text=fitted(axis, WIDTH), anchor="middle")


def _name_limits(limits: tuple[float, ...], scale: Scale, y: float) -> Text:
    text = f"limit {'±' if len(limits) > 1 else ''}{typeset(format_limit(max(limits)))}"
    x = inside(scale.place(max(limits)), text)
    return Text(x=x, y=tenth(y - 3), text=text, anchor="middle")
