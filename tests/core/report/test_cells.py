from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.report.cells import make_table, number_cell, p_cell, percent_cell, words


def keys(cells):
    table = make_table("c", ("name", "number"), [(words("x"), cell) for cell in cells])
    return [row.cells[1].sort for row in table.rows]


def test_a_column_that_reads_in_its_own_order_needs_no_keys():
    assert keys([number_cell(0.12345), number_cell(-0.4), number_cell(0.2)]) == ["", "", ""]
    assert keys([percent_cell(0.123), percent_cell(0.5)]) == ["", ""]
    assert keys([number_cell(0.1), number_cell(None), number_cell(0.2)]) == ["", "", ""]


def test_numbers_that_read_the_same_are_told_apart_by_their_place():
    assert keys([number_cell(0.12341), number_cell(0.1), number_cell(0.12339)]) == ["2", "0", "1"]
    assert keys([number_cell(0.12341), number_cell(None), number_cell(0.12339)]) == ["2", "", "1"]


def test_a_p_that_reads_below_something_has_a_place():
    assert keys([p_cell(0.5), p_cell(1e-15), p_cell(1e-14)]) == ["2", "0", "1"]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.floats(-2, 2, allow_nan=False), min_size=1, max_size=8))
def test_a_column_sorts_by_key_or_text_as_by_its_exact_numbers(values):
    table = make_table("c", ("name", "n"), [(words(""), number_cell(v)) for v in values])
    read = [
        float(cell.sort or cell.text.replace("\N{MINUS SIGN}", "-"))
        for cell in (row.cells[1] for row in table.rows)
    ]
    order = sorted(range(len(values)), key=lambda i: (read[i], i))
    assert [values[i] for i in order] == pytest.approx(sorted(values), abs=0)
