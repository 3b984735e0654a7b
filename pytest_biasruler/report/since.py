"""What changed since an earlier audit, as blocks of the page, and what is asked less of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_biasruler.audit.states import State
from pytest_biasruler.checks.outcome import outcome_without_waiver
from pytest_biasruler.checks.quantities import name_quantity
from pytest_biasruler.report.blocks import Cell, Heading, Items, Link, Paragraph
from pytest_biasruler.report.cells import make_table, number_cell, words
from pytest_biasruler.report.changes import (
    ORDER,
    change_line,
    is_decline,
    loosened_lines,
    tell_otherwise,
)
from pytest_biasruler.report.numbers import NOTHING, anchor, counted, short_id, shown
from pytest_biasruler.report.titles import subject_title
from pytest_biasruler.report.wording import outcome_of, sign_of, word_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block

TITLE = "Changes since the earlier audit"
_SHORT = 8


def make_changes(audit: Audit) -> tuple[Block, ...]:
    """Return the part of section 2 that says what changed since the earlier audit."""
    compare, line = audit.accounting.get("compare"), change_line(audit)
    if not compare:
        text = "None: this run was not compared with an earlier audit."
        return (Heading(text=TITLE), Paragraph(text=text))
    if compare["state"] == "missing":
        text = f"{line[:1].upper()}{line[1:]}."
        return (Heading(text=TITLE), Paragraph(text=text, tone="warning"))
    digest, path = compare.get("digest"), shown(compare.get("path") or "")
    source = f" Earlier audit: {path}{f', {digest[:_SHORT]}' if digest else ''}." if path else ""
    tone = "warning" if is_decline(audit) else "plain"
    return (
        Heading(text=TITLE),
        Paragraph(text=f"{line[:1].upper()}{line[1:]}.{source}", tone=tone),
        _table(audit),
    )


def _table(audit: Audit) -> Block:
    compared = [finding for finding in audit.findings if finding.details.get("compare")]
    ranked = sorted(compared, key=lambda f: ORDER.index(f.details["compare"]["state"]))
    rows = [_row(finding, finding.details["compare"]) for finding in ranked]
    for each in audit.accounting["compare"].get("gone") or ():
        nothing = Cell(text=NOTHING, is_number=True)
        known = (words(shown(each["verdict"])), words(NOTHING), words(""))
        rows.append((words(short_id(each["id"])), words("gone"), nothing, nothing, *known))
    head = ("check", "since then", "value then", "value now", "verdict then", "verdict now")
    return make_table(
        "Every check, then and now",
        (*head, "asked otherwise"),
        rows,
        note=(
            "Worse: beyond the end of the 95 % interval of the value then. A distortion is told "
            "by its size."
        ),
    )


def _row(finding: Finding, compare: Mapping[str, Any]) -> tuple[Cell, ...]:
    changes = [tell_otherwise(change) for change in compare.get("changes") or ()]
    return (
        Cell(text="", links=(Link(href=anchor(finding.id), text=short_id(finding.id)),)),
        words(compare["state"]),
        number_cell(compare.get("value"), limit=compare.get("limit")),
        number_cell(finding.estimate.value if finding.estimate else None, limit=finding.limit),
        words(compare.get("verdict") or NOTHING),
        Cell(text=word_of(finding), sign=sign_of(finding)),
        words("; ".join(changes)),
    )


def change_banners(audit: Audit) -> tuple[str, ...]:
    """Return what must be read first: what got worse, and what is asked less of."""
    compare = audit.accounting.get("compare") or {}
    if compare.get("state") == "missing":
        return (f"N{change_line(audit)[1:]}.",)
    banners = []
    for state, text in (
        (State.WORSE, "Worse than in the earlier audit"),
        (State.NO_LONGER_SHOWN, "No longer shown to be within the limit"),
        (State.NOW_FAILS, "Fails now, and did not in the earlier audit"),
    ):
        found = [f for f in audit.findings if _state_of(f) == state]
        banners += [f"{text}: {_named(found)}."] if found else []
    n_loosened = len(loosened_lines(audit))
    if n_loosened:
        text = counted(n_loosened, "check asks less", "checks ask less")
        banners.append(f"Since the earlier audit, {text}: see Limits of this audit.")
    return tuple(banners)


def _state_of(finding: Finding) -> str | None:
    return (finding.details.get("compare") or {}).get("state")


def _named(findings: Sequence[Finding], *, most: int = 3) -> str:
    names = [_name(finding) for finding in findings[:most]]
    more = f" and {len(findings) - most} more" if len(findings) > most else ""
    return f"{', '.join(names)}{more}"


def _name(finding: Finding) -> str:
    """Return what was asked, for those who cannot read an id, and the id."""
    quantity = "" if finding.check == "provenance" else f"{name_quantity(finding)} of "
    return f"{quantity}{subject_title(finding)} ({short_id(finding.id)})"


def make_permissions(audit: Audit) -> tuple[Block, ...]:
    """Return the part of section 9 that says what is waived, and what is asked less of."""
    return (*_waivers(audit), *_loosened(audit))


def _waivers(audit: Audit) -> Iterator[Block]:
    yield Heading(text="Waivers")
    waived = [finding for finding in audit.findings if finding.waive]
    if not waived:
        yield Paragraph(text="None: no check of this audit is waived.")
        return
    rows = [
        (
            Cell(text="", links=(Link(href=anchor(finding.id), text=short_id(finding.id)),)),
            words(str(finding.verdict)),
            words(_waiver_state(finding)),
            words(shown((finding.waive or {}).get("until"))),
            words(shown((finding.waive or {}).get("reason"), longest=200)),
        )
        for finding in waived
    ]
    yield make_table(
        "Checks with a waiver",
        ("check", "verdict underneath", "what it does", "until", "reason"),
        rows,
        note="A waiver ends by itself after its last day, and covers no worse state.",
    )


def _waiver_state(finding: Finding) -> str:
    outcome = outcome_of(finding)
    if outcome != "waived":
        return f"no longer covers it: {outcome}"
    is_told = not finding.is_public or finding.policy != "point"
    is_idle = is_told and str(outcome_without_waiver(finding)) == "passed"
    return "not needed: the check passes" if is_idle else "the check does not count"


def _loosened(audit: Audit) -> Iterator[Block]:
    lines = loosened_lines(audit)
    compare = audit.accounting.get("compare") or {}
    if compare.get("state") != "compared":
        return
    yield Heading(text="Limits loosened since the earlier audit")
    yield Items(texts=lines) if lines else Paragraph(text="None.")
