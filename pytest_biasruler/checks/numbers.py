"""How a number is written so that rounding never contradicts a verdict."""

from __future__ import annotations

import math


def format_number(value: float | None, *, limit: float | None = None, decimals: int = 3) -> str:
    """Return `value` with `decimals`, or as many as it takes to show its side of `limit`.

    Examples
    --------
    >>> format_number(0.0814, limit=0.05)
    '0.081'
    >>> format_number(0.05003, limit=0.05)
    '0.05003'
    >>> format_number(None)
    'undefined'
    """
    if value is None or not math.isfinite(value):
        return "undefined"
    for places in range(decimals, 17):
        text = f"{value:.{places}f}"
        if limit is None or _same_side(float(text), value, limit):
            return text.lstrip("-") if float(text) == 0 else text
    return repr(value)


def _same_side(rounded: float, value: float, limit: float) -> bool:
    return (rounded > limit) == (value > limit) and (rounded < limit) == (value < limit)


def format_signed(value: float | None, *, decimals: int = 3) -> str:
    """Return `value` with its sign, a true minus for negative numbers.

    Examples
    --------
    >>> format_signed(0.0066), format_signed(-0.0214)
    ('+0.007', '−0.021')
    """
    text = format_number(value, decimals=decimals)
    if text == "undefined" or float(text) == 0:
        return text
    return text.replace("-", "−") if text.startswith("-") else f"+{text}"
