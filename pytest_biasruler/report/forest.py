"""Forest plots: one row per subgroup, pair or finding, against a limit."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from pytest_biasruler.report.marks import (
    BLUE,
    INK,
    SIGNS,
    WIDTH,
    Band,
    Figure,
    Line,
    Mark,
    Point,
    Text,
    fitted,
    inside,
    tenth,
    text_width,
)
from pytest_biasruler.report.numbers import UNDEFINED, format_limit, typeset
from pytest_biasruler.report.scale import Scale, fit_scale

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_biasruler.report.marks import Words

PLOT_START, PLOT_END, SIGN = 8.0, 352.0, 26.0
ROW, STRIP, LIMIT_LABEL, AXIS, TITLE = 38.0, 24.0, 20.0, 46.0, 22.0
"""A row has names and numbers on its first line and its marks on a strip of its own below."""

SECOND_LINE = 16.0
"""What a row is higher by whose name is too long to stand beside its numbers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ForestRow:
    """One estimate; a bound of None is open, `bounds` None draws none at all.

    `shown` is the value as text; `sign` a key of `SIGNS`, `word` what stands beside it; `ring`
    says what it means to be one, if the name does not. A range has bounds and no value.
    """

    name: str
    value: float | None
    bounds: tuple[float | None, float | None] | None = None
    limits: tuple[float, ...] = ()
    shown: str = ""
    sign: str = ""
    word: str = ""
    shape: str = "circle"
    colour: str = BLUE
    ring: str = ""
    is_range: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """Rows that share an axis; `origin` is a value the axis must hold and mark.

    `held` are values that it must hold too: panels that hold the same can be compared.

    `is_banded` shades what lies between two limits.

    `width` is the least that the axis spans, so that differences far below a limit look as small
    as they are.
    """

    rows: tuple[ForestRow, ...]
    axis: str
    title: str = ""
    origin: float | None = None
    width: float = 0.0
    held: tuple[float, ...] = ()
    is_banded: bool = False


def draw_forest(panels: Sequence[Panel], *, words: Words) -> Figure:
    """Return panels of estimates below one another, each with its own axis.

    A row has name, value and verdict on its first line and its marks below, over the whole width;
    a name that is too long to stand beside its numbers goes on below them.
    A limit is a dashed line through the strips it belongs to; undefined rows hold no mark; bounds
    that are open or too far away end in an arrow.
    """
    marks: list[Mark] = []
    top = 0.0
    for panel in panels:
        drawn, top = _draw_panel(panel, top)
        marks += drawn
    return Figure(words=words, width=WIDTH, height=round(top), marks=tuple(marks))


def _draw_panel(panel: Panel, top: float) -> tuple[list[Mark], float]:
    scale = _scale(panel)
    marks: list[Mark] = []
    if panel.title:
        marks.append(Text(x=0, y=tenth(top + 15), text=panel.title, is_bold=True))
        top += TITLE
    words = max((text_width(row.word) + SIGN for row in panel.rows if row.sign), default=0.0)
    values_end = tenth(WIDTH - words)
    for limits, rows in groupby(panel.rows, key=lambda row: row.limits):
        if limits:
            top += LIMIT_LABEL
            marks.append(_name_limits(limits, scale, top))
        for row in rows:
            name = _name_lines(row, values_end)
            strip = tenth(top + STRIP + SECOND_LINE * (len(name) - 1))
            marks += _mark_row(row, scale, strip)
            marks += _write_row(row, name, top, values_end)
            marks += _draw_limits(limits, scale, strip)
            if panel.is_banded and len(limits) == 2:
                marks.append(_shade(limits, scale, strip))
            if panel.origin is not None:
                x = scale.place(panel.origin)
                marks.append(Line(x1=x, y1=strip - 7, x2=x, y2=strip + 7))
            top = tenth(strip + ROW - STRIP)
    marks += _draw_axis(scale, tenth(top), panel.axis)
    return marks, top + AXIS


def _scale(panel: Panel) -> Scale:
    values = [row.value for row in panel.rows]
    values += [limit for row in panel.rows for limit in row.limits]
    values += [bound for row in panel.rows if row.is_range for bound in row.bounds or ()]
    bounds = [bound for row in panel.rows for bound in row.bounds or ()]
    return fit_scale(
        [*values, panel.origin, *panel.held],
        bounds=bounds,
        at_least=panel.width,
        start=PLOT_START,
        end=PLOT_END,
    )


