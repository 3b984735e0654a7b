"""How large a page may become: cards that come late on a full page are short."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.blocks import Fold, Items, Table
from pytest_biasruler.report.marks import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_biasruler.report.blocks import Block

_MOST, _LEAST, _ELSEWHERE = 220_000, 24_000, 3_500
"""Characters of a page for its cards, and what a finding takes of them in tables elsewhere.

With them a page stays below 250 KB, its gallery aside, unless what did not pass takes more.
"""

MOST_FOR_UNPASSED = 500_000
"""Characters for the cards of what did not pass, which are the last to be told in short."""

_FIGURE, _TEXT, _BOX, _TABLE, _HEAD, _ROW, _CELL, _OTHER = 380, 34, 70, 150, 32, 34, 18, 30


def room_for(n_findings: int) -> int:
    """Return how many characters the cards of a page may take before those of passes are short.

    Examples
    --------
    >>> room_for(1), room_for(48), room_for(500)
    (216500, 52000, 24000)
    """
    return max(_MOST - _ELSEWHERE * n_findings, _LEAST)


def weigh(blocks: Iterable[Block]) -> int:
    """Return about how many characters of the page blocks take.

    Examples
    --------
    >>> from pytest_biasruler.report.blocks import Paragraph
    >>> weigh([Paragraph(text="ten lettrs")])
    40
    """
    return sum(_weigh(block) for block in blocks)


def _weigh(block: Block) -> int:
    if isinstance(block, Figure):
        return _weigh_figure(block)
    if isinstance(block, Table):
        return _weigh_table(block)
    if isinstance(block, Fold):
        return _OTHER + weigh(block.blocks)
    if isinstance(block, Items):
        return sum(len(text) + 9 for text in block.texts)
    return _OTHER + len(getattr(block, "text", ""))


def _weigh_figure(figure: Figure) -> int:
    words = figure.words
    texts = [text.text for _, _, texts in figure.texts for text in texts]
    paths = [path.d for path in (*figure.strokes, *figure.paths)]
    paths += [d for _, d in figure.points]
    return (
        _FIGURE
        + len(words.title)
        + len(words.description)
        + len(words.caption)
        + sum(len(text) + _TEXT for text in texts)
        + sum(len(d) + _TEXT for d in paths)
        + _BOX * len(figure.boxes)
    )


def _weigh_table(table: Table) -> int:
    cells = [cell for row in table.rows for cell in row.cells]
    return (
        _TABLE
        + len(table.caption)
        + len(table.note)
        + sum(len(name) + _HEAD for name in table.head)
        + _ROW * len(table.rows)
        + sum(len(cell.text) + len(cell.sort) + _CELL for cell in cells)
    )
