"""Numbers and names as people read them: the one place where anything is rounded or cut."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from math import isfinite
from typing import TYPE_CHECKING

from pytest_biasruler.checks.numbers import format_number as format_number
from pytest_biasruler.errors import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

UNDEFINED = "undefined"
NOTHING = "–"
"""What a cell holds where there is no number to show."""

LONGEST_NAME = 80
LONGEST_SENTENCE = 600
_MOST_DECIMALS = 17


def format_limit(limit: float | None, *, decimals: int = 3) -> str:
    """Return a limit with all the digits it was declared with.

    Examples
    --------
    >>> format_limit(0.05), format_limit(0.0625)
    ('0.050', '0.0625')
    """
    return NOTHING if limit is None else format_number(limit, limit=limit, decimals=decimals)


def format_signed(value: float | None, *, limit: float | None = None, decimals: int = 3) -> str:
    """Return `value` as `format_number` does, with a plus where it is positive."""
    text = format_number(value, limit=limit, decimals=decimals)
    return f"+{text}" if value is not None and value > 0 and text != UNDEFINED else text


def format_percent(share: float | None) -> str:
    """Return a share of 1 in percent; only a true 0 or 1 reads 0 % or 100 %.

    Examples
    --------
    >>> format_percent(0.0106), format_percent(0.99999), format_percent(1.0)
    ('1.1 %', '99.999 %', '100 %')
    """
    if share is None or not isfinite(share):
        return UNDEFINED
    if share in (0.0, 1.0):
        return f"{share:.0%}".replace("%", " %")
    percent = 100 * share
    for places in range(1, _MOST_DECIMALS):
        text = f"{percent:.{places}f}"
        if float(text) not in (0.0, 100.0):
            return f"{text} %"
    return f"{percent!r} %"


def format_p(p: float | None, *, alpha: float = 0.05) -> str:
    """Return a p-value with three decimals, or two digits where it is smaller.

    Examples
    --------
    >>> format_p(0.0312), format_p(0.000412), format_p(0.0)
    ('0.031', '0.00041', 'below 1e-12')
    """
    if p is None:
        return NOTHING
    if p < 1e-12:
        return "below 1e-12"
    return format_number(p, limit=alpha) if p >= 0.001 else f"{p:.2g}"


def format_bounds(low: float | None, high: float | None, *, limit: float | None = None) -> str:
    """Return ``[low, high]``, each on its own side of `limit`.

    Examples
    --------
    >>> format_bounds(0.071, 0.1542, limit=0.05)
    '[0.071, 0.154]'
    """
    if low is None and high is None:
        return NOTHING
    return f"[{format_number(low, limit=limit)}, {format_number(high, limit=limit)}]"


def typeset(text: str) -> str:
    """Return a number for people: a minus sign in place of the hyphen."""
    return re.sub(r"-(?=[0-9.])", "\N{MINUS SIGN}", text)


def shown(name: object, *, longest: int = LONGEST_NAME) -> str:
    r"""Return a name from a file, its controls visible, cut to `longest` characters.

    Examples
    --------
    >>> shown("left\u202eright")
    'left\\u202eright'
    """
    text = str(name)
    text = printable(text[: longest + 1])
    text = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return text if text.strip() else "(empty)"


def joined(names: Sequence[object]) -> str:
    """Return names as a list in a sentence, or "none"."""
    return ", ".join(shown(name) for name in names) or "none"


def counted(n: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> counted(1, "case"), counted(2, "case")
    ('1 case', '2 cases')
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def slug(text: str) -> str:
    """Return `text` as ``[a-z0-9-]``, safe in any attribute.

    Examples
    --------
    >>> slug("biasruler.toml::ruler[dice-age-unet]")
    'biasruler-toml-ruler-dice-age-unet'
    """
    plain = unicodedata.normalize("NFKD", text[:200]).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60] or "x"


def short_id(identifier: str) -> str:
    """Return the id of a check without the file and test it stands in.

    Examples
    --------
    >>> short_id("biasruler.toml::gap[dice-age-unet]")
    'gap[dice-age-unet]'
    """
    before, bracket, inside = identifier.rpartition("[")
    if not bracket:
        before, inside = inside, ""
    return shown(before.rsplit("::", maxsplit=1)[-1] + bracket + inside)


def anchor(identifier: str) -> str:
    """Return the id of a check's card: readable, and the same in every run."""
    digest = hashlib.sha256(identifier.encode()).hexdigest()
    return f"check-{slug(short_id(identifier))}-{digest[:8]}"
