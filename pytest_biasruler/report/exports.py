"""An audit as tables for other programs."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from pytest_biasruler.errors import printable
from pytest_biasruler.report.numbers import short_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding

PLAN_COLUMNS = ("check", "rank", "case", "subgroup", "probability", "seed")
"""Columns of a plan, in order."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A spreadsheet takes a cell that begins so for a formula; some also the full-width forms."""


def tabulate_plan(audit: Audit) -> str:
    """Return the cases to label next as CSV, one row for each case and check that asks for it.

    Cases of one patient have one rank. A row without rank is not to be labelled: its case has got
    another probability, because the draw that was known is added to.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(PLAN_COLUMNS)
    for finding in audit.findings:
        writer.writerows(_plan_rows(finding))
    return text.getvalue()


def _plan_rows(finding: Finding) -> Iterator[tuple[str, ...]]:
    plan = finding.details.get("plan") or {}
    for entry in plan.get("queue") or ():
        for case in entry["cases"]:
            yield tuple(
                safe_cell(value)
                for value in (
                    short_id(finding.id),
                    entry["rank"],
                    case,
                    entry["subgroup"],
                    entry["probability"],
                    plan.get("seed"),
                )
            )


def safe_cell(value: object) -> str:
    r"""Return a value as a cell that no spreadsheet takes for a formula.

    Examples
    --------
    >>> safe_cell("=1+1"), safe_cell(None), safe_cell(0.25), safe_cell("0\u201340")
    ("'=1+1", '', '0.25', '0–40')
    """
    if value is None:
        return ""
    text = repr(value) if isinstance(value, float) else str(value)
    return f"'{printable(text)}" if text.startswith(_FORMULA) else printable(text)
