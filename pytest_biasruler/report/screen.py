"""The first screen: what decides, in three rows and one figure, and every check in one table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_biasruler.report.blocks import Cell, Link, Paragraph
from pytest_biasruler.report.cells import (
    bounds_cell,
    make_table,
    number_cell,
    words,
)
from pytest_biasruler.report.forest import Panel, draw_forest
from pytest_biasruler.report.headline import count_outcomes, order_findings
from pytest_biasruler.report.marks import Words
from pytest_biasruler.report.numbers import (
    NOTHING,
    counted,
    format_bounds,
    format_limit,
    shown,
    typeset,
)
from pytest_biasruler.report.overview import checks_table
from pytest_biasruler.report.rows import estimate_row, gap_rows, origin_of
from pytest_biasruler.report.titles import subject_title
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
    from collections.abc import Mapping
    from typing import Any

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block
    from pytest_biasruler.report.forest import ForestRow

LEADING = 3


def make_screen(audit: Audit) -> tuple[Block, ...]:
    """Return the blocks of section 1, above and with the table of checks."""
    ordered = order_findings(audit.findings)
    leading = [finding for finding in ordered if finding.estimate is not None]
    blocks: list[Block] = []
    if leading:
        blocks += _lead_with(leading)
    note = _lost_cases(audit)
    if note:
        blocks.append(note)
    blocks.append(Paragraph(text=_tally(audit)))
    blocks.append(checks_table(audit))
    return tuple(blocks)


def _lead_with(leading: list[Finding]) -> tuple[Block, ...]:
    first = leading[0]
    if first.check == "ruler" and gap_rows(first):
        rows = (*gap_rows(first), estimate_row(first, name=f"distortion: {_pair(first)}"))
        cells = [*_gap_cells(first), _estimate_cells(first, "distortion (automated − expert)")]
        axis = f"{metric_title(first.metric)} by {attribute_title(first)}"
    else:
        same = [f for f in leading if _kind_of(f) == _kind_of(first)][:LEADING]
        rows = tuple(estimate_row(finding, name=_row_name(finding)) for finding in same)
        cells = [_estimate_cells(finding, _row_name(finding)) for finding in same]
        axis = quantity_of(first)
    table = make_table(
        "What decides: estimates with their decision bounds",
        ("", "value", "bounds", "patients", "limit", "verdict"),
        cells,
        is_sortable=False,
    )
    return replace(table, is_stacked=True), _draw(first, rows, axis)


def _kind_of(finding: Finding) -> tuple[str, str, str]:
    """Return what findings must share to be told on one axis, above the rest."""
    return finding.check, finding.unit, outcome_of(finding)


def _pair(finding: Finding) -> str:
    return pair_of(finding)


def _row_name(finding: Finding) -> str:
    title = subject_title(finding)
    pair = _pair(finding)
    return f"{title}: {pair}" if pair else title


def _draw(finding: Finding, rows: tuple[ForestRow, ...], axis: str) -> Block:
    return draw_forest(
        [Panel(rows=rows, axis=axis, origin=origin_of(finding))],
        words=Words(
            title=f"{statement_of(finding)}.",
            description="The rows of the table above as points with their bounds.",
            caption="Points are estimates, bars their decision bounds, dashed lines the limits.",
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
    direction = finding.details.get("direction") if finding.check == "ruler" else None
    ending = f" · {direction}" if isinstance(direction, str) and direction != "none" else ""
    return (
        words(name),
        Cell(text=value_of(finding), is_number=True),
        bounds_cell(bounds_of(finding)),
        words(patients_of(finding, finding.told_pair)),
        Cell(text=told_limit(finding), is_number=True),
        Cell(text=f"{word_of(finding)}{ending}", sign=sign_of(finding)),
    )


def _lost_cases(audit: Audit) -> Paragraph | None:
    """Return how many cases were not scored, and where most of them are missing."""
    expected, scored = audit.accounting.get("expected", 0), audit.accounting.get("scored", 0)
    if expected is None or scored is None or expected <= scored:  # hidden in public
        return None
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
    return Paragraph(text=f"{text}:", tone="warning", links=(link,))


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
