"""The subgroups of a finding as a small table of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.checks.finding import Status
from pytest_biasruler.checks.numbers import format_number
from pytest_biasruler.checks.quantities import is_larger_worse
from pytest_biasruler.errors import printable

if TYPE_CHECKING:
    from pytest_biasruler.checks.finding import Finding, Group

LONGEST_NAME = 40
LONGEST_TITLE = 80
MOST_ROWS = 12


def shown(name: object, *, longest: int = LONGEST_NAME) -> str:
    """Return a name from a file, its controls visible, cut to a readable length."""
    text = printable(str(name))
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def pair_in_order(finding: Finding) -> tuple[str, ...]:
    """Return the pair compared, worse subgroup first; of a ruler, the flattered one.

    Of most checks the worse subgroup has the smaller number, of some the larger.

    A floor compares nobody: the worst subgroup stands alone.
    """
    if finding.details.get("worst"):
        return (str(finding.details["worst"]),)
    pair = finding.estimate.pair if finding.estimate is not None else None
    if pair is None:
        return ()
    is_in_order = finding.check == "ruler" or is_larger_worse(finding)
    return pair if is_in_order else (pair[1], pair[0])


def is_mirrored(finding: Finding) -> bool:
    """Return whether people see the value with a minus: a distortion that shrinks the gap."""
    value = (finding.details.get("distortion_signed") or {}).get("value")
    return finding.check == "ruler" and value is not None and value < 0


def format_bounds(
    low: float | None, high: float | None, *, limit: float | None, mirrored: bool
) -> str:
    """Return ``[low, high]``, with the signs changed if `mirrored`."""
    texts = [format_number(number, limit=limit) for number in (low, high)]
    if mirrored:
        texts = [negative(text) for text in reversed(texts)]
    return f"[{', '.join(texts)}]"


def negative(number: str) -> str:
    """Return a formatted number with its sign changed."""
    if not number.strip("-0.") or number == "undefined":
        return number
    return number.removeprefix("-") if number.startswith("-") else f"-{number}"


def told_patients(group: Group) -> str:
    """Return how many patients a subgroup has, as far as it may be told."""
    if group.n_patients is not None:
        return str(group.n_patients)
    return "10 or fewer" if group.status == Status.SUPPRESSED else "not shown"


def subgroup_table(finding: Finding) -> list[str]:
    """Return aligned lines: the two subgroups compared come first."""
    rulers = [
        (word, (finding.details.get(key) or {}).get("means", {}))
        for word, key in (("expert", "gap_expert"), ("automated", "gap_automated"))
    ]
    rulers = [(word, means) for word, means in rulers if means]
    mean, is_signed = ("difference", True) if rulers else _mean_column(finding)
    head = ["subgroup", "patients", *(word for word, _ in rulers), mean, "status"]
    groups = _pair_first(finding)
    rows = [
        [
            shown(group.name),
            told_patients(group),
            *(format_number(means.get(group.name)) for _, means in rulers),
            _told_mean(group, is_signed=is_signed, is_public=finding.is_public),
            str(group.status),
        ]
        for group in groups[:MOST_ROWS]
    ]
    n_more = len(groups) - len(rows)
    ending = [f"  ... {n_more} more in the report"] if n_more else []
    return [*_align([head, *rows]), *ending]


def _mean_column(finding: Finding) -> tuple[str, bool]:
    """Return what the means of the subgroups are means of, and whether their sign says more."""
    from pytest_biasruler.report.titles import column_title, is_column_signed

    title = column_title(finding)
    is_share = title.startswith("share")  # as a mean of yes and no it would need explaining
    return title if is_share else f"mean {title}", is_column_signed(finding)


def method_line(finding: Finding) -> str:
    """Return how the bounds were computed, in one line."""
    from pytest_biasruler.report.numbers import format_p

    estimate = finding.estimate
    if estimate is None:
        return f"  {finding.statement}"
    interval = format_bounds(*estimate.ci95, limit=None, mirrored=is_mirrored(finding))
    parts = [estimate.method]
    if not (finding.is_public and None in estimate.ci95):
        parts.append(f"95 % interval {interval}")
    if finding.p_fail is not None:
        parts.append(f"p {format_p(finding.p_fail, alpha=estimate.alpha)}")
        if finding.p_fail_holm is not None:
            parts[-1] += f", Holm {format_p(finding.p_fail_holm, alpha=estimate.alpha)}"
    return f"  {'; '.join(parts)}"


def _told_mean(group: Group, *, is_signed: bool, is_public: bool) -> str:
    if is_public and group.mean is None:
        return "not shown"
    return _with_sign(group.mean) if is_signed else format_number(group.mean)


def _with_sign(value: float | None) -> str:
    text = format_number(value)
    return f"+{text}" if value is not None and value > 0 else text


def _pair_first(finding: Finding) -> list[Group]:
    first = pair_in_order(finding)
    ranks = {name: rank for rank, name in enumerate(first)}
    return sorted(finding.groups, key=lambda group: ranks.get(group.name, len(first)))


def _align(rows: list[list[str]]) -> list[str]:
    """Return rows with names to the left and numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for name, *numbers, status in rows:
        cells = [cell.rjust(width) for cell, width in zip(numbers, widths[1:-1], strict=True)]
        lines.append("  ".join(["", name.ljust(widths[0]), *cells, status]))
    return lines
