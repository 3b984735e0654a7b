"""What a `morphology` finding shows: each shape feature, and all of them at once."""

from __future__ import annotations

from itertools import groupby
from math import exp
from typing import TYPE_CHECKING

from pytest_biasruler.report.blocks import Items, Paragraph
from pytest_biasruler.report.cells import (
    bounds_cell,
    count_cell,
    make_table,
    name_cell,
    number_cell,
    p_cell,
    words,
)
from pytest_biasruler.report.forest import ForestRow, Panel
from pytest_biasruler.report.numbers import (
    NOTHING,
    counted,
    format_bounds,
    format_number,
    format_p,
    joined,
    shown,
    typeset,
)
from pytest_biasruler.report.rows import draw_panels, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block, Cell, Table
    from pytest_biasruler.report.marks import Figure

MOST_PANELS = 6
"""Contrasts drawn; the table beside the figure has all of them."""

_TITLES = {
    "log_volume_ml": "volume, ml",
    "sphericity": "sphericity",
    "elongation": "elongation",
    "surface_to_volume": "surface to volume, 1/mm",
    "n_components": "number of pieces",
}


def draw_morphology(finding: Finding) -> tuple[Figure | None, ...]:
    """Return Cliff's delta of every feature, between the limits on both sides of 0."""
    rows = finding.details.get("features") or []
    panels = [
        Panel(
            rows=tuple(_row(finding, row) for row in of_contrast),
            axis="Cliff's delta",
            title=f"{shown(a)} against {shown(b)}",
            origin=0.0,
            held=(-1.0, 1.0),
            is_banded=True,
        )
        for (a, b), of_contrast in groupby(rows, key=lambda row: (row.get("a"), row.get("b")))
    ]
    left_out = len(panels) - MOST_PANELS
    more = f" {counted(left_out, 'more contrast')} not drawn." if left_out > 0 else ""
    description = words_of(
        finding,
        "Cliff's delta of each shape feature with its decision bounds; between the two limits a "
        f"difference is negligible.{more}",
        "How often a patient of the first subgroup has the larger number than one of the second, "
        "minus how often the smaller. In the shaded band a difference is negligible.",
    )
    return (draw_panels(description, panels[:MOST_PANELS]),)


def _row(finding: Finding, row: Mapping[str, Any]) -> ForestRow:
    limit, delta = finding.limit, row.get("delta")
    verdict = str(row.get("verdict") or "")
    return ForestRow(
        name=_title(row),
        value=delta,
        bounds=None if delta is None else (row.get("low"), row.get("high")),
        limits=() if limit is None else (-limit, limit),
        shown=_delta_text(delta, limit),
        sign=verdict.lower() if delta is not None else "",
        word=verdict if delta is not None else "",
    )


def _title(row: Mapping[str, Any]) -> str:
    name = row.get("feature")
    return _TITLES.get(str(name), shown(name))


def _in_its_unit(row: Mapping[str, Any], number: float | None) -> float | None:
    """Return a number of a feature; a volume in ml, though it is compared by its logarithm."""
    return exp(number) if number is not None and row.get("feature") == "log_volume_ml" else number


def _delta_text(delta: float | None, limit: float | None) -> str:
    """Return a delta on its own side of the limit that has its sign."""
    beside = -limit if limit is not None and delta is not None and delta < 0 else limit
    return typeset(format_number(delta, limit=beside))


def describe_morphology(finding: Finding) -> Iterator[Block]:
    """Yield every delta, the energy distances, and what limits them."""
    rows = finding.details.get("features") or []
    if rows:
        yield _features_table(finding, rows)
    energies = finding.details.get("energy") or []
    if energies:
        yield _energy_table(finding, energies)
    remarks = tuple(_remarks(finding))
    if remarks:
        yield Items(texts=remarks)
    if rows:
        text = (
            "A difference of anatomy is not an excuse for a gap: it says that the subgroups bring "
            "different cases. Whether a gap remains at equal anatomy is what difficulty asks."
        )
        yield Paragraph(text=text, tone="note")


def _features_table(finding: Finding, rows: list[Mapping[str, Any]]) -> Table:
    head = ("first", "second", "feature", "median of first", "median of second")
    return make_table(
        "Every shape feature, one row per patient",
        (*head, "Cliff's delta", "bounds", "the first, compared", "p", "verdict"),
        [_feature_cells(finding, row) for row in rows],
        note=(
            "Guarded bounds decide: beyond a limit at the corrected level, within both at the "
            "plain one. A bound stands at 0 where only the plain level excludes 0."
        ),
    )


def _feature_cells(finding: Finding, row: Mapping[str, Any]) -> tuple[Cell, ...]:
    delta = row.get("delta")
    beside = finding.limit if delta is None or delta >= 0 else -(finding.limit or 0.0)
    return (
        name_cell(row.get("a")),
        name_cell(row.get("b")),
        words(_title(row)),
        *(number_cell(_in_its_unit(row, row.get(key))) for key in ("median_a", "median_b")),
        number_cell(delta, signed=True, limit=beside),
        bounds_cell(typeset(format_bounds(row.get("low"), row.get("high"), limit=beside))),
        words(shown(row.get("words") or NOTHING)),
        p_cell(row.get("p")),
        words(shown(row.get("verdict") or NOTHING)),
    )


def _energy_table(finding: Finding, energies: list[Mapping[str, Any]]) -> Table:
    within = "within sites" if finding.details.get("within_sites") else "among all patients"
    n = finding.details.get("n_permutations")
    times = "" if n is None else f" Labels were shuffled {counted(n, 'time')}."
    rows = []
    for energy in energies:
        tests = [energy.get(key) or {} for key in ("within_sites", "at_equal_size")]
        rows.append(
            (
                name_cell(energy.get("a")),
                name_cell(energy.get("b")),
                number_cell(energy.get("h")),
                *(_shuffled_cell(test) for test in tests),
                count_cell(tests[0].get("n_patients")),
            )
        )
    return make_table(
        "All features at once: energy distance; described, not judged",
        (
            *("first", "second", "energy coefficient H"),
            *(f"p, shuffled {within}", "p, at equal size too", "patients"),
        ),
        rows,
        note=f"H lies between 0, no difference, and 1.{times}",
    )


def _shuffled_cell(test: Mapping[str, Any]) -> Cell:
    """Return p, or that nothing could be shuffled: then it says nothing."""
    if test.get("n_shuffled") == 0:
        return words("no stratum holds both")
    return p_cell(test.get("p"))


def _remarks(finding: Finding) -> Iterator[str]:
    details = finding.details
    if details.get("p") is not None and details.get("p_equal_size") is not None:
        yield (
            f"Energy coefficient {typeset(format_number(details.get('h')))}, "
            f"p {format_p(details['p'])}; among patients of about equal size "
            f"p {format_p(details['p_equal_size'])}."
        )
    if details.get("missing_features"):
        titles = [_TITLES.get(name, name) for name in details["missing_features"]]
        yield f"More than 5 % of the cases of a subgroup have no {joined(titles)}."
    if details.get("crossing"):
        yield (
            f"{counted(details['crossing'], 'patient')} with cases in several subgroups count in "
            "each of them."
        )
