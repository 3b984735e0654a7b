"""How much one text, name or list of a benchmark may hold; nobody writes more by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Collection

MOST_CHARACTERS = 1024
"""Characters of a text. Some of what is done with texts takes the square of their length."""

MOST_CHARACTERS_OF_A_NAME = 256
"""Characters of the name of a set, label, attribute or metric: a cell of a table holds no more."""

MOST_ENTRIES = 10_000
"""Entries of a list, as many as a benchmark may have checks."""


def refuse_long(what: str, text: str, *, most: int = MOST_CHARACTERS) -> None:
    """Raise BR410 for a text of more than `most` characters.

    Examples
    --------
    >>> refuse_long("column", "age")
    >>> refuse_long("column", "a" * 2000)
    Traceback (most recent call last):
    pytest_biasruler.errors.BiasRulerError: BR410: column has 2000 characters; expected at most \
1024. Shorten it.
    """
    if len(text) > most:
        found = f"{what} has {len(text)} characters"
        raise BiasRulerError("BR410", found, f"at most {most}", "Shorten it")


def refuse_many(what: str, entries: Collection[object]) -> None:
    """Raise BR410 for a list of more than 10,000 entries."""
    if len(entries) > MOST_ENTRIES:
        found = f"{what} lists {len(entries)} values"
        raise BiasRulerError("BR410", found, f"at most {MOST_ENTRIES}", "Shorten the list")
