"""What follows from two lists of subgroups beside each other, and what does not."""

from __future__ import annotations

from itertools import chain, combinations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_biasruler.audit.public_beside import Listing, members_of, tells_few


def listing(names, *, source, hidden=()):
    people = pd.Series({f"p{n}": f"p{n}" for n in range(len(names))})
    members = members_of(pd.Series(names, index=people.index), people)
    shown = tuple(name for name in members.columns if name not in hidden)
    return Listing(source=source, members=members, shown=shown)


def sets_of(known):
    """Return every union of shown subgroups, as sets of people."""
    groups = [frozenset(known.members.index[known.members[name]]) for name in known.shown]
    unions = chain.from_iterable(combinations(groups, k) for k in range(len(groups) + 1))
    return [frozenset().union(*union) for union in unions]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.integers(0, 14), min_size=6, max_size=6), st.booleans())
def test_no_small_difference_of_nested_unions_is_let_through(counts, is_one_column):
    cells = [(one, other) for one in "ab" for other in "xyz"]
    people = [cell for cell, n in zip(cells, counts, strict=True) for _ in range(n)]
    if not people:
        return
    first = listing([one for one, _ in people], source="c")
    second = listing([other for _, other in people], source="c" if is_one_column else "d")
    sides = (sets_of(first), sets_of(second))
    small = any(
        inner < outer and inner and len(outer - inner) <= 10 and len(outer) < len(people)
        for one, other in (sides, sides[::-1])
        for outer in one
        for inner in other
    )
    if small:
        assert tells_few(second, beside=[first]), "a set of few is the difference of two shown"


def test_lists_without_relation_stay_beside_each_other_though_their_crossing_is_small():
    first = listing(["a"] * 30 + ["b"] * 30, source="c")
    second = listing((["x"] * 27 + ["y"] * 3) + (["x"] * 5 + ["y"] * 25), source="d")
    assert not tells_few(second, beside=[first])


@pytest.mark.parametrize(("n_both", "tells"), [(0, False), (2, True), (12, False)])
def test_overlapping_subgroups_stay_if_those_in_both_are_many(n_both, tells):
    of = ["a"] * 40 + ["b"] * 40
    patients = [*range(40), *range(40 - n_both, 80 - n_both)]
    index = [f"c{n}" for n in range(80)]
    members = members_of(pd.Series(of, index=index), pd.Series(patients, index=index))
    known = Listing(source="c", members=members, shown=("a", "b"))
    assert tells_few(known, beside=()) is tells


def test_unions_of_subgroups_are_compared_not_single_ones_alone():
    first = listing(["a"] * 20 + ["b"] * 20 + ["c"] * 20 + ["d"] * 5, source="c", hidden="cd")
    second = listing(["x"] * 40 + ["y"] * 20 + ["x"] * 5, source="d")
    assert tells_few(second, beside=[first]), "x less a and b are five"
