"""Lines, bars and the agreement triangle as marks at coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_biasruler.report.marks import (
    COLOURS,
    DASHES,
    LINE_COLOURS,
    SHAPES,
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
    text_width,
    trace,
)
from pytest_biasruler.report.scale import Scale, fit_scale

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_biasruler.report.marks import Mark, Words

LEFT, RIGHT, TOP, BELOW = 40.0, 352.0, 26.0, 46.0
LEGEND_STEP = 20.0


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


def draw_lines(
    series: Sequence[Series],
    *,
    words: Words,
    axes: tuple[str, str],
    across: Guide | None = None,
    upright: Guide | None = None,
    height: int = 260,
) -> Figure:
    """Return lines over two axes (titles: horizontal, vertical) with a legend below."""
    xs = [x for one in series for x, _ in one.points]
    ys = [y for one in series for _, y in one.points]
    horizontal = fit_scale([*xs, upright.value if upright else None], start=LEFT, end=RIGHT)
    vertical = fit_scale([*ys, across.value if across else None], start=height - BELOW, end=TOP)
    marks: list[Mark] = [*draw_frame(horizontal, vertical, axes)]
    if upright:
        x = horizontal.place(upright.value)
        marks.append(Line(x1=x, y1=TOP, x2=x, y2=vertical.start, width=1.5, dash="5 3"))
        marks.append(_name_upright(upright, x, title=axes[1]))
    if across:
        y = vertical.place(across.value)
        marks.append(Line(x1=LEFT, y1=y, x2=RIGHT, y2=y, width=1.5, dash="5 3"))
        marks.append(Text(x=RIGHT, y=tenth(y - 5), text=across.text, anchor="end"))
    for index, one in enumerate(series):
        marks += _draw_series(one, index, horizontal, vertical)
    marks += draw_legend([one.name for one in series], top=height)
    return _figure(words, height=height + round(LEGEND_STEP * len(series)), marks=marks)


def _name_upright(guide: Guide, x: float, *, title: str) -> Text:
    """Return the name of an upright guide: above it, beside it where the axis title stands."""
    half = text_width(guide.text) / 2
    if x - half > text_width(title) + 8:
        return Text(x=inside(x, guide.text), y=20, text=guide.text, anchor="middle")
    return Text(x=tenth(x + 5), y=38, text=guide.text)


def draw_frame(horizontal: Scale, vertical: Scale, axes: tuple[str, str]) -> Iterator[Mark]:
    """Yield two axes with ticks and their titles: horizontal, vertical."""
    left, right, bottom = horizontal.start, horizontal.end, vertical.start
    yield Line(x1=left, y1=bottom, x2=right, y2=bottom)
    yield Line(x1=left, y1=vertical.end, x2=left, y2=bottom)
    for value, text in horizontal.ticks(6):
        x = horizontal.place(value)
        yield Line(x1=x, y1=bottom, x2=x, y2=tenth(bottom + 4))
        yield Text(x=inside(x, text), y=tenth(bottom + 17), text=text, anchor="middle")
    for value, text in vertical.ticks():
        y = vertical.place(value)
        yield Line(x1=tenth(left - 4), y1=y, x2=left, y2=y)
        yield Text(x=tenth(left - 7), y=tenth(y + 4), text=text, anchor="end")
    middle = tenth((left + right) / 2)
    yield Text(x=middle, y=tenth(bottom + 34), text=fitted(axes[0], WIDTH - 40), anchor="middle")
    yield Text(x=0, y=14, text=fitted(axes[1], WIDTH))


def _draw_series(one: Series, index: int, horizontal: Scale, vertical: Scale) -> Iterator[Mark]:
    places = [(horizontal.place(x), vertical.place(y)) for x, y in one.points]
    if len(places) > 1:
        yield Path(d=trace(places), colour=LINE_COLOURS[index], dash=DASHES[index])
    for place in one.marked:
        x, y = places[place]
        yield Point(x=x, y=y, shape=SHAPES[index], colour=COLOURS[index])


def draw_legend(names: Sequence[str], *, top: float) -> Iterator[Mark]:
    """Yield a row with line, shape and name for each series, from `top` on."""
    for index, name in enumerate(names):
        y = tenth(top + LEGEND_STEP * (index + 0.5))
        line = trace([(LEFT, y), (LEFT + 34, y)])
        yield Path(d=line, colour=LINE_COLOURS[index], dash=DASHES[index])
        yield Point(x=LEFT + 17, y=y, shape=SHAPES[index], colour=COLOURS[index])
        yield Text(x=LEFT + 42, y=tenth(y + 4), text=fitted(name, WIDTH - LEFT - 42))


def draw_triangle(edges: Mapping[str, Sequence[str]], *, words: Words) -> Figure:
    """Return model, automated and expert as corners, with what is written along each edge.

    `edges` holds lines of text for `model_expert`, `model_automated`, `automated_expert`.
    """
    model, automated, expert = (180.0, 34.0), (42.0, 200.0), (318.0, 200.0)
    marks: list[Mark] = [
        Line(x1=a[0], y1=a[1], x2=b[0], y2=b[1], width=1.5)
        for a, b in ((model, automated), (model, expert), (automated, expert))
    ]
    corners = (("model", model, -14.0), ("automated", automated, 22.0), ("expert", expert, 22.0))
    for index, (name, (x, y), shift) in enumerate(corners):
        marks.append(Point(x=x, y=y, shape=SHAPES[index], colour=COLOURS[index]))
        marks.append(Text(x=x, y=y + shift, text=name, anchor="middle", is_bold=True))
    places = (
        ("model_automated", 104.0, 100.0, "end"),
        ("model_expert", 256.0, 100.0, "start"),
        ("automated_expert", 180.0, 236.0, "middle"),
    )
    for edge, x, y, anchor in places:
        for line, text in enumerate(edges.get(edge, ())):
            marks.append(Text(x=x, y=y + 17 * line, text=text, anchor=anchor, is_bold=line == 0))
    return _figure(words, height=260, marks=marks)


def draw_bars(
    rows: Sequence[tuple[str, tuple[float, ...], str]],
    *,
    words: Words,
    parts: Sequence[tuple[str, str]],
) -> Figure:
    """Return one bar of width 1 per row, cut into shares; `parts` are (name, colour)."""
    top = 34.0
    marks: list[Mark] = [*draw_key(parts, x=0.0)]
    for index, (name, shares, text) in enumerate(rows):
        y = top + 40 * index
        marks.append(Text(x=0, y=y + 13, text=fitted(name, WIDTH - text_width(text) - 12)))
        marks.append(Text(x=WIDTH, y=y + 13, text=text, anchor="end"))
        x = 0.5
        for share, (_, colour) in zip(shares, parts, strict=True):
            if share > 0:
                width = share * (WIDTH - 1)
                box = Box(x=tenth(x), y=y + 18, width=tenth(width), height=14, colour=colour)
                marks.append(box)
                x += width
    return _figure(words, height=round(top + 40 * len(rows)), marks=marks)


def draw_key(parts: Sequence[tuple[str, str]], *, x: float) -> Iterator[Mark]:
    """Yield what each fill means, in one line from `x` on."""
    for name, colour in parts:
        yield Box(x=tenth(x + 0.5), y=4.5, width=12, height=12, colour=colour)
        yield Text(x=tenth(x + 18), y=15, text=name)
        x += 34 + text_width(name)


def _figure(words: Words, *, height: int, marks: Sequence[Mark]) -> Figure:
    return Figure(words=words, width=WIDTH, height=height, marks=tuple(marks))
