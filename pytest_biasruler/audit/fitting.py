"""Whether JSON fits a schema, for as much of JSON Schema as the one of ``audit.json`` uses."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "null": type(None),
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}
_NUMBERS = (int, float)
_RULES: Mapping[str, Callable[[Any, Any], bool]] = {
    "type": lambda content, names: any(
        _is_of_type(content, name) for name in ([names] if isinstance(names, str) else names)
    ),
    "enum": lambda content, values: content in values,
    "const": lambda content, value: bool(content == value),
    "required": lambda content, keys: not isinstance(content, dict) or set(keys) <= set(content),
    "pattern": lambda content, form: (
        not isinstance(content, str) or re.search(form, content) is not None
    ),
    "minItems": lambda content, n: not isinstance(content, list) or len(content) >= n,
    "maxItems": lambda content, n: not isinstance(content, list) or len(content) <= n,
    # Written so that NaN breaks every bound.
    "minimum": lambda content, low: not isinstance(content, _NUMBERS) or content >= low,
    "maximum": lambda content, high: not isinstance(content, _NUMBERS) or content <= high,
    "exclusiveMinimum": lambda content, low: not isinstance(content, _NUMBERS) or content > low,
    "exclusiveMaximum": lambda content, high: not isinstance(content, _NUMBERS) or content < high,
}
_OF_PARTS = ("properties", "additionalProperties", "items", "$ref", "$defs", "anyOf")
_SAID_ONLY = ("$schema", "$id", "title", "description", "format")
KEYWORDS = frozenset({*_RULES, *_OF_PARTS, *_SAID_ONLY})
"""What a schema may use; anything else would be passed over in silence."""


def find_misfit(
    content: Any,
    schema: Mapping[str, Any],
    *,
    definitions: Mapping[str, Any] = MappingProxyType({}),
) -> str | None:
    """Return where `content` first breaks `schema`, or None.

    Parameters
    ----------
    content : object
        What `json.loads` returns.
    schema : mapping
        Uses nothing but `KEYWORDS`; ``$ref`` stands alone and points into ``$defs``.
    definitions : mapping, optional
        The ``$defs`` of the schema around this one.

    Returns
    -------
    str or None
        Keys and positions that lead to the part which does not fit, ``""`` for the whole. Keys
        that the schema does not name are written as ``*``.

    Examples
    --------
    >>> schema = {"properties": {"n": {"items": {"minimum": 0}}}, "required": ["n"]}
    >>> [find_misfit(each, schema) for each in ({"n": [1, -1]}, {}, {"n": []})]
    ['/n/1', '', None]
    """
    definitions = schema.get("$defs", definitions)
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return find_misfit(content, definitions[name], definitions=definitions)
    choices = [
        find_misfit(content, each, definitions=definitions) for each in schema.get("anyOf", ())
    ]
    if choices and None not in choices:
        return ""
    if not all(rule(content, schema[key]) for key, rule in _RULES.items() if key in schema):
        return ""
    for name, part, inner in _parts(content, schema):
        misfit = "" if inner is False else find_misfit(part, inner, definitions=definitions)
        if misfit is not None:
            return f"/{name}{misfit}"
    return None


def _is_of_type(content: Any, name: str) -> bool:
    if isinstance(content, bool):
        return name == "boolean"
    return isinstance(content, _TYPES[name])


def _parts(content: Any, schema: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield name, value and schema of each part of an object or array; False allows nothing."""
    if isinstance(content, dict):
        named, others = schema.get("properties", {}), schema.get("additionalProperties", {})
        for key, value in content.items():
            yield (key if key in named else "*"), value, named.get(key, others)
    elif isinstance(content, list):
        for position, value in enumerate(content):
            yield str(position), value, schema.get("items", {})
