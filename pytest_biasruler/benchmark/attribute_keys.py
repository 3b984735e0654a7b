"""``[attributes.*]``: by what cases are cut into subgroups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.definition import Attribute
from pytest_biasruler.benchmark.lengths import refuse_long
from pytest_biasruler.benchmark.rules import (
    Rule,
    distinct,
    items,
    refusal,
    rising,
    shown,
    switch,
    text,
    texts,
    whole,
)
from pytest_biasruler.benchmark.tables import read_table

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.problems import Problems


MISSING = "missing"
"""The visible subgroup of cases whose metadata is not recorded; no real value has this name."""


def _merge(key: str, value: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, Mapping):
        raise refusal(f"{key} is {shown(value)}", "a table of kept = [other spellings]")
    for kept in value:
        refuse_long(f"a category of {key}", kept)
    merged = {kept: texts(f"{key} of {shown(kept)}", others) for kept, others in value.items()}
    distinct(key, tuple(spelling for others in merged.values() for spelling in others))
    if MISSING in merged:
        _refuse_missing(f'{key} makes a category "{MISSING}"')
    return merged


def _names(key: str, value: object) -> tuple[str, ...]:
    names = tuple(text(key, name) for name in items(key, value))
    if MISSING in names:
        _refuse_missing(f'{key} holds "{MISSING}"')
    return distinct(key, names)


def _refuse_missing(found: str) -> None:
    raise refusal(found, "another name", fix="List such cells in missing = [...]", code="BR413")


_ATTRIBUTE: Mapping[str, Rule] = {
    "column": text,
    "bins": rising(at_least=2),
    "quantiles": whole(low=2, high=20),
    "names": _names,
    "merge": _merge,
    "missing": texts,
    "judge_missing": switch,
}


def read_attribute(name: str, raw: object, *, problems: Problems) -> Attribute:
    """Return one of ``[attributes.*]``."""
    path = ("attributes", name)
    kept = read_table(raw, _ATTRIBUTE, path=path, problems=problems, title=f"[attributes.{name}]")
    if "bins" in kept and "quantiles" in kept:
        error = refusal("quantiles stand beside bins", "one of them", fix="Remove one")
        problems.add((*path, "quantiles"), error)
    if "names" in kept and isinstance(raw, Mapping) and "bins" not in raw:
        problems.add((*path, "names"), refusal("names stand without bins", "bins", fix="Add bins"))
    if "names" in kept and "bins" in kept and len(kept["names"]) != len(kept["bins"]) - 1:
        error = refusal(
            f"{len(kept['names'])} names", f"{len(kept['bins']) - 1}, one for each bin"
        )
        problems.add((*path, "names"), error)
    return Attribute(name=name, **kept)
