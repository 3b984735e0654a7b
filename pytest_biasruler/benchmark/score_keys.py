"""``[scores]`` and ``[[scores]]``: ready score tables, and what they do not say themselves."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.definition import ScoreFormat, ScoreSource
from pytest_biasruler.benchmark.lengths import MOST_CHARACTERS_OF_A_NAME, refuse_long, refuse_many
from pytest_biasruler.benchmark.rules import (
    Rule,
    distinct,
    listed,
    one_of,
    refusal,
    shown,
    text,
    unknown,
)
from pytest_biasruler.benchmark.tables import read_table

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.problems import KeyPath, Problems

PARTS = ("model", "reference", "label", "metric")
"""What a score belongs to, beside its case."""

_PART = re.compile(r"\{([^{}]*)\}")
_MOST_TABLES = 1000


def read_score_sources(
    raw: object,
    *,
    path_rule: Rule,
    names: Mapping[str, Collection[str]],
    problems: Problems,
) -> tuple[ScoreSource, ...]:
    """Return ``[scores]``, or each of ``[[scores]]``.

    Parameters
    ----------
    names : mapping
        ``model``, ``reference`` and ``label`` -> the names that the benchmark declares.
    """
    read = partial(_read_source, path_rule=path_rule, names=names, problems=problems)
    if not isinstance(raw, list | tuple):
        return (read(raw, path=("scores",), title="[scores]"),)
    tables: tuple[object, ...] = ()
    with problems.at("scores"):
        tables = _listed(raw)
    return tuple(
        read(each, path=("scores", number), title=f"[[scores]] {number + 1}")
        for number, each in enumerate(tables)
    )


def _listed(raw: Sequence[object]) -> tuple[object, ...]:
    if not raw:
        raise refusal("scores is an empty list", "at least one table", fix="Remove it")
    if len(raw) > _MOST_TABLES:
        raise refusal(f"scores lists {len(raw)} tables", f"at most {_MOST_TABLES}")
    return tuple(raw)


def _read_source(
    raw: object,
    *,
    path_rule: Rule,
    names: Mapping[str, Collection[str]],
    problems: Problems,
    path: KeyPath,
    title: str,
) -> ScoreSource:
    # A reference is scored as a model is, in rows of one reference against another.
    scored = [*names["model"], *names["reference"]]
    rules: dict[str, Rule] = {
        "table": path_rule,
        "format": one_of(list(ScoreFormat)),
        "model": one_of(scored, what="model"),
        "reference": one_of(names["reference"], what="reference"),
        "label": _label(names["label"]),
        "metric": text,
        "pattern": _pattern,
        "columns": _columns,
    }
    kept = read_table(raw, rules, path=path, problems=problems, title=title, required=["table"])
    kept["format"] = ScoreFormat(kept.get("format", ScoreFormat.TIDY))
    source = ScoreSource(**{"table": "", **kept})
    if isinstance(raw, Mapping) and kept.keys() | {"format"} >= raw.keys():
        _judge_together(source, path=path, problems=problems)
    return source


def _label(labels: Collection[str]) -> Rule:
    one = one_of(labels, what="label")

    def rule(key: str, value: object) -> Any:
        if not labels:
            fix = "Remove it, or declare the label in [labels]"
            raise refusal(f"{key} is {shown(value)}", "none, without [labels]", fix=fix)
        return one(key, value)

    return rule


def _pattern(key: str, value: object) -> str:
    """Return a pattern of column names, such as ``{model}_{metric}``."""
    pattern = text(key, value)
    parts = distinct(key, tuple(_PART.findall(pattern)))
    for part in parts:
        if part not in PARTS:
            raise unknown("part", part, names=PARTS, where=key)
    expected = listed(f"{{{part}}}" for part in PARTS)
    if not parts:
        raise refusal(f"{key} has no part in braces", f"one or more of {expected}")
    rest = _PART.sub("", pattern)
    if "{" in rest or "}" in rest:
        raise refusal(f"{key} holds other braces", f"one or more of {expected}")
    return pattern


def _columns(key: str, value: object) -> dict[str, str]:
    """Return what columns of theirs are named here."""
    if not isinstance(value, Mapping):
        fix = 'Write { THEIRS = "ours" }'
        raise refusal(f"{key} is {shown(value)}", "a table of texts", fix=fix)
    refuse_many(key, value)
    for theirs, ours in value.items():
        refuse_long(f"a name in {key}", theirs, most=MOST_CHARACTERS_OF_A_NAME)
        if not theirs.strip():
            raise refusal(f"a name in {key} is empty", "the name of a column")
        if ours == "background":
            found, fix = f"{theirs} is named background in {key}", "Leave it out"
            raise refusal(found, "a label: background is never scored", fix=fix)
        text(f"{theirs} in {key}", ours)
    return dict(value)


def parts_of(pattern: str) -> tuple[str, ...]:
    """Return the parts of a pattern, from left to right.

    Examples
    --------
    >>> parts_of("{model}_{metric}")
    ('model', 'metric')
    """
    return tuple(_PART.findall(pattern))


def split_pattern(pattern: str) -> tuple[str, ...]:
    """Return literal texts and names of parts in turn, beginning and ending with a text.

    Examples
    --------
    >>> split_pattern("{model}_{metric}")
    ('', 'model', '_', 'metric', '')
    """
    return tuple(_PART.split(pattern))


def _judge_together(source: ScoreSource, *, path: KeyPath, problems: Problems) -> None:
    """Note keys that do not go with the format, or with each other."""
    is_wide = source.format == ScoreFormat.WIDE
    with problems.at(*path, "pattern"):
        if is_wide and source.pattern is None:
            fix = 'Add pattern = "{model}_{metric}"'
            raise refusal("pattern is missing", "how the columns are named", fix=fix)
        if not is_wide and source.pattern is not None:
            fix = 'Write format = "wide", or remove it'
            raise refusal(f'pattern with format = "{source.format}"', "none", fix=fix)
    with problems.at(*path, "metric"):
        _judge_metric(source)
    for part in parts_of(source.pattern or ""):
        with problems.at(*path, part):
            if getattr(source, part) is not None:
                found = f"{part} stands in pattern and is a key"
                raise refusal(found, "one of both", fix=f"Remove {part}")


def _judge_metric(source: ScoreSource) -> None:
    if source.format in (ScoreFormat.NNUNET, ScoreFormat.PANOPTICA) and source.metric is not None:
        fix = "Remove metric; columns say which of theirs is which of ours"
        raise refusal(f'metric with format = "{source.format}"', "none", fix=fix)
    is_in_pattern = "metric" in parts_of(source.pattern or "{metric}")
    if source.metric is None and (source.format == ScoreFormat.MONAI or not is_in_pattern):
        fix = 'Add metric = "dice" if that is what was measured'
        raise refusal("metric is missing", "which metric the whole table holds", fix=fix)
