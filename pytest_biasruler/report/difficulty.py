"""What a `difficulty` finding tells: each gap in its explained and its unexplained part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.bars import draw_split_bars
from pytest_biasruler.report.blocks import Paragraph
from pytest_biasruler.report.cells import (
    bounds_cell,
    count_cell,
    make_table,
    name_cell,
    number_cell,
    percent_cell,
    words,
)
from pytest_biasruler.report.numbers import (
    counted,
    format_bounds,
    format_percent,
    joined,
    shown,
    typeset,
)
from pytest_biasruler.report.rows import words_of
from pytest_biasruler.report.wording import attribute_title, by_group, metric_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block, Cell
    from pytest_biasruler.report.marks import Figure

    Split = tuple[str, Mapping[str, Any]]

MOST_SUBGROUPS = 12
"""Subgroups drawn; the table beside the figure has all of them."""


def draw_difficulty(finding: Finding) -> tuple[Figure | None, ...]:
    """Return each gap beside its two parts, the unexplained one with its bounds and the limit."""
    splits = [
        (name, split)
        for name, split in by_group(finding, finding.details.get("split") or {})
        if split.get("gap") is not None
    ]
    if not splits:
        return ()
    words = words_of(
        finding,
        "For each subgroup three bars from zero: its gap to the reference group, the part that "
        "difficulty explains, and the unexplained part with its bounds against the limit.",
        f"{metric_title(finding.metric)} gap to {_baseline_of(finding)} = explained + "
        f"unexplained, by {attribute_title(finding)}; to the right the subgroup is worse.",
    )
    unit = f", {shown(finding.unit)}" if finding.unit else ""
    axis = f"{metric_title(finding.metric)} lost to {_baseline_of(finding)}{unit}"
    limits = _limits_of(finding)
    return (draw_split_bars(splits[:MOST_SUBGROUPS], words=words, axis=axis, limits=limits),)


def _limits_of(finding: Finding) -> tuple[float, ...]:
    """Return the limit, on both sides of 0 if the reference group was only chosen."""
    if finding.limit is None:
        return ()
    is_unsigned = bool(finding.details.get("is_baseline_chosen"))
    return (-finding.limit, finding.limit) if is_unsigned else (finding.limit,)


def _beside(finding: Finding, number: float | None) -> float | None:
    """Return the limit that a number is held against, the one that has its sign if there are two.

    None if there is no limit.
    """
    limits = _limits_of(finding)
    if not limits:
        return None
    return limits[0] if number is not None and number < 0 else limits[-1]


def _baseline_of(finding: Finding) -> str:
    return shown(finding.details.get("baseline") or "the reference group", longest=40)


def describe_difficulty(finding: Finding) -> Iterator[Block]:
    """Yield what is held equal, each gap in its parts, and what that does not mean."""
    details = finding.details
    held = [_name_covariate(covariate) for covariate in details.get("covariates") or ()]
    if held:
        yield Paragraph(text=f"Held equal: {'; '.join(held)}.{_tell_baseline(finding)}")
    beyond = details.get("beyond_reach") or ()
    if beyond:
        most = format_percent(details.get("max_off_support"))
        text = (
            f"Too few cases like theirs in the reference group (more than {most} of the cases "
            f"outside what it covers): {joined(beyond)}."
        )
        yield Paragraph(text=text, tone="warning")
    better = details.get("better_than_baseline") or ()
    if better:
        text = (
            f"The reference group itself is surely worse than {joined(better)} by more than the "
            "limit, which this check does not judge: declare another baseline to ask that."
        )
        yield Paragraph(text=text, tone="warning")
    splits = by_group(finding, details.get("split") or {})
    if not splits:
        return
    yield _split_table(finding, splits)
    kitagawa = by_group(finding, details.get("kitagawa") or {})
    if kitagawa:
        yield _strata_table(finding, kitagawa)
    text = (
        "“Explained” is not “excused”: harder cases may be harder because of how images are "
        "taken, who is examined, and when. It says where to look, not that nobody is worse off."
    )
    yield Paragraph(text=text, tone="note")


def _name_covariate(covariate: Mapping[str, Any]) -> str:
    name = shown(covariate.get("title") or covariate.get("name"))
    expert = covariate.get("expert")
    if expert:
        origin = f"measured on the masks of {shown(expert)}"
    elif covariate.get("kind") == "text":
        origin = f"metadata, {counted(covariate.get('n_values') or 0, 'text value')}"
    else:
        origin = "metadata, a number"
    n_unknown = covariate.get("n_unknown")
    lost = f", unknown for {counted(n_unknown, 'scored case')}" if n_unknown else ""
    return f"{name} ({origin}{lost})"


def _tell_baseline(finding: Finding) -> str:
    baseline, line = finding.details.get("baseline"), finding.details.get("line") or {}
    if baseline is None:
        return ""
    is_chosen = finding.details.get("is_baseline_chosen")
    text = f" Reference group: {shown(baseline)}"
    if is_chosen:
        text += ", the judged subgroup with most patients (no baseline is declared)"
        text += ". It may itself be the worse one, so differences in both directions count"
    text += "."
    if line.get("r_squared") is not None:
        share = format_percent(line["r_squared"])
        text += f" These covariates explain {share} of the variation in {shown(baseline)}."
    if (line.get("rank") or 0) < (line.get("n_columns") or 0):
        text += " Some covariates say the same there and are counted once."
    return text


def _split_table(finding: Finding, splits: Sequence[Split]) -> Block:
    rows = [
        (
            name_cell(name),
            number_cell(split.get("gap"), signed=True),
            number_cell(split.get("explained"), signed=True),
            *_unexplained_cells(finding, split),
            percent_cell(split.get("off_support")),
            _explained_cell(split.get("r_squared")),
            count_cell(split.get("n_cases")),
            count_cell(split.get("n_left_out")),
        )
        for name, split in splits
    ]
    return make_table(
        f"{metric_title(finding.metric)} gap to {_baseline_of(finding)} = explained + "
        "unexplained; positive where the subgroup is worse",
        (
            *("subgroup", "gap", "explained", "unexplained", "bounds of unexplained"),
            *("cases outside the range", "R²", "cases used", "cases left out"),
        ),
        rows,
        note="R²: share of the variance inside the subgroup that the reference group's line "
        "predicts, none where it predicts worse than the mean. Left out: cases whose text value "
        f"fewer than two patients of the reference group have.{_tell_bounds(finding)}",
    )


def _explained_cell(share: float | None) -> Cell:
    """Return R²; below 0 the line predicts worse than the subgroup's own mean would."""
    return words("none") if share is not None and share < 0 else number_cell(share, decimals=2)


def _tell_bounds(finding: Finding) -> str:
    if len(_limits_of(finding)) < 2:
        return ""
    return " A bound stands at 0 where only the level of a PASS excludes 0."


def _unexplained_cells(finding: Finding, split: Mapping[str, Any]) -> tuple[Cell, Cell]:
    unexplained = split.get("unexplained")
    limit = _beside(finding, unexplained)
    bounds = format_bounds(split.get("low"), split.get("high"), limit=limit)
    return number_cell(unexplained, signed=True, limit=limit), bounds_cell(typeset(bounds))


def _strata_table(finding: Finding, splits: Sequence[Split]) -> Block:
    rows = [
        (
            name_cell(name),
            number_cell(split.get("gap"), signed=True),
            number_cell(split.get("explained"), signed=True),
            number_cell(split.get("unexplained"), signed=True),
            number_cell(split.get("se")),
            percent_cell(split.get("off_support")),
        )
        for name, split in splits
    ]
    return make_table(
        f"The same by strata (Kitagawa), against {_baseline_of(finding)}; not judged",
        (
            *("subgroup", "gap", "explained by shares", "unexplained"),
            *("standard error", "cases in strata of one side"),
        ),
        rows,
    )
