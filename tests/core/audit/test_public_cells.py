"""No small count follows from what is printed beside it, not even for who knows the rule."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.audit.public_cells import Cell, hide_cells

LEFT = 4
"""Values that everybody must be left with for each small count."""


def lists_of(k, total):
    """Yield all lists of k counts with this total."""
    if k == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in lists_of(k - 1, total - first):
            yield (first, *rest)


def printed(counts, edges):
    """Return what is seen of a list; of larger hidden counts also on which side of each edge."""
    cells = hide_cells(counts, edges=edges)
    if cells is None:
        return None
    return tuple(
        (str(cell), n if cell is Cell.SHOWN else None)
        + ((tuple(n >= edge for edge in edges),) if cell is Cell.NOT_SHOWN else ())
        for n, cell in zip(counts, cells, strict=True)
    )


@pytest.mark.parametrize(
    ("k", "most", "edges"),
    [(2, 70, ()), (2, 70, (20,)), (3, 36, ()), (3, 40, (20,)), (3, 30, (15, 20)), (4, 20, (12,))],
)
def test_who_knows_the_rule_is_left_with_four_values_for_each_small_count(k, most, edges):
    for total in range(1, most + 1):
        seen = defaultdict(list)
        for counts in lists_of(k, total):
            known = printed(counts, edges)
            if known is not None:
                seen[known].append(counts)
        for known, possible in seen.items():
            for place, cell in enumerate(known):
                if cell[0] == Cell.SUPPRESSED:
                    values = {counts[place] for counts in possible}
                    assert len(values) >= LEFT, f"{known} of {total} leaves {sorted(values)}"


@settings(deadline=None, derandomize=True, max_examples=300)
@given(
    counts=st.lists(st.integers(0, 80), min_size=1, max_size=8),
    edges=st.lists(st.integers(12, 40), max_size=2),
)
def test_small_counts_are_never_shown_and_zero_always_is(counts, edges):
    cells = hide_cells(counts, edges=edges)
    for n, cell in zip(counts, cells or (), strict=cells is not None):
        assert (cell is Cell.SUPPRESSED) == (1 <= n <= 10), f"{n} is {cell}"
        assert n != 0 or cell is Cell.SHOWN
    if not any(1 <= n <= 10 for n in counts):
        assert cells == (Cell.SHOWN,) * len(counts), "hidden although nothing is small"


def test_two_tens_are_not_given_away_by_their_total():
    assert hide_cells([11, 10, 10]) == (Cell.NOT_SHOWN, Cell.SUPPRESSED, Cell.SUPPRESSED)
    assert hide_cells([10, 10]) is None


def test_the_smallest_large_count_hides_first():
    assert [str(cell) for cell in hide_cells([60, 30, 45, 4])] == [
        *("shown", "not shown", "shown", "suppressed")
    ]