def _value_text(row: ForestRow, values_end: float) -> str:
    return fitted(row.shown or UNDEFINED, values_end / 2)


def _name_lines(row: ForestRow, values_end: float) -> tuple[str, ...]:
    """Return the name as one line beside the numbers, or as two, the second as wide as all."""
    room = values_end - text_width(_value_text(row, values_end)) - 12
    if text_width(row.name) <= room:
        return (row.name,)
    for mark in (": ", ", ", " "):  # where a reader would pause
        first, found, rest = _split_last(row.name, mark, room)
        if found:
            return f"{first}{mark}".rstrip(), fitted(rest, WIDTH)
    return (fitted(row.name, room),)


def _split_last(name: str, mark: str, room: float) -> tuple[str, bool, str]:
    """Return what stands before and after the last `mark` that leaves the beginning in `room`."""
    first, found, rest = name.rpartition(mark)
    while found and text_width(f"{first}{mark}".rstrip()) > room:
        first, found, _ = first.rpartition(mark)
        rest = name[len(first) + len(mark) :]
    return first, bool(found), rest


def _write_row(
    row: ForestRow, name: Sequence[str], top: float, values_end: float
) -> Iterator[Mark]:
    baseline = tenth(top + 13)
    for n, line in enumerate(name):
        yield Text(x=0, y=tenth(baseline + SECOND_LINE * n), text=line)
    shown = _value_text(row, values_end)
    yield Text(x=values_end, y=baseline, text=shown, anchor="end")
    if row.sign:
        shape, colour = SIGNS[row.sign]
        x, y = values_end + SIGN / 2, tenth(baseline - 4.5)
        yield Point(x=x, y=y, shape=shape, colour=colour)
        yield Text(x=values_end + SIGN - 4, y=baseline, text=row.word)


def _mark_row(row: ForestRow, scale: Scale, y: float) -> Iterator[Mark]:
    if row.bounds is not None and (row.value is not None or row.is_range):
        yield from _draw_bounds(row.bounds, scale, y)
    if row.value is not None:
        yield Point(x=scale.place(row.value), y=y, shape=row.shape, colour=row.colour)


def _draw_bounds(
    bounds: tuple[float | None, float | None], scale: Scale, y: float
) -> Iterator[Mark]:
    low, high = (
        edge if bound is None else bound
        for bound, edge in zip(bounds, (scale.low, scale.high), strict=True)
    )
    x1, x2 = scale.place(low), scale.place(high)
    yield Line(x1=x1, y1=y, x2=x2, y2=y, width=2)
    ends = ((bounds[0], x1, "left"), (bounds[1], x2, "right"))
    for bound, x, arrow in ends:
        if bound is None or not scale.holds(bound):
            yield Point(x=x, y=y, shape=arrow, colour=INK)
        else:
            yield Line(x1=x, y1=tenth(y - 5), x2=x, y2=tenth(y + 5), width=2)


def _name_limits(limits: tuple[float, ...], scale: Scale, y: float) -> Text:
    is_mirrored = len(limits) == 2 and limits[0] == -limits[1]
    text = f"limit {'±' if is_mirrored else ''}{typeset(format_limit(max(limits)))}"
    x = inside(scale.place(max(limits)), text)
    return Text(x=x, y=tenth(y - 5), text=text, anchor="middle")


def _draw_limits(limits: tuple[float, ...], scale: Scale, y: float) -> Iterator[Mark]:
    for limit in limits:
        x = scale.place(limit)
        yield Line(x1=x, y1=y - 8, x2=x, y2=y + 8, width=2, dash="4 2")


def _shade(limits: tuple[float, ...], scale: Scale, y: float) -> Band:
    left, right = sorted(scale.place(limit) for limit in limits)
    return Band(x=left, y=y - 8, width=tenth(right - left), height=16)


def _draw_axis(scale: Scale, y: float, title: str) -> Iterator[Mark]:
    yield Line(x1=PLOT_START, y1=y, x2=PLOT_END, y2=y)
    for value, text in scale.ticks():
        x = scale.place(value)
        yield Line(x1=x, y1=y, x2=x, y2=tenth(y + 4))
        yield Text(x=inside(x, text), y=tenth(y + 17), text=text, anchor="middle")
    middle = tenth((PLOT_START + PLOT_END) / 2)
    yield Text(x=middle, y=tenth(y + 33), text=fitted(title, WIDTH), anchor="middle")
