"""Outlines of masks as small drawings: edges of labels only, never a voxel's intensity."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from math import isfinite
from typing import TYPE_CHECKING

from pytest_biasruler.report.marks import BLUE, GREEN, VERMILLION, tenth
from pytest_biasruler.report.numbers import format_number, shown, typeset

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
_SAFE_PATH = re.compile(rf"(?:M{_NUMBER} {_NUMBER}(?:[hv]{_NUMBER})+z)+")
MOST_OF_PAGE = 400_000
"""Characters that all outlines of a page take: with them it stays below a megabyte."""

TILE_WIDTH, TILE_HEIGHT, FRAME = 174, 150, 140
_STROKES = (("expert", BLUE, ()), ("automated", GREEN, (2, 2)), ("model", VERMILLION, (6, 3)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Outline:
    """The edge of one mask in its slice."""

    name: str
    d: str
    colour: str
    dash: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A case of galleries: its picture, and what each check says of it."""

    case: Mapping[str, Any]
    by: str
    metric: str
    told: list[tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """One case: its outlines, how they are moved into the frame, and the words beside them."""

    title: str
    scale: float
    left: float
    top: float
    outlines: tuple[Outline, ...]
    sides: tuple[str, str]
    lines: tuple[str, ...]


def draw_gallery(cases: Sequence[Seen]) -> tuple[Tile, ...]:
    """Return a tile per case; a case without a drawable path is words only.

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


def _draw_tile(seen: Seen) -> Tile:
    case = seen.case
    width, height = _size(case.get("width")), _size(case.get("height"))
    paths = case.get("outlines") or {}
    outlines = tuple(
        Outline(name=name, d=paths[name], colour=colour, dash=dash)
        for name, colour, dash in _STROKES
        if width and height and _is_drawable(paths.get(name))
    )
    scale = FRAME / max(width, height) if width and height else 1.0
    name = shown(case.get("case", "case"))
    is_oriented = tuple(case.get("sides") or ()) == ("R", "L")
    return Tile(
        title=f"Outlines of {name}: {', '.join(outline.name for outline in outlines) or 'none'}",
        scale=scale,
        left=tenth((TILE_WIDTH - scale * width) / 2),
        top=tenth((TILE_HEIGHT - scale * height) / 2),
        outlines=outlines,
        sides=("R", "L") if is_oriented else ("", ""),
        lines=(name, *_words(seen)),
    )


def _is_drawable(path: object) -> bool:
    return isinstance(path, str) and _SAFE_PATH.fullmatch(path) is not None


def _size(value: object) -> float:
    return float(value) if isinstance(value, int | float) and isfinite(value) and value > 0 else 0


def _words(seen: Seen) -> tuple[str, ...]:
    case = seen.case
    lines = [f"{seen.by}{shown(case['subgroup'])}" if case.get("subgroup") else ""]
    numbers = (("score", seen.metric or "score", ""), ("volume_ml", "volume", " ml"))
    lines += [
        f"{name} {typeset(format_number(case[key]))}{unit}"
        for key, name, unit in numbers
        if case.get(key) is not None
    ]
    difficulty: Mapping[str, object] = case.get("difficulty") or {}
    lines += [f"{shown(name)} {shown(value)}" for name, value in difficulty.items()]
    lines += [_told(check, one) for check, one in seen.told]
    lines += [f"{name} drawn in larger squares" for name in _coarse(case)]
    return tuple(line for line in lines if line)


def _told(check: str, case: Mapping[str, Any]) -> str:
    """Return why a finding shows a case, with its own number where that is not the score."""
    kind = {"worst": "among the worst", "median": "about the median"}.get(str(case.get("kind")))
    number = case.get("number")
    own = "" if number in (None, case.get("score")) else f" ({typeset(format_number(number))})"
    return f"{shown(check)}: {kind}{own}" if kind else ""


def _coarse(case: Mapping[str, Any]) -> list[str]:
    """Return the masks that would have taken too long a path, such as noise."""
    told = case.get("coarse") or ()
    return [name for name, _, _ in _STROKES if name in told]
