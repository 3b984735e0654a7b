"""The tables of a benchmark file, each with its keys and their rules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_biasruler.benchmark.check import Policy
from pytest_biasruler.benchmark.days import day
from pytest_biasruler.benchmark.definition import (
    BothEmpty,
    Defaults,
    Model,
    Reference,
    ReferenceKind,
)
from pytest_biasruler.benchmark.lengths import MOST_CHARACTERS_OF_A_NAME, refuse_long
from pytest_biasruler.benchmark.rules import (
    Rule,
    number,
    one_of,
    refusal,
    shown,
    text,
    unknown,
    whole,
)

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.problems import KeyPath, Problems

T = TypeVar("T")


def read_table(
    raw: object,
    rules: Mapping[str, Rule],
    *,
    path: KeyPath,
    problems: Problems,
    title: str,
    required: Collection[str] = (),
) -> dict[str, Any]:
    """Return the valid values of one table; every other one is noted in `problems`."""
    if not isinstance(raw, Mapping):
        problems.add(path, refusal(f"{title} is {shown(raw)}", "a table"))
        return {}
    kept: dict[str, Any] = {}
    for key, value in raw.items():
        if problems.is_full:
            break
        with problems.at(*path, key):
            if key not in rules:
                raise unknown("key", key, names=sorted(rules), where=title)
            kept[key] = rules[key](key, value)
    for key in required:
        if key not in raw:
            fix = f"Add {key} to {title}"
            problems.add((*path, key), refusal(f"{key} is missing", "a value", fix=fix))
    return kept


def read_each(
    raw: object,
    read_one: Callable[[str, object], T],
    *,
    section: str,
    problems: Problems,
) -> dict[str, T]:
    """Return what `read_one` makes of each named table of a section, in its order."""
    if not isinstance(raw, Mapping):
        fix = f"Write [{section}.NAME]"
        problems.add(
            (section,), refusal(f"{section} is {shown(raw)}", "one table for each name", fix=fix)
        )
        return {}
    if "" in raw:
        problems.add((section, ""), refusal(f"a name in {section} is empty", "a name"))
    read: dict[str, T] = {}
    for name, value in raw.items():
        if problems.is_full:
            break
        with problems.at(section, name):
            refuse_long(f"a name in {section}", name, most=MOST_CHARACTERS_OF_A_NAME)
            read[name] = read_one(name, value)
    return read


_MADE: Mapping[str, Rule] = {"made_by": text, "made_on": day, "made_with": text}


def read_reference(name: str, raw: object, *, masks: Rule, problems: Problems) -> Reference:
    """Return one of ``[references.*]``; a kind that is wrong is noted and guessed."""
    path = ("references", name)
    rules: dict[str, Rule] = {"kind": one_of(list(ReferenceKind)), "masks": masks, **_MADE}
    kept = read_table(
        raw,
        rules,
        path=path,
        problems=problems,
        title=f"[references.{name}]",
        required=["kind"],
    )
    kind = ReferenceKind(kept.get("kind", _guessed_kind(name, raw)))
    return Reference(name=name, **{**kept, "kind": kind})


def _guessed_kind(name: str, raw: object) -> str:
    """Return what a wrong or missing kind most likely means, so that no check stumbles over it."""
    spelt = raw.get("kind", name) if isinstance(raw, Mapping) else name
    near = get_close_matches(str(spelt), list(ReferenceKind), n=1, cutoff=0.4)
    return near[0] if near else ReferenceKind.EXPERT


def read_model(
    name: str, raw: object, *, masks: Rule, references: Collection[str], problems: Problems
) -> Model:
    """Return one of ``[models.*]``."""
    rules: dict[str, Rule] = {"masks": masks, "trained_on": one_of(references, what="reference")}
    kept = read_table(
        raw, rules, path=("models", name), problems=problems, title=f"[models.{name}]"
    )
    return Model(name=name, **kept)


def read_defaults(raw: object, *, metrics: Collection[str], problems: Problems) -> Defaults:
    """Return ``[defaults]``."""
    rules: dict[str, Rule] = {
        "metric": one_of(metrics, what="metric", otherwise="Declare it as [metrics.NAME]"),
        "min_patients": whole(low=2),
        "policy": one_of(list(Policy)),
        "alpha": number(low=0, high=0.49, beyond_low=True),
        "both_empty": one_of(list(BothEmpty)),
    }
    kept = read_table(raw, rules, path=("defaults",), problems=problems, title="[defaults]")
    if "policy" in kept:
        kept["policy"] = Policy(kept["policy"])
    if "both_empty" in kept:
        kept["both_empty"] = BothEmpty(kept["both_empty"])
    return replace(Defaults(), **kept)
