"""Two attributes at a time: which cell of which crossing does worst, as a description."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.blocks import Fold, Paragraph
from pytest_biasruler.report.cells import count_cell, make_table, name_cell, number_cell, words
from pytest_biasruler.report.numbers import counted, format_number, shown, typeset
from pytest_biasruler.report.wording import metric_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.report.blocks import Block

    Plain = Mapping[str, Any]

MOST_CELLS = 60
"""Rows of a table of crossings; larger ones are left to the JSON."""


def make_crossings(audit: Audit) -> tuple[Block, ...]:
    """Return what is known of subgroups within subgroups; it gates nothing."""
    if audit.settings.get("public"):
        return (Paragraph(text="Not told in public: such cells are small."),)
    if not audit.crossings:
        text = "None: it takes two attributes that checks ask about, and a score to average."
        return (Paragraph(text=text),)
    preface = "Not judged, only described; cells with too few patients are left out."
    blocks: list[Block] = [Paragraph(text=preface, tone="note")]
    for crossing in audit.crossings:
        blocks += _crossing(audit, crossing)
    return tuple(blocks)


def _crossing(audit: Audit, crossing: Plain) -> Iterator[Block]:
    title = " × ".join(shown(name) for name in crossing["by"])
    n_small, n_cells = crossing["n_too_small"], crossing["n_cells"]
    means: Sequence[Plain] = crossing["means"]
    small = f"{n_small} of {counted(n_cells, 'cell')} too small"
    told = [_worst(audit, crossing, model) for model in audit.models]
    yield Paragraph(text=f"{title}: {'; '.join(filter(None, [*told, small]))}.")
    if means and len(means) <= MOST_CELLS * max(len(audit.references), 1):
        yield Fold(summary=f"Every cell of {title}", blocks=(_table(crossing, title),))


def _worst(audit: Audit, crossing: Plain, model: str) -> str:
    """Return the worst cell of a model by the reference that counts; nothing if it has none."""
    main = audit.accounting.get("reference")
    direction = (audit.metrics.get(crossing["metric"]) or {}).get("direction")
    sign = -1.0 if direction == "lower" else 1.0
    known = [row for row in crossing["means"] if (row["model"], row["reference"]) == (model, main)]
    if not known:
        return ""
    row = min(known, key=lambda row: (sign * row["mean"], row["subgroup"]))
    mean = typeset(format_number(row["mean"]))
    label = f", label {shown(row['label'])}" if row.get("label") else ""
    return (
        f"{shown(model)} does worst in {shown(row['subgroup'])} "
        f"({metric_title(crossing['metric'])} {mean}, "
        f"{counted(row['n_patients'], 'patient')}{label})"
    )


def _table(crossing: Plain, title: str) -> Block:
    references = list(dict.fromkeys(row["reference"] for row in crossing["means"]))
    cells: dict[tuple[str, str, str], dict[str, Plain]] = {}
    for row in crossing["means"]:
        key = (row["subgroup"], row["model"], row["label"])
        cells.setdefault(key, {})[row["reference"]] = row
    has_labels = any(label for _, _, label in cells)
    rows = [
        (
            name_cell(subgroup),
            words(shown(model)),
            *((words(shown(label)),) if has_labels else ()),
            count_cell(max(row["n_patients"] for row in by_reference.values())),
            *(number_cell((by_reference.get(name) or {}).get("mean")) for name in references),
        )
        for (subgroup, model, label), by_reference in sorted(cells.items())
    ]
    heads = (f"mean by {shown(name)}" for name in references)
    labels = ("label",) if has_labels else ()
    caption = f"Mean {metric_title(crossing['metric'])} by {title}"
    return make_table(caption, ("cell", "model", *labels, "patients", *heads), rows)
