"""What a `provenance` finding tells: criteria, labels and exclusions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.blocks import Paragraph
from pytest_biasruler.report.cells import (
    bounds_cell,
    count_cell,
    make_table,
    name_cell,
    number_cell,
    percent_cell,
    words,
)
from pytest_biasruler.report.numbers import (
    NOTHING,
    counted,
    format_bounds,
    joined,
    shown,
    typeset,
)
from pytest_biasruler.report.reasons import COUNTED_CRITERIA

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block, Cell


def describe_provenance(finding: Finding) -> Iterator[Block]:
    """Yield criteria, sources, what is special about labelled patients, and exclusions."""
    criteria = finding.details.get("criteria") or []
    if criteria:
        head = ("criterion", "number", "limit", "verdict")
        rows = [_criterion_cells(criterion) for criterion in criteria]
        yield make_table("Each criterion", head, rows, is_sortable=False)
    yield from _describe_labelled(finding.details.get("expert_subset") or {})
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


def _describe_labelled(subset: Mapping[str, Any]) -> Iterator[Block]:
    """Yield how patients with an expert label differ from those without, if there are both."""
    if subset.get("differs_in"):
        text = (
            "Patients with an expert label are not like the others: they differ surely in "
            f"{joined(subset['differs_in'])}. What the experts' labels say may not hold for all."
        )
        yield Paragraph(text=text, tone="warning")
    differences = subset.get("differences") or []
    if differences:
        n_labelled, n_others = (
            counted(subset.get(key) or 0, "patient") for key in ("n_labelled", "n_others")
        )
        yield make_table(
            f"{n_labelled} with an expert label against {n_others} without; reported, not judged",
            (
                *("attribute", "compared", "labelled", "others"),
                *("difference", "95 % interval", "limit", "differs"),
            ),
            [_difference_cells(difference) for difference in differences],
            note=(
                "A number: medians and Cliff's delta. A category: shares and their difference. "
                "Differs: the whole interval is beyond the limit."
            ),
        )


def _difference_cells(difference: Mapping[str, Any]) -> tuple[Cell, ...]:
    category, limit = difference.get("category"), difference.get("limit")
    is_number = category is None
    value = difference.get("value")
    beside = -limit if limit is not None and (value or 0.0) < 0 else limit
    share = number_cell if is_number else percent_cell
    bounds = format_bounds(difference.get("low"), difference.get("high"), limit=beside)
    return (
        name_cell(difference.get("attribute")),
        words("the number" if is_number else f"share of {shown(category)}"),
        share(difference.get("labelled")),
        share(difference.get("others")),
        number_cell(value, signed=True, limit=beside),
        bounds_cell(typeset(bounds)),
        number_cell(limit),
        words("yes" if difference.get("differs") else "not surely"),
    )


def _fact_cell(number: float | None, *, limit: float | None, is_count: bool) -> Cell:
    if is_count and number is not None:
        return count_cell(round(number))
    return number_cell(number, limit=limit)


def _criterion_cells(criterion: Mapping[str, Any]) -> tuple[Cell, ...]:
    text = f"({shown(criterion.get('criterion'))}) {shown(criterion.get('text'), longest=300)}"
    is_count = criterion.get("criterion") in COUNTED_CRITERIA
    return (
        words(text),
        _fact_cell(criterion.get("number"), limit=criterion.get("limit"), is_count=is_count),
        _fact_cell(criterion.get("limit"), limit=None, is_count=is_count),
        words(shown(criterion.get("verdict"))),
    )
