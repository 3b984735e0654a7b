"""One row of the acceptance table: an input, what a run says of it, and what must not be lost."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest


_POINTER = re.compile(r" See docs/errors\.md#[\w, #]+\.$")
"""Where the last line of a usage error leads; tests/plugin/test_codes.py holds it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """Where a row is played: an empty folder, and pytest for the rows that need a whole run."""

    folder: Path
    pytester: pytest.Pytester
    run: Callable[..., pytest.RunResult]


@dataclass(frozen=True, kw_only=True, slots=True)
class Played:
    """What a run said of one variant of the input.

    `said` are its lines that begin with a code, each without its place (``BR104: compressed data
    of prediction of unet end early; expected …``); `lost` are the other cases that were not scored
    though nothing was wrong with them, `scored` how many were.
    """

    said: tuple[str, ...]
    lost: frozenset[str]
    scored: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A row. `play` returns one `Played` for each variant, which says the text at its place.

    A text that is empty stands for an input that is accepted without a word. `then` tells a reader
    what happens beside that, in half a sentence; `play` asserts it.
    """

    id: str
    input: str
    texts: tuple[str, ...]
    then: str
    play: Callable[[Stage], list[Played]]

    def check(self, stage: Stage) -> None:
        """Play the row, and assert that each variant says its text and costs no sound case."""
        played = self.play(stage)
        assert len(played) == len(self.texts), "each variant of the input has its text"
        for text, variant in zip(self.texts, played, strict=True):
            said = tuple(_POINTER.sub("", line) for line in variant.said)
            if text:
                assert text in said, f"{self.id}: said was {said}"
            else:
                assert said == (), f"{self.id} is to be accepted without a word"
            assert variant.lost == frozenset(), f"{self.id} cost sound cases their scores"
            assert variant.scored > 0, f"{self.id}: nothing was scored beside it"
