"""Every check of an audit in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.blocks import Cell, Link, Row, Table
from pytest_biasruler.report.cells import (
    FIRST_ROWS,
    MOST_ROWS,
    bounds_cell,
    slugs,
    words,
)
from pytest_biasruler.report.headline import order_findings
from pytest_biasruler.report.numbers import NOTHING, anchor, short_id, shown
from pytest_biasruler.report.wording import (
    bounds_of,
    distance_of,
    outcome_of,
    patients_of,
    quantity_of,
    told_estimate,
    told_limit,
    value_of,
    verdict_sign_of,
)

if TYPE_CHECKING:
    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding


def checks_table(audit: Audit) -> Table:
    """Return every check with its verdict, number, bounds and limit; errors come last."""
    ordered = order_findings(audit.findings)
    rows = [_check_row(finding) for finding in ordered]
    rows += [
        _error_row(error) for error in (audit.accounting.get("checks") or {}).get("errors", ())
    ]
    kept = rows if len(rows) <= MOST_ROWS else rows[:FIRST_ROWS]
    note = f"The first {len(kept)} of {len(rows):,} checks; all are in the JSON."
    return Table(
        caption="Every check of this audit",
        head=(
            *("check", "verdict", "outcome", "quantity", "value", "decision bounds", "limit"),
            *("distance to the limit", "patients"),
        ),
        rows=tuple(kept),
        note=note if len(kept) < len(rows) else "",
    )


def _check_row(finding: Finding) -> Row:
    value = told_estimate(finding)[0]
    return Row(
        cells=(
            Cell(text="", links=(Link(href=anchor(finding.id), text=short_id(finding.id)),)),
            Cell(text=str(finding.verdict), sign=verdict_sign_of(finding)),
            words(outcome_of(finding)),
            words(quantity_of(finding)),
            Cell(
                text=value_of(finding), sort="" if value is None else repr(value), is_number=True
            ),
            bounds_cell(bounds_of(finding)),
            Cell(text=told_limit(finding), is_number=True, sort=_plain(finding.limit)),
            Cell(text=distance_of(finding), is_number=True, sort=_distance(finding)),
            words(patients_of(finding, finding.told_pair)),
        ),
        data=data_of(finding),
    )


def data_of(finding: Finding) -> tuple[tuple[str, str], ...]:
    """Return the slugs by which the row of a finding, and with it its card, is filtered."""
    return slugs(
        check=finding.check,
        verdict=finding.verdict,
        outcome=outcome_of(finding),
        metric=finding.metric,
        by="-".join(finding.by),
        model=finding.model,
        label=finding.label,
    )


def _plain(value: float | None) -> str:
    return "" if value is None else repr(value)


def _distance(finding: Finding) -> str:
    value = finding.estimate.value if finding.estimate else None
    return "" if value is None or finding.limit is None else repr(value - finding.limit)


def _error_row(error: dict[str, str]) -> Row:
    return Row(
        cells=(
            Cell(text="", links=(Link(href=anchor(error["id"]), text=short_id(error["id"])),)),
            Cell(text="could not run", sign="error"),
            words("error"),
            words(shown(error.get("code", ""))),
            *(Cell(text=NOTHING, is_number=True),) * 4,
            words(NOTHING),
        ),
        data=slugs(check=short_id(error["id"]).split("[")[0], outcome="error", verdict="error"),
    )
