"""The traps that published data hold: each is met with the right word, and scored right."""

from __future__ import annotations

import pytest

from tests.acceptance.row import Stage
from tests.acceptance.traps import TRAPS


def test_no_trap_is_left_out():
    assert [trap.id for trap in TRAPS] == [f"T{number}" for number in range(1, 15)]


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.id)
def test_trap(trap, tmp_path, pytester, run):
    played = trap.play(Stage(folder=tmp_path, pytester=pytester, run=run))

    assert len(played) == len(trap.texts), "each variant of the input has its text"
    for text, variant in zip(trap.texts, played, strict=True):
        if text:
            assert text in variant.said, f"{trap.id}: said was {variant.said}"
        else:
            assert variant.said == (), f"{trap.id} is to be accepted without a word"
        assert variant.lost == frozenset(), f"{trap.id} cost sound cases their scores"
        assert variant.scored > 0, f"{trap.id}: nothing was scored"
