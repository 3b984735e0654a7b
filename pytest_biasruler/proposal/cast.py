"""Which set of masks plays which part: expert, automated, model, or left as a question."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.definition import ReferenceKind
from pytest_biasruler.benchmark.templates import parts_of
from pytest_biasruler.proposal.folder import stem_of
from pytest_biasruler.proposal.roles import (
    Role,
    is_of_network,
    role_of_words,
    says_masks_alone,
    tell_role,
    tell_training,
)
from pytest_biasruler.proposal.words import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_biasruler.proposal.masks import FoundSet

EXPERT, AUTOMATED = ReferenceKind.EXPERT, ReferenceKind.AUTOMATED

_MOST_MODELS = 10
_UNSAFE = re.compile(r"[^\w.+-]+")
_LONGEST_NAME = 60
_ENDS_WITH_NUMBER = re.compile(r"\d(?:/|_|\Z|\.)")

EXPERT_WHY = "Guessed from the name; change kind if a machine drew these masks."
AUTOMATED_WHY = (
    "Guessed from the name; change kind if experts drew or corrected all of these masks."
)
MODEL_WHY = (
    "Guessed from the name; if these are no predictions, make it [references.NAME] with a kind."
)
DOUBT_WHY = (
    "Nothing in the name says who drew these masks. They count as automated, which claims less:"
    ' write kind = "expert" if experts drew or corrected every one of them.'
)
UNKNOWN_WHY = (
    "Taken for predictions, since the name says nothing else. If it holds the masks by which"
    ' others are scored, write [references.automated] and kind = "automated" above masks instead.'
)
QUESTION = "Are these expert masks, automated ones, or predictions? The name could mean either."


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One reference or model of the file.

    Attributes
    ----------
    name : str
        Unique in the file.
    kind : ReferenceKind or None
        None for a model.
    template : str or None
        None where scores stand in a table.
    why : str
        What was guessed, from what, and when to change it.
    is_asked : bool
        Whether it is part of the benchmark; else it is left as a choice.
    trained_on : ReferenceKind or None
        By whose masks a model seems to be trained.
    """

    name: str
    kind: ReferenceKind | None
    template: str | None
    cases: frozenset[str] = field(repr=False)
    why: str
    is_asked: bool = True
    trained_on: ReferenceKind | None = None


def cast_sets(sets: Sequence[FoundSet]) -> tuple[Entry, ...]:
    """Return every set of masks with the part it plays; images are left out.

    One expert and one automated reference are asked about, and up to ten models. Where nothing
    tells references from other masks, the largest set counts as automated, since a gap by an
    automated reference claims less. Where there are no predictions, one of several experts stands
    in for a model.

    Parameters
    ----------
    sets : sequence of FoundSet
        Of one organ.

    Returns
    -------
    tuple of Entry
        References, then models; what is asked about first. Names are unique.
    """
    of = _by_role(sets)
    predicted = frozenset().union(*(each.cases for each in of[Role.MODEL]))
    order = _order(predicted)
    experts, automated = sorted(of[Role.EXPERT], key=order), sorted(of[Role.AUTOMATED], key=order)
    doubtful, unknown = sorted(of[Role.MASKS], key=order), sorted(of[Role.UNKNOWN], key=order)
    parts = [*_references(experts, EXPERT), *_references(automated, AUTOMATED)]
    if not parts and (doubtful or unknown):
        first, *rest = doubtful or unknown
        doubtful, unknown = (rest, unknown) if doubtful else ([], rest)
        parts = [_entry(first, "automated", AUTOMATED, DOUBT_WHY)]
    models = [_model(each, MODEL_WHY) for each in sorted(of[Role.MODEL], key=order)]
    if not models:
        models = [_model(each, UNKNOWN_WHY) for each in unknown]
        unknown = []
    if not models and len(experts) > 1:
        parts, models = _with_reader(parts)
    models = [*models[:_MOST_MODELS], *(replace(m, is_asked=False) for m in models[_MOST_MODELS:])]
    asked = [
        replace(_model(each, QUESTION), kind=AUTOMATED, is_asked=False)
        for each in (*doubtful, *unknown)
    ]
    return _named([*parts, *asked, *models])


