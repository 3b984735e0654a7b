"""Shapes of points as paths."""

from __future__ import annotations

_CIRCLE = (-4.5, 0.0, "a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z")
OUTLINES = {
    "circle": _CIRCLE,
    "ring": _CIRCLE,
    "square": (-4.0, -4.0, "h8v8h-8z"),
    "triangle": (0.0, -5.0, "l5 9h-10z"),
    "diamond": (0.0, -5.5, "l5.5 5.5l-5.5 5.5l-5.5-5.5z"),
    "cross": (-5.0, -3.0, "l2-2l3 3l3-3l2 2l-3 3l3 3l-2 2l-3-3l-3 3l-2-2l3-3z"),
    "plus": (-1.5, -5.0, "h3v3.5h3.5v3h-3.5v3.5h-3v-3.5h-3.5v-3h3.5z"),
    "bars": (-4.0, -5.0, "h3v10h-3zm5 0h3v10h-3z"),
    "left": (-5.0, 0.0, "l6-4v8z"),
    "right": (5.0, 0.0, "l-6-4v8z"),
}
"""Where each shape about (0, 0) begins, and its path from there."""


def outline(shape: str, x: float = 0.0, y: float = 0.0) -> str:
    """Return the path of a shape about a point.

    Examples
    --------
    >>> outline("square", 10, 20)
    'M6 16h8v8h-8z'
    """
    right, down, path = OUTLINES[shape]
    return f"M{round(x + right, 1) + 0.0:g} {round(y + down, 1) + 0.0:g}{path}"
