"""Section 5: what became of every case and every check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.audit.accounting import labelled_lines, undefined_scores
from pytest_biasruler.errors import explained_in
from pytest_biasruler.report.blocks import Cell, Fold, Link, Paragraph
from pytest_biasruler.report.causes import told_cause
from pytest_biasruler.report.cells import (
    count_cell,
    make_table,
    name_cell,
    percent_cell,
    words,
)
from pytest_biasruler.report.headline import count_missing
from pytest_biasruler.report.numbers import anchor, counted, short_id, shown
from pytest_biasruler.report.public import tell_classes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.report.blocks import Block

    Entries = Sequence[Mapping[str, Any]]

EVERYONE = "all cases"


def make_accounting(audit: Audit) -> tuple[Block, ...]:
    """Return section 5: every case is scored or excluded, every check ran or did not."""
    accounting = audit.accounting
    checks = tuple(_checks(accounting.get("checks") or {}))
    if "classes" in accounting:
        return (*tell_classes(accounting), *tell_split(accounting), *checks)
    expected, scored = accounting.get("expected", 0), accounting.get("scored", 0)
    reference = accounting.get("reference")
    by = f", by the reference {shown(reference)}" if reference else ""
    sentence = (
        f"{counted(expected, 'case')} expected = {scored:,} scored + "
        f"{expected - scored:,} excluded{by}."
    )
    return (
        Paragraph(text=sentence),
        *_undefined(audit),
        *tell_split(accounting),
        *_by_reference(accounting.get("references") or {}),
        *_labelled(audit),
        *_lost(audit, "excluded", accounting.get("excluded") or ()),
        *_lost(audit, "worst", accounting.get("unreadable") or ()),
        *_problems(accounting.get("problems") or ()),
        *checks,
    )


def tell_split(accounting: Mapping[str, Any]) -> Iterator[Block]:
    """Yield which part of the cases was audited, where the benchmark names one."""
    split = accounting.get("split")
    if split is not None:
        n, name = split.get("n_outside"), shown(split.get("name"))
        more = "" if n is None else f" {counted(n, 'case')} of the metadata lie outside it."
        yield Paragraph(text=f"Only cases of the split {name} were audited.{more}")


def _by_reference(cases: Mapping[str, Mapping[str, int]]) -> Iterator[Block]:
    if not cases:
        return
    keys = ("expected", "scored", "n_excluded")
    rows = [
        (name_cell(name), *(count_cell(counts.get(key)) for key in keys))
        for name, counts in sorted(cases.items())
    ]
    head = ("reference", "expected", "scored", "excluded")
    yield make_table("Cases by reference", head, rows)


def _undefined(audit: Audit) -> Iterator[Block]:
    """Yield how many of the scored cases lack a score that checks judge."""
    undefined = undefined_scores(audit.findings)
    if undefined:
        head = ("score", "cases in which it is undefined")
        rows = [(words(shown(score)), count_cell(n)) for score, n in undefined.items()]
        yield make_table("Undefined scores of scored cases", head, rows)


def _labelled(audit: Audit) -> Iterator[Block]:
    for line in labelled_lines(audit.findings, audit.accounting):
        yield Paragraph(text=f"{shown(line)}.")


_TITLES = {
    "excluded": (
        "Excluded cases",
        "Excluded: none of the cases of any reference.",
        "Excluded of each subgroup",
    ),
    "worst": (
        "Predictions missing or unreadable, scored worst",
        "Predictions missing or unreadable, which would be scored worst: none.",
        "Scored worst of each subgroup",
    ),
}


def _lost(audit: Audit, kind: str, entries: Entries) -> Iterator[Block]:
    """Yield why cases were lost, and how much of each subgroup: an uneven loss bends a gap."""
    title, none, by_subgroup = _TITLES[kind]
    if not entries:
        yield Paragraph(text=none)
        return
    causes = [
        (
            words(told_cause(entry.get("reason", ""))),
            words(_lost_by(entry)),
            count_cell(entry.get("n")),
        )
        for entry in entries
        if entry.get("attribute") is None
    ]
    yield make_table(f"{title}, by reason", ("reason", "reference or model", "cases"), causes)
    rows = list(_shares(audit, entries))
    head = ("subgroup", "attribute", "reference or model", "cases", "share of the subgroup")
    if rows:
        yield make_table(by_subgroup, head, rows)
    details = [
        (
            words(shown(entry.get("subgroup"))),
            words(shown(entry.get("attribute"))),
            words(told_cause(entry.get("reason", ""))),
            words(_lost_by(entry)),
            count_cell(entry.get("n")),
        )
        for entry in entries
        if entry.get("attribute") is not None
    ]
    if details and len(causes) > 1:
        head = ("subgroup", "attribute", "reason", "reference or model", "cases")
        table = make_table(f"{title}, by reason and subgroup", head, details)
        yield Fold(summary=f"{title}, by reason and subgroup", blocks=(table,))


def _lost_by(entry: Mapping[str, Any]) -> str:
    return shown(entry.get("reference") or entry.get("model") or "not stated")


def _shares(audit: Audit, entries: Entries) -> Iterator[tuple[Cell, ...]]:
    """Yield each subgroup with what it lost, also where that is nothing, by reference or model."""
    lost: dict[tuple[str, str, str], int] = {}
    for entry in entries:
        key = (_lost_by(entry), str(entry.get("attribute")), str(entry.get("subgroup")))
        lost[key] = lost.get(key, 0) + (entry.get("n") or 0)
    for by in sorted({name for name, _, _ in lost}):
        for attribute, described in sorted(audit.attributes.items()):
            for group in described.get("subgroups") or ():
                n = lost.get((by, str(attribute), str(group["name"])), 0)
                size = group.get("n_cases")
                yield (
                    name_cell(group["name"]),
                    words(shown(attribute)),
                    words(by),
                    count_cell(n),
                    percent_cell(n / size if size else None),
                )


def _problems(problems: Sequence[Mapping[str, str]]) -> Iterator[Block]:
    if problems:
        rows = [
            (
                words(shown(problem.get("case", ""))),
                words(shown(problem.get("code", ""))),
                words(shown(problem.get("text", ""), longest=400)),
            )
            for problem in problems
        ]
        yield make_table("Masks that could not be used", ("case", "code", "why"), rows)
        yield from tell_codes(problems)


def tell_codes(listed: Iterable[Mapping[str, Any]]) -> Iterator[Block]:
    """Yield where the codes of a list are explained; the page itself links to nothing outside."""
    if see := explained_in(shown(entry.get("code", "")) for entry in listed):
        yield Paragraph(text=f"What a code means: {see} of pytest-biasruler.", tone="note")


def _checks(checks: Mapping[str, Any]) -> Iterator[Block]:
    errors, n_missing = checks.get("errors") or (), count_missing(checks.get("missing", 0))
    counts = [
        ("declared", checks.get("declared")),
        ("left out on purpose (deselected)", checks.get("deselected")),
        ("ran", checks.get("ran")),
        ("never reported", n_missing),
        ("could not run (errors)", len(errors)),
    ]
    rows = [(words(name), count_cell(n)) for name, n in counts]
    yield make_table("Checks", ("checks", "number"), rows, is_sortable=False)
    if n_missing:
        text = "A check that never reported was begun and broke off: it is not a pass."
        yield Paragraph(text=text, tone="warning")
    if errors:
        links = tuple(Link(href=anchor(each["id"]), text=short_id(each["id"])) for each in errors)
        yield Paragraph(text="Could not run, which is not a pass:", links=links)
