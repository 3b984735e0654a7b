"""Text as Markdown: names stand in code spans, and nothing in a sentence is active but our own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_biasruler.report.numbers import LONGEST_NAME, LONGEST_SENTENCE, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_NAMES = 10

_LINE_ENDS = re.compile(r"[\r\n]+")
_WORD = re.compile(r"(?P<before>[(\"'“]*)(?P<core>.*?)(?P<behind>[.,:;?!)%…\"'”]*)")
_HARMLESS = re.compile(
    r"[+−–-]?[^\W_](?:[^\W_]|['\u2019/–−-](?=[^\W_])|(?<=\d)[.,](?=\d))*|[=–−·×/]?"
)
_TICKET = re.compile(r"[A-Za-z]-\d")  # GH-1 becomes a link to issue 1
_COMMIT = re.compile(r"[0-9a-fA-F]{7,}")  # so does the beginning of a commit's hash
_LIST_ITEM = re.compile(r"\d+[.)]")
_BEFORE_PIPE = re.compile(r"(\\*)\|")


def code(name: object, *, longest: int = LONGEST_NAME) -> str:
    r"""Return a name from a file as a code span, in which nothing is a mention, link or tag.

    Examples
    --------
    >>> print(code("@team"), code("a`b"), code("two\nlines"), code(""))
    `@team` `a'b` `two lines` `(empty)`
    """
    text = shown(_LINE_ENDS.sub(" ", str(name)), longest=longest)
    return f"`{text.replace('`', chr(39))}`"


def codes(names: Iterable[object]) -> str:
    """Return names as a list of code spans, the first `MOST_NAMES` of them.

    Examples
    --------
    >>> codes(["age", "sex"])
    '`age`, `sex`'
    >>> codes(range(12)).rpartition(" `9` ")[2]
    'and 2 more'
    """
    listed = list(names)
    n_more = len(listed) - MOST_NAMES
    text = ", ".join(code(name) for name in listed[:MOST_NAMES])
    return f"{text} and {n_more:,} more" if n_more > 0 else text


def prose(text: object, *, longest: int = LONGEST_SENTENCE) -> str:
    """Return a sentence in which words that Markdown or a forge could act on are code spans.

    Whatever is not made of letters, digits and ordinary punctuation is such a word, and so is what
    looks like an issue, a commit or an address.

    Examples
    --------
    >>> prose("Dice is worse for age 0–40 than for 56–120.")
    'Dice is worse for age 0–40 than for 56–120.'
    >>> prose("Closes #1, says @team (see www.example.org).")
    'Closes `#1`, says `@team` (see `www.example.org`).'
    """
    words = shown(_LINE_ENDS.sub(" ", str(text)), longest=longest).split()
    told: list[str] = []
    active: list[str] = []
    for place, word in enumerate(words):
        if _is_harmless(word) and not (place == 0 and _LIST_ITEM.fullmatch(word)):
            told += [*_span(active), word]
            active = []
        else:
            active.append(word)
    return " ".join([*told, *_span(active)])


def _is_harmless(word: str) -> bool:
    core = _split(word)[1]
    is_plain = _HARMLESS.fullmatch(core) is not None or not core.strip(".:;!?…")
    return is_plain and not (_TICKET.search(core) or _COMMIT.fullmatch(core))


def _split(word: str) -> tuple[str, str, str]:
    """Return what stands around a word, unless a bracket or quote in the word would be torn."""
    match = _WORD.fullmatch(word)
    core = match["core"] if match else ""
    if match is None or not core or core.count("(") != core.count(")") or core.count('"') % 2:
        return "", word, ""
    return match["before"], core, match["behind"]


def _span(words: Sequence[str]) -> list[str]:
    """Return neighbouring words as one code span, quotes and full stops around it left outside."""
    if not words:
        return []
    before, core, behind = _split(" ".join(words))
    return [f"{before}{code(core, longest=LONGEST_SENTENCE)}{behind}"]


def cell(text: str) -> str:
    r"""Return Markdown as a cell of a table: no bar in it ends the cell.

    A backslash before a bar is spelt out, because parsers differ about what both mean together.

    Examples
    --------
    >>> print(cell("`a|b`"), cell("`a\\|b`"))
    `a\|b` `a\x5c\|b`
    """
    return _BEFORE_PIPE.sub(lambda m: m[1].replace("\\", r"\x5c") + r"\|", text)


def row(cells: Iterable[str]) -> str:
    """Return one line of a table.

    Examples
    --------
    >>> row(["", "check", "limit"])
    '| | check | limit |'
    """
    return "".join(f"| {text} " if text else "| " for text in map(cell, cells)) + "|"
