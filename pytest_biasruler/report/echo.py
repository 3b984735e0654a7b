"""What an `echo` finding tells: whose mistakes are repeated, by how much, and beyond what."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_biasruler.checks.finding import Status
from pytest_biasruler.report.blocks import Paragraph
from pytest_biasruler.report.cells import count_cell, make_table, name_cell, percent_cell
from pytest_biasruler.report.forest import ForestRow, Panel
from pytest_biasruler.report.marks import BLUE
from pytest_biasruler.report.numbers import counted, format_percent, shown, typeset
from pytest_biasruler.report.rows import draw_panels, gap_panel, words_of
from pytest_biasruler.report.wording import attribute_title, by_group

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block, Cell
    from pytest_biasruler.report.marks import Figure

    Errors = Mapping[str, Any]


def draw_echo(finding: Finding) -> tuple[Figure | None, ...]:
    """Return what model and control repeat, by subgroup, above the value that is judged."""
    where = f" by {attribute_title(finding)}" if finding.by else ""
    beside = " with its expert-trained control" if _control_of(finding) else ""
    words = words_of(
        finding,
        f"The share of the automated label's mistakes that the model repeats{where}{beside}, and "
        "the judged value against the limit.",
        f"Share of the automated label's mistakes that are repeated{where}"
        f"{', beyond chance' if _is_by_masks(finding) else ', chance included'} (above), and what "
        "is judged with its decision bounds against the limit (below).",
    )
    rows = tuple(row for name, told in _told(finding) for row in _rows_of(finding, name, told))
    panel = Panel(rows=rows, axis="share of the label's mistakes repeated", origin=0.0)
    return (draw_panels(words, (panel, gap_panel(finding))),)


def _told(finding: Finding) -> list[tuple[str, Errors]]:
    return by_group(finding, finding.details.get("errors") or {})


def _control_of(finding: Finding) -> str | None:
    control = finding.details.get("control") or {}
    return None if control.get("model") is None else shown(control["model"], longest=30)


def _is_by_masks(finding: Finding) -> bool:
    return finding.details.get("kind") != "sizes"


def _title(finding: Finding, name: str) -> str:
    return shown(name) if finding.by else "all cases"


def _rows_of(finding: Finding, name: str, told: Errors) -> Iterator[ForestRow]:
    judged = {group.name for group in finding.groups if group.status == Status.JUDGED}
    title = f"{_title(finding, name)}{'' if name in judged else ' *'}"
    marks = [("share", "model", "circle" if name in judged else "ring")]
    marks += [("control", "control", "ring")] if _control_of(finding) else []
    for key, who, shape in marks:
        if told.get(key) is not None:
            yield ForestRow(
                name=f"{title}, {who}",
                value=told[key],
                shown=typeset(format_percent(told[key])),
                shape=shape,
                colour="none" if shape == "ring" else BLUE,
            )


def describe_echo(finding: Finding) -> Iterator[Block]:
    """Yield the errors and how many are repeated, what chance means, and who tells nothing."""
    told = _told(finding)
    if told:
        yield _errors_table(finding, told)
    yield Paragraph(text=_what_chance_is(finding), tone="note")
    lost = [
        n for counts in (finding.details.get("dropped") or {}).values() for n in _known(counts)
    ]
    if sum(lost):
        yield Paragraph(
            text=(
                f"{counted(sum(lost), 'case')} had too little to copy: fewer than 20 wrong voxels "
                "in the automated label, or an empty expert mask. They are counted as undefined "
                "and hold up no verdict."
            )
        )


def _known(counts: Mapping[str, int | None]) -> list[int]:
    return [n for n in counts.values() if n]


def _what_chance_is(finding: Finding) -> str:
    if not _is_by_masks(finding):
        return (
            "Counted from sizes and Dice alone: where a case is hard both err, and that is still "
            "in these shares. Only the difference to a control trained on expert labels tells "
            "copying from difficulty."
        )
    text = (
        "Beyond chance: voxels are compared within strata of equal distance to the expert's "
        "boundary, so that erring where every model errs is no copying."
    )
    if _control_of(finding) is None and not finding.by:
        text += " Without a control model, shared difficulty alone can still reach 0.10 to 0.20."
    return text


def _errors_table(finding: Finding, told: list[tuple[str, Errors]]) -> Block:
    control, by_masks = _control_of(finding), _is_by_masks(finding)
    dropped = finding.details.get("dropped") or {}
    head = ["subgroup" if finding.by else "", "cases", "model repeats"]
    head += [f"{control} (control) repeats"] if control else []
    head += ["by chance", "model, chance included"] if by_masks else []
    head += ["label error voxels", "too few errors", "empty expert mask"]
    rows = [
        _errors_row(finding, name, facts=facts, dropped=dropped.get(name) or {})
        for name, facts in told
    ]
    return make_table(
        "Label errors and how many of them are repeated, mean over cases",
        head,
        rows,
        is_sortable=bool(finding.by),
    )


def _errors_row(
    finding: Finding, name: str, *, facts: Errors, dropped: Mapping[str, int]
) -> tuple[Cell, ...]:
    shares = ["share"]
    shares += ["control"] if _control_of(finding) else []
    shares += ["expected", "raw"] if _is_by_masks(finding) else []
    n_errors = facts.get("n_automated_errors")
    return (
        name_cell(_title(finding, name)),
        count_cell(facts.get("n_cases")),
        *(_share_cell(facts.get(key)) for key in shares),
        count_cell(None if n_errors is None else round(n_errors)),
        count_cell(dropped.get("few_errors")),
        count_cell(dropped.get("empty_expert")),
    )


def _share_cell(share: float | None) -> Cell:
    """Return a share in percent; below 0 the model errs elsewhere than the label does."""
    cell = percent_cell(share)
    return replace(cell, text=typeset(cell.text))
