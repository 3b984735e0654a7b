"""What a `provenance` finding tells: criteria, labels and exclusions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.cells import count_cell, make_table, name_cell, number_cell, words
from pytest_biasruler.report.numbers import NOTHING, shown
from pytest_biasruler.report.wording import by_group

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block, Cell


def describe_provenance(finding: Finding) -> Iterator[Block]:
    """Yield criteria, sources and exclusions."""
    criteria = finding.details.get("criteria") or []
    if criteria:
        head = ("criterion", "number", "limit", "verdict")
        rows = [_criterion_cells(criterion) for criterion in criteria]
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


def _criterion_cells(criterion: Mapping[str, Any]) -> tuple[Cell, ...]:
    text = f"({shown(criterion.get('criterion'))}) {shown(criterion.get('text'), longest=300)}"
    return (
        words(text),
        number_cell(criterion.get("number"), limit=criterion.get("limit")),
        number_cell(criterion.get("limit")),
        words(shown(criterion.get("verdict"))),
    )
