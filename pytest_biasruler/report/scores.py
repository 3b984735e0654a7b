"""Section 6: scores of every subgroup, by each reference side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.blocks import Cell, Fold, Heading, Link, Paragraph
from pytest_biasruler.report.cells import (
    make_table,
    number_cell,
    patients_cell,
    percent_cell,
    words,
)
from pytest_biasruler.report.crossings import make_crossings
from pytest_biasruler.report.dots import Dots, draw_dots
from pytest_biasruler.report.marks import MOST_SERIES, Words
from pytest_biasruler.report.numbers import (
    anchor,
    counted,
    format_number,
    joined,
    short_id,
    shown,
    typeset,
)
from pytest_biasruler.report.public import hidden_subgroups
from pytest_biasruler.report.score_sets import list_sets
from pytest_biasruler.report.wording import metric_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.report.blocks import Block
    from pytest_biasruler.report.score_sets import Set

    Score = Mapping[str, Any]

MOST_ROWS = 160
"""Rows of all tables of this section together: a page must stay light; the CSV has every row."""

MOST_DRAWN = 24
MOST_OPEN = 4
EVERYONE = "all cases"
_GOOD_SCORE = 0.8
_KEY = (
    "sd: standard deviation between cases. Worst tenth: one case in ten is as bad or worse. Not "
    "above a score: the share of cases that are no better than it."
)
_KEYS = ("mean", "sd", "median", "worst_tenth", "above_threshold")


def make_scores(audit: Audit) -> tuple[Block, ...]:
    """Return section 6: one table for each metric, label and model, under each reference."""
    if not audit.scores:
        return (Paragraph(text="None."),)
    blocks: list[Block] = [Paragraph(text=_KEY, tone="note")]
    sets, room, n_open = list_sets(audit), MOST_ROWS, 0
    left_out = []
    for one in sets:
        if room < MOST_ROWS and len(one.rows) > room:
            left_out.append(one.title)
            continue
        room -= len(one.rows)
        is_first = one.metric == sets[0].metric and one.model in audit.models
        if is_first and n_open < MOST_OPEN:
            n_open += 1
            blocks += [*_draw(audit, one), _table(audit, one)]
        else:
            blocks.append(Fold(summary=one.title, blocks=(_table(audit, one),)))
    if left_out:
        blocks.append(Paragraph(text=_told_left_out(left_out), tone="note"))
    blocks += _spread(audit)
    return (*blocks, Heading(text="Two attributes at a time"), *make_crossings(audit))


def _told_left_out(titles: Sequence[str]) -> str:
    named = joined(titles[:3])
    more = f" and {len(titles) - 3} more" if len(titles) > 3 else ""
    return (
        f"Left out to keep this page light: {named}{more}. All of it is in the JSON and in "
        "--biasruler-export csv-scores=PATH."
    )


def _table(audit: Audit, one: Set) -> Block:
    kept = [
        (reference, key)
        for key in _KEYS  # so that references stand next to each other, their means first
        for reference in one.references
        if any((row.get(reference) or {}).get(key) is not None for _, row in one.rows)
    ]
    hidden = hidden_subgroups(audit)
    has_cases = any(s.get("n_cases") is not None for _, row in one.rows for s in row.values())
    sizes = ("cases", "patients") if has_cases else ("patients",)
    rows = [
        (
            words(_name(cell)),
            *_size_cells(row, hidden.get(cell))[-len(sizes) :],
            *(_number(row.get(reference) or {}, key) for reference, key in kept),
        )
        for cell, row in one.rows
    ]
    heads = {**_HEADS, "above_threshold": _told_threshold(audit, one.metric)}
    told = (f"{heads[key]}: {shown(reference)}" for reference, key in kept)
    return make_table(one.title, ("subgroup", *sizes, *told), rows)


_HEADS = {"mean": "mean", "sd": "sd", "median": "median", "worst_tenth": "worst tenth"}


def _told_threshold(audit: Audit, metric: str) -> str:
    known = audit.metrics.get(metric) or {}
    threshold = typeset(f"{known.get('threshold') or _GOOD_SCORE:g}")
    return f"not {'below' if known.get('direction') == 'lower' else 'above'} {threshold}"


def _name(cell: tuple[str, str]) -> str:
    attribute, subgroup = cell
    return EVERYONE if attribute == "None" else f"{shown(attribute)} {shown(subgroup)}"


def _size_cells(row: Mapping[str, Score], status: object) -> tuple[Cell, Cell]:
    """Return cases and patients, both counts where references differ in them."""
    cases = list(dict.fromkeys(score.get("n_cases") for score in row.values()))
    patients = list(dict.fromkeys(score.get("n_patients") for score in row.values()))
    return tuple(  # type: ignore[return-value]  # two counts make two cells
        patients_cell(counts[0], status)
        if len(counts) == 1
        else words("/".join("–" if n is None else f"{n:,}" for n in counts))
        for counts in (cases, patients)
    )


def _number(score: Score, key: str) -> Cell:
    value = score.get(key)
    if key == "above_threshold":
        return percent_cell(None if value is None else 1 - value)
    return number_cell(value)


def _draw(audit: Audit, one: Set) -> Iterator[Block]:
    """Yield the means as points; of public ones only those that are told."""
    is_public = bool(audit.settings.get("public"))
    rows = [
        Dots(
            name=_name(cell),
            values=tuple((row.get(name) or {}).get("mean") for name in one.references),
        )
        for cell, row in one.rows
    ]
    rows = [row for row in rows if not is_public or any(v is not None for v in row.values)]
    if not 0 < len(rows) <= MOST_DRAWN or len(one.references) > MOST_SERIES:
        return
    yield draw_dots(
        rows,
        series=[f"by {shown(name)}" for name in one.references],
        axis=f"mean {metric_title(one.metric)}",
        least=0.1 if _is_share(audit, one.metric) else 0.0,
        words=Words(
            title=_told_extremes(one, rows),
            description="Means of the table below as points, one line for each subgroup.",
            caption=f"Mean by subgroup, a point for each reference. {one.title}",
        ),
    )


def _is_share(audit: Audit, metric: str) -> bool:
    return tuple((audit.metrics.get(metric) or {}).get("range") or ()) == (0, 1)


def _told_extremes(one: Set, rows: Sequence[Dots]) -> str:
    """Return what the figure shows, as a sentence."""
    known = [
        (row.values[0], row.name)
        for row in rows
        if row.values[0] is not None and row.name != EVERYONE
    ]
    if not known:
        return f"Mean scores by subgroup. {one.title}."
    (low, lowest), (high, highest) = min(known), max(known)
    numbers = (typeset(format_number(low)), typeset(format_number(high)))
    return (
        f"By {shown(one.references[0])}, mean {metric_title(one.metric)} of {shown(one.model)} "
        f"lies between {numbers[0]} ({lowest}) and {numbers[1]} ({highest})."
    )


def _spread(audit: Audit) -> Iterator[Block]:
    """Yield where the curves of single scores are: each number has one place."""
    gaps = [f for f in audit.findings if f.check == "gap" and f.details.get("distribution")]
    if not gaps:
        text = "How single scores spread within subgroups is not drawn: no gap check tells it."
        yield Paragraph(text=text, tone="note")
        return
    links = tuple(Link(href=anchor(f.id), text=short_id(f.id)) for f in gaps[:8])
    more = f" (and {counted(len(gaps) - 8, 'more gap check')})" if len(gaps) > 8 else ""
    text = f"Curves of single scores by subgroup stand in the cards of the gap checks{more}:"
    yield Paragraph(text=text, tone="note", links=links)
