"""Why a PASS was withheld, as notes of the audit under their codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.notes import Note
from pytest_biasruler.checks.finding import Status
from pytest_biasruler.checks.membership import MAX_UNDEFINED_SHARE
from pytest_biasruler.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.finding import Finding

_TOO_FEW = "too few subgroups"
_MISSING = "missing values"


def note_wrong_pairing(evidence: Evidence) -> tuple[Note, ...]:
    """Return BR127 for each model and reference whose masks mostly do not touch."""
    notes = []
    for model, reference, label in sorted(evidence.scored.wrong_pairing):
        overlaps = evidence.pair(model, reference, label or None)
        columns = [name for name in ("n_both", "dice", "iou") if name in overlaps.columns]
        n = int((overlaps[columns] == 0).any(axis=1).sum())
        of_label = f" of {label}" if label else ""
        text = (
            f"{n} predictions of {model} do not touch the masks{of_label} of {reference}; "
            "expected some overlap in most. Check the pairing, labels and folders"
        )
        notes.append(Note(code="BR127", set=model, n=n, text=printable(text)))
    return tuple(notes)


def note_withheld(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return BR501 and BR502 for findings that lack subgroups or cases.

    No subgroup is told with its size, which public mode may hide.
    """
    notes = []
    for finding in findings:
        subject = " ".join(filter(None, (finding.check, finding.metric, finding.label)))
        asked = f"{subject} by {' and '.join(finding.by)}" if finding.by else subject
        if finding.reason == _TOO_FEW:
            small = [group.name for group in finding.groups if group.status != Status.JUDGED]
            told = f" ({', '.join(small)} too small or not judged)" if small else ""
            text = (
                f"{asked} is undefined: fewer than two subgroups to judge{told}; expected two of "
                "min_patients patients. Merge subgroups or add cases"
            )
            notes.append(_note("BR501", asked, len(small), text))
        if finding.reason == _MISSING:
            share = f"{100 * MAX_UNDEFINED_SHARE:.0f} %"
            text = (
                f"a PASS of {asked} is withheld: cases of a judged subgroup have no score; "
                f"expected at most {share}. See the accounting of cases"
            )
            notes.append(_note("BR502", asked, 1, text))
    return notes


def _note(code: str, asked: str, n: int, text: str) -> dict[str, Any]:
    return {"code": code, "set": printable(asked), "n": n, "text": printable(text)}
