"""Objects of JSON files, each of whose keys stands once: of two, Python keeps the last."""

from __future__ import annotations

from typing import Any

from pytest_biasruler.errors import BiasRulerError


def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return keys and values as a dictionary; the ``object_pairs_hook`` of `json.loads`.

    Raises
    ------
    BiasRulerError
        ``BR403`` a key twice.

    Examples
    --------
    >>> each_once([("train", 1), ("val", 2)])
    {'train': 1, 'val': 2}
    """
    unique = dict(pairs)
    if len(unique) < len(pairs):
        raise BiasRulerError("BR403", "a key twice", "each once", "Export it again")
    return unique
