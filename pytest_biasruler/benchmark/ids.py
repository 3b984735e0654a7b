"""Ids of checks: readable, unique in their benchmark, made of names from the benchmark alone."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_UNSAFE = re.compile(r"[^\w.+-]")
_PARTS = ("metric", "label", "by", "model", "reference", "automated")


def item_id(
    check: str, chosen: Mapping[str, Any], *, listed: Iterable[str], silent: Mapping[str, Any]
) -> str:
    """Return the id of one item, not yet unique.

    Parameters
    ----------
    check : str
        Name of the check.
    chosen : mapping
        The keys of this item.
    listed : iterable of str
        Keys that the check gave as a list: each item says its value.
    silent : mapping
        Values that go without saying, such as the default reference.

    Examples
    --------
    >>> chosen = {"metric": "dice", "by": ("age", "sex"), "model": "my unet", "limit": 0.02}
    >>> item_id("gap", chosen, listed=[], silent={})
    'gap[dice-age+sex-my_unet]'
    >>> item_id("gap", chosen, listed=["limit"], silent={"metric": "dice"})
    'gap[age+sex-my_unet-limit0.02]'
    >>> item_id("gap", {**chosen, "by": ("age",), "continuous": True}, listed=[], silent={})
    'gap[dice-age-my_unet-continuous]'
    >>> item_id("gap", {**chosen, "name": "main"}, listed=["limit"], silent={})
    'gap[main]'
    """
    if "name" in chosen:
        return f"{check}[{_safe(chosen['name'])}]"
    parts = [
        "+".join(map(_safe, chosen[key])) if key == "by" else _safe(chosen[key])
        for key in _PARTS
        if chosen.get(key) and chosen[key] != silent.get(key)
    ]
    if chosen.get("continuous"):
        parts.append("continuous")
    parts += [f"{key}{_safe(_spelt(chosen[key]))}" for key in listed if key not in _PARTS]
    return f"{check}[{'-'.join(parts)}]"


def number_repeats(ids: Iterable[str]) -> list[str]:
    """Return the ids, in their order, with ``~2``, ``~3`` in those that came before.

    The number stands inside the brackets: pytest takes what is outside for another test's name.

    Examples
    --------
    >>> number_repeats(["gap[a]", "gap[b]", "gap[a]"])
    ['gap[a]', 'gap[b]', 'gap[a~2]']
    """
    met: Counter[str] = Counter()
    numbered = []
    for one in ids:
        met[one] += 1
        # "~" is no character of an id itself, so a numbered id can meet no other.
        numbered.append(one if met[one] == 1 else f"{one[:-1]}~{met[one]}]")
    return numbered


def _safe(text: str) -> str:
    return _UNSAFE.sub("_", text)


def _spelt(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value).removesuffix(".0")
