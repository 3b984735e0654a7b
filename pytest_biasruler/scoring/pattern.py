"""Columns whose names say what they hold, such as ``unet_dice``."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.score_keys import split_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Names = Mapping[str, str]


class Pattern:
    """Reads names of columns by a pattern.

    Parameters
    ----------
    pattern : str
        Such as ``"{model}_{metric}"``.
    names : mapping
        Part -> name of theirs -> name of ours. Nothing else is a name, so that ``unet_v2_dice``
        is the Dice of ``unet_v2`` where there is such a model.

    Examples
    --------
    >>> names = {"model": {"unet": "unet", "unet_v2": "unet_v2"}, "metric": {"dsc": "dice"}}
    >>> Pattern("{model}_{metric}", names=names).readings("unet_v2_dsc")
    [{'model': 'unet_v2', 'metric': 'dice'}]
    """

    def __init__(self, pattern: str, *, names: Mapping[str, Names]) -> None:
        self._steps = split_pattern(pattern)
        self._names = names
        self._lengths = {part: sorted({len(name) for name in names[part]}) for part in names}

    def readings(self, column: str) -> list[dict[str, str]]:
        """Return every way to read the name of a column; none if it does not fit."""
        literal, *steps = self._steps
        if not column.startswith(literal):
            return []
        found = self._read(column[len(literal) :], steps)
        return list({tuple(each.items()): each for each in found}.values())

    def _read(self, rest: str, steps: list[str]) -> Iterator[dict[str, str]]:
        if not steps:
            if not rest:
                yield {}
            return
        part, literal, *later = steps
        names = self._names[part]
        for length in self._lengths[part]:
            theirs = rest[:length]
            if len(theirs) == length and theirs in names and rest.startswith(literal, length):
                for found in self._read(rest[length + len(literal) :], later):
                    yield {part: names[theirs], **found}


def aliased(
    ours: Mapping[str, object] | set[str] | tuple[str, ...], columns: Mapping[str, str]
) -> dict[str, str]:
    """Return name of theirs -> name of ours: what `columns` says, and otherwise the same name.

    Examples
    --------
    >>> aliased(("dice", "iou"), {"dsc": "dice", "iou": "my_iou"})
    {'dice': 'dice', 'dsc': 'dice'}
    """
    same = {name: name for name in ours if name not in columns}
    return same | {theirs: name for theirs, name in columns.items() if name in ours}


def twice(slots: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the first two columns of each slot that several columns fill."""
    columns = defaultdict(list)
    for column, slot in slots.items():
        columns[slot].append(column)
    return [(found[0], found[1]) for found in columns.values() if len(found) > 1]
