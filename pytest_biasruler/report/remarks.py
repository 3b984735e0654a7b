"""What the Markdown summary says below its table: lost cases, changes, limits of the audit."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_biasruler.audit.accounting import undefined_scores
from pytest_biasruler.audit.ratchet import own_id
from pytest_biasruler.errors import CODES, Consequence
from pytest_biasruler.report.accounting_line import most_lost
from pytest_biasruler.report.changes import count_changes, tell_otherwise
from pytest_biasruler.report.numbers import counted, short_id
from pytest_biasruler.report.public import tell_hidden
from pytest_biasruler.report.spans import code, codes, prose

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from pytest_biasruler.audit import Audit

_CAUSES = {"BR101": "no mask", "BR404": "no row in the table", "BR423": "score undefined"}
_OTHER_CAUSE = "mask cannot be used"


def make_remarks(audit: Audit) -> tuple[str, ...]:
    """Return a paragraph of Markdown for each thing that a reader must know besides findings."""
    cases = audit.accounting
    told = {
        "Not scored": _tell_classes(cases, "excluded") or _tell_excluded(cases),
        "Undefined scores": _tell_undefined(audit),
        "Scored as worst": _tell_classes(cases, "unreadable") or _tell_worst(cases),
        "Since the earlier audit": " ".join(_tell_changes(cases.get("compare") or {})),
        "Limits of this audit": " ".join(_tell_limits(audit)),
    }
    return tuple(f"**{title}:** {text}" for title, text in told.items() if text)


def _tell_classes(cases: Mapping[str, Any], key: str) -> str:
    """Return the shares that a public audit tells in place of numbers."""
    shares = (cases.get("classes") or {}).get(key) or {}
    lossy = {name: share for name, share in sorted(shares.items()) if share != "none"}
    parts = [f"{share} of {code(name)}" for name, share in lossy.items()]
    return f"{', '.join(parts)}." if parts else ""


def _tell_excluded(cases: Mapping[str, Any]) -> str:
    expected, scored = cases.get("expected") or 0, cases.get("scored")
    if scored is None or not scored < expected:
        return ""
    text = f"{expected - scored:,} of {counted(expected, 'case')}"
    most = most_lost(cases)
    if most is not None:
        text = f"{text}, {most[1]:,} of them in {code(most[0])}"
    causes: Counter[str] = Counter()
    for entry in cases.get("excluded") or ():
        is_main = entry.get("reference") == cases.get("reference")
        if is_main and entry.get("attribute") is None:
            causes[_CAUSES.get(str(entry.get("reason")), _OTHER_CAUSE)] += entry.get("n") or 0
    listed = ", ".join(f"{cause} {n:,}" for cause, n in causes.most_common())
    return f"{text} ({listed})." if listed else f"{text}."


def _tell_undefined(audit: Audit) -> str:
    listed = undefined_scores(audit.findings).items()
    parts = [f"{code(score)} in {counted(n, 'case')}" for score, n in listed]
    return f"{', '.join(parts)}." if parts else ""


def _tell_worst(cases: Mapping[str, Any]) -> str:
    counts: Counter[tuple[str, str]] = Counter()
    for entry in cases.get("unreadable") or ():
        if entry.get("attribute") is None:
            is_sheared = CODES.get(str(entry.get("reason"))) == Consequence.DISTANCES
            where = ", in mm only" if is_sheared else ""
            counts[str(entry.get("model")), where] += entry.get("n") or 0
    parts = [
        f"{counted(n, 'prediction')} of {code(model)}{where}"
        for (model, where), n in sorted(counts.items())
    ]
    return f"{'; '.join(parts)} (missing or unreadable)." if parts else ""


def _tell_changes(compare: Mapping[str, Any]) -> Iterator[str]:
    if compare.get("state") == "missing":
        yield f"none was found at {code(compare['path'])}, so nothing was compared."
    elif compare:
        yield f"{count_changes(compare)}."
    if compare.get("gone"):
        yield f"Gone: {codes(own_id(each['id']) for each in compare['gone'])}."
    loosened = [
        f"{code(own_id(each['id']))} {prose(tell_otherwise(each))}"
        for each in compare.get("loosened") or ()
    ]
    if loosened:
        yield f"Limits loosened: {'; '.join(loosened)}."


def _tell_limits(audit: Audit) -> Iterator[str]:
    unasked = audit.unasked.get("attributes") or ()
    if unasked:
        were = "attribute was" if len(unasked) == 1 else "attributes were"
        yield f"{len(unasked):,} {were} not asked about: {codes(unasked)}."
    n_others = audit.unasked.get("n_other_columns") or 0
    if n_others:
        columns = counted(n_others, "further column")
        yield f"The benchmark file does not name {columns} of the metadata."
    automated = [f for f in audit.findings if f.details.get("proven_by") == "automated"]
    if automated:
        rest = "check rests" if len(automated) == 1 else "checks rest"
        names = codes(short_id(finding.id) for finding in automated)
        yield f"{len(automated):,} {rest} on an automated reference only: {names}."
    yield from map(prose, tell_hidden(audit))
