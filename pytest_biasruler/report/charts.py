"""Lines, slopes, bars and the agreement triangle as marks at coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_biasruler.report.marks import (
    COLOURS,
    DASHES,
    LINE_COLOURS,
    SHAPES,
    Box,
    Figure,
    Line,
    Path,
    Point,
    Text,
    fitted,
    tenth,
    trace,
)
from pytest_biasruler.report.scale import Scale, fit_scale

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_biasruler.report.marks import Mark, Words

WIDTH = 720
LEGEND = 510.0
LABEL_STEP = 16.0
_PER_LETTER = 7.0
"""Width of a letter, generously."""

GAP = "\N{EM SPACE}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """A line through points; `marked` are the indices that bear the subgroup's shape."""

    name: str
    points: tuple[tuple[float, float], ...]
    marked: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Guide:
    """A dashed line at a value, with its word."""

    value: float
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Slope:
    """One subgroup under two references."""

    name: str
    left: float
    right: float
    left_shown: str
    right_shown: str


def draw_lines(
    series: Sequence[Series],
    *,
    words: Words,
    axes: tuple[str, str],
    across: Guide | None = None,
    upright: Guide | None = None,
    height: int = 260,
) -> Figure:
    """Return lines over two axes (titles: horizontal, vertical) with a legend at the right."""
    xs = [x for one in series for x, _ in one.points]
    ys = [y for one in series for _, y in one.points]
    horizontal = fit_scale([*xs, upright.value if upright else None], start=56, end=LEGEND - 24)
    vertical = fit_scale([*ys, across.value if across else None], start=height - 44, end=26)
    marks: list[Mark] = [*_frame(horizontal, vertical, axes)]
    if upright:
        x = horizontal.place(upright.value)
        marks.append(Line(x1=x, y1=26, x2=x, y2=vertical.start, width=1.5, dash="5 3"))
        marks.append(_name_upright(upright, x, title=axes[1]))
    if across:
        y = vertical.place(across.value)
        marks.append(Line(x1=56, y1=y, x2=LEGEND - 24, y2=y, width=1.5, dash="5 3"))
        marks.append(Text(x=LEGEND - 18, y=tenth(y + 4), text=across.text))
    for index, one in enumerate(series):
        marks += _draw_series(one, index, horizontal, vertical)
        marks += _draw_legend(one.name, index, 40 + 22 * index)
    return _figure(words, height=height, marks=marks)


def _name_upright(guide: Guide, x: float, *, title: str) -> Text:
    """Return the name of an upright guide: above it, beside it where the axis title stands."""
    if x > _PER_LETTER * (len(title) + len(guide.text)):
        return Text(x=x, y=20, text=guide.text, anchor="middle")
    return Text(x=tenth(x + 5), y=38, text=guide.text)


def _frame(horizontal: Scale, vertical: Scale, axes: tuple[str, str]) -> Iterator[Mark]:
    left, right, bottom = horizontal.start, horizontal.end, vertical.start
    yield Line(x1=left, y1=bottom, x2=right, y2=bottom)
    yield Line(x1=left, y1=vertical.end, x2=left, y2=bottom)
    for value, text in horizontal.ticks(6):
        x = horizontal.place(value)
        yield Line(x1=x, y1=bottom, x2=x, y2=tenth(bottom + 4))
        yield Text(x=x, y=tenth(bottom + 17), text=text, anchor="middle")
    for value, text in vertical.ticks():
        y = vertical.place(value)
        yield Line(x1=tenth(left - 4), y1=y, x2=left, y2=y)
        yield Text(x=tenth(left - 8), y=tenth(y + 4), text=text, anchor="end")
    yield Text(x=tenth((left + right) / 2), y=tenth(bottom + 35), text=axes[0], anchor="middle")
    yield Text(x=0, y=14, text=axes[1])


def _draw_series(one: Series, index: int, horizontal: Scale, vertical: Scale) -> Iterator[Mark]:
    places = [(horizontal.place(x), vertical.place(y)) for x, y in one.points]
    if len(places) > 1:
        yield Path(d=trace(places), colour=LINE_COLOURS[index], dash=DASHES[index])
    for place in one.marked:
        x, y = places[place]
        yield Point(x=x, y=y, shape=SHAPES[index], colour=COLOURS[index])


def _draw_legend(name: str, index: int, y: float) -> Iterator[Mark]:
    start = LEGEND + 18
    yield Path(
        d=trace([(start, y), (start + 34, y)]), colour=LINE_COLOURS[index], dash=DASHES[index]
    )
    yield Point(x=start + 17, y=y, shape=SHAPES[index], colour=COLOURS[index])
    yield Text(x=start + 42, y=tenth(y + 4), text=fitted(name, WIDTH - start - 42))


