"""The first screen: what decides, in three rows and one figure, and every check in one table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_biasruler.report.blocks import Cell, Heading, Items, Link, Paragraph
from pytest_biasruler.report.cells import (
    bounds_cell,
    make_table,
    number_cell,
    words,
)
from pytest_biasruler.report.flips import direction_of
from pytest_biasruler.report.forest import Panel, draw_forest
from pytest_biasruler.report.headline import count_missing, count_outcomes
from pytest_biasruler.report.leading import choose_leading, name_leading, share_axis
from pytest_biasruler.report.marks import Words
from pytest_biasruler.report.next_steps import list_steps
from pytest_biasruler.report.numbers import (
    NOTHING,
    anchor,
    counted,
    format_bounds,
    format_limit,
    joined,
    short_id,
    shown,
    typeset,
)
from pytest_biasruler.report.overview import checks_table
from pytest_biasruler.report.rows import estimate_row, gap_rows, origin_of
from pytest_biasruler.report.sentences import explanation_of
from pytest_biasruler.report.wording import (
    attribute_title,
    bounds_of,
    metric_title,
    outcome_of,
    pair_of,
    pair_title,
    patients_of,
    quantity_of,
    sign_of,
    statement_of,
    told_limit,
    value_of,
    word_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block
    from pytest_biasruler.report.forest import ForestRow

MOST_ERRORS = 3
_TITLES = {
    "failed": "What decides",
    "inconclusive": "What cannot be decided",
    "passed": "Nearest to their limits",
    "waived": "Waived",
    "screened": "Only screened",
    "not judged": "Not judged",
}


def make_screen(audit: Audit) -> tuple[Block, ...]:
    """Return the blocks of section 1, above and with the table of checks."""
    leading = choose_leading(audit)
    return (
        *_not_run(audit),
        *_told_alone(audit),
        *(_lead_with(leading, audit) if leading else ()),
        *_waived(audit),
        *_lost_cases(audit),
        Paragraph(text=_tally(audit)),
        *_next_steps(audit),
        checks_table(audit),
    )


def _told_alone(audit: Audit) -> Iterator[Block]:
    """Yield failed findings without an estimate, which no table of numbers can show."""
    for finding in audit.findings:
        if outcome_of(finding) == "failed" and finding.estimate is None:
            link = Link(href=anchor(finding.id), text=short_id(finding.id))
            text = f"{word_of(finding)}: {statement_of(finding)}:"
            yield Paragraph(text=text, tone="warning", links=(link,))


def _lead_with(leading: Sequence[Finding], audit: Audit) -> tuple[Block, ...]:
    first, *others = leading
    drawn = share_axis(leading)
    rows = [estimate_row(finding, name=_short_name(finding)) for finding in drawn]
    axis = quantity_of(first)
    if len({finding.check for finding in drawn}) > 1:
        axis = f"difference of {metric_title(first.metric)}"
    cells = [_estimate_cells(finding, name_leading(finding, audit=audit)) for finding in leading]
    if first.check == "ruler" and gap_rows(first):
        rows = [
            *(replace(row, name=row.name.partition(":")[0]) for row in gap_rows(first)),
            estimate_row(first, name="distortion"),
            *rows[1:],
        ]
        own = _estimate_cells(first, "distortion (automated − expert)")
        cells = [*_gap_cells(first), own, *cells[1:]]
        axis = f"{metric_title(first.metric)} by {attribute_title(first)}" if not others else axis
    table = make_table(
        f"{_TITLES[outcome_of(first)]}: estimates with their decision bounds",
        ("", "value", "decision bounds", "patients", "limit", "verdict"),
        cells,
        note="What decision bounds and other such words mean stands in section 10.",
        is_sortable=False,
    )
    drawing = _draw(first, tuple(rows), axis)
    why = explanation_of(first)
    more = (Paragraph(text=why),) if why and outcome_of(first) == "inconclusive" else ()
    return (*more, replace(table, is_stacked=True), drawing)


def _short_name(finding: Finding) -> str:
    pair = pair_of(finding)
    name = quantity_of(finding).partition(",")[0]
    return f"{name}: {pair}" if pair else name


def _draw(finding: Finding, rows: tuple[ForestRow, ...], axis: str) -> Block:
    return draw_forest(
        [Panel(rows=rows, axis=axis, origin=origin_of(finding))],
        words=Words(
            title=f"{statement_of(finding)}.",
            description="The rows of the table above as points with their bounds.",
            caption="Points are estimates, bars their decision bounds, dashed lines the limits. A "
            "FAIL needs a bar wholly beyond its limit, a PASS one wholly within.",
        ),
    )


def _gap_cells(finding: Finding) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    limit = finding.details.get("gap_limit")
    for kind in ("expert", "automated"):
        gap = finding.details.get(f"gap_{kind}") or {}
        pair = (gap["pair"][0], gap["pair"][1]) if gap.get("pair") else None
        verdict = str(gap.get("verdict", ""))
        text = f"{metric_title(finding.metric)} gap by {attribute_title(finding)}"
        rows.append(
            (
                words(f"{text}, {pair_title(pair)}, {kind} reference"),
                number_cell(gap.get("value"), limit=limit),
                bounds_cell(typeset(format_bounds(gap.get("low"), gap.get("high"), limit=limit))),
                words(patients_of(finding, pair)),
                Cell(text=typeset(format_limit(limit)), is_number=True),
                Cell(text=verdict, sign=verdict.lower()) if verdict else words(NOTHING),
            )
        )
    return rows


def _estimate_cells(finding: Finding, name: str) -> tuple[Cell, ...]:
    direction = direction_of(finding) if finding.check == "ruler" else "none"
    ending = f" · {direction}" if direction != "none" else ""
    return (
        words(name),
        Cell(text=value_of(finding), is_number=True),
        bounds_cell(bounds_of(finding)),
        words(patients_of(finding, finding.told_pair)),
        Cell(text=told_limit(finding), is_number=True),
        Cell(text=f"{word_of(finding)}{ending}", sign=sign_of(finding)),
    )


def _not_run(audit: Audit) -> Iterator[Block]:
    """Yield what could not run or never reported: neither is a pass."""
    checks = audit.accounting.get("checks") or {}
    errors = checks.get("errors") or ()
    for error in errors[:MOST_ERRORS]:
        link = Link(href=anchor(error["id"]), text=short_id(error["id"]))
        why = shown(error.get("message") or error.get("code", ""), longest=300)
        yield Paragraph(text=f"Could not run: {why}", tone="warning", links=(link,))
    if len(errors) > MOST_ERRORS:
        text = f"{counted(len(errors) - MOST_ERRORS, 'more check')} could not run: see Findings."
        yield Paragraph(text=text, tone="warning")
    n_missing = count_missing(checks.get("missing", 0))
    if n_missing:
        text = f"{counted(n_missing, 'check')} never reported: the run broke off before its end."
        yield Paragraph(text=text, tone="warning")


def _waived(audit: Audit) -> Iterator[Block]:
    waived = [finding for finding in audit.findings if outcome_of(finding) == "waived"]
    if waived:
        links = tuple(Link(href=anchor(f.id), text=short_id(f.id)) for f in waived[:MOST_ERRORS])
        ends = sorted({shown((f.waive or {}).get("until")) for f in waived})
        text = f"{counted(len(waived), 'check is', 'checks are')} waived until {joined(ends)}:"
        yield Paragraph(text=text, links=links)


def _next_steps(audit: Audit) -> Iterator[Block]:
    steps = list_steps(audit)
    if steps:
        yield Heading(text="What to do next")
        yield Items(texts=steps)


def _lost_cases(audit: Audit) -> Iterator[Block]:
    """Yield how many cases were not scored, and where most of them are missing."""
    expected, scored = audit.accounting.get("expected", 0), audit.accounting.get("scored", 0)
    if expected is None or scored is None or expected <= scored:  # hidden in public
        return
    counts: dict[tuple[str, str], int] = {}
    for entry in audit.accounting.get("excluded") or ():
        if _tells_where(entry, audit.accounting.get("reference")):
            key = (str(entry.get("attribute")), str(entry["subgroup"]))
            counts[key] = counts.get(key, 0) + entry["n"]
    text = f"{counted(expected - scored, 'case was', 'cases were')} not scored"
    if counts:
        (_, subgroup), n = max(counts.items(), key=lambda item: (item[1], item[0]))
        text = f"{text}, {n} of them in {shown(subgroup)}"
    link = Link(href="s5", text="see Accounting")
    yield Paragraph(text=f"{text}:", tone="warning", links=(link,))


def _tells_where(entry: Mapping[str, Any], reference: object) -> bool:
    """Return whether an entry counts cases of one subgroup that the main reference lost."""
    is_main = reference is None or entry.get("reference") == reference
    return is_main and entry.get("attribute") is not None and entry.get("n") is not None


def _tally(audit: Audit) -> str:
    tally = count_outcomes(audit)
    parts = [
        f"{tally.failed} failed",
        f"{tally.inconclusive} inconclusive",
        f"{tally.passed} passed",
        f"{tally.waived} waived",
        counted(tally.errors, "error"),
        f"{tally.ran} of {tally.declared} declared checks ran",
    ]
    if tally.screens:
        parts.insert(4, f"{len(tally.screens)} screened")
    if tally.unjudged:
        parts.insert(4, f"{tally.unjudged} not judged")
    return " · ".join(parts)
