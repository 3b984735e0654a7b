"""The acceptance table: every row is an input, and what must be said and done about it."""

from __future__ import annotations

import pytest

from tests.acceptance.row import Stage
from tests.acceptance.rows import ROWS

IDS = [
    *(f"A{number}" for number in range(1, 29)),
    *(f"B{number}" for number in range(29, 68)),
    *(f"C{number}" for number in range(68, 73)),
    *(f"D{number}" for number in range(73, 87)),
    *(f"E{number}" for number in range(87, 99)),
    *(f"F{number}" for number in range(99, 105)),
]


def test_the_table_is_complete():
    assert [row.id for row in ROWS] == IDS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_row(row, tmp_path, pytester, run):
    played = row.play(Stage(folder=tmp_path, pytester=pytester, run=run))

    assert len(played) == len(row.texts), "each variant of the input has its text"
    for text, variant in zip(row.texts, played, strict=True):
        if text:
            assert text in variant.said, f"{row.id}: said was {variant.said}"
        else:
            assert variant.said == (), f"{row.id} is to be accepted without a word"
        assert variant.lost == frozenset(), f"{row.id} cost sound cases their scores"
        assert variant.scored > 0, f"{row.id}: nothing was scored beside it"
