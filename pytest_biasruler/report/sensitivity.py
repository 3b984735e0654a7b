"""What a finding would be under other reasonable settings: shown, never judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.blocks import Fold, Paragraph
from pytest_biasruler.report.cells import bounds_cell, make_table, number_cell, words
from pytest_biasruler.report.numbers import format_bounds, format_limit, shown, typeset

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block, Cell


def describe_sensitivity(finding: Finding) -> Iterator[Block]:
    """Yield how many settings give another verdict, and each of them."""
    known = finding.details.get("sensitivity") or {}
    settings = known.get("settings") or ()
    if not settings:
        return
    own = known.get("verdict")
    computed = [setting for setting in settings if setting.get("verdict")]
    n_other = sum(setting["verdict"] != own for setting in computed)
    verb = "gives" if n_other == 1 else "give"
    noun = "setting" if len(computed) == 1 else "settings"
    text = (
        f"Judged alone this check says {shown(own)}; {n_other} of {len(computed)} other {noun} "
        f"{verb} another verdict. They are shown, never judged."
    )
    yield Paragraph(text=text)
    table = make_table(
        "The same question under other settings",
        ("what", "setting", "limit", "value", "bounds", "verdict"),
        [_row(setting, own) for setting in settings],
        note="An asterisk: another verdict than that of the declared setting.",
    )
    yield Fold(summary="Other settings", blocks=(table,))


def _row(setting: Mapping[str, Any], own: object) -> tuple[Cell, ...]:
    limit, verdict = setting.get("limit"), setting.get("verdict")
    told = f"not computed: {shown(setting.get('why_not') or 'no reason given', longest=300)}"
    if verdict:
        told = f"{shown(verdict)}{'' if verdict == own else ' *'}"
    bounds = format_bounds(setting.get("low"), setting.get("high"), limit=limit)
    return (
        words(shown(setting.get("what"))),
        words(shown(setting.get("setting"))),
        words(typeset(format_limit(limit))),
        number_cell(setting.get("value"), limit=limit),
        bounds_cell(typeset(bounds)),
        words(told),
    )
