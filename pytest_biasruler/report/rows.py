"""Rows of forests from findings: subgroup means, gaps, pairs and their limits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_biasruler.checks.finding import Status
from pytest_biasruler.checks.quantities import is_beside_humans
from pytest_biasruler.report.forest import ForestRow, Panel, draw_forest
from pytest_biasruler.report.marks import BLUE, COLOURS, MOST_SERIES, SHAPES, Words
from pytest_biasruler.report.numbers import format_number, format_signed, shown, typeset
from pytest_biasruler.report.titles import means_title
from pytest_biasruler.report.wording import (
    has_ratio,
    metric_title,
    pair_of,
    pair_title,
    quantity_of,
    statement_of,
    told_estimate,
    value_of,
    verdict_sign_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.marks import Figure

MOST_PAIRS = 12
"""Pairs drawn; the table beside the figure has all of them."""


def words_of(finding: Finding, description: str, caption: str) -> Words:
    """Return what stands around a figure of a finding; its title is the finding as a sentence."""
    return Words(
        title=f"{statement_of(finding)}.",
        description=f"{description} The numbers stand in the table below.",
        caption=caption,
    )


def draw_panels(words: Words, panels: Sequence[Panel]) -> Figure | None:
    """Return a forest of the panels that have rows, its caption saying what rings mean."""
    filled = [panel for panel in panels if panel.rows]
    key = ring_key(filled)
    words = replace(words, caption=f"{words.caption} {key}") if key else words
    return draw_forest(filled, words=words) if filled else None


def ring_key(panels: Sequence[Panel]) -> str:
    """Return what the rings of a figure mean, nothing where it has none or rows tell it.

    Examples
    --------
    >>> row = ForestRow(name="old", value=0.1, shape="ring", ring="not judged")
    >>> ring_key([Panel(rows=(row, row), axis="gap")])
    'Rings: not judged.'
    """
    rows = [row for panel in panels for row in panel.rows]
    rings = [row.ring for row in rows if row.shape == "ring" and row.ring]
    return f"Rings: {'; '.join(dict.fromkeys(rings))}." if rings else ""


def axis_of(finding: Finding, prefix: str = "mean ") -> str:
    """Return the title of an axis of scores, with its unit."""
    return f"{prefix}{metric_title(finding.metric)}{_unit(finding)}"


def _unit(finding: Finding) -> str:
    return f", {shown(finding.unit)}" if finding.unit else ""


def means_panel(finding: Finding, *, limits: tuple[float, ...] = ()) -> Panel:
    """Return the panel of subgroup means; those that are not judged bear an asterisk."""
    bounds = finding.details.get("bounds") or {}
    looks = series_looks(finding)
    write = format_signed if is_beside_humans(finding) else format_number
    rows = []
    for group in finding.groups:
        if group.status == Status.EMPTY:
            continue
        shape, colour = looks.get(group.name, ("ring", "none"))
        known = bounds.get(group.name)
        rows.append(
            ForestRow(
                name=f"{shown(group.name)}{'' if group.status == Status.JUDGED else ' *'}",
                value=group.mean,
                bounds=(known.get("low"), known.get("high")) if known else None,
                limits=limits,
                shown=typeset(write(group.mean, limit=limits[0] if limits else None)),
                shape=shape,
                colour=colour,
                ring="not judged",
            )
        )
    is_gap = finding.check in ("gap", "labels") and finding.limit is not None
    width = 2 * float(finding.limit or 0.0) if is_gap else 0.0
    axis = f"mean {means_title(finding)}{_unit(finding)}"
    origin = 0.0 if is_beside_humans(finding) else None
    return Panel(rows=tuple(rows), axis=axis, width=width, origin=origin)


def series_looks(finding: Finding) -> Mapping[str, tuple[str, str]]:
    """Return shape and colour of each judged subgroup, the same in all figures of a finding."""
    judged = [group.name for group in finding.groups if group.status == Status.JUDGED]
    if len(judged) > MOST_SERIES:
        return dict.fromkeys(judged, ("circle", BLUE))
    return {name: (SHAPES[i], COLOURS[i]) for i, name in enumerate(judged)}


def gap_panel(finding: Finding) -> Panel:
    """Return the panel of a finding's estimate and its other pairs, against the limit."""
    if finding.estimate is None:
        return Panel(rows=(), axis="")
    return Panel(
        rows=(estimate_row(finding), *_other_pairs(finding)),
        axis=quantity_of(finding),
        origin=origin_of(finding),
    )


def origin_of(finding: Finding) -> float | None:
    """Return where "no difference" lies; a mean against its floor has no such place."""
    if finding.check == "floor":
        return None
    return 1.0 if has_ratio(finding) else 0.0


def limits_of(finding: Finding) -> tuple[float, ...]:
    """Return the places of the limit: on both sides where the value is told with a sign."""
    if finding.limit is None:
        return ()
    value = told_estimate(finding)[0]
    return (-finding.limit, finding.limit) if value is not None and value < 0 else (finding.limit,)


def estimate_row(finding: Finding, *, name: str = "") -> ForestRow:
    """Return the row of a finding's estimate with its verdict."""
    value, low, high = told_estimate(finding)
    pair = pair_of(finding)
    return ForestRow(
        name=name or pair or quantity_of(finding),
        value=value,
        bounds=(low, high),
        limits=limits_of(finding),
        shown=value_of(finding),
        sign=verdict_sign_of(finding),
        word=str(finding.verdict),
    )


def _other_pairs(finding: Finding) -> tuple[ForestRow, ...]:
    """Return the other pairs, largest first, each in the one order in which it is not negative."""
    if has_ratio(finding) or told_estimate(finding)[0] != getattr(finding.estimate, "value", None):
        return ()
    own = finding.estimate.pair if finding.estimate else None
    pairs = [
        pair
        for pair in finding.details.get("pairs") or ()
        if (pair.get("estimate") or -1.0) > 0 and (pair["a"], pair["b"]) != own
    ]
    pairs.sort(key=lambda pair: (-pair["estimate"], pair["a"], pair["b"]))
    return tuple(
        ForestRow(
            name=pair_title((pair["a"], pair["b"])),
            value=pair["estimate"],
            bounds=(pair.get("low"), pair.get("high")),
            limits=limits_of(finding),
            shown=typeset(format_number(pair["estimate"], limit=finding.limit)),
            shape="ring",
            colour="none",
            ring="pairs other than the one that decides",
        )
        for pair in pairs[: MOST_PAIRS - 1]
    )


def gap_rows(finding: Finding) -> tuple[ForestRow, ...]:
    """Return a `ruler` finding's two gaps, each against the limit for gaps."""
    limit = finding.details.get("gap_limit")
    rows = []
    for kind in ("expert", "automated"):
        gap = finding.details.get(f"gap_{kind}")
        if not gap or limit is None:
            continue
        pair = pair_title(tuple(gap["pair"]) if gap.get("pair") else None)
        rows.append(
            ForestRow(
                name=f"{kind} gap: {pair}" if pair else f"{kind} gap",
                value=gap.get("value"),
                bounds=(gap.get("low"), gap.get("high")),
                limits=(limit,),
                shown=typeset(format_number(gap.get("value"), limit=limit)),
                sign=str(gap.get("verdict", "not-judged")).lower(),
                word=str(gap.get("verdict", "")),
            )
        )
    return tuple(rows)