def _by_role(sets: Sequence[FoundSet]) -> dict[Role, list[FoundSet]]:
    """Return the sets by what their names say; a strange name of its own is no name of masks.

    Masks of a network are its predictions only where nothing else is.
    """
    n_with = Counter(part for each in sets for part in set(_name_parts(each.template)))
    has_predictions = any(
        tell_role(each.template) == Role.MODEL and not is_of_network(each.template)
        for each in sets
    )
    of: dict[Role, list[FoundSet]] = defaultdict(list)
    for each in sets:
        role = tell_role(each.template)
        if role == Role.MODEL and has_predictions and is_of_network(each.template):
            role = Role.AUTOMATED
        own = [part for part in _name_parts(each.template) if n_with[part] == 1]
        strange = [part for part in own if role_of_words(words_of(part)) == Role.UNKNOWN]
        of[Role.UNKNOWN if role == Role.MASKS and strange else role].append(each)
    return of


def _order(predicted: frozenset[str]) -> Callable[[FoundSet], tuple[int, bool, int, str]]:
    """Return by what sets are sorted: most predicted cases, no number, most cases, name."""

    def rank(found: FoundSet) -> tuple[int, bool, int, str]:
        is_numbered = _ENDS_WITH_NUMBER.search(found.template.replace("{case}", "")) is not None
        return -len(found.cases & predicted), is_numbered, -len(found.cases), found.template

    return rank


def _references(found: Sequence[FoundSet], kind: ReferenceKind) -> list[Entry]:
    """Return the first set as the reference of this kind, the others as choices."""
    why = EXPERT_WHY if kind == EXPERT else AUTOMATED_WHY
    more = f"A further reference. Checks must then say which they mean: {_key_of(kind)}."
    return [
        _entry(each, kind.value, kind, why)
        if number == 0
        else replace(_entry(each, "", kind, more), is_asked=False)
        for number, each in enumerate(found)
    ]


def _key_of(kind: ReferenceKind) -> str:
    return 'reference = "expert"' if kind == EXPERT else 'automated = "automated"'


def _with_reader(parts: list[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Return references and models where the last of several experts stands in for a model."""
    reader = [part for part in parts if part.kind == EXPERT][-1]
    why = (
        "No predictions were found. This expert stands in for a model, which asks whether two"
        " people agree equally well in every subgroup. Put your predictions in its place."
    )
    model = replace(reader, name="", kind=None, why=why, is_asked=True)
    return [part for part in parts if part is not reader], [model]


def _entry(found: FoundSet, name: str, kind: ReferenceKind | None, why: str) -> Entry:
    return Entry(name=name, kind=kind, template=found.template, cases=found.cases, why=why)


def _model(found: FoundSet, why: str) -> Entry:
    kinds = {Role.EXPERT: EXPERT, Role.AUTOMATED: AUTOMATED}
    entry = _entry(found, "", None, why)
    return replace(entry, trained_on=kinds.get(tell_training(found.template)))


def _named(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return entries with unique names: what their kind says, or what sets their template apart.

    Those that come first keep theirs.
    """
    every = [_name_parts(entry.template or "") for entry in entries]
    n_with = Counter(part for parts in every for part in set(parts))
    taken: set[str] = set()
    named = []
    for entry, parts in zip(entries, every, strict=True):
        name = entry.name or _own_name(parts, n_with=n_with)
        numbered = (name if n == 1 else f"{name}_{n}" for n in range(1, len(entries) + 2))
        name = next(each for each in numbered if each not in taken)
        taken.add(name)
        named.append(replace(entry, name=name))
    return tuple(named)


def _name_parts(template: str) -> list[str]:
    """Return what may name a set, the nearest to the mask first."""
    stem = stem_of(template)
    bare = ["".join(text for text, _ in parts_of(part)) for part in stem.split("/")]
    parts = [_UNSAFE.sub("_", part) for part in bare]
    names = [part.strip("_.-")[:_LONGEST_NAME] for part in reversed(parts)]
    return [name for name in names if name]


def _own_name(parts: Sequence[str], *, n_with: Mapping[str, int]) -> str:
    """Return the nearest part that no other set has, else one that says more than "masks"."""
    alone = [part for part in parts if n_with[part] == 1 and not says_masks_alone(part)]
    telling = [part for part in parts if not says_masks_alone(part)]
    return next(iter([*alone, *telling, *parts]), "masks")
