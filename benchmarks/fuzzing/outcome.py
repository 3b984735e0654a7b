"""What became of one input, and when that is a failure of the package."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_biasruler.errors import CODES, BiasRulerError, BiasRulerProblems

if TYPE_CHECKING:
    from collections.abc import Iterable

RIGHT = "accepted and right"
_SHAPE = re.compile(r"BR\d{3}(?: [^\n]*)?: [^\n]+; expected [^\n]+\. [^\n]+\.")
# Private cells of the tables are written in these four letters, so that even three of them in a
# row, left of a cell that was edited, are found; no word of a message has three.
_PRIVATE = re.compile(r"[qzvx]{3}", re.IGNORECASE)
# The one column whose name is nearly what the benchmark asks for may be named.
_NEAR_COLUMN = re.compile(r'Perhaps ".*" is meant\.$')
_QUOTES_CATEGORIES = ("BR405", "BR413")


class Wrong(Exception):  # noqa: N818  (it is the finding, not an error of this program)
    """The package accepted what it should not, or said what it should not."""


def hold(fact: object, what: str) -> None:
    """Raise `Wrong` unless `fact` is true."""
    if not fact:
        raise Wrong(what)


def outcome_of(refused: BiasRulerError, *, may_quote: bool = True) -> str:
    """Return the code of a refusal after checking that it is told as it should be.

    Raises
    ------
    Wrong
        For a code that no page names or BR899, for a line in another shape, and for a private
        cell in the text unless it `may_quote`.
    """
    problems: Iterable[BiasRulerError] = (
        refused.problems if isinstance(refused, BiasRulerProblems) else [refused]
    )
    for problem in problems:
        hold(problem.code in CODES and problem.code != "BR899", f"code {problem.code}: {problem}")
        hold(_SHAPE.fullmatch(str(problem)), f"no line of the one shape: {problem}")
        is_quiet = may_quote or problem.code in _QUOTES_CATEGORIES
        text = _NEAR_COLUMN.sub("", str(problem))
        hold(is_quiet or not _PRIVATE.search(text), f"quotes a cell: {problem}")
    return refused.code
