"""docs/users-ask.md answers every demand, and each answer names what shows it."""

from __future__ import annotations

import re

import pytest

from .walking import DOCS, ROOT, is_walked

ROWS = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in (DOCS / "users-ask.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\| \d", line)
]


def test_there_is_a_row_for_each_of_the_34_demands():
    assert [row[0] for row in ROWS] == [str(number) for number in range(1, 35)]
    assert all(len(row) == 4 for row in ROWS), "a bar in a cell makes another column"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_shows_an_answer_is_there(row):
    tests = re.findall(r"`(tests/[^`]+)`", row[3])
    pages = re.findall(r"\]\(([^)#]+)", row[3])
    assert tests or any(is_walked((DOCS / page).resolve()) for page in pages), (
        "an answer names a test, or a page whose commands are run"
    )
    for test in tests:
        file, _, name = test.partition("::")
        text = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"def {name}\(", text), f"{test} is gone"
    for page in pages:
        assert (DOCS / page).is_file(), f"{page} is gone"
