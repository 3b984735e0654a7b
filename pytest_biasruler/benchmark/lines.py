"""Which line of a TOML text declares a key: `tomllib` tells values, but not where they stand."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEPEST = 4  # parts of the longest path that is ever looked up, checks.1.by.2
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'  # a text over several lines may end in two quotes of its own
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|[\[\]{}=\n]"
    r"|[^\"'\#\[\]{}=\n]+",
    re.DOTALL,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lines:
    """Lines of the keys and tables of one file.

    Attributes
    ----------
    first : mapping
        Key path -> the line, from 1, on which it is first declared.
    inside : mapping
        Key path, of at most four parts -> the line on which the first key in it is declared.
    n_headers : mapping
        Name -> how many ``[[name]]`` headers there are.
    """

    first: dict[tuple[str | int, ...], int]
    inside: dict[tuple[str | int, ...], int]
    n_headers: Counter[str]

    def of(self, path: tuple[str | int, ...]) -> int | None:
        """Return the line of a key, else of the nearest table around or in it, else None."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.first:
                return self.first[path[:end]]
        return self.inside.get(path)


def read_lines(toml: str) -> Lines:
    r"""Return where the keys of a valid TOML text stand.

    Parameters
    ----------
    toml : str
        A text that `tomllib` accepts; of any other the lines may be wrong.

    Examples
    --------
    >>> lines = read_lines('[models.unet]\nmasks = "a"\n[[checks]]\n[[checks]]\nby = ["age"]')
    >>> lines.of(("models", "unet", "masks")), lines.of(("checks", 1, "limit"))
    (2, 4)
    """
    first: dict[tuple[str | int, ...], int] = {}
    n_headers: Counter[str] = Counter()
    table: tuple[str | int, ...] = ()
    for line, statement in _statements(toml):
        if statement.startswith("["):
            keys = _keys(statement.strip("[]"))
            if statement.startswith("[["):
                n_headers[".".join(keys)] += 1
            # In [[checks]] and [checks.waive] alike, "checks" means the latest entry.
            n_entries = n_headers.get(keys[0], 0)
            table = (keys[0], n_entries - 1, *keys[1:]) if n_entries else keys
            first.setdefault(table, line)
        else:
            first.setdefault((*table, *_keys(statement)), line)
    return Lines(first=first, inside=_inside(first), n_headers=n_headers)


def _inside(first: dict[tuple[str | int, ...], int]) -> dict[tuple[str | int, ...], int]:
    inside: dict[tuple[str | int, ...], int] = {}
    for key, line in first.items():
        for end in range(min(len(key), _DEEPEST + 1)):
            inside.setdefault(key[:end], line)
    return inside


def _statements(toml: str) -> Iterator[tuple[int, str]]:
    """Yield line and left side (a header, or what stands before ``=``) of each statement."""
    line, start, left, depth, is_left = 1, 1, "", 0, True
    for token in _TOKEN.findall(toml):
        if token == "\n" and depth == 0:
            if left.strip():
                yield start, left.strip()
            left, is_left = "", True
        elif is_left and token == "=":
            is_left = False
        elif is_left and not token.startswith("#"):
            start = start if left.strip() else line
            left += token
        elif not is_left:
            depth += (token in "[{") - (token in "]}")
        line += token.count("\n")
    if left.strip():
        yield start, left.strip()


def _keys(spelling: str) -> tuple[str, ...]:
    """Return the keys that a dotted, perhaps quoted, spelling names; `tomllib` unquotes them."""
    try:
        found: object = tomllib.loads(f"{spelling} = 0")
    except ValueError:  # a text that is not valid TOML
        return (spelling,)
    keys: list[str] = []
    while isinstance(found, dict) and found:
        key, found = next(iter(found.items()))
        keys.append(key)
    return tuple(keys) or (spelling,)
