"""Notes that need what only an audit knows: the subgroups of cases, and their aliases."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.notes import Note
from pytest_biasruler.errors import printable
from pytest_biasruler.scoring.job import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from pytest_biasruler.checks.evidence import Evidence

_MOST_NAMED = 10
_MOST_SUBGROUPS = 12
_KINDS = ("agreed absent", "missed", "invented")


def remark_text(note: Note, *, aliases: Mapping[str, str], show_cases: bool) -> str:
    """Return the text of a note with the cases it is about, at most 10 of them.

    Examples
    --------
    >>> note = Note(code="BR120", set="unet", n=2, text="two are alike", cases=("a", "b"))
    >>> remark_text(note, aliases={"a": "case-012", "b": "case-040"}, show_cases=False)
    'two are alike (case-012, case-040)'
    """
    if not note.cases:
        return note.text
    names = sorted(case if show_cases else aliases.get(case, "case") for case in note.cases)
    if len(names) > _MOST_NAMED:
        names[_MOST_NAMED:] = [f"and {len(names) - _MOST_NAMED} more"]
    return printable(f"{note.text} ({', '.join(names)})")


def note_empty(evidence: Evidence) -> tuple[Note, ...]:
    """Return BR304 for each model or other reference: how often it, or its reference, is empty.

    Counted are the agreed absent, the missed and the invented, for all cases and by subgroup.
    Predictions that could not be read are no empty masks.
    """
    texts: dict[str, list[str]] = {}
    n_most: Counter[str] = Counter()
    for (model, reference, label), rows in evidence.rows.items():
        kinds = _kinds_of(rows)
        if kinds:
            of_label = f" of {label}" if label else ""
            told = ", ".join(_counts(Counter(kinds.values())))
            by = "; ".join(_by_subgroup(evidence, kinds))
            text = f"against {reference}{of_label} {told}{f' ({by})' if by else ''}"
            texts.setdefault(model, []).append(text)
            n_most[model] = max(n_most[model], len(kinds))
    return tuple(
        Note(
            code="BR304",
            set=model,
            n=n_most[model],
            text=printable(f"empty masks of {model}: {'; '.join(told)}"),
        )
        for model, told in texts.items()
    )


def _kinds_of(rows: pd.DataFrame) -> dict[str, str]:
    """Return case -> what it is, where at least one of two masks is empty."""
    rows = rows[rows["status"] != Status.WORST.value]
    no_model, no_reference = rows["n_model"] == 0, rows["n_reference"] == 0
    found: dict[str, str] = {}
    for kind, is_met in zip(
        _KINDS,
        (
            no_model & no_reference,
            no_model & (rows["n_reference"] > 0),
            no_reference & (rows["n_model"] > 0),
        ),
        strict=True,
    ):
        found |= dict.fromkeys(map(str, rows.index[is_met]), kind)
    return found


def _counts(counts: Mapping[str, int]) -> Iterator[str]:
    return (f"{counts.get(kind, 0)} {kind}" for kind in _KINDS)


def _by_subgroup(evidence: Evidence, kinds: Mapping[str, str]) -> Iterator[str]:
    """Yield for each attribute the subgroups with such cases, and their three counts."""
    for name in sorted(evidence.subgroups):
        subgroups = evidence.subgroups[name]
        counts = Counter((str(subgroups.of[case]), kind) for case, kind in kinds.items())
        present = [each for each in subgroups.order if any(key[0] == each for key in counts)]
        told = [
            f"{each} {', '.join(str(counts[each, kind]) for kind in _KINDS)}"
            for each in present[:_MOST_SUBGROUPS]
        ]
        if len(present) > _MOST_SUBGROUPS:
            told.append(f"{len(present) - _MOST_SUBGROUPS} more")
        yield f"by {name}: {' and '.join(told)}"
