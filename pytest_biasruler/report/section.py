"""A part of the report that another plugin adds: words and tables, never HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_biasruler.report.blocks import Paragraph
from pytest_biasruler.report.cells import make_table, words
from pytest_biasruler.report.numbers import LONGEST_SENTENCE, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_biasruler.report.blocks import Block


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A title, paragraphs, and a table if `head` is given; everything is escaped.

    Examples
    --------
    >>> section = Section(title="Scanners", head=("maker", "cases"), rows=[("GE", 120)])
    >>> [block.kind for block in section.blocks()]
    ['table']
    """

    title: str
    paragraphs: Sequence[str] = ()
    head: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()

    def blocks(self) -> tuple[Block, ...]:
        """Return what the page shows below the title."""
        blocks: list[Block] = [
            Paragraph(text=shown(text, longest=LONGEST_SENTENCE)) for text in self.paragraphs
        ]
        if self.head:
            cells = [[words(shown(value)) for value in row] for row in self.rows]
            head = [shown(name) for name in self.head]
            blocks.append(make_table(shown(self.title), head, cells))
        return tuple(blocks)
