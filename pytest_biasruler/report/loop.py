"""A gap before and after training as a slope, and the closed loop as a square of four gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_biasruler.report.marks import (
    BLUE,
    VERMILLION,
    WIDTH,
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

HEIGHT = 260
LEFT, RIGHT = 100.0, 260.0
TOP, BOTTOM = 60.0, 246.0
CELL_WIDTH, CELL_HEIGHT, CELLS_START, CELLS_TOP = 117.0, 48.0, 124.0, 44.0
LINE = 17.0


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
    looks = ((LEFT, -1, "circle", BLUE), (RIGHT, 1, "square", VERMILLION))
    for side, (x, way, shape, colour) in zip(sides, looks, strict=True):
        y = scale.place(side.value)
        marks.append(Text(x=x, y=18, text=side.title, anchor="middle", is_bold=True))
        marks.append(Text(x=x, y=36, text=fitted(side.shown, 158), anchor="middle"))
        marks += _draw_bounds(side, scale, x)
        marks += [
            Point(x=x + way * 14, y=scale.place(run), shape="ring", colour="none")
            for run in side.runs
        ]
        marks.append(Point(x=x, y=y, shape=shape, colour=colour))
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
    rows: Sequence[tuple[tuple[str, ...], Sequence[str]]],
    *,
    columns: Sequence[tuple[str, ...]],
    bold: int,
    words: Words,
) -> Figure:
    """Return a grid with a text in each cell; the column at index `bold` is bold.

    `rows` are the lines of a title and a text for each of `columns`, which are lines too; an
    empty text is a dash.
    """
    marks: list[Mark] = []
    for index, title in enumerate(columns):
        x = CELLS_START + (index + 0.5) * CELL_WIDTH
        for line, text in enumerate(title):
            y = CELLS_TOP - 8 - LINE * (len(title) - 1 - line)
            marks.append(Text(x=x, y=y, text=text, anchor="middle", is_bold=index == bold))
    for number, (title, cells) in enumerate(rows):
        y = CELLS_TOP + number * CELL_HEIGHT
        first = y + CELL_HEIGHT / 2 + 4.5 - LINE / 2 * (len(title) - 1)
        for line, text in enumerate(title):
            marks.append(Text(x=0, y=first + LINE * line, text=text))
        for index, cell in enumerate(cells):
            x = CELLS_START + index * CELL_WIDTH
            marks.append(Box(x=x, y=y, width=CELL_WIDTH, height=CELL_HEIGHT, colour="none"))
            marks.append(
                Text(
                    x=x + CELL_WIDTH / 2,
                    y=y + CELL_HEIGHT / 2 + 4.5,
                    text=fitted(cell or NOTHING, CELL_WIDTH - 8),
                    anchor="middle",
                    is_bold=index == bold,
                )
            )
    height = round(CELLS_TOP + len(rows) * CELL_HEIGHT + 4)
    return Figure(words=words, width=WIDTH, height=height, marks=tuple(marks))
