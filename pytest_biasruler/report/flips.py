"""The matrix of verdicts that flip with the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_biasruler.checks.distortion import FLIPS
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.blocks import Cell, Heading, Items, Link, Paragraph, Row, Table
from pytest_biasruler.report.cells import make_table, words
from pytest_biasruler.report.numbers import (
    NOTHING,
    anchor,
    counted,
    format_bounds,
    format_limit,
    format_number,
    format_percent,
    format_signed,
    short_id,
    shown,
    typeset,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block

TITLE = "What the choice of reference does to the verdicts"
EMPTY = (
    "None: no check compared the verdicts of an expert and of an automated reference. A ruler "
    "check does."
)
ALARMING = ("masked harm", "false alarm")
"""Cells that head the report: the two references say the opposite of each other."""

EDGES = ("model_automated", "model_expert", "automated_expert")
"""Of the agreement triangle; the first is the one that near twins excel in."""

_APPARENT = {
    "inflates": "seems to inflate",
    "masks": "seems to mask",
    "reverses": "seems to reverse",
}
_ORDER = (Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL)
_CELLS_NOTE = (
    "Masked harm: a subgroup is worse off by the experts, and the automated reference does not "
    "show it. False alarm: the automated reference shows a gap that the experts do not confirm. "
    "Blurred: what the experts decide stays open by the automated reference. Unproven: the "
    "automated reference decides what the experts leave open. The cell does not change the "
    "verdict of a check."
)
_TERMS = (
    "Direction: the automated reference inflates the gap of the experts, masks part of it, or "
    "reverses it (the other subgroup comes out worse); the number is automated gap minus expert "
    "gap. Seems to: the data do not settle which of the three it is, as where the gap by the "
    "experts may be zero; whether the gap moved at all is told by the strength.",
    "Strength: beyond limit, the gap is surely moved by more than the limit; detected, it is "
    "surely moved, though perhaps by less; ruled out, surely by less than the limit; open, the "
    "data cannot tell.",
    "Variance collapse: by the automated reference scores are higher and vary far less within "
    "subgroups (ratio of SDs, automated over expert), so that small samples look certain. False "
    "confidence: it then decides what the experts leave open.",
    "Near twins: the model agrees with the automated labels more than either agrees with the "
    "experts. Leakage: the model was trained on the labels it is judged by, or its masks are "
    "copies of them.",
)


def flip_matrix(findings: Sequence[Finding]) -> tuple[Block, ...]:
    """Return how often the two references gave which pair of verdicts, with links."""
    rulers = [f for f in findings if f.check == "ruler" and f.details.get("flip")]
    if not rulers:
        return Heading(text=TITLE), Paragraph(text=EMPTY)
    rows = [
        Row(
            cells=(
                Cell(text=f"automated {automated}", sign=automated.lower()),
                *(_flip_cell(rulers, FLIPS[automated, expert]) for expert in _ORDER),
            )
        )
        for automated in _ORDER
    ]
    table = Table(
        caption="Verdict of the gap by the automated reference (rows) and by the expert (columns)",
        head=("", *(f"expert {verdict}" for verdict in _ORDER)),
        rows=tuple(rows),
        is_sortable=False,
        note=_CELLS_NOTE,
    )
    lead = Paragraph(text=tell_flips(rulers), tone="lead")
    return Heading(text=TITLE), lead, table, _direction_table(rulers), Items(texts=_TERMS)


def tell_flips(rulers: Sequence[Finding]) -> str:
    """Return the matrix as sentences for a reader who sees it for the first time."""
    limits = dict.fromkeys(f.details["gap_limit"] for f in rulers if f.details.get("gap_limit"))
    told = " or ".join(typeset(format_limit(limit)) for limit in limits)
    limit = f" against a limit of {told}" if told else ""
    gaps = counted(len(rulers), "gap was", "gaps were")
    agreed = sum(f.details["flip"] in ("agreed pass", "agreed fail", "open") for f in rulers)
    none = "the two references disagree" if len(rulers) == 1 else "the two references never agree"
    parts = [f"the two references agree on {agreed}" if agreed else none]
    parts += [
        f"{n} {'is a' if n == 1 else 'are'} {name if n == 1 else plural}"
        for name, plural in (("masked harm", "masked harms"), ("false alarm", "false alarms"))
        if (n := sum(f.details["flip"] == name for f in rulers))
    ]
    return (
        f"{gaps} judged twice on the same cases{limit}, once by the automated reference (rows) "
        f"and once by the experts (columns): {', '.join(parts)}. Where a row and a column differ, "
        "the choice of reference changes what the benchmark says about patients."
    )


def _flip_cell(rulers: Sequence[Finding], name: str) -> Cell:
    found = [finding for finding in rulers if finding.details["flip"] == name]
    links = tuple(Link(href=anchor(f.id), text=short_id(f.id)) for f in found)
    is_alarming = bool(found) and name in ALARMING
    title = name.upper() if is_alarming else name
    sign = "fail" if is_alarming else ""
    return Cell(text=f"{title}: {len(found)}", links=links, sign=sign)


def _direction_table(rulers: Sequence[Finding]) -> Table:
    rows = [
        (
            Cell(text="", links=(Link(href=anchor(f.id), text=short_id(f.id)),)),
            words(_told_direction(f)),
            words(_told_strength(f)),
            words(_told_collapse(f)),
            words(_yes(f.details.get("false_confidence"))),
            words(_told_twins(f)),
            words(_told_leakage(f)),
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


def direction_of(finding: Finding) -> str:
    """Return the direction of a distortion, and whether it is only apparent."""
    direction = shown(finding.details.get("direction") or "none")
    if finding.details.get("direction_confirmed"):
        return direction
    return _APPARENT.get(direction, direction)


def _told_direction(finding: Finding) -> str:
    signed = finding.details.get("distortion_signed") or {}
    if signed.get("value") is None:
        return direction_of(finding)
    bounds = format_bounds(signed.get("low"), signed.get("high"))
    bounds = "" if bounds == NOTHING else f" {bounds}"
    return typeset(f"{direction_of(finding)}: {format_signed(signed['value'])}{bounds}")


def _told_strength(finding: Finding) -> str:
    names = ", ".join(shown(word) for word in finding.details.get("strength") or ())
    estimate = finding.estimate
    if not names or estimate is None:
        return names or NOTHING
    bounds = format_bounds(estimate.low, estimate.high, limit=finding.limit)
    return typeset(f"{names}: {bounds}, limit {format_limit(finding.limit)}")


def _told_collapse(finding: Finding) -> str:
    told = _yes(finding.details.get("variance_collapse"))
    ratio = finding.details.get("sd_ratio") or {}
    if ratio.get("value") is None:
        return told
    bounds = format_bounds(ratio.get("low"), ratio.get("high"))
    return typeset(f"{told}: {format_number(ratio['value'])} {bounds}")


def _told_twins(finding: Finding) -> str:
    told = _yes(finding.details.get("near_twins"))
    means: dict[str, Any] = (finding.details.get("agreement") or {}).get("all") or {}
    pair, *others = (means.get(edge) for edge in EDGES)
    if pair is None or None in others:
        return told
    one, other = (format_number(number) for number in others)
    return typeset(f"{told}: {format_number(pair)} against {one} and {other}")


def _told_leakage(finding: Finding) -> str:
    leakage = finding.details.get("leakage")
    if not isinstance(leakage, dict):
        return _yes(leakage)
    told = [_yes(leakage.get("found"))]
    if leakage.get("trained_on"):
        told.append("trained on it")
    if leakage.get("identical_share") is not None:
        told.append(f"{format_percent(leakage['identical_share'])} of its masks identical")
    return ", ".join(told)
