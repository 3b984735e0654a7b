"""Slopes: each subgroup or model under the expert reference and under the automated one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_biasruler.report.charts import LEGEND_STEP, draw_legend
from pytest_biasruler.report.marks import (
    COLOURS,
    DASHES,
    LINE_COLOURS,
    SHAPES,
    WIDTH,
    Figure,
    Line,
    Path,
    Point,
    Text,
    tenth,
    text_width,
    trace,
)
from pytest_biasruler.report.numbers import format_number, typeset
from pytest_biasruler.report.scale import Scale, fit_scale

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_biasruler.report.marks import Mark, Words

GAP = "\N{EM SPACE}"
LEFT, RIGHT, TOP, BESIDE = 122.0, 238.0, 40.0, 12.0
LABEL_STEP, PLACE_STEP = 16.0, 26.0
NAME_BESIDE = 62.0
"""Width of a name that still fits beside a slope; longer ones stand in a legend below."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Slope:
    """One subgroup under two references."""

    name: str
    left: float
    right: float
    left_shown: str
    right_shown: str


def draw_slopes(
    slopes: Sequence[Slope], *, words: Words, sides: tuple[str, str], width: float = 0.0
) -> Figure:
    """Return one line per subgroup from its mean on the left to its mean on the right.

    The scale spans at least `width`, so that a difference far below a limit looks as small as it
    is; the caption tells from where to where.
    """
    height = max(220, 110 + round(LABEL_STEP * len(slopes)))
    values = [value for slope in slopes for value in (slope.left, slope.right)]
    scale = fit_scale(values, at_least=width, start=height - 20, end=TOP)
    low, high = (typeset(format_number(end, decimals=2)) for end in (scale.low, scale.high))
    told = replace(words, caption=f"{words.caption} The scale runs from {low} to {high}.")
    return _draw(slopes, scale, words=told, sides=sides)


def draw_bump(slopes: Sequence[Slope], *, words: Words, sides: tuple[str, str]) -> Figure:
    """Return one line per model from its place on the left to its place on the right, 1 on top."""
    last = max(max(slope.left, slope.right) for slope in slopes)
    height = TOP + 30 + PLACE_STEP * max(last, 2.0)
    scale = Scale(low=1.0, high=max(last, 2.0), start=TOP + 10, end=height - 20)
    return _draw(slopes, scale, words=words, sides=sides)


def _draw(
    slopes: Sequence[Slope], scale: Scale, *, words: Words, sides: tuple[str, str]
) -> Figure:
    bottom = max(scale.start, scale.end) + 10
    marks: list[Mark] = []
    for x, side, anchor in ((LEFT, sides[0], "end"), (RIGHT, sides[1], "start")):
        marks.append(Line(x1=x, y1=TOP - 10, x2=x, y2=bottom))
        marks.append(Text(x=x, y=18, text=side, anchor=anchor, is_bold=True))
    for index, slope in enumerate(slopes):
        places = [(LEFT, scale.place(slope.left)), (RIGHT, scale.place(slope.right))]
        marks.append(Path(d=trace(places), colour=LINE_COLOURS[index], dash=DASHES[index]))
        for x, y in places:
            marks.append(Point(x=x, y=y, shape=SHAPES[index], colour=COLOURS[index]))
    is_named = all(text_width(slope.name) <= NAME_BESIDE for slope in slopes)
    marks += _label(slopes, scale, last=bottom, is_named=is_named)
    height = round(bottom + 10)
    if not is_named:
        marks += draw_legend([slope.name for slope in slopes], top=height)
        height += round(LEGEND_STEP * len(slopes))
    return Figure(words=words, width=WIDTH, height=height, marks=tuple(marks))


def _label(
    slopes: Sequence[Slope], scale: Scale, *, last: float, is_named: bool
) -> Iterator[Mark]:
    left = spread_labels([scale.place(slope.left) for slope in slopes], last=last)
    right = spread_labels([scale.place(slope.right) for slope in slopes], last=last)
    for slope, y_left, y_right in zip(slopes, left, right, strict=True):
        before = f"{slope.name}{GAP}" if is_named else ""
        after = f"{GAP}{slope.name}" if is_named else ""
        text = f"{before}{slope.left_shown}"
        yield Text(x=LEFT - BESIDE, y=tenth(y_left + 4), text=text, anchor="end")
        text = f"{slope.right_shown}{after}"
        yield Text(x=RIGHT + BESIDE, y=tenth(y_right + 4), text=text)


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
