"""What a `provenance` finding tells: criteria, labels and exclusions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.cells import count_cell, make_table, name_cell, number_cell, words
from pytest_biasruler.report.numbers import NOTHING, shown
from pytest_biasruler.report.wording import by_group

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block


def describe_provenance(finding: Finding) -> Iterator[Block]:
    """Yield criteria, sources and exclusions."""
    criteria = finding.details.get("criteria") or []
    if criteria:
        rows = [
            (
                words(f"({shown(c.get('criterion'))}) {shown(c.get('text'), longest=300)}"),
                number_cell(c.get("number"), limit=c.get("limit")),
                number_cell(c.get("limit")),
                words(shown(c.get("verdict"))),
            )
            for c in criteria
        ]
        head = ("criterion", "number", "limit", "verdict")
        yield make_table("Each criterion", head, rows, is_sortable=False)
    sources = finding.details.get("sources") or {}
    if sources:
        keys = ("expert", "automated_only", "none")
        yield make_table(
            "Cases by the best label they have",
            ("subgroup", "expert label", "automated label only", "no label"),
            [
                (name_cell(name), *(count_cell(counts.get(key)) for key in keys))
                for name, counts in by_group(finding, sources)
            ],
        )
    exclusions = finding.details.get("exclusions") or []
    if exclusions:
        yield make_table(
            "Excluded cases",
            ("subgroup", "reason", "reference", "cases"),
            [
                (
                    name_cell(entry.get("subgroup")),
                    words(shown(entry.get("reason"))),
                    words(shown(entry.get("reference") or NOTHING)),
                    count_cell(entry.get("n")),
                )
                for entry in exclusions
            ],
        )
