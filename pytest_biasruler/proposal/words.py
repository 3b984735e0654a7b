"""The words of a name: how folders, files and columns say what they hold."""

from __future__ import annotations

import re

from pytest_biasruler.benchmark.categories import fold

_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_WHOLE = re.compile(r"[^\W\d_]+")
_LONG_FORMS = {"m": "male", "f": "female"}
_TWINS = (("ground", "truth"), ("pseudo", "label"), ("nn", "unet"))


def words_of(name: str) -> frozenset[str]:
    """Return the words of a name, without numbers: whole, and cut at capitals and other signs.

    Examples
    --------
    >>> sorted(words_of("labelsTr")), sorted(words_of("expert1")), sorted(words_of("Ground-Truth"))
    (['labels', 'labelstr', 'tr'], ['expert'], ['ground', 'groundtruth', 'truth'])
    """
    pieces = [piece.lower() for piece in _PIECE.findall(name)]
    whole = [piece.lower() for piece in _WHOLE.findall(name)]
    joined = [a + b for a, b in _TWINS if a in whole and b in whole]
    return frozenset([*pieces, *whole, *joined])


def word_set(words: str) -> frozenset[str]:
    """Return words that are written with spaces between them."""
    return frozenset(words.split())


def category_key(cell: str) -> str:
    """Return what all spellings of a category have in common, the letter of a sex written out.

    Examples
    --------
    >>> category_key("F"), category_key(" Female"), category_key("MGH")
    ('female', 'female', 'mgh')
    """
    key = fold(cell)
    return _LONG_FORMS.get(key, key)
