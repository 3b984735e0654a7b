"""The tables of an `amplification` finding, and how its pairs and gaps are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.cells import (
    bounds_cell,
    make_table,
    name_cell,
    number_cell,
    p_cell,
    words,
)
from pytest_biasruler.report.numbers import (
    NOTHING,
    format_bounds,
    format_limit,
    format_number,
    shown,
    typeset,
)
from pytest_biasruler.report.wording import attribute_title

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Table

ARMS = ("expert", "automated")
"""Who labelled what an arm was trained on, and who judges it, in the order of the page."""


def told_pair(finding: Finding) -> str:
    """Return the gap that the finding is told about, as the difference that it is."""
    pair = finding.details.get("gap_pair") or ()
    return " − ".join(shown(name) for name in pair)


def in_one_order(finding: Finding) -> list[Mapping[str, Any]]:
    """Return each pair once, in the order in which its gap grew more or shrank less."""
    theta = list(finding.details.get("theta") or ())
    grown = {(one["a"], one["b"]): _rank(one) for one in theta}
    return [one for one in theta if _rank(one) >= grown.get((one["b"], one["a"]), _rank(one))]


def _rank(one: Mapping[str, Any]) -> tuple[float, str]:
    theta = one.get("theta")
    return (float("-inf") if theta is None else theta), str(one["b"])


def loop_cells(finding: Finding) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return the gaps of the closed loop by (trained on, judged by)."""
    loop = finding.details.get("closed_loop") or {}
    return {(cell["trained_on"], cell["judged_by"]): cell for cell in loop.get("cells") or ()}


def gap_lines(cell: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return a gap and its bounds as two texts, or none."""
    if cell is None or cell.get("value") is None:
        return ()
    bounds = typeset(format_bounds(cell.get("low"), cell.get("high")))
    return typeset(format_number(cell["value"])), bounds


def pairs_table(finding: Finding) -> Table:
    """Return every gap before and after, and by how much it grew."""
    limit = finding.limit
    rows = [
        (
            name_cell(one["a"]),
            name_cell(one["b"]),
            *(
                number_cell((one.get(key) or {}).get("value"), signed=True)
                for key in ("gap_expert_trained", "gap_automated_trained", "growth")
            ),
            number_cell(one.get("theta"), limit=limit),
            bounds_cell(typeset(format_bounds(one.get("low"), one.get("high"), limit=limit))),
            p_cell(one.get("p")),
        )
        for one in in_one_order(finding)
    ]
    limit_text = f", limit {typeset(format_limit(limit))}" if limit is not None else ""
    return make_table(
        f"Every gap of {attribute_title(finding)} before and after{limit_text}",
        (
            *("first", "second", "expert-trained gap", "automated-trained gap", "growth"),
            *("amplification", "bounds", "p"),
        ),
        rows,
        note="Gap: mean of the first minus mean of the second, larger is better. Amplification: "
        "the smaller of the growth and the automated-trained gap.",
    )


def loop_table(finding: Finding) -> Table:
    """Return the four gaps of the closed loop."""
    cells = loop_cells(finding)
    rows = [
        (
            words(f"trained on {trained} labels, judged by the {judge} reference"),
            number_cell((cells.get((trained, judge)) or {}).get("value")),
            bounds_cell(" ".join(gap_lines(cells.get((trained, judge)))[1:]) or NOTHING),
        )
        for trained in ARMS
        for judge in ARMS
    ]
    n_cases = (finding.details.get("closed_loop") or {}).get("n_cases")
    note = f"The same {n_cases:,} cases in every row. " if n_cases else ""
    return make_table(
        f"Closed loop: the gap {told_pair(finding)}",
        ("model and reference", "gap", "bounds"),
        rows,
        note=f"{note}Each bound is that of one gap looked at alone; those of the gap before and "
        "after training allow for all pairs, so a lower bound there may lie lower.",
        is_sortable=False,
    )


def runs_table(finding: Finding, seeds: Mapping[str, Mapping[str, float | None]]) -> Table:
    """Return the gap of every run."""
    rows = [
        (name_cell(model), words(f"{arm}-trained"), number_cell(gap))
        for arm in ARMS
        for model, gap in (seeds.get(f"{arm}_trained") or {}).items()
    ]
    return make_table(f"The gap {told_pair(finding)} of every run", ("model", "arm", "gap"), rows)
