"""Which files a run may remove: those that an earlier run wrote, known by their marks.

Nothing is removed on a guess. A page and a summary carry a mark; whatever has no room for one is
read to its end and must be, line by line, what we write.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = "biasruler-audit/"

_WITHIN_BYTES = 1024
_GENERATOR = re.compile(rb'<meta name="generator" content="pytest-biasruler[ "]')
_LARGEST_SMALL = 32 * 1024 * 1024  # of the forms that are read whole, audits excepted

_METRIC_LINE = re.compile(
    r"(?:# (?:TYPE|HELP) )?biasruler_[a-z_]+(?:\{[^#]*\})? [^#]*|# EOF", re.ASCII
)
_CARD_LINE = re.compile(
    r"- name: \".*\"|  results:|  - task: \{.*\}|    dataset: \{.*\}|    metrics:"
)
_CARD_METRIC = "    - "
_BADGE_KEYS = {"schemaVersion", "label", "message", "color"}


def is_ours(path: Path) -> bool:
    """Return whether a file was written by an earlier run, and by nobody since."""
    if not path.is_file():
        return False  # reading a pipe or a terminal would wait for ever
    with path.open("rb") as file:
        head = file.read(_WITHIN_BYTES)
        if _GENERATOR.search(head):
            return True
        start = head.lstrip()[:1]
        rest = file.read() if start in (b"{", b"[") else file.read(_LARGEST_SMALL)
    try:
        text = (head + rest).decode()
    except UnicodeDecodeError:
        return False
    if start in (b"{", b"["):
        return _is_our_json(text)
    return any(test(text) for test in (_is_table, _is_summary, _are_metrics, _is_card))


def _is_our_json(text: str) -> bool:
    """Return whether JSON is an audit, a badge or a Code Quality report of ours."""
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if isinstance(plain, list):
        # Of an audit that passed the list is empty, and somebody else's empty one may look so too.
        return all(map(_is_entry, plain)) if plain else text == "[]\n"
    return str(plain.get("schema", "")).startswith(SCHEMA) or _is_badge(plain)


def _is_entry(entry: object) -> bool:
    check = entry.get("check_name") if isinstance(entry, dict) else None
    return isinstance(check, str) and check.startswith("biasruler/")


def _is_badge(plain: dict[str, Any]) -> bool:
    from pytest_biasruler.report.badge import LABEL

    return set(plain) == _BADGE_KEYS and plain["label"] == LABEL


def _is_table(text: str) -> bool:
    """Return whether a table has our columns; whoever has added one has made it his own."""
    from pytest_biasruler.report.exports import FINDING_COLUMNS, PLAN_COLUMNS, SCORE_COLUMNS

    head = text.partition("\n")[0]
    return any(
        head == ",".join(columns) for columns in (PLAN_COLUMNS, FINDING_COLUMNS, SCORE_COLUMNS)
    )


def _is_summary(text: str) -> bool:
    """Return whether Markdown is a summary and nothing else.

    A summary begins with its heading: a page of somebody who has put one at its end does not.
    """
    from pytest_biasruler.report.pieces import MARK

    lines = text.rstrip("\n").split("\n")
    return lines[0].startswith("## ") and lines[-1] == MARK


def _are_metrics(text: str) -> bool:
    lines = text.split("\n")
    is_whole = lines[0].startswith("# TYPE ") and lines[-2:] == ["# EOF", ""]
    return is_whole and all(map(_METRIC_LINE.fullmatch, lines[:-1]))


def _is_card(text: str) -> bool:
    from pytest_biasruler.report.model_card import HEAD, NO_MODEL

    lines = text.split("\n")
    if lines[0] != HEAD or lines[-1]:
        return text == NO_MODEL
    return len(lines) > 2 and all(map(_is_card_line, lines[1:-1]))


def _is_card_line(line: str) -> bool:
    """Return whether a line is one of a model card's results; each metric has a verdict."""
    if not line.startswith(_CARD_METRIC):
        return bool(_CARD_LINE.fullmatch(line))
    try:
        plain = json.loads(line.removeprefix(_CARD_METRIC))
    except (ValueError, RecursionError):
        return False
    if not isinstance(plain, dict) or not isinstance(plain.get("args"), dict):
        return False
    return "verdict" in plain["args"] and str(plain.get("type", "")).startswith("biasruler-")
