"""Names and values as TOML, whatever characters they hold: lines that people paste."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_UNSEEN = ("Cc", "Cf", "Co", "Zl", "Zp")


def quoted(text: str) -> str:
    r"""Return a text as a TOML string, with what is not seen written as escapes.

    Examples
    --------
    >>> print(quoted('say "a"'), quoted("a\nb\\c"))
    "say \"a\"" "a\u000Ab\\c"
    """
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if unicodedata.category(character) not in _UNSEEN:
        return character
    code = ord(character)
    return f"\\u{code:04X}" if code < 2**16 else f"\\U{code:08X}"


def key(name: str) -> str:
    """Return a name as a key: bare if it may be, else quoted.

    Examples
    --------
    >>> key("unet_2"), key("my unet")
    ('unet_2', '"my unet"')
    """
    return name if _BARE.fullmatch(name) else quoted(name)


def listed(texts: Iterable[str]) -> str:
    """Return texts as a TOML list.

    Examples
    --------
    >>> listed(["", "NA"])
    '["", "NA"]'
    """
    return f"[{', '.join(map(quoted, texts))}]"


def tabled(lists: Mapping[str, Iterable[str]]) -> str:
    """Return lists by name as an inline table.

    Examples
    --------
    >>> tabled({"F": ["f", "female"]})
    '{ F = ["f", "female"] }'
    """
    return f"{{ {', '.join(f'{key(name)} = {listed(lists[name])}' for name in lists)} }}"
