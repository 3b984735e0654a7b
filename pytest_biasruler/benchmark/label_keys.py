"""``[labels]``: which integers of a mask stand for what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.rules import (
    distinct,
    items,
    refusal,
    whole,
)

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.problems import Problems


def label_values(key: str, value: object) -> tuple[int, ...]:
    """Return the integers that make up a label, or a region of several."""
    one = whole(low=1, high=2**31 - 1)
    values = items(key, value) if isinstance(value, list | tuple) else (value,)
    if not values:
        raise refusal(f"{key} is an empty list", "at least one integer")
    return distinct(key, tuple(one(key, entry) for entry in values))


def read_label(name: str, value: object, *, problems: Problems) -> tuple[int, ...]:
    """Return one entry of ``[labels]``."""
    kept: dict[str, tuple[int, ...]] = {name: (1,)}
    with problems.at("labels", name):
        kept[name] = label_values(name, value)
    return kept[name]
