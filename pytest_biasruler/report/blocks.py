"""What a page is made of: records of ready-made strings, nothing left to compute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from pytest_biasruler.report.contours import Tile
    from pytest_biasruler.report.marks import Figure


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A jump within the page."""

    href: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One cell; `sort` is its full-precision key, `sign` the name of a drawn glyph."""

    text: str
    sort: str = ""
    sign: str = ""
    links: tuple[Link, ...] = ()
    is_number: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row, its first cell the header; `data` are slugs by which the page is filtered."""

    cells: tuple[Cell, ...]
    data: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table with a caption; `note` says what is left out.

    One that is stacked becomes a paragraph per row on a phone: nothing of it is out of sight.
    """

    kind: ClassVar[str] = "table"
    caption: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str = ""
    is_sortable: bool = True
    is_stacked: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Paragraph:
    """A paragraph; its tone is plain, note, warning or lead."""

    kind: ClassVar[str] = "paragraph"
    text: str
    tone: str = "plain"
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Items:
    """A list."""

    kind: ClassVar[str] = "items"
    texts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Heading:
    """A heading inside a section."""

    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Gallery:
    """Outlines of cases, side by side."""

    kind: ClassVar[str] = "gallery"
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fold:
    """Something a reader may open."""

    kind: ClassVar[str] = "fold"
    summary: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """One finding, or one check that could not run."""

    kind: ClassVar[str] = "card"
    id: str
    sign: str
    word: str
    sentence: str
    name: str
    blocks: tuple[Block, ...]
    is_open: bool
    data: tuple[tuple[str, str], ...] = ()


if TYPE_CHECKING:
    Block = Table | Paragraph | Items | Heading | Gallery | Fold | Card | Figure


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One of the ten parts of the report, or one that another plugin added; then unnumbered."""

    id: str
    title: str
    number: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """The whole report."""

    word: str
    sign: str
    headline: str
    facts: tuple[str, ...]
    banners: tuple[str, ...]
    parts: tuple[Part, ...]
    digest: str
