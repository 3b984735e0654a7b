"""What one value of a benchmark may be: each rule takes key and value, and refuses or returns."""

from __future__ import annotations

import datetime as dt
import difflib
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from itertools import pairwise
from numbers import Integral, Real
from typing import Any

from pytest_biasruler.benchmark.lengths import refuse_long, refuse_many
from pytest_biasruler.errors import BiasRulerError

Rule = Callable[[str, object], Any]
"""Key and value -> the value as we keep it; raises `BiasRulerError` without a place."""

_MAX_SHOWN = 60
_MAX_NAMES = 30
_MAX_COMPARED = 300


def refusal(
    found: str, expected: str, *, fix: str = "Correct it", code: str = "BR602"
) -> BiasRulerError:
    """Return the error of a bad key or value; its place is added by whoever knows it."""
    return BiasRulerError(code, found, expected, fix)


def shown(value: object) -> str:
    """Return a value as the file spells it, cut if long; of containers only what they are.

    Examples
    --------
    >>> shown(float("nan")), shown(True), shown("0.05"), shown([1])
    ('nan', 'true', '"0.05"', 'a list')
    """
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            cut = value if len(value) <= _MAX_SHOWN else value[:_MAX_SHOWN] + "..."
            return f'"{cut}"'
        case dt.date() | dt.time():
            return value.isoformat()
        case int() if abs(value) >= 10**20:
            # A whole number of a thousand digits is valid TOML and must not fill the screen.
            return "a huge number"
        case int() | Real():
            return str(value)
        case Mapping():
            return "a table"
        case list() | tuple():
            return "a list" if value else "an empty list"
    return f"a value of type {type(value).__name__}"


def listed(names: Iterable[str]) -> str:
    """Return names for a message, as they are and in their order, cut if very many.

    Examples
    --------
    >>> listed(["dice", "nsd"])
    'dice, nsd'
    """
    names = list(names)
    more = f", and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return ", ".join(names[:_MAX_NAMES]) + more


def unknown(
    what: str,
    name: object,
    *,
    names: Collection[str],
    where: str = "",
    otherwise: str = "Remove it",
) -> BiasRulerError:
    """Return the error of an unknown name, with the nearest valid one.

    Examples
    --------
    >>> str(unknown("metric", "dise", names=["dice", "nsd"]))
    'BR602: unknown metric "dise"; expected one of dice, nsd. Write dice if that is meant.'
    """
    near = nearest(name, names)
    place = f" in {where}" if where else ""
    return refusal(
        f"unknown {what} {shown(name)}{place}",
        f"one of {listed(names)}" if names else f"a declared {what}",
        fix=f"Write {near} if that is meant" if near else otherwise,
    )


def nearest(name: object, names: Collection[str]) -> str | None:
    """Return the one of `names` that `name` is most likely a slip of, None if none is near.

    Examples
    --------
    >>> nearest("limt", ["by", "limit"]), nearest("site", ["by", "limit"])
    ('limit', None)
    """
    if len(names) > _MAX_COMPARED:  # each comparison costs microseconds, and lists multiply
        return None
    near = difflib.get_close_matches(str(name)[:_MAX_SHOWN], list(names), n=1)
    return near[0] if near else None


def text(key: str, value: object) -> str:
    """Return a text that is not blank, and not longer than anybody writes."""
    if not isinstance(value, str) or not value.strip():
        raise refusal(f"{key} is {shown(value)}", "a text")
    refuse_long(key, value)
    return value


def switch(key: str, value: object) -> bool:
    """Return a truth value."""
    if not isinstance(value, bool):
        raise refusal(f"{key} is {shown(value)}", "true or false")
    return value


