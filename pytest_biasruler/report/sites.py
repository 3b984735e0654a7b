"""What a `transport` finding shows: the gap at every site, over sites, and at the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.blocks import Items
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
from pytest_biasruler.report.marks import BLUE, ORANGE, VERMILLION
from pytest_biasruler.report.numbers import (
    counted,
    format_bounds,
    format_number,
    format_percent,
    shown,
    typeset,
)
from pytest_biasruler.report.rows import axis_of, draw_panels, words_of
from pytest_biasruler.report.wording import by_group, metric_title, pair_title, verdict_sign_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block, Table
    from pytest_biasruler.report.marks import Figure

    Contrast = Mapping[str, Any]

MOST_CONTRASTS = 5
MOST_SITES = 30
"""Drawn; the tables beside the figures have all of them."""

_SHORT = 10
"""Characters of a subgroup's name beside its number of patients."""


def draw_transport(finding: Finding) -> tuple[Figure | None, ...]:
    """Return one forest for each contrast: its sites, their mean, and the next site."""
    return tuple(_draw_contrast(finding, one) for one in _contrasts(finding)[:MOST_CONTRASTS])


def _contrasts(finding: Finding) -> list[Contrast]:
    """Return the contrasts, that of the estimate first."""
    pair = finding.estimate.pair if finding.estimate else None
    contrasts = list(finding.details.get("contrasts") or ())
    return sorted(contrasts, key=lambda one: (one["a"], one["b"]) != pair)


def _draw_contrast(finding: Finding, contrast: Contrast) -> Figure | None:
    ahead = f"{shown(contrast['a'])} ahead of {shown(contrast['b'])}"
    words_around = words_of(
        finding,
        f"The gap in {metric_title(finding.metric)}, {ahead}, at every site, its mean over sites "
        "and the prediction for a new site, against the limit.",
        f"The gap, {ahead}, site by site (with plain 95 % intervals). "
        "Below: the mean over sites, what a new similar site would show, and the gap with "
        "all sites pooled and at equal shares of the sites.",
    )
    panel = Panel(
        rows=(*_site_rows(contrast), *_summary_rows(finding, contrast)),
        axis=axis_of(finding, "gap in "),
        origin=0.0,
    )
    return draw_panels(words_around, (panel,))


def _site_rows(contrast: Contrast) -> Iterator[ForestRow]:
    known = [site for site in contrast.get("sites") or () if site.get("gap") is not None]
    known.sort(key=lambda site: not site.get("is_usable"))
    ahead, behind = (shown(contrast[side], longest=_SHORT) for side in "ab")
    for site in known[:MOST_SITES]:
        has_weight = bool(site.get("is_usable"))
        counts = f"{ahead} {site['n_a']}, {behind} {site['n_b']}"
        yield ForestRow(
            name=f"{shown(site['site'], longest=30)} ({counts})",
            value=site["gap"],
            bounds=(site.get("low"), site.get("high")) if has_weight else None,
            shown=typeset(format_number(site["gap"])),
            shape="circle" if has_weight else "ring",
            colour=BLUE if has_weight else "none",
            ring="too few patients to count",
        )


def _summary_rows(finding: Finding, contrast: Contrast) -> Iterator[ForestRow]:
    limits = _limits(finding)
    own = finding.estimate.pair if finding.estimate else None
    is_judged = own == (contrast["a"], contrast["b"])
    # The mean fails; only what a new site may show passes.
    decides = "ci" if finding.verdict == Verdict.FAIL else "prediction"
    rows = (("ci", "mean over sites"), ("prediction", "a new similar site"))
    for key, name in rows if contrast.get("mean") is not None else ():
        is_told = is_judged and key == decides
        yield _row(
            name,
            contrast["mean"],
            limits=limits,
            bounds=contrast.get(key) or [None, None],
            sign=verdict_sign_of(finding) if is_told else "",
            word=str(finding.verdict) if is_told else "",
        )
    marks = (
        ("pooled", "all sites pooled", "square", VERMILLION),
        ("standardised", "at equal shares of sites", "triangle", ORANGE),
    )
    for key, name, shape, colour in marks:
        if contrast.get(key) is not None:
            yield _row(name, contrast[key], limits=limits, shape=shape, colour=colour)


def _row(
    name: str, value: float, *, bounds: list[float | None] | None = None, **look: Any
) -> ForestRow:
    return ForestRow(
        name=name,
        value=value,
        bounds=(bounds[0], bounds[1]) if bounds else None,
        shown=typeset(format_number(value)),
        **look,
    )


