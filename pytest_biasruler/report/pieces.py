"""Parts of a Markdown text that are put together within a number of bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_biasruler.report.spans import row

if TYPE_CHECKING:
    from collections.abc import Sequence

MARK = "<!-- pytest-biasruler -->"
"""The last line, by which a later run knows the file for ours."""

_CUT = "Cut to keep within the size of this page: the report has all of it."


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A part of the summary: words, or a table between words, of which whole rows may be cut.

    `rows` are the first of `n_all`.
    """

    before: str = ""
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    n_all: int = 0
    behind: str = ""

    def write(self, n_rows: int) -> str:
        """Return the piece with its first `n_rows` rows, and how many more there are."""
        lines = []
        if self.head:
            lines = [row(self.head), "|---" * len(self.head) + "|", *map(row, self.rows[:n_rows])]
        n_more = self.n_all - n_rows
        more = f"and {n_more:,} more in the report" if n_more else ""
        return "\n\n".join(filter(None, (self.before, "\n".join(lines), more, self.behind)))


def join_pieces(pieces: Sequence[Piece], *, most_bytes: int) -> str:
    """Return a text of at most `most_bytes` in UTF-8: what does not fit is left out and counted.

    It ends with the line by which a later run knows it.
    """
    texts: list[str] = []
    room = most_bytes - _size(_CUT) - _size(MARK)
    for piece in pieces:
        text = _fit(piece, room)
        texts += [text] if text else []
        room -= _size(text)
    is_cut = len(texts) < len(pieces)
    return "\n\n".join([*texts, *([_CUT] if is_cut else []), MARK]) + "\n"


def _fit(piece: Piece, room: int) -> str:
    """Return a piece with as many of its rows as there is room for; "" if not even one."""
    left, n_rows = room - _size(piece.write(0)), 0
    for line in piece.rows:
        left -= _size(row(line))
        n_rows += left >= 0
    return piece.write(n_rows) if n_rows or (left >= 0 and not piece.rows) else ""


def _size(text: str) -> int:
    """Return the bytes of a part and of the empty line behind it."""
    return len(text.encode()) + 2
