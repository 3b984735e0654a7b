"""Under which id a test may appear in outputs: one that names no case and no patient."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_biasruler.shell.stash import NAMES

if TYPE_CHECKING:
    import pytest

NAMED = (
    "BR604: a test id holds the name of a case or patient; parametrize by subgroup, since ids end "
    "up in terminal, JUnit and pytest's cache"
)

_BOUNDARY = re.compile(r"(?<=\W)|(?=\W)|\b")
_LONGEST_BRACKET = 200


def shown_node(item: pytest.Item) -> str:
    """Return the id of a test for outputs.

    A parametrised id may name a case or a patient. Its bracket is left out if it does, or if
    nobody knows the names yet. That of a declared check holds names of its file only.
    """
    names = item.stash.get(NAMES, None)
    if hasattr(item, "declared_check"):
        return item.nodeid
    is_known = names is not None and len(_bracket(item)) <= _LONGEST_BRACKET
    return item.nodeid if is_known and not is_named(item) else bare_node(item.nodeid)


def line_of(item: pytest.Item) -> int | None:
    """Return the line of a test in its file, from 1; of a declared check that of its table."""
    line = item.reportinfo()[1]
    return None if line is None else line + 1


def bare_node(nodeid: str) -> str:
    """Return a node id without its bracket.

    Examples
    --------
    >>> bare_node("tests/test_a.py::test_case[c007]")
    'tests/test_a.py::test_case'
    """
    file, colons, rest = nodeid.partition("::")
    return f"{file}{colons}{rest.partition('[')[0]}"


def is_named(item: pytest.Item) -> bool:
    """Return whether the bracket of a test's id holds a name that its benchmark knows."""
    bracket = _bracket(item)[:_LONGEST_BRACKET]
    names = item.stash.get(NAMES, frozenset())
    edges = sorted({match.start() for match in _BOUNDARY.finditer(bracket)})
    return any(bracket[start:end] in names for start in edges for end in edges if start < end)


def _bracket(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[2].partition("[")[2]
