"""What a `rectified` finding tells: who was labelled, and the gap by each source alone."""

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
from pytest_biasruler.report.forest import ForestRow, Panel
from pytest_biasruler.report.marks import BLUE
from pytest_biasruler.report.numbers import (
    format_bounds,
    format_number,
    format_percent,
    shown,
    typeset,
)
from pytest_biasruler.report.rows import (
    draw_panels,
    gap_panel,
    means_panel,
    words_of,
)
from pytest_biasruler.report.wording import attribute_title, by_group, metric_title, pair_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block
    from pytest_biasruler.report.marks import Figure

_SOURCES = {
    "automated": ("automated only, all cases", "ring", "none"),
    "expert": ("experts only, labelled cases", "square", "none"),
    "rectified": ("rectified", "circle", BLUE),
}
"""How each source of the gap is called and drawn."""


def draw_rectified(finding: Finding) -> tuple[Figure | None, ...]:
    """Return the rectified means with their gap, and the gap by each source alone."""
    title = metric_title(finding.metric)
    means = words_of(
        finding,
        f"Rectified mean {title} of each subgroup, and the gaps between them against the limit.",
        f"Rectified mean {title} by {attribute_title(finding)} (above) and the gap with its "
        "decision bounds against the limit (below).",
    )
    sources = words_of(
        finding,
        "The same gap by automated labels alone, by the experts' labels alone, and rectified, "
        "each with a plain 95 % interval.",
        " ".join(["The gap by each source, with plain 95 % intervals.", *_gain(finding)]),
    )
    return (
        draw_panels(means, (means_panel(finding), gap_panel(finding))),
        draw_panels(sources, (_sources_panel(finding),)),
    )


def _sources_panel(finding: Finding) -> Panel:
    rows = tuple(
        ForestRow(
            name=name,
            value=gap.get("value"),
            bounds=_ends(gap),
            shown=typeset(format_number(gap.get("value"))),
            shape=shape,
            colour=colour,
        )
        for (name, shape, colour), gap in _known_sources(finding)
    )
    axis = f"gap {_pair(finding)}" if _pair(finding) else "gap"
    unit = f", {shown(finding.unit)}" if finding.unit else ""
    return Panel(rows=rows, axis=f"{axis}{unit}", origin=0.0)


def _known_sources(
    finding: Finding,
) -> Iterator[tuple[tuple[str, str, str], Mapping[str, Any]]]:
    naive = finding.details.get("naive") or {}
    for kind, look in _SOURCES.items():
        if naive.get(kind):
            yield look, naive[kind]


def _ends(gap: Mapping[str, Any]) -> tuple[float | None, float | None]:
    low, high = gap.get("ci95") or (None, None)
    return low, high


def _pair(finding: Finding) -> str:
    pair = (finding.details.get("naive") or {}).get("pair")
    return pair_title((pair[0], pair[1])) if pair else ""


def describe_rectified(finding: Finding) -> Iterator[Block]:
    """Yield who was labelled, how much the automated labels helped, and each source's gap."""
    yield from _describe_design(finding)
    labelled = finding.details.get("labelled") or {}
    if labelled:
        yield _labelled_table(finding, labelled)
    rows = [
        (
            words(name),
            number_cell(gap.get("value"), signed=True),
            bounds_cell(typeset(format_bounds(*_ends(gap)))),
        )
        for (name, _, _), gap in _known_sources(finding)
    ]
    if rows:
        yield make_table(
            f"The gap {_pair(finding)} by each source".replace("  ", " "),
            ("source", "gap", "plain 95 % interval"),
            rows,
            is_sortable=False,
            note=" ".join(_gain(finding)),
        )


def _describe_design(finding: Finding) -> Iterator[Block]:
    design = finding.details.get("design") or {}
    if not design:
        return
    if design.get("is_complete"):
        text = "Experts labelled every case that can be used: nothing had to be rectified."
    elif design.get("probability"):
        column = shown(design["probability"])
        text = f"Each case was chosen for labelling with the chance in column {column}."
    elif design.get("is_random"):
        text = "The labelled patients are declared to be a random part of each subgroup."
    else:
        yield Paragraph(
            text="Nothing says that the labelled cases were chosen at random, so the estimate is "
            'shown and not judged. Declare labelled = "random" or a column with the chances if '
            "they were.",
            tone="warning",
        )
        return
    yield Paragraph(text=text)


def _labelled_table(finding: Finding, labelled: Mapping[str, Mapping[str, Any]]) -> Block:
    rows = [
        (
            name_cell(name),
            count_cell(part.get("labelled")),
            count_cell(part.get("unlabelled")),
            count_cell(part.get("labelled_patients")),
            count_cell(part.get("unlabelled_patients")),
            percent_cell(part.get("weight")),
            number_cell(part.get("effective"), decimals=0),
        )
        for name, part in by_group(finding, labelled)
    ]
    return make_table(
        "Who was labelled, and what the automated labels of the others added",
        (
            *("subgroup", "labelled cases", "unlabelled cases"),
            *("labelled patients", "patients with unlabelled cases"),
            *("weight of the automated scores", "worth as many labelled patients"),
        ),
        rows,
        note="Weight: lambda of PPI++, 0 % where the automated scores say nothing about the "
        "experts'. Worth: how many labelled patients would give the same error alone.",
    )


def _gain(finding: Finding) -> Iterator[str]:
    gained = (finding.details.get("naive") or {}).get("gained")
    if gained is None:
        return
    if gained <= 0:
        yield "Rectifying did not narrow the interval of the experts alone."
        return
    yield f"Rectifying narrowed the interval of the experts alone by {format_percent(gained)}."