def _limits(finding: Finding) -> tuple[float, ...]:
    """Return the limit, on both sides of 0 where the gap has no declared direction."""
    if finding.limit is None:
        return ()
    return (finding.limit,) if finding.baseline else (-finding.limit, finding.limit)


def describe_transport(finding: Finding) -> Iterator[Block]:
    """Yield what sites and pooling make of the gap, and every site."""
    contrasts = _contrasts(finding)
    texts = (*_case_remarks(finding), *(text for one in contrasts for text in _remarks(one)))
    if texts:
        yield Items(texts=texts)
    if contrasts:
        yield _summary_table(contrasts)
    for contrast in contrasts:
        yield _site_table(finding, contrast)


def _case_remarks(finding: Finding) -> Iterator[str]:
    without = by_group(finding, finding.details.get("without_site") or {})
    if without:
        counts = ", ".join(f"{n} in {shown(name)}" for name, n in without)
        yield f"Cases without a site, counted as undefined: {counts}."
    moved = finding.details.get("moved") or {}
    if moved.get("n_patients"):
        yield (
            f"{counted(moved['n_patients'], 'patient')} with cases at several sites: each counts "
            f"where most of its cases are; {counted(moved['n_cases'], 'case')} elsewhere left out."
        )


def _remarks(contrast: Contrast) -> Iterator[str]:
    pair, i2 = pair_title((contrast["a"], contrast["b"])), contrast.get("i2")
    if i2 is not None:
        yield (
            f"{pair}: {format_percent(i2)} of the variation between sites (I²) is more than "
            "chance within sites would make."
        )
    pooled, within = (
        typeset(format_number(contrast.get(key))) for key in ("pooled", "standardised")
    )
    told = {
        "turns": f"turns the gap around: {pooled} pooled, {within} at equal shares of the sites",
        "hides": f"hides part of the gap: {pooled} pooled, {within} at equal shares of the sites",
        "adds": f"adds to the gap: {pooled} pooled, {within} at equal shares of the sites",
    }.get(str(contrast.get("pooling")))
    if told:
        yield f"{pair}: pooling the sites {told} (Simpson's paradox)."
    if contrast.get("off_support"):
        share = format_percent(contrast["off_support"])
        yield f"{pair}: {share} of the cases lie at sites that have only one of the two."


def _summary_table(contrasts: list[Contrast]) -> Table:
    rows = [
        (
            words(pair_title((one["a"], one["b"]))),
            count_cell(one.get("n_sites")),
            number_cell(one.get("mean"), signed=True),
            _bounds(one.get("ci95")),
            _bounds(one.get("prediction")),
            percent_cell(one.get("i2")),
            _bounds(_range(one.get("leave_one_out"))),
            number_cell(one.get("pooled"), signed=True),
            number_cell(one.get("standardised"), signed=True),
        )
        for one in contrasts
    ]
    return make_table(
        "The gap over sites: how far the first subgroup is ahead of the second",
        (
            *("subgroups", "usable sites", "mean", "95 % interval of the mean"),
            *("a new similar site", "I²", "mean without any one site"),
            *("all sites pooled", "at equal shares of the sites"),
        ),
        rows,
    )


def _bounds(bounds: list[float | None] | None) -> Any:
    return bounds_cell(typeset(format_bounds(*(bounds or (None, None)))))


def _range(left_out: Mapping[str, Any] | None) -> list[float | None] | None:
    return None if left_out is None else [left_out.get("low"), left_out.get("high")]


def _site_table(finding: Finding, contrast: Contrast) -> Table:
    a, b = shown(contrast["a"]), shown(contrast["b"])
    rows = [
        (
            name_cell(site["site"]),
            count_cell(site["n_a"]),
            count_cell(site["n_b"]),
            number_cell(site.get("gap"), signed=True),
            _bounds([site.get("low"), site.get("high")]),
            words("yes" if site.get("is_usable") else "too few patients"),
        )
        for site in contrast.get("sites") or ()
    ]
    return make_table(
        f"{metric_title(finding.metric)} at each site: how far {a} is ahead of {b}",
        ("site", f"patients {a}", f"patients {b}", "gap", "plain 95 % interval", "counts"),
        rows,
        note=f"A site counts from {finding.details.get('min_patients_site', '–')} patients of "
        "both.",
    )