def one_of(names: Collection[str], *, what: str | None = None, otherwise: str = "") -> Rule:
    """Return the rule that a value is one of `names`; the nearest is named if it is not."""
    valid = frozenset(names)

    def rule(key: str, value: object) -> str:
        if isinstance(value, str) and value in valid:
            return str(value)
        fix = otherwise or "Correct it"
        if isinstance(value, str):
            raise unknown(what or key, value, names=names, otherwise=fix)
        raise refusal(f"{key} is {shown(value)}", f"one of {listed(names)}", fix=fix)

    return rule


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond every float
        return False


def number(
    *,
    low: float = -math.inf,
    high: float = math.inf,
    of: str = "",
    beyond_low: bool = False,
) -> Rule:
    """Return the rule of a finite number from `low` to `high`; NaN, texts and true are none.

    Parameters
    ----------
    of : str
        What the range belongs to, said in the message: ``"a number from 0 to 1 for dice"``.
    beyond_low : bool
        Whether `low` itself is refused.
    """

    def rule(key: str, value: object) -> float:
        inside = _is_number(value) and low <= float(value) <= high  # type: ignore[arg-type]  # is a Real
        if not inside or (beyond_low and value == low):
            expected = span(low, high, beyond_low=beyond_low) + (f" for {of}" if of else "")
            raise refusal(f"{key} is {shown(value)}", expected)
        return float(value)  # type: ignore[arg-type]  # is a Real

    return rule


def span(low: float, high: float, *, beyond_low: bool = False) -> str:
    """Return a range of numbers in words.

    Examples
    --------
    >>> span(0, 1), span(0, math.inf), span(0, math.inf, beyond_low=True)
    ('a number from 0 to 1', 'a number from 0 up', 'a number above 0')
    """
    if math.isfinite(low) and math.isfinite(high):
        start = f"above {low:g} up to" if beyond_low else f"from {low:g} to"
        return f"a number {start} {high:g}"
    if math.isfinite(low):
        return f"a number above {low:g}" if beyond_low else f"a number from {low:g} up"
    return f"a number up to {high:g}" if math.isfinite(high) else "a number"


def whole(*, low: int, high: int | None = None) -> Rule:
    """Return the rule of a whole number from `low` up, or to `high`."""

    def rule(key: str, value: object) -> int:
        right = isinstance(value, Integral) and not isinstance(value, bool)
        if not right or not low <= value or (high is not None and not value <= high):  # type: ignore[operator]  # is a number
            until = "up" if high is None else f"to {high}"
            raise refusal(f"{key} is {shown(value)}", f"a whole number from {low} {until}")
        return int(value)  # type: ignore[call-overload, no-any-return]  # is a number

    return rule


def items(key: str, value: object) -> tuple[Any, ...]:
    """Return the entries of a list, or of an array built in code."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise refusal(f"{key} is {shown(value)}", "a list")
    entries = tuple(value)
    refuse_many(key, entries)
    return entries


def texts(key: str, value: object) -> tuple[str, ...]:
    """Return a list of texts, blank ones too; one text alone is a list of one."""
    entries = (value,) if isinstance(value, str) else items(key, value)
    for entry in entries:
        if not isinstance(entry, str):
            raise refusal(f"{key} holds {shown(entry)}", "texts")
        refuse_long(f"a text of {key}", entry)
    return distinct(key, entries)


def distinct(key: str, entries: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the entries if no two are the same."""
    for entry, n in Counter(entries).items():
        if n > 1:
            raise refusal(f"{key} lists {shown(entry)} twice", "each once", fix="Remove one")
    return entries


def rising(*, at_least: int, rule: Rule | None = None) -> Rule:
    """Return the rule of a list of finite numbers, each larger than the one before."""
    one = rule or number()

    def check(key: str, value: object) -> tuple[float, ...]:
        numbers = tuple(map(partial(one, key), items(key, value)))
        if len(numbers) < at_least:
            raise refusal(f"{key} has {len(numbers)} numbers", f"at least {at_least}")
        if not all(a < b for a, b in pairwise(numbers)):
            raise refusal(f"{key} does not rise", "each number larger than the one before")
        return numbers

    return check
