"""The limits of the safe reader, as the ini file sets them."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from pytest_biasruler.errors import BiasRulerError, Limits

if TYPE_CHECKING:
    import pytest

_LEAST = {"case_memory_mb": 512}
"""With 256 MB numpy was seen to turn for ever while it is imported."""


def read_limits(
    config: pytest.Config, problems: list[BiasRulerError]
) -> tuple[Limits, dict[str, Any]]:
    """Return the limits that the ini sets, and those that are not at their default."""
    changed: dict[str, Any] = {}
    for limit in fields(Limits):
        found = config.getini(f"biasruler_{limit.name}")
        value = _number(found, like=limit.default)
        least = _LEAST.get(limit.name)
        if value is None or (least is not None and not value >= least):
            place = f"biasruler_{limit.name} is {found}"
            expected = "a number above 0" if least is None else f"at least {least}"
            problems.append(BiasRulerError("BR602", place, expected, "Correct it"))
        elif value != limit.default:
            changed[limit.name] = value
    return Limits(**changed), changed


def _number(found: object, *, like: object) -> bool | float | int | None:
    if isinstance(like, bool):
        return bool(found)
    try:
        value = float(str(found)) if isinstance(like, float) else int(str(found))
    except ValueError:
        return None
    return value if 0 < value < float("inf") else None
