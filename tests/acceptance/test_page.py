"""docs/robustness.md says what the rows say."""

from __future__ import annotations

import re

import pytest

from tests.acceptance.page import PAGE, cell, code_span, render_page
from tests.acceptance.rows import ROWS
from tests.acceptance.traps import TRAPS


def test_the_page_is_that_of_the_rows():
    written = PAGE.read_text(encoding="utf-8")
    assert written == render_page(), "write it anew: python -m tests.acceptance.page"


def test_every_row_and_trap_has_one_line_of_four_cells():
    lines = [line for line in render_page().splitlines() if re.match(r"\| [A-FT]\d+ \|", line)]
    assert [line.split(" | ")[0][2:] for line in lines] == [row.id for row in (*ROWS, *TRAPS)]
    for line in lines:
        cells = re.split(r"(?<!\\)\|", line)[1:-1]
        assert len(cells) == 4, f"a cell breaks its table: {line}"
        assert all(each.strip() for each in cells), f"a cell is empty: {line}"


def test_the_page_holds_no_control_character():
    assert not re.findall(r"[\x00-\x09\x0b-\x1f\x7f\u200b-\u202e]", render_page())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("BR408: a|b", r"`BR408: a\|b`"),
        ("BR413: \x1b[31m", r"`BR413: \x1b[31m`"),
        ("BR602: a `b`", "`` BR602: a `b` ``"),
        ("", "nothing"),
    ],
)
def test_a_line_of_the_program_stays_as_it_is(text, expected):
    assert code_span(text) == expected


def test_no_input_of_a_row_becomes_html():
    assert cell("`<script>` and <b>|</b>\n") == r"`<script>` and &lt;b&gt;\|&lt;/b&gt;\n"
