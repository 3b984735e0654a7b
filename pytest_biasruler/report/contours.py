"""Outlines of masks as small drawings: edges of labels only, never a voxel's intensity."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from math import isfinite
from typing import TYPE_CHECKING

from pytest_biasruler.report.marks import BLUE, GREEN, VERMILLION
from pytest_biasruler.report.numbers import format_number, shown, typeset

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
_SAFE_PATH = re.compile(rf"(?:M{_NUMBER} {_NUMBER}(?:[hv]{_NUMBER})+z)+")
MOST_OF_PAGE = 400_000
"""Characters that all outlines of a page take: with them it stays below a megabyte."""

_STROKES = (("expert", BLUE, ""), ("automated", GREEN, "1 3"), ("model", VERMILLION, "6 3"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Outline:
    """The edge of one mask in its slice."""

    name: str
    d: str
    colour: str
    dash: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """One case: its outlines, and the words beside and below them."""

    title: str
    view_box: str
    outlines: tuple[Outline, ...]
    sides: tuple[str, str]
    lines: tuple[str, ...]


def draw_gallery(cases: Sequence[Mapping[str, Any]]) -> tuple[Tile, ...]:
    """Return a tile per case of ``details.gallery``; a case without a drawable path is words only.

    A path holds closed loops of a move, horizontal and vertical lines: nothing else is drawn.
    """
    return tuple(_draw_tile(case) for case in cases)


def spare_outlines(tiles: Sequence[Tile], *, room: int) -> tuple[tuple[Tile, ...], int]:
    """Return the tiles without the outlines that `room` characters cannot hold, and what is left.

    A tile that does not fit is words only, and says so; a smaller one after it may fit again.
    """
    spared = []
    for tile in tiles:
        length = sum(len(outline.d) for outline in tile.outlines)
        if length <= room:
            room -= length
            spared.append(tile)
        else:
            lines = (*tile.lines, "outlines left out: the page would be too large")
            title = f"{tile.title.partition(':')[0]}: none"
            spared.append(replace(tile, title=title, outlines=(), lines=lines))
    return tuple(spared), room


def _draw_tile(case: Mapping[str, Any]) -> Tile:
    width, height = _size(case.get("width")), _size(case.get("height"))
    paths = case.get("outlines") or {}
    outlines = tuple(
        Outline(name=name, d=paths[name], colour=colour, dash=dash)
        for name, colour, dash in _STROKES
        if width and height and _is_drawable(paths.get(name))
    )
    name = shown(case.get("case", "case"))
    sides = tuple(shown(side, longest=4) for side in case.get("sides") or ())
    return Tile(
        title=f"Outlines of {name}: {', '.join(outline.name for outline in outlines) or 'none'}",
        view_box=f"0 0 {width:g} {height:g}",
        outlines=outlines,
        sides=(sides[0], sides[1]) if len(sides) == 2 else ("", ""),
        lines=(name, *_words(case)),
    )


def _is_drawable(path: object) -> bool:
    return isinstance(path, str) and _SAFE_PATH.fullmatch(path) is not None


def _size(value: object) -> float:
    return float(value) if isinstance(value, int | float) and isfinite(value) and value > 0 else 0


def _words(case: Mapping[str, Any]) -> tuple[str, ...]:
    kinds = {"worst": "among the worst", "median": "about the median"}
    numbers = [("score", "score", ""), ("volume_ml", "volume", " ml")]
    if case.get("number") != case.get("score"):
        numbers.insert(0, ("number", "this check's number", ""))
    lines = [shown(case.get("subgroup", "")), kinds.get(str(case.get("kind")), "")]
    lines += [
        f"{name} {typeset(format_number(case[key]))}{unit}"
        for key, name, unit in numbers
        if case.get(key) is not None
    ]
    lines += [f"{name} drawn in larger squares" for name in _coarse(case)]
    return tuple(line for line in lines if line)


def _coarse(case: Mapping[str, Any]) -> list[str]:
    """Return the masks that would have taken too long a path, such as noise."""
    told = case.get("coarse") or ()
    return [name for name, _, _ in _STROKES if name in told]
