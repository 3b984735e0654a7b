"""Several means of each subgroup on one line: references side by side, without bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_biasruler.report.marks import (
    COLOURS,
    SHAPES,
    WIDTH,
    Figure,
    Line,
    Point,
    Text,
    fitted,
    inside,
    tenth,
)
from pytest_biasruler.report.scale import fit_scale

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_biasruler.report.marks import Mark, Words
    from pytest_biasruler.report.scale import Scale

START, END = 8.0, 352.0
ROW, STRIP, KEY, AXIS = 34.0, 24.0, 20.0, 46.0
"""A row has its name on the first line and its points on a strip of their own below."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dots:
    """One line: a mean for each series, None where there is none."""

    name: str
    values: tuple[float | None, ...]


def draw_dots(
    rows: Sequence[Dots], *, series: Sequence[str], axis: str, least: float, words: Words
) -> Figure:
    """Return the rows below one another on one axis, each series with a shape and colour.

    Parameters
    ----------
    series : sequence of str
        At most six names, in the order of `Dots.values`.
    least : float
        What the axis spans at the least, so that small differences look small.
    """
    values = [value for row in rows for value in row.values]
    scale = fit_scale(values, at_least=least, start=START, end=END)
    marks: list[Mark] = [*_draw_key(series)]
    top = KEY * len(series) + 4
    for n, row in enumerate(rows):
        marks += _draw_row(row, scale, top + ROW * n)
    bottom = top + ROW * len(rows) + 2
    marks += _draw_axis(scale, bottom, axis)
    return Figure(words=words, width=WIDTH, height=round(bottom + AXIS), marks=tuple(marks))


def _draw_key(series: Sequence[str]) -> Iterator[Mark]:
    for index, name in enumerate(series):
        y = KEY * index + 10
        yield Point(x=START, y=y, shape=SHAPES[index], colour=COLOURS[index])
        yield Text(x=START + 12, y=y + 4.5, text=fitted(name, WIDTH - START - 12))


def _draw_row(row: Dots, scale: Scale, top: float) -> Iterator[Mark]:
    y = top + STRIP
    yield Text(x=0, y=tenth(top + 13), text=fitted(row.name, WIDTH))
    known = [value for value in row.values if value is not None]
    if len(known) > 1:
        ends = scale.place(min(known)), scale.place(max(known))
        yield Line(x1=ends[0], y1=tenth(y), x2=ends[1], y2=tenth(y))
    for index, value in enumerate(row.values):
        if value is not None:
            place = scale.place(value)
            yield Point(x=place, y=tenth(y), shape=SHAPES[index], colour=COLOURS[index])


def _draw_axis(scale: Scale, y: float, title: str) -> Iterator[Mark]:
    yield Line(x1=START, y1=tenth(y), x2=END, y2=tenth(y))
    for value, text in scale.ticks():
        x = scale.place(value)
        yield Line(x1=x, y1=tenth(y), x2=x, y2=tenth(y + 4))
        yield Text(x=inside(x, text), y=tenth(y + 17), text=text, anchor="middle")
    yield Text(
        x=tenth((START + END) / 2), y=tenth(y + 33), text=fitted(title, WIDTH), anchor="middle"
    )
