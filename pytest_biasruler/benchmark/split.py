"""``split`` of ``[benchmark]``: which part of the cases is audited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.rules import Rule, one_of, refusal, shown, text, unknown, whole

if TYPE_CHECKING:
    from collections.abc import Collection

FOLD_PARTS = ("train", "val")
"""Parts of a fold in a ``splits_final.json`` of nnU-Net."""

_KEYS = ("table", "column", "part", "fold")


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """The cases that are audited: all others are counted, and left out.

    Either a column that lists names of cases (`table`, `column`), a column that says of each case
    in which part it is (`column`, `part`, and `table` unless it is a column of the metadata), or
    a fold of nnU-Net's ``splits_final.json`` (`table`, `fold`, `part`).
    """

    table: str | None = None
    column: str | None = None
    part: str | None = None
    fold: int | None = None

    @property
    def is_folds(self) -> bool:
        """Whether the table is a JSON file of folds."""
        return self.table is not None and self.table.lower().endswith(".json")

    @property
    def title(self) -> str:
        """How messages and outputs call it, without the folder of its table.

        Examples
        --------
        >>> Split(table="sets/splits.csv", column="test_split").title
        'test_split of splits.csv'
        >>> Split(table="splits_final.json", fold=0, part="val").title
        'val of fold 0 of splits_final.json'
        >>> Split(column="split", part="test").title
        'split = test'
        """
        place = f" of {PurePosixPath(self.table).name}" if self.table is not None else ""
        if self.is_folds:
            return f"{self.part} of fold {self.fold}{place}"
        part = "" if self.part is None else f" = {self.part}"
        return f"{self.column}{part}{place}"


def split_rule(path: Rule) -> Rule:
    """Return the rule of the key ``split``: a table of keys that go together.

    Parameters
    ----------
    path : callable
        The rule of a table's path.
    """
    rules: dict[str, Rule] = {
        "table": path,
        "column": text,
        "part": text,
        "fold": whole(low=0),
    }

    def rule(key: str, value: object) -> Split:
        raw: object = value
        if isinstance(value, Split):
            given = {name: getattr(value, name) for name in _KEYS}
            raw = {name: each for name, each in given.items() if each is not None}
        if not isinstance(raw, Mapping):
            expected = 'a table { table = "splits.csv", column = "test" }'
            raise refusal(f"{key} is {shown(raw)}", expected)
        kept: dict[str, Any] = {}
        for name, each in raw.items():
            if name not in rules:
                raise unknown("key", name, names=_KEYS, where=key)
            kept[name] = rules[name](f"{name} of {key}", each)
        split = Split(**kept)
        _judge_together(split, key=key)
        return split

    return rule


def _judge_together(split: Split, *, key: str) -> None:
    if split.is_folds:
        _require(split, ("fold", "part"), unfit="column", key=key, what="a .json table")
        one_of(FOLD_PARTS, what="part")(f"part of {key}", split.part)
    elif split.table is not None:
        _require(split, ("column",), unfit="fold", key=key, what="a table that is no .json")
    else:
        _require(split, ("column", "part"), unfit="fold", key=key, what="a column of the metadata")


def _require(split: Split, needed: Collection[str], *, unfit: str, key: str, what: str) -> None:
    for name in needed:
        if getattr(split, name) is None:
            fix = f"Add {name} to {key}"
            raise refusal(f"{key} has no {name}", f"{' and '.join(needed)} with {what}", fix=fix)
    if getattr(split, unfit) is not None:
        raise refusal(f"{key} has {unfit} with {what}", "none", fix=f"Remove {unfit}")
