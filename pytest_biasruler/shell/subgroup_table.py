"""The subgroups of a finding as a small table of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.checks.numbers import format_number
from pytest_biasruler.errors import printable

if TYPE_CHECKING:
    from pytest_biasruler.checks.finding import Finding, Group

LONGEST_NAME = 40
MOST_ROWS = 12


def shown(name: object) -> str:
    """Return a name from a file, its controls visible, cut to a readable length."""
    text = printable(str(name))
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 3]}..."


def subgroup_table(finding: Finding) -> list[str]:
    """Return aligned lines: the two subgroups compared first, the worse one on top."""
    groups = _pair_first(finding)
    rulers = [
        (word, (finding.details.get(key) or {}).get("means", {}))
        for word, key in (("expert", "gap_expert"), ("automated", "gap_automated"))
    ]
    rulers = [(word, means) for word, means in rulers if means]
    head = ["subgroup", "patients", *(word for word, _ in rulers), "mean", "status"]
    rows = [
        [
            shown(group.name),
            str(group.n_patients),
            *(format_number(means.get(group.name)) for _, means in rulers),
            format_number(group.mean),
            str(group.status),
        ]
        for group in groups[:MOST_ROWS]
    ]
    n_more = len(groups) - len(rows)
    ending = [f"  ... {n_more} more in the report"] if n_more else []
    return [*_align([head, *rows]), *ending]


def _pair_first(finding: Finding) -> list[Group]:
    pair = finding.estimate.pair if finding.estimate is not None else None
    first = list(reversed(pair)) if pair else []
    ranks = {name: rank for rank, name in enumerate(first)}
    return sorted(finding.groups, key=lambda group: ranks.get(group.name, len(first)))


def _align(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  "
        + "  ".join(
            cell.ljust(width) if is_text else cell.rjust(width)
            for cell, width, is_text in zip(row, widths, _text_columns(len(widths)), strict=True)
        ).rstrip()
        for row in rows
    ]


def _text_columns(n_columns: int) -> list[bool]:
    return [column in (0, n_columns - 1) for column in range(n_columns)]


def method_line(finding: Finding) -> str:
    """Return how the bounds were computed, in one line."""
    estimate = finding.estimate
    if estimate is None:
        return f"  {finding.statement}"
    low, high = (format_number(number) for number in estimate.ci95)
    parts = [estimate.method, f"95 % interval [{low}, {high}]"]
    if finding.p_fail is not None:
        holm = f", Holm {finding.p_fail_holm:.2g}" if finding.p_fail_holm is not None else ""
        parts.append(f"p {finding.p_fail:.2g}{holm}")
    return f"  {'; '.join(parts)}"
