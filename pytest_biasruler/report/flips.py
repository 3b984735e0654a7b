"""The matrix of verdicts that flip with the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.checks.distortion import FLIPS
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.blocks import Cell, Link, Paragraph, Row, Table
from pytest_biasruler.report.cells import make_table, words
from pytest_biasruler.report.numbers import anchor, short_id, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block


def flip_matrix(findings: Sequence[Finding]) -> tuple[Block, ...]:
    """Return how often the two references gave which pair of verdicts, with links."""
    rulers = [f for f in findings if f.check == "ruler" and f.details.get("flip")]
    if not rulers:
        return (Paragraph(text="No check compared the verdicts of two references."),)
    order = (Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL)
    rows = [
        Row(
            cells=(
                Cell(text=f"automated {automated}", sign=automated.lower()),
                *(_flip_cell(rulers, FLIPS[automated, expert]) for expert in order),
            )
        )
        for automated in order
    ]
    table = Table(
        caption="Verdict of the gap by the automated reference (rows) and by the expert (columns)",
        head=("", *(f"expert {verdict}" for verdict in order)),
        rows=tuple(rows),
        is_sortable=False,
        note="Masked harm: the automated reference passes what the expert fails. False alarm: the "
        "other way round. The cell does not change the verdict of the check.",
    )
    return table, _direction_table(rulers)


def _flip_cell(rulers: Sequence[Finding], name: str) -> Cell:
    found = [finding for finding in rulers if finding.details["flip"] == name]
    links = tuple(Link(href=anchor(f.id), text=short_id(f.id)) for f in found)
    return Cell(text=f"{name}: {len(found)}", links=links)


def _direction_table(rulers: Sequence[Finding]) -> Table:
    rows = [
        (
            Cell(text="", links=(Link(href=anchor(f.id), text=short_id(f.id)),)),
            words(direction_of(f)),
            words(", ".join(shown(word) for word in f.details.get("strength") or ()) or "–"),
            words(_yes(f.details.get("variance_collapse"))),
            words(_yes(f.details.get("false_confidence"))),
            words(_yes(f.details.get("near_twins"))),
            words(_yes(_has_leakage(f))),
        )
        for f in rulers
    ]
    return make_table(
        "What the automated reference does to each gap",
        (
            *("check", "direction", "strength", "variance collapse", "false confidence"),
            *("near twins", "leakage"),
        ),
        rows,
    )


def _yes(value: object) -> str:
    if value is None:
        return "not known"
    return "yes" if value else "no"


def _has_leakage(finding: Finding) -> object:
    leakage = finding.details.get("leakage")
    return leakage.get("found") if isinstance(leakage, dict) else leakage


def direction_of(finding: Finding) -> str:
    """Return the direction of a distortion, and whether it is only apparent."""
    direction = shown(finding.details.get("direction") or "none")
    if direction == "none":
        return direction
    return f"{direction}{'' if finding.details.get('direction_confirmed') else ' (not confirmed)'}"
