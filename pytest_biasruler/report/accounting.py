"""Sections 5 and 6: what became of every case and check, and the scores by subgroup."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from pytest_biasruler.audit.accounting import labelled_lines
from pytest_biasruler.report.blocks import Paragraph
from pytest_biasruler.report.cells import (
    MOST_ROWS,
    count_cell,
    make_table,
    name_cell,
    number_cell,
    patients_cell,
    percent_cell,
    words,
)
from pytest_biasruler.report.forest import ForestRow, Panel, draw_forest
from pytest_biasruler.report.headline import count_missing
from pytest_biasruler.report.marks import BLUE, ORANGE, Words
from pytest_biasruler.report.numbers import (
    NOTHING,
    counted,
    format_number,
    shown,
    typeset,
)
from pytest_biasruler.report.public import hidden_subgroups, tell_classes
from pytest_biasruler.report.wording import metric_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.report.blocks import Block

MOST_DRAWN = 24
"""Rows of a forest of scores; longer lists are left to their table."""


def make_accounting(audit: Audit) -> tuple[Block, ...]:
    """Return section 5: every case is scored or excluded, every check ran or did not."""
    accounting = audit.accounting
    expected, scored = accounting.get("expected", 0), accounting.get("scored", 0)
    if "classes" in accounting:
        checks = _checks_table(accounting.get("checks") or {})
        return (*tell_classes(accounting), checks)
    sentence = (
        f"{counted(expected, 'case')} expected = {scored:,} scored + "
        f"{expected - scored:,} excluded."
    )
    return (
        Paragraph(text=sentence, tone="lead"),
        *_by_reference(accounting.get("references") or {}),
        *_labelled(audit),
        *_lost("Excluded cases, by reason and subgroup", accounting.get("excluded") or (), audit),
        *_lost(_title_of_worst(accounting), accounting.get("unreadable") or ()),
        *_problems(accounting.get("problems") or ()),
        _checks_table(accounting.get("checks") or {}),
    )


def _title_of_worst(accounting: Mapping[str, Any]) -> str:
    title = "Predictions missing or unreadable, scored worst"
    reasons = {row.get("reason") for row in accounting.get("unreadable") or ()}
    return f"{title} (BR215: only in mm)" if "BR215" in reasons else title


def _by_reference(cases: Mapping[str, Mapping[str, int]]) -> Iterator[Block]:
    if not cases:
        return
    keys = ("expected", "scored", "n_excluded")
    rows = [
        (name_cell(name), *(count_cell(counts.get(key)) for key in keys))
        for name, counts in sorted(cases.items())
    ]
    head = ("reference", "expected", "scored", "excluded")
    yield make_table("Cases by reference", head, rows)


def _labelled(audit: Audit) -> Iterator[Block]:
    for line in labelled_lines(audit.findings, audit.accounting):
        yield Paragraph(text=f"{shown(line)}.")


def _lost(
    title: str, entries: Sequence[Mapping[str, Any]], audit: Audit | None = None
) -> Iterator[Block]:
    if not entries:
        yield Paragraph(text=f"{title}: none.")
        return
    sizes = _sizes(audit) if audit else {}
    rows = []
    for entry in entries:
        n, key = entry.get("n"), (str(entry.get("attribute")), str(entry.get("subgroup")))
        size = sizes.get(key)
        rows.append(
            (
                words(shown(entry.get("reason", ""))),
                words(shown(entry.get("reference") or entry.get("model") or NOTHING)),
                words(shown(entry.get("attribute") or NOTHING)),
                words(shown(entry.get("subgroup") or NOTHING)),
                count_cell(n),
                percent_cell(n / size if n is not None and size else None),
            )
        )
    head = ("reason", "reference or model", "attribute", "subgroup", "cases", "share of subgroup")
    yield make_table(title, head, rows)


def _sizes(audit: Audit) -> dict[tuple[str, str], int]:
    sizes = {
        (str(name), str(group.get("name"))): group.get("n_cases") or 0
        for name, attribute in audit.attributes.items()
        for group in attribute.get("subgroups") or ()
    }
    return {**sizes, ("None", "all"): audit.benchmark.get("n_cases") or 0}


def _problems(problems: Sequence[Mapping[str, str]]) -> Iterator[Block]:
    if problems:
        rows = [
            (
                words(shown(problem.get("case", ""))),
                words(shown(problem.get("code", ""))),
                words(shown(problem.get("text", ""), longest=400)),
            )
            for problem in problems
        ]
        yield make_table("Masks that could not be used", ("case", "code", "why"), rows)


def _checks_table(checks: Mapping[str, Any]) -> Block:
    counts = [
        ("declared", checks.get("declared")),
        ("deselected", checks.get("deselected")),
        ("ran", checks.get("ran")),
        ("never reported", count_missing(checks.get("missing", 0))),
        ("errors", len(checks.get("errors") or ())),
    ]
    rows = [(words(name), count_cell(n)) for name, n in counts]
    return make_table("Checks", ("checks", "number"), rows, is_sortable=False)


def make_scores(audit: Audit) -> tuple[Block, ...]:
    """Return section 6: one table for each metric, label and model, under each reference."""
    scores = list(audit.scores)
    if not scores:
        return (Paragraph(text="None."),)
    blocks: list[Block] = []
    if len(scores) > MOST_ROWS:
        asked = {finding.metric for finding in audit.findings}
        left_out = sorted({str(s["metric"]) for s in scores if s["metric"] not in asked})
        scores = [score for score in scores if score["metric"] in asked]
        text = f"Only metrics that a check asks about; {counted(len(left_out), 'metric')} more"
        blocks.append(Paragraph(text=f"{text} are in the JSON.", tone="note"))
    ordered = sorted(scores, key=_table_key)
    for key, rows in groupby(ordered, key=_table_key):
        blocks += _score_blocks(key, list(rows), audit)
    text = "How the scores of each subgroup are spread stands in the cards of the gap checks."
    blocks.append(Paragraph(text=text, tone="note"))
    return tuple(blocks)


def _table_key(score: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(score["metric"]), str(score.get("label") or ""), str(score.get("model") or "")


def _score_blocks(
    key: tuple[str, str, str], scores: list[Mapping[str, Any]], audit: Audit
) -> Iterator[Block]:
    metric, label, model = key
    unit = (audit.metrics.get(metric) or {}).get("unit") or ""
    title = f"{metric_title(metric)}{f', {shown(unit)}' if unit else ''}: {shown(model)}"
    title = f"{title}, a reference" if model in audit.references else title
    title = f"{title}, label {shown(label)}" if label else title
    scores, hidden = _beside_each_other(scores), hidden_subgroups(audit)
    rows = [
        (
            name_cell(score.get("subgroup")),
            words(shown(score.get("attribute") or NOTHING)),
            words(shown(score.get("reference") or NOTHING)),
            count_cell(score.get("n_cases")),
            patients_cell(score.get("n_patients"), hidden.get(_cell_of(score))),
            *(number_cell(score.get(name)) for name in ("mean", "sd", "median", "worst_tenth")),
            percent_cell(score.get("above_threshold")),
        )
        for score in scores
    ]
    drawn = [score for score in scores if score.get("mean") is not None]
    drawn = drawn if audit.settings.get("public") else scores
    if 0 < len(drawn) <= MOST_DRAWN:
        yield _draw_scores(drawn, title)
    yield make_table(
        title,
        (
            *("subgroup", "attribute", "reference", "cases", "patients", "mean", "sd", "median"),
            *("worst tenth", "share that succeeds"),
        ),
        rows,
    )


def _beside_each_other(scores: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return scores with the references of one subgroup next to one another."""
    order: dict[tuple[str, str], int] = {}
    for score in scores:
        order.setdefault(_cell_of(score), len(order))
    return sorted(scores, key=lambda s: (order[_cell_of(s)], str(s.get("reference"))))


def _cell_of(score: Mapping[str, Any]) -> tuple[str, str]:
    return str(score.get("attribute")), str(score.get("subgroup"))


def _draw_scores(scores: Sequence[Mapping[str, Any]], title: str) -> Block:
    references = sorted({str(score.get("reference")) for score in scores})
    looks = {
        name: (("circle", BLUE), ("square", ORANGE))[min(i, 1)]
        for i, name in enumerate(references)
    }
    rows = tuple(
        ForestRow(
            name=f"{shown(score.get('subgroup'))}, {shown(score.get('reference'))}",
            value=score.get("mean"),
            shown=typeset(format_number(score.get("mean"))),
            shape=looks[str(score.get("reference"))][0],
            colour=looks[str(score.get("reference"))][1],
        )
        for score in scores
    )
    return draw_forest(
        [Panel(rows=rows, axis="mean")],
        words=Words(
            title=f"Mean scores by subgroup and reference: {title}",
            description="The means of the table below as points.",
            caption=f"Mean by subgroup and reference. {title}",
        ),
    )
