"""The words of the reference: what each key of a benchmark file, and each name, is for.

They stand once, in reference.toml. ``--biasruler-help`` prints them, and docs/make_reference.py
writes them into docs/reference.md.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE = Path(__file__).with_name("reference.toml")


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """A key of the benchmark file: what it holds, without it, and what for."""

    name: str
    type: str
    default: str
    meaning: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """All of reference.toml, in its order.

    Attributes
    ----------
    tables : mapping of str to tuple of Key
        Keys of each table, by its header such as ``[benchmark]``.
    about : mapping of str to str
        What a check does beside asking its question.
    checks : mapping of str to tuple of Key
        Each check's own keys.
    fixtures, hooks, names, layouts, metrics : mapping of str to str
        What each is; of a metric, what its numbers cannot tell.
    """

    tables: Mapping[str, tuple[Key, ...]]
    about: Mapping[str, str]
    checks: Mapping[str, tuple[Key, ...]]
    fixtures: Mapping[str, str]
    hooks: Mapping[str, str]
    names: Mapping[str, str]
    layouts: Mapping[str, str]
    metrics: Mapping[str, str]


@cache
def read_words() -> Words:
    """Return the words, in Markdown.

    Examples
    --------
    >>> read_words().tables["[references.NAME]"][0].name
    'kind'
    """
    document = tomllib.loads(SOURCE.read_text(encoding="utf-8"))
    checks = document.pop("checks")
    return Words(
        tables={header: _keys(keys) for header, keys in document.pop("tables").items()},
        about={check: told["about"] for check, told in checks.items()},
        checks={check: _keys(told.get("keys", {})) for check, told in checks.items()},
        **document,
    )


def _keys(told: Mapping[str, tuple[str, str, str]]) -> tuple[Key, ...]:
    return tuple(
        Key(name=name, type=kind, default=default, meaning=meaning)
        for name, (kind, default, meaning) in told.items()
    )
