"""``[labels]``: which integers of a mask stand for what, and which one is left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.rules import (
    distinct,
    items,
    refusal,
    shown,
    whole,
)
from pytest_biasruler.benchmark.tables import read_each

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_biasruler.benchmark.problems import Problems

IGNORE = "ignore"
"""The name in ``[labels]`` of the value whose voxels are left out of the comparison."""

MEAN = "mean"
WORST = "worst"
AGGREGATES = (MEAN, WORST)
"""What a check may ask for in place of one label: the mean of all of them, or the worst."""

_BACKGROUND = "background"
_HIGHEST = 2**31 - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Labels:
    """What ``[labels]`` declares: the integers of each label, and the one that is ignored."""

    values: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    ignore: int | None = None


def read_labels(raw: object, *, problems: Problems) -> Labels:
    """Return ``[labels]``; what is wrong with it is noted."""
    found = read_each(
        raw, partial(_read_one, problems=problems), section="labels", problems=problems
    )
    values = {name: ints for name, ints in found.items() if name != IGNORE}
    ignored = found.get(IGNORE)
    if not ignored:
        return Labels(values=values)
    ignore = ignored[0]
    with problems.at("labels", IGNORE):
        if not values:
            fix = "Name what is scored, such as lesion = 1"
            raise refusal("ignore stands alone in [labels]", "a label beside it", fix=fix)
        for name, ints in values.items():
            if ignore in ints:
                found_twice = f"ignore is {ignore}, which {shown(name)} holds too"
                raise refusal(found_twice, "a value of no label")
    return Labels(values=values, ignore=ignore)


def label_values(key: str, value: object) -> tuple[int, ...]:
    """Return the integers that make up a label, or a region of several."""
    one = whole(low=1, high=_HIGHEST)
    values = items(key, value) if isinstance(value, list | tuple) else (value,)
    if not values:
        raise refusal(f"{key} is an empty list", "at least one integer")
    return distinct(key, tuple(one(key, entry) for entry in values))


def _read_one(name: str, value: object, *, problems: Problems) -> tuple[int, ...]:
    """Return one entry of ``[labels]``; a wrong value is noted, and its name still known."""
    if name != IGNORE:
        _refuse_reserved(name)
    kept: dict[str, tuple[int, ...]] = {name: () if name == IGNORE else (1,)}
    with problems.at("labels", name):
        if name == IGNORE:
            kept[name] = (whole(low=1, high=_HIGHEST)(name, value),)
        else:
            kept[name] = label_values(name, value)
    return kept[name]


def _refuse_reserved(name: str) -> None:
    """Refuse a name that means something else; a capital letter does not make it another one."""
    meant = name.casefold()
    if meant == _BACKGROUND:
        raise refusal(f"{name} is a label", "labels alone", fix="Remove it: it is never scored")
    if meant == IGNORE:
        raise refusal(f"{name} is a label", f"{IGNORE}, in small letters", fix="Write ignore")
    if meant in AGGREGATES:
        found = f"{name} is a label, and what a check may ask of all labels"
        raise refusal(found, "another name", fix="Rename it")
