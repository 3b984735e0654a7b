"""What a check adds to the table of its subgroups: a column, with a cell by subgroup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.cells import bounds_cell, count_cell, number_cell, percent_cell, words
from pytest_biasruler.report.growth import ARMS
from pytest_biasruler.report.numbers import format_bounds, format_number, shown, typeset

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Cell

    Columns = Sequence[tuple[str, Mapping[str, Cell]]]

_SAME_SIZE = 0.005
"""Signed volume errors that read 0.00 are no direction."""

_LABELS_NOTE = (
    "Label error rate: wrong voxels over the union of both masks, mean over cases. Signed volume "
    "error (direction ratio): voxels too many minus voxels missing, over the same union. Relative "
    "risk: label error rate over that of the group."
)


def added_columns(finding: Finding) -> Columns:
    """Return titles and cells that only this kind of check has, if its details hold them."""
    add = {
        "gap": _add_gap,
        "ruler": _add_ruler,
        "labels": _add_labels,
        "amplification": _add_arms,
        "floor": _add_floor,
        "provenance": _add_sources,
    }.get(finding.check)
    return [(title, cells) for title, cells in add(finding) if cells] if add else []


def columns_note(finding: Finding) -> str:
    """Return what the added columns mean, where their titles do not say it."""
    return _LABELS_NOTE if finding.check == "labels" and finding.details.get("ler") else ""


def _numbers(by_name: object, *, signed: bool = False) -> dict[str, Cell]:
    known = by_name if isinstance(by_name, dict) else {}
    return {name: number_cell(value, signed=signed) for name, value in known.items()}


def _add_gap(finding: Finding) -> Columns:
    return [
        ("mean − mean of all others", _numbers(finding.details.get("complement"), signed=True))
    ]


def _add_ruler(finding: Finding) -> Columns:
    gaps = (finding.details.get(f"gap_{kind}") or {} for kind in ("expert", "automated"))
    expert, automated = (_numbers(gap.get("means")) for gap in gaps)
    offset = _numbers(finding.details.get("offset"), signed=True)
    return [
        ("by expert", expert),
        ("by automated", automated),
        ("flattered, beside the average", offset),
    ]


def _add_arms(finding: Finding) -> Columns:
    means = finding.details.get("means") or {}
    return [(f"{arm}-trained", _numbers(means.get(f"{arm}_trained"))) for arm in ARMS]


def _add_floor(finding: Finding) -> Columns:
    bounds, limit = finding.details.get("bounds") or {}, finding.limit
    told = {
        name: bounds_cell(typeset(format_bounds(known.get("low"), known.get("high"), limit=limit)))
        for name, known in bounds.items()
    }
    apart = {
        name: number_cell(_apart(known.get("mean"), limit), signed=True, limit=0.0)
        for name, known in bounds.items()
    }
    return [("bounds", told), ("mean − floor", apart)]


def _apart(mean: float | None, limit: float | None) -> float | None:
    return None if mean is None or limit is None else mean - limit


def _add_sources(finding: Finding) -> Columns:
    sources: Mapping[str, Mapping[str, Any]] = finding.details.get("sources") or {}
    titles = (
        ("expert label", "expert"),
        ("automated label only", "automated_only"),
        ("no label", "none"),
    )
    return [
        (title, {name: count_cell(counts.get(key)) for name, counts in sources.items()})
        for title, key in titles
    ]


def _add_labels(finding: Finding) -> Columns:
    details = finding.details
    ler, direction = details.get("ler") or {}, details.get("direction") or {}
    if not ler:
        return []
    pooled, empty = details.get("pooled") or {}, details.get("empty_share") or {}
    risks = details.get("relative_risk") or {}
    base = risks.get("of")
    return [
        ("label error rate", _numbers(ler)),
        ("signed volume error", _numbers(direction, signed=True)),
        ("drawn", {name: words(_drawn(direction.get(name))) for name in ler}),
        (
            "error rate pooled over voxels",
            {name: number_cell((pooled.get(name) or {}).get("ler")) for name in ler},
        ),
        (
            f"relative risk{f' to {shown(base)}' if base else ''}, 95 % interval",
            {name: words(_risk(risks.get(name))) for name in ler},
        ),
        ("empty automated masks", {name: percent_cell(empty.get(name)) for name in ler}),
    ]


def _drawn(direction: float | None) -> str:
    if direction is None:
        return "–"
    if abs(direction) < _SAME_SIZE:
        return "neither"
    return "too large" if direction > 0 else "too small"


def _risk(risk: object) -> str:
    if not isinstance(risk, dict):
        return "–"
    if risk.get("value") is None:
        return shown(risk.get("status") or "undefined")
    return typeset(f"{format_number(risk['value'])} {format_bounds(risk['low'], risk['high'])}")
