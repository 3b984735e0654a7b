"""Figures as marks at coordinates: lines, points, texts and paths that a template draws."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from pytest_biasruler.report.shapes import outline

if TYPE_CHECKING:
    from collections.abc import Iterable

INK = "currentColor"
BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
PURPLE, ORANGE, SKY = "#CC79A7", "#E69F00", "#56B4E9"
"""The colours of Okabe and Ito, in the order of their contrast to both papers; no yellow."""

COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
LINE_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, INK, INK)
"""Orange and sky are too pale for a thin line on white: those lines are told by their dashes."""

SHAPES = ("circle", "square", "triangle", "diamond", "cross", "plus")
DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 4", "12 4")
"""One per subgroup, so that colour is never the only difference."""

MOST_SERIES = len(COLOURS)

SIGNS = {
    "fail": ("cross", VERMILLION),
    "inconclusive": ("diamond", ORANGE),
    "pass": ("circle", GREEN),
    "error": ("cross", PURPLE),
    "waived": ("bars", INK),
    "not-judged": ("ring", "none"),
}
"""Shape and fill of the glyph that goes with each word."""

WIDTH = 360
"""How wide figures are: a phone shows them with text of 11 pixels, a desktop two side by side."""

FONT_SIZE = 13


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A straight line."""

    kind: ClassVar[str] = "line"
    x1: float
    y1: float
    x2: float
    y2: float
    width: float = 1.0
    dash: str = ""
    colour: str = INK


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """A filled shape with an outline of ink."""

    kind: ClassVar[str] = "point"
    x: float
    y: float
    shape: str
    colour: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A text; anchor start, middle or end."""

    kind: ClassVar[str] = "text"
    x: float
    y: float
    text: str
    anchor: str = "start"
    is_bold: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Path:
    """An open line through several points."""

    kind: ClassVar[str] = "path"
    d: str
    colour: str
    dash: str = ""
    width: float = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """A filled rectangle with an outline of ink."""

    kind: ClassVar[str] = "box"
    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Band:
    """A shaded rectangle, below everything else."""

    kind: ClassVar[str] = "band"
    x: float
    y: float
    width: float
    height: float


Mark = Line | Point | Text | Path | Box | Band


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """What stands around a figure; `title` says what it means, as a sentence."""

    title: str
    description: str
    caption: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A drawing whose numbers stand in the table after it."""

    kind: ClassVar[str] = "figure"
    words: Words
    width: int
    height: int
    marks: tuple[Mark, ...]

    @property
    def strokes(self) -> tuple[Path, ...]:
        """All lines, those of one look joined into one path: they lie below everything else."""
        joined: dict[tuple[float, str, str], str] = {}
        for mark in self.marks:
            if isinstance(mark, Line):
                look = (mark.width, mark.dash, mark.colour)
                joined[look] = joined.get(look, "") + trace(
                    [(mark.x1, mark.y1), (mark.x2, mark.y2)]
                )
        return tuple(
            Path(d=d, width=width, dash=dash, colour=colour)
            for (width, dash, colour), d in joined.items()
        )

    @property
    def shade(self) -> str:
        """The path of all bands."""
        return "".join(
            f"M{mark.x:g} {mark.y:g}h{mark.width:g}v{mark.height:g}h{-mark.width:g}z"
            for mark in self.marks
            if isinstance(mark, Band)
        )

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Rectangles, above the lines."""
        return tuple(mark for mark in self.marks if isinstance(mark, Box))

    @property
    def paths(self) -> tuple[Path, ...]:
        """Open lines through several points, above the rectangles."""
        return tuple(mark for mark in self.marks if isinstance(mark, Path))

    @property
    def points(self) -> tuple[tuple[str, str], ...]:
        """Fill and joined path of all points of one fill, above the paths."""
        joined: dict[str, str] = {}
        for mark in self.marks:
            if isinstance(mark, Point):
                joined[mark.colour] = joined.get(mark.colour, "") + outline(
                    mark.shape, mark.x, mark.y
                )
        return tuple(joined.items())

    @property
    def texts(self) -> tuple[tuple[str, bool, tuple[Text, ...]], ...]:
        """Texts by anchor and weight, each group in order."""
        grouped: dict[tuple[str, bool], list[Text]] = {}
        for mark in self.marks:
            if isinstance(mark, Text):
                grouped.setdefault((mark.anchor, mark.is_bold), []).append(mark)
        return tuple((*look, tuple(texts)) for look, texts in grouped.items())


def tenth(value: float) -> float:
    """Return a coordinate with one decimal, without a negative zero."""
    return round(value, 1) + 0.0


def trace(points: Iterable[tuple[float, float]]) -> str:
    """Return path data through points, as short as it goes.

    Examples
    --------
    >>> trace([(0, 1.25), (3.0, 2)]), trace([(0, 1), (3, 1), (3, 5)])
    ('M0 1.2L3 2', 'M0 1H3V5')
    """
    places = [(f"{tenth(x):g}", f"{tenth(y):g}") for x, y in points]
    return f"M{' '.join(places[0])}" + "".join(
        f"H{x}" if y == before[1] else f"V{y}" if x == before[0] else f"L{x} {y}"
        for before, (x, y) in pairwise(places)
    )


def text_width(text: str, *, size: float = FONT_SIZE) -> float:
    """Return about how wide a text is drawn, rather too wide than too narrow."""
    return size * sum(_em(character) for character in text)


def _em(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if character in "mwMW@%—…\N{MINUS SIGN}+±×=<>":
        return 0.95
    if character.isupper():
        return 0.72
    return 0.36 if character in " .,:;'|!ijl-[]()" else 0.6


def inside(x: float, text: str) -> float:
    """Return where the middle of `text` is nearest to `x` without any of it off the figure.

    Examples
    --------
    >>> inside(180.0, "0.65"), inside(3.0, "0.65")
    (180.0, 14.0)
    """
    half = text_width(text) / 2
    return tenth(min(max(x, half), WIDTH - half))


def fitted(text: str, width: float, *, size: float = FONT_SIZE) -> str:
    """Return `text`, cut with an ellipsis if it would be wider than `width`."""
    if text_width(text, size=size) <= width:
        return text
    kept = text
    while kept and text_width(f"{kept}…", size=size) > width:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"