def draw_slopes(slopes: Sequence[Slope], *, words: Words, sides: tuple[str, str]) -> Figure:
    """Return one line per subgroup from its mean on the left to its mean on the right."""
    height = max(220, 70 + round(LABEL_STEP * len(slopes)) + 40)
    values = [value for slope in slopes for value in (slope.left, slope.right)]
    scale = fit_scale(values, start=height - 20, end=40)
    left, right = 260.0, 460.0
    marks: list[Mark] = []
    for x, side, anchor in ((left, sides[0], "end"), (right, sides[1], "start")):
        marks.append(Line(x1=x, y1=30, x2=x, y2=height - 12))
        marks.append(Text(x=x, y=18, text=side, anchor=anchor, is_bold=True))
    ends = (
        (left - 14, "end", [scale.place(s.left) for s in slopes]),
        (right + 14, "start", [scale.place(s.right) for s in slopes]),
    )
    for index, slope in enumerate(slopes):
        places = [(left, scale.place(slope.left)), (right, scale.place(slope.right))]
        marks.append(Path(d=trace(places), colour=LINE_COLOURS[index], dash=DASHES[index]))
        for x, y in places:
            marks.append(Point(x=x, y=y, shape=SHAPES[index], colour=COLOURS[index]))
    for (x, anchor, places_y), side in zip(ends, ("left", "right"), strict=True):
        for y, slope in zip(spread_labels(places_y, last=height - 10), slopes, strict=True):
            value = slope.left_shown if side == "left" else slope.right_shown
            name = fitted(slope.name, 180)
            text = f"{name}{GAP}{value}" if side == "left" else f"{value}{GAP}{name}"
            marks.append(Text(x=x, y=tenth(y + 4), text=text, anchor=anchor))
    return _figure(words, height=height, marks=marks)


def spread_labels(places: Sequence[float], *, last: float) -> tuple[float, ...]:
    """Return the places moved apart until labels there do not overlap, in the same order.

    Examples
    --------
    >>> spread_labels([50.0, 50.0, 90.0], last=200.0)
    (50.0, 66.0, 90.0)
    """
    order = sorted(range(len(places)), key=lambda index: (places[index], index))
    moved = list(places)
    for above, below in pairwise(order):
        moved[below] = max(moved[below], moved[above] + LABEL_STEP)
    floor = last
    for index in reversed(order):
        moved[index] = min(moved[index], floor)
        floor = moved[index] - LABEL_STEP
    return tuple(tenth(place) for place in moved)


def draw_triangle(edges: Mapping[str, Sequence[str]], *, words: Words) -> Figure:
    """Return model, automated and expert as corners, with what is written along each edge.

    `edges` holds lines of text for `model_expert`, `model_automated`, `automated_expert`.
    """
    model, automated, expert = (360.0, 40.0), (190.0, 200.0), (530.0, 200.0)
    marks: list[Mark] = [
        Line(x1=a[0], y1=a[1], x2=b[0], y2=b[1], width=1.5)
        for a, b in ((model, automated), (model, expert), (automated, expert))
    ]
    corners = (("model", model, -16.0), ("automated", automated, 24.0), ("expert", expert, 24.0))
    for index, (name, (x, y), shift) in enumerate(corners):
        marks.append(Point(x=x, y=y, shape=SHAPES[index], colour=COLOURS[index]))
        marks.append(Text(x=x, y=y + shift, text=name, anchor="middle", is_bold=True))
    places = (
        ("model_automated", 258.0, 112.0, "end"),
        ("model_expert", 462.0, 112.0, "start"),
        ("automated_expert", 360.0, 220.0, "middle"),
    )
    for edge, x, y, anchor in places:
        for line, text in enumerate(edges.get(edge, ())):
            marks.append(Text(x=x, y=y + 17 * line, text=text, anchor=anchor, is_bold=line == 0))
    return _figure(words, height=250, marks=marks)


def draw_bars(
    rows: Sequence[tuple[str, tuple[float, ...], str]],
    *,
    words: Words,
    parts: Sequence[tuple[str, str]],
) -> Figure:
    """Return one bar of width 1 per row, cut into shares; `parts` are (name, colour)."""
    left, right, top = 254.0, 546.0, 40.0
    marks: list[Mark] = []
    x = left
    for name, colour in parts:
        marks.append(Box(x=x, y=8, width=12, height=12, colour=colour))
        marks.append(Text(x=x + 18, y=18, text=name))
        x += 36 + 8 * len(name)
    for index, (name, shares, text) in enumerate(rows):
        y = top + 26 * index
        marks.append(Text(x=0, y=y + 14, text=fitted(name, 240)))
        x = left
        for share, (_, colour) in zip(shares, parts, strict=True):
            if share > 0:
                width = share * (right - left)
                marks.append(Box(x=tenth(x), y=y, width=tenth(width), height=18, colour=colour))
                x += width
        marks.append(Text(x=560, y=y + 14, text=fitted(text, 160)))
    return _figure(words, height=round(top + 26 * len(rows) + 6), marks=marks)


def _figure(words: Words, *, height: int, marks: Sequence[Mark]) -> Figure:
    return Figure(words=words, width=WIDTH, height=height, marks=tuple(marks))
