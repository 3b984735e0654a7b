"""References and models of a ready score table, told by the names in its columns."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.lengths import MOST_CHARACTERS_OF_A_NAME
from pytest_biasruler.benchmark.limits import is_on_unit_scale
from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.benchmark.numbers import read_number
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.proposal.cast import (
    AUTOMATED,
    AUTOMATED_WHY,
    DOUBT_WHY,
    EXPERT,
    EXPERT_WHY,
    QUESTION,
    Entry,
)
from pytest_biasruler.proposal.columns import find_fillers
from pytest_biasruler.proposal.roles import Role, role_of_words
from pytest_biasruler.proposal.table import SCORE_COLUMNS
from pytest_biasruler.proposal.words import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_biasruler.benchmark.definition import ReferenceKind
    from pytest_biasruler.proposal.table import FoundTable

_MOST_ASKED = 10
_MOST_NAMES = 50
_MOST_LABELS = 256
_KEYS = (*SCORE_COLUMNS, "label")
_LONG_FORM = ("metric", "value")


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """What a score table holds.

    Attributes
    ----------
    entries : tuple of Entry
        References, then models.
    metric : str
        The metric asked about.
    unknown : tuple of str
        Columns of numbers that are no metric that we know.
    labels : tuple of str
        Names of labels if there are several.
    rates_labels : bool
        Whether the automated reference has scores against the expert one.
    """

    path: str
    entries: tuple[Entry, ...]
    metric: str
    unknown: tuple[str, ...]
    labels: tuple[str, ...]
    rates_labels: bool


def read_scores(found: FoundTable) -> Scores:
    """Return what the rows of a score table say.

    Raises
    ------
    BiasRulerError
        BR602 where no column is a metric that we know, BR410 for more labels than masks can have.
    """
    shown = found.path.rpartition("/")[2]
    unknown = _unknown_numbers(found)
    if not found.metrics:
        raise _no_metric(found, shown=shown)
    of_reference, of_model = _cases_by(found, "reference"), _cases_by(found, "model")
    references = _references(of_reference)
    models = [
        _entry(name, None, cases, "A name in the column model.")
        for name, cases in of_model.items()
        if name not in of_reference
    ]
    models = [replace(each, is_asked=n < _MOST_ASKED) for n, each in enumerate(models)]
    labels = sorted(set(found.table.column("label"))) if "label" in found.table.header else []
    if len(labels) > _MOST_LABELS:
        told, fix = f"label has {len(labels)} values", "Check that it is the right column"
        raise BiasRulerError("BR410", told, f"at most {_MOST_LABELS}", fix, shown)
    main = [each.name for each in references if each.is_asked]
    return Scores(
        path=found.path,
        entries=(*references, *models[:_MOST_NAMES]),
        metric=_choose_metric(found.metrics),
        unknown=unknown,
        labels=tuple(labels) if len(labels) > 1 else (),
        rates_labels=len(main) > 1 and main[-1] in of_model,
    )


def _cases_by(found: FoundTable, column: str) -> dict[str, frozenset[str]]:
    """Return each name in a column and the cases that have a row with it, sorted by name."""
    of: dict[str, set[str]] = defaultdict(set)
    rows = zip(found.table.column(column), found.table.column("case"), strict=True)
    for name, case in rows:
        if name and len(name) <= MOST_CHARACTERS_OF_A_NAME:
            of[name].add(case)
    return {name: frozenset(of[name]) for name in sorted(of)}


def _references(of: Mapping[str, frozenset[str]]) -> list[Entry]:
    """Return expert, then automated references; one of each kind is asked about."""
    roles = {name: role_of_words(words_of(name)) for name in of}
    kept: list[Entry] = []
    for role, kind, why in (
        (Role.EXPERT, EXPERT, EXPERT_WHY),
        (Role.AUTOMATED, AUTOMATED, AUTOMATED_WHY),
    ):
        names = [name for name in of if roles[name] == role]
        names.sort(key=lambda name: (-len(of[name]), name))
        entries = [_entry(name, kind, of[name], why) for name in names]
        kept += [replace(each, is_asked=n == 0) for n, each in enumerate(entries)]
    doubtful = [name for name in of if roles[name] not in (Role.EXPERT, Role.AUTOMATED)]
    doubtful.sort(key=lambda name: (-len(of[name]), name))
    for name in doubtful[:_MOST_NAMES]:
        is_first = not kept
        why = DOUBT_WHY if is_first else QUESTION
        kept.append(replace(_entry(name, AUTOMATED, of[name], why), is_asked=is_first))
    return kept


def _entry(name: str, kind: ReferenceKind | None, cases: frozenset[str], why: str) -> Entry:
    return Entry(name=name, kind=kind, template=None, cases=cases, why=why)


def _choose_metric(names: tuple[str, ...]) -> str:
    """Return the metric to begin with: one whose limits have defaults, in our order."""
    on_scale = [name for name in names if is_on_unit_scale(CATALOGUE[name])]
    return (on_scale or list(names))[0]


def _unknown_numbers(found: FoundTable) -> tuple[str, ...]:
    unknown = []
    for name in found.table.header:
        if not name or name in _KEYS or name in CATALOGUE:
            continue
        cells = set(found.table.column(name))
        numbers = cells - set(find_fillers(cells, of_numbers=True))
        if numbers and all(map(read_number, numbers)):
            unknown.append(name)
    return tuple(unknown[:_MOST_NAMES])


def _no_metric(found: FoundTable, *, shown: str) -> BiasRulerError:
    expected = f"one of {', '.join(CATALOGUE)}"
    if all(name in found.table.header for name in _LONG_FORM):
        problem = "one row for each metric"
        fix = "Turn it so that each metric has a column of its own"
        return BiasRulerError("BR602", problem, f"columns such as {expected}", fix, shown)
    fix = "Rename the column, or write [metrics.NAME] with its direction by hand"
    return BiasRulerError("BR602", "no column of a known metric", expected, fix, shown)
