"""The tables of a finding: its subgroups, its contrasts and the exact numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.checks.finding import Finding, Group, Status
from pytest_biasruler.report.blocks import Items, Paragraph
from pytest_biasruler.report.cells import (
    bounds_cell,
    count_cell,
    make_table,
    name_cell,
    number_cell,
    p_cell,
    words,
)
from pytest_biasruler.report.columns import added_columns, columns_note
from pytest_biasruler.report.numbers import (
    NOTHING,
    counted,
    format_bounds,
    format_number,
    joined,
    shown,
    typeset,
)
from pytest_biasruler.report.titles import contrast_title, group_caption, is_column_signed
from pytest_biasruler.report.wording import attribute_title, told_limit, word_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from pytest_biasruler.report.blocks import Block, Cell, Table


def groups_table(finding: Finding) -> Table:
    """Return who is in which subgroup, its mean, what was lost, and what the check adds."""
    counts = finding.details.get("counts") or {}
    excluded, undefined = counts.get("excluded") or {}, counts.get("undefined") or {}
    columns: list[tuple[str, list[Cell]]] = [
        ("cases", [count_cell(group.n_cases) for group in finding.groups]),
        ("patients", [count_cell(group.n_patients) for group in finding.groups]),
        ("mean", [number_cell(g.mean, signed=is_column_signed(finding)) for g in finding.groups]),
        ("sd", [number_cell(group.sd) for group in finding.groups]),
        ("status", [words(str(group.status)) for group in finding.groups]),
    ]
    for title, lost in (("excluded", excluded), ("undefined", undefined)):
        if any(lost.values()):
            cells = [count_cell(lost.get(group.name, 0)) for group in finding.groups]
            columns.append((title, cells))
    for title, added in added_columns(finding):
        columns.append((title, [added.get(g.name, words(NOTHING)) for g in finding.groups]))
    names = [name_cell(group.name) for group in finding.groups]
    return make_table(
        group_caption(finding),
        ("subgroup", *(title for title, _ in columns)),
        [*zip(names, *(cells for _, cells in columns), strict=True)],
        note=f"{_groups_note(finding)} {columns_note(finding)}".strip(),
    )


def _groups_note(finding: Finding) -> str:
    small = [group for group in finding.groups if group.status == Status.TOO_SMALL]
    shrunk = finding.details.get("shrunk") or {}
    parts = []
    if small:
        parts.append(f"* Too small to judge: {joined([group.name for group in small])}.")
    known = [group for group in small if (shrunk.get(group.name) or {}).get("mean") is not None]
    parts += [_shrunk_note(group, shrunk[group.name]) for group in known]
    missing = [group for group in finding.groups if group.status == Status.MISSING]
    parts += [
        f"* {counted(group.n_patients, 'patient')} have no {attribute_title(finding)} "
        "in the metadata: listed, not judged."
        for group in missing
        if group.n_patients
    ]
    return " ".join(parts)


def _shrunk_note(group: Group, shrunk: Mapping[str, float]) -> str:
    mean, sd = (typeset(format_number(shrunk.get(key))) for key in ("mean", "sd"))
    return (
        f"With so few patients the mean of {shown(group.name)} is best read as {mean} (sd {sd}), "
        "drawn towards the others."
    )


def computation_of(finding: Finding) -> Iterator[Block]:
    """Yield the exact numbers."""
    estimate, details = finding.estimate, finding.details
    facts: list[tuple[str, object]] = [("verdict", word_of(finding)), ("reason", finding.reason)]
    if estimate is not None:
        facts += [
            ("method", estimate.method),
            ("value", estimate.value),
            ("low, errs in at most alpha of benchmarks", estimate.low),
            ("high, errs in at most alpha of benchmarks", estimate.high),
            ("alpha, one-sided per bound", estimate.alpha),
            ("plain two-sided 95 % interval (ci95)", _interval(finding)),
        ]
    facts += [
        ("limit", finding.limit),
        ("p of “the limit is not exceeded”", finding.p_fail),
        ("the same, Holm over the declared checks", finding.p_fail_holm),
        ("excess over the limit that a FAIL would catch in 80 %", finding.min_detectable),
        ("level of the lower bounds", details.get("level")),
        ("support of the guard", finding.support),
        ("policy", finding.policy),
        ("evidence by", details.get("proven_by")),
    ]
    how = "rounded for publication" if finding.is_public else "unrounded"
    yield Paragraph(text=f"The numbers, {how}:")
    yield Items(
        texts=tuple(f"{name}: {_told(value)}" for name, value in facts if value is not None)
    )


def _told(value: object) -> str:
    return typeset(repr(value)) if isinstance(value, float) else shown(value, longest=200)


def _interval(finding: Finding) -> str | None:
    if finding.estimate is None or None in finding.estimate.ci95:
        return None
    low, high = finding.estimate.ci95
    return typeset(f"[{low!r}, {high!r}]")


def _in_one_order(pairs: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return pairs without those that are another one the other way round, and negative."""
    known = {(pair["a"], pair["b"]) for pair in pairs}
    return [
        pair
        for pair in pairs
        if (pair["b"], pair["a"]) not in known
        or (pair.get("estimate") or 0.0, pair["b"]) > (0.0, pair["a"])
    ]


def pairs_table(finding: Finding) -> Iterator[Table]:
    """Yield every contrast with its bounds, if the details hold them."""
    pairs = finding.details.get("pairs") or ()
    if pairs:
        yield _pairs_table(finding, pairs)


def _pairs_table(finding: Finding, pairs: list[Mapping[str, Any]]) -> Table:
    limit = finding.limit
    rows = [
        (
            name_cell(pair["a"]),
            name_cell(pair["b"]),
            number_cell(pair.get("estimate"), limit=limit),
            bounds_cell(typeset(format_bounds(pair.get("low"), pair.get("high"), limit=limit))),
            p_cell(pair.get("p")),
        )
        for pair in _in_one_order(pairs)
    ]
    limit_text = f", limit {told_limit(finding)}" if limit is not None else ""
    return make_table(
        f"{contrast_title(finding)}{limit_text}",
        ("first", "second", "difference", "bounds", "p"),
        rows,
    )
