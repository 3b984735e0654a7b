"""A gap before and after training as a slope, and the closed loop as a square of four gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_biasruler.report.marks import (
    BLUE,
    VERMILLION,
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
from pytest_biasruler.report.numbers import NOTHING
from pytest_biasruler.report.scale import fit_scale

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_biasruler.report.marks import Mark, Words
    from pytest_biasruler.report.scale import Scale

WIDTH, HEIGHT = 720, 260
LEFT, RIGHT = 270.0, 450.0
TOP, BOTTOM = 44.0, 236.0
CELL_WIDTH, CELL_HEIGHT, CELLS_START, CELLS_TOP = 190.0, 52.0, 250.0, 52.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One end of a slope: a gap, its bounds (None is open) and the gaps of its runs."""

    title: str
    value: float
    low: float | None
    high: float | None
    shown: str
    runs: tuple[float, ...] = ()


def draw_gap_slope(sides: tuple[Side, Side], *, words: Words) -> Figure:
    """Return a gap on the left and on the right with bounds, joined by a line.

    The line of no gap is dashed; the runs of an arm, if there are several, are rings beside it.
    """
    scale = fit_scale(
        [0.0, *(side.value for side in sides), *(run for side in sides for run in side.runs)],
        bounds=[bound for side in sides for bound in (side.low, side.high)],
        start=BOTTOM,
        end=TOP,
    )
    (before, after), zero = sides, scale.place(0.0)
    marks: list[Mark] = [
        Line(x1=LEFT, y1=zero, x2=RIGHT, y2=zero, dash="5 3"),
        Text(x=(LEFT + RIGHT) / 2, y=tenth(zero + 14), text="no gap", anchor="middle"),
        Path(
            d=trace([(LEFT, scale.place(before.value)), (RIGHT, scale.place(after.value))]),
            colour=BLUE,
        ),
    ]
    looks = ((LEFT, "end", -1, "circle", BLUE), (RIGHT, "start", 1, "square", VERMILLION))
    for side, (x, anchor, way, shape, colour) in zip(sides, looks, strict=True):
        y = scale.place(side.value)
        marks.append(Text(x=x, y=20, text=side.title, anchor=anchor, is_bold=True))
        marks += _draw_bounds(side, scale, x)
        marks += [
            Point(x=x + way * 14, y=scale.place(run), shape="ring", colour="none")
            for run in side.runs
        ]
        marks.append(Point(x=x, y=y, shape=shape, colour=colour))
        text = fitted(side.shown, 230)
        marks.append(Text(x=x + way * 26, y=tenth(y + 4), text=text, anchor=anchor))
    return Figure(words=words, width=WIDTH, height=HEIGHT, marks=tuple(marks))


def _draw_bounds(side: Side, scale: Scale, x: float) -> Iterator[Mark]:
    low, high = (
        edge if bound is None else bound
        for bound, edge in ((side.low, scale.low), (side.high, scale.high))
    )
    y1, y2 = scale.place(low), scale.place(high)
    yield Line(x1=x, y1=y1, x2=x, y2=y2, width=2)
    # A bound that is open, or too far away, runs out of the figure without an end.
    for bound, y in ((side.low, y1), (side.high, y2)):
        if bound is not None and scale.holds(bound):
            yield Line(x1=x - 5, y1=y, x2=x + 5, y2=y, width=2)


def draw_square(
    rows: Sequence[tuple[str, Sequence[tuple[str, ...]]]],
    *,
    columns: Sequence[str],
    bold: int,
    words: Words,
) -> Figure:
    """Return a grid with lines of text in each cell; the column at index `bold` is bold.

    `rows` are a title and one tuple of lines for each of `columns`; an empty one is a dash.
    """
    marks: list[Mark] = []
    for index, title in enumerate(columns):
        x = CELLS_START + (index + 0.5) * CELL_WIDTH
        text = fitted(title, CELL_WIDTH)
        marks.append(
            Text(x=x, y=CELLS_TOP - 12, text=text, anchor="middle", is_bold=index == bold)
        )
    for number, (title, cells) in enumerate(rows):
        y = CELLS_TOP + number * CELL_HEIGHT
        marks.append(Text(x=0, y=y + 30, text=fitted(title, CELLS_START - 10)))
        for index, lines in enumerate(cells):
            x = CELLS_START + index * CELL_WIDTH
            marks.append(Box(x=x, y=y, width=CELL_WIDTH, height=CELL_HEIGHT, colour="none"))
            marks += _write(lines or (NOTHING,), x + CELL_WIDTH / 2, y, is_bold=index == bold)
    height = round(CELLS_TOP + len(rows) * CELL_HEIGHT + 8)
    return Figure(words=words, width=WIDTH, height=height, marks=tuple(marks))


def _write(lines: Sequence[str], x: float, y: float, *, is_bold: bool) -> Iterator[Mark]:
    first = y + 30 - 8 * (len(lines) - 1)
    for index, line in enumerate(lines):
        text = fitted(line, CELL_WIDTH - 8)
        yield Text(x=x, y=first + 17 * index, text=text, anchor="middle", is_bold=is_bold)
