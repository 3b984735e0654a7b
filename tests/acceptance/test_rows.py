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
    row.check(Stage(folder=tmp_path, pytester=pytester, run=run))
