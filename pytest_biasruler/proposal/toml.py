"""Prose as comments of a benchmark file, and lines of it that are left out."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from pytest_biasruler.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

_WIDTH = 98


def prose(text: str, *, sign: str = "") -> list[str]:
    """Return a sentence as lines of comments; `sign` stands before its first word.

    Examples
    --------
    >>> prose("Guessed from the name.", sign="- ")
    ['# - Guessed from the name.']
    """
    lines = textwrap.wrap(
        printable(text), _WIDTH - 2 - len(sign), break_long_words=False, break_on_hyphens=False
    )
    margins = [sign, *[" " * len(sign)] * len(lines)]
    return [f"# {margin}{line}" for margin, line in zip(margins, lines, strict=False)]


def choice(lines: Iterable[str]) -> list[str]:
    """Return lines that are left out, and come in when the sign before them is removed.

    Examples
    --------
    >>> choice(["[labels]", "# of nnU-Net", "tumor = 1"])
    ['#[labels]', '# of nnU-Net', '#tumor = 1']
    """
    return [line if line.startswith("# ") or not line else f"#{line}" for line in lines]
