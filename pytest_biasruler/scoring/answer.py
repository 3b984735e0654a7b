"""What the process of a case may answer: known keys only, each in its one form.

Whoever took over the reader writes these bytes. Nothing is repaired: an answer that differs from
the one form by anything is `Malformed`.
"""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import TYPE_CHECKING, Any

from pytest_biasruler.errors import CODES, Consequence, printable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pytest_biasruler.benchmark.metrics import Metric

MOST_CHARACTERS = 400
_MOST_OF_OUTLINE = 200_000
_MOST_NOTES = 20
_SLACK = 1e-9  # a share that was summed up may miss 1 by its last digits
_PATH = re.compile(r"(?:M-?\d+(?:\.\d+)? -?\d+(?:\.\d+)?(?:[hv]-?\d+(?:\.\d+)?)*z)*", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MASK_CODES = frozenset(
    code for code, consequence in CODES.items() if consequence == Consequence.UNREADABLE
) | {"BR123", "BR803", "BR899"}
_PAIR_CODES = frozenset(
    code for code, consequence in CODES.items() if consequence == Consequence.UNREADABLE
) | {"BR215", "BR899"}


class Malformed(ValueError):  # noqa: N818  (what an answer is, not what we did wrong)
    """An answer that is not in its one form."""


def parse(text: bytes) -> Any:
    """Return the plain data that an answer holds.

    Raises
    ------
    Malformed
        Unless it is one JSON value without NaN, infinity and doubled keys.
    """
    try:
        return json.loads(
            text.decode("ascii"), parse_constant=_refuse, object_pairs_hook=_without_doubles
        )
    except (ValueError, RecursionError):
        raise Malformed("no JSON") from None


def table(value: Any, keys: Collection[str]) -> dict[str, Any]:
    """Return a mapping that has exactly these keys."""
    if not isinstance(value, dict) or value.keys() != set(keys):
        raise Malformed("keys")
    return value


def rows(value: Any, *, most: int) -> list[Any]:
    """Return a list of at most so many values."""
    if not isinstance(value, list) or len(value) > most:
        raise Malformed("list")
    return value


def text(value: Any) -> str:
    """Return a text of bounded length that may be printed as it is."""
    if not isinstance(value, str) or len(value) > MOST_CHARACTERS or printable(value) != value:
        raise Malformed("text")
    return value


def whole(value: Any, *, most: int) -> int:
    """Return a count."""
    if type(value) is not int or not 0 <= value <= most:  # True is an int too
        raise Malformed("count")
    return value


def number(value: Any, low: float | None = None, high: float | None = None) -> float:
    """Return a finite number within its range."""
    if type(value) not in (int, float) or not isfinite(value):
        raise Malformed("number")
    if (low is not None and not value >= low - _SLACK) or (
        high is not None and not value <= high + _SLACK
    ):
        raise Malformed("range")
    return float(value)


def number_or_none(
    value: Any, low: float | None = None, high: float | None = None
) -> float | None:
    """Return a finite number within its range; None stands for NaN."""
    return None if value is None else number(value, low, high)


def score_of(value: Any, metric: Metric) -> float | None:
    """Return a score that the metric can have; None stands for NaN."""
    return number_or_none(value, *metric.range)


def digest(value: Any) -> str:
    """Return a SHA-256 as 64 hex digits, or the empty text of an empty mask."""
    if not isinstance(value, str) or (value and not _HASH.fullmatch(value)):
        raise Malformed("hash")
    return value


def outline(value: Any) -> str:
    """Return the path of closed loops that `outline.draw_outlines` draws, and no other one."""
    if not isinstance(value, str) or len(value) > _MOST_OF_OUTLINE or not _PATH.fullmatch(value):
        raise Malformed("outline")
    return value


def notes(value: Any) -> list[str]:
    """Return codes of the register, each once."""
    codes = rows(value, most=_MOST_NOTES)
    if not all(isinstance(code, str) and code in CODES for code in codes):
        raise Malformed("note")
    if len(set(codes)) < len(codes):
        raise Malformed("notes")
    return codes


def error_of_mask(value: Any) -> list[str]:
    """Return code, found, expected and fix of a mask that cannot be used."""
    return _error(value, codes=_MASK_CODES)


def error_of_pair(value: Any) -> list[str]:
    """Return code, found, expected and fix of what does not keep a mask from being scored."""
    return _error(value, codes=_PAIR_CODES)


def error_of_case(value: Any) -> list[str]:
    """Return code, found, expected and fix of a case that failed whole."""
    return _error(value, codes=_MASK_CODES)


def _error(value: Any, *, codes: Collection[str]) -> list[str]:
    parts = rows(value, most=4)
    if len(parts) != 4 or not isinstance(parts[0], str) or parts[0] not in codes:
        raise Malformed("error")
    return [parts[0], *(text(part) for part in parts[1:])]


def _refuse(constant: str) -> float:
    raise Malformed(constant)


def _without_doubles(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Malformed("doubled key")
    return found
