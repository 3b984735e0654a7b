"""The marker ``biasruler``: which tests audit, and what a decorator may set for one of them."""

from __future__ import annotations

import datetime as dt
import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.check import Policy
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.shell.settings import usage_error
from pytest_biasruler.shell.stash import MARKER, WRONG_MARKERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pytest

_KEYS = ("policy", "waive")


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What markers set for one test."""

    policy: str | None = None
    waive: Mapping[str, str] | None = None


def refuse_wrong_markers(items: Iterable[pytest.Item]) -> None:
    """Raise for every wrong marker of these tests.

    A worker of xdist cannot end the run by itself: there each wrong test is in error.

    Raises
    ------
    pytest.UsageError
        With all of them.
    """
    wrong = []
    for item in items:
        marks = item.iter_markers(MARKER)
        problems = [found for mark in marks for found in _problems(mark, where=item.nodeid)]
        if problems:
            item.stash[WRONG_MARKERS] = problems
            wrong += [] if hasattr(item.config, "workerinput") else problems
    if wrong:
        raise usage_error(wrong, "the markers of this run")


def read_markers(item: pytest.Item) -> Asked:
    """Return what the closest markers set; they are known to be right."""
    keys: dict[str, Any] = {}
    for mark in item.iter_markers(MARKER):
        keys = {**{key: value for key, value in mark.kwargs.items() if value is not None}, **keys}
    waive = keys.get("waive")
    return Asked(
        policy=keys.get("policy"),
        waive={"reason": waive["reason"], "until": str(waive["until"])} if waive else None,
    )


def _problems(mark: pytest.Mark, *, where: str) -> list[BiasRulerError]:
    found = [_unknown(key, where) for key in mark.kwargs if key not in _KEYS]
    if mark.args:
        found.append(_wrong("an argument without a name", ", ".join(_KEYS), where))
    policy = mark.kwargs.get("policy")
    if policy is not None and policy not in tuple(Policy):
        found.append(_wrong(f"policy is {policy}", f"one of {', '.join(Policy)}", where))
    waive = mark.kwargs.get("waive")
    if waive is not None and not _is_waiver(waive):
        found.append(_wrong(f"waive is {waive}", "reason and until, a date", where))
    return found


def _is_waiver(waive: object) -> bool:
    if not isinstance(waive, dict) or set(waive) != {"reason", "until"}:
        return False
    try:
        dt.date.fromisoformat(str(waive["until"]))
    except ValueError:
        return False
    return bool(str(waive["reason"]).strip())


def _unknown(key: str, where: str) -> BiasRulerError:
    near = difflib.get_close_matches(key, _KEYS, n=1)
    fix = f"Did you mean {near[0]}? Correct it" if near else "Correct it"
    return BiasRulerError(
        "BR602",
        f'unknown key "{key}" of the marker {MARKER}',
        f"one of {', '.join(_KEYS)}",
        fix,
        where,
    )


def _wrong(found: str, expected: str, where: str) -> BiasRulerError:
    return BiasRulerError(
        "BR602", f"{found} in the marker {MARKER}", expected, "Correct it", where
    )
