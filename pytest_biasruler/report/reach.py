"""What a `success` or `floor` finding tells: who reaches the mark, and how often."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_biasruler.report.blocks import Items, Paragraph
from pytest_biasruler.report.cells import (
    bounds_cell,
    make_table,
    number_cell,
    percent_cell,
    words,
)
from pytest_biasruler.report.numbers import format_bounds, format_number, shown, typeset
from pytest_biasruler.report.wording import by_group

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block, Cell


def describe_success(finding: Finding) -> Iterator[Block]:
    """Yield what counts as success, how sure the ratio is, and the sweep."""
    details = finding.details
    if details.get("definition"):
        yield Paragraph(text=f"Success: {shown(details['definition'], longest=300)}.")
    texts = tuple(_tell_rates(finding))
    if texts:
        yield Items(texts=texts)
    sweep = details.get("sweep") or []
    if sweep:
        yield _sweep_table(finding, sweep)


def _tell_rates(finding: Finding) -> Iterator[str]:
    """Yield the rates compared, each summary with its definition."""
    details = finding.details
    ratio, katz = details.get("dir") or {}, details.get("katz") or ()
    if ratio.get("value") is not None:
        bounds = typeset(format_bounds(ratio.get("low"), ratio.get("high")))
        number = typeset(format_number(ratio["value"]))
        of = f"over that of {shown(finding.baseline)}" if finding.baseline else "over the largest"
        yield f"Ratio of the rates (DIR, smallest {of}) {number} {bounds}."
    if any(bound is not None for bound in katz):
        bounds = typeset(format_bounds(*katz))
        yield f"Katz's 95 % interval of that ratio, as papers print it: {bounds}."
    if details.get("dpd") is not None:
        number = typeset(format_number(details["dpd"]))
        yield f"Difference of the rates (DPD, largest minus smallest) {number}."
    changes = tuple(_tell_changes(details.get("sweep") or []))
    if changes:
        yield f"The verdict changes at a threshold of {', of '.join(changes)}."
    if details.get("fragile"):
        yield "Fragile: one step of the threshold changes the verdict or the worst subgroup."
    if details.get("saturated"):
        yield "Saturated: in some subgroup all cases succeed, or none."


def _tell_changes(sweep: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the steps of the sweep at which the verdict is another one than just before."""
    for before, step in pairwise(sweep):
        if step.get("verdict") != before.get("verdict"):
            threshold = typeset(format_number(step["threshold"], decimals=2))
            yield f"{threshold} ({shown(before.get('verdict'))} to {shown(step.get('verdict'))})"


def _sweep_table(finding: Finding, sweep: list[Mapping[str, Any]]) -> Block:
    names = [name for name, _ in by_group(finding, sweep[0].get("rates") or {})]
    rows: list[tuple[Cell, ...]] = []
    for step in sweep:
        rates = step.get("rates") or {}
        rows.append(
            (
                words(typeset(format_number(step["threshold"], decimals=2))),
                *(percent_cell(rates.get(name)) for name in names),
                number_cell(step.get("dir"), limit=finding.limit),
                bounds_cell(typeset(format_bounds(step.get("low"), step.get("high")))),
                number_cell(step.get("dpd")),
                words(shown(step.get("worst") or "–")),
                words(shown(step.get("verdict") or "–")),
            )
        )
    return make_table(
        "The same at other thresholds of success",
        (
            "threshold",
            *(shown(name) for name in names),
            *("ratio", "bounds", "difference", "worst", "verdict"),
        ),
        rows,
    )
