"""A card for each finding: sentence, figures, tables, and how it was computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.audit.ratchet import is_held_back
from pytest_biasruler.benchmark.questions import QUESTIONS
from pytest_biasruler.checks.quantities import ASKS_ALONG, is_trend
from pytest_biasruler.report.blocks import Card, Fold, Paragraph
from pytest_biasruler.report.cells import (
    slugs,
)
from pytest_biasruler.report.changes import told_change
from pytest_biasruler.report.computation import computation_of, groups_table, pairs_table
from pytest_biasruler.report.figures import draw_finding
from pytest_biasruler.report.headline import order_findings
from pytest_biasruler.report.numbers import (
    anchor,
    short_id,
    shown,
)
from pytest_biasruler.report.public import describe_public
from pytest_biasruler.report.sensitivity import describe_sensitivity
from pytest_biasruler.report.sentences import change_of, explanation_of, sentence_of
from pytest_biasruler.report.specifics import describe_specifics
from pytest_biasruler.report.thrift import MOST_FOR_UNPASSED, room_for, weigh
from pytest_biasruler.report.titles import subject_title
from pytest_biasruler.report.wording import (
    outcome_of,
    sign_of,
    word_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block

MOST_CARDS = 500
FIRST_CARDS = 50

SHORT = (
    "This page holds many findings. What did not pass is told first and in full; once the page is "
    "full, later findings are told in short. All numbers of all of them are in the JSON."
)
_URGENT = ("failed", "inconclusive")


def make_cards(audit: Audit) -> tuple[Block, ...]:
    """Return the cards: failed, inconclusive, errors, waived, passed, not judged.

    On a page that has become large, passes that come late are short: their sentence and what
    would change it. Only hundreds of findings that did not pass are shortened too, to their first
    figure and subgroups.
    """
    ordered = order_findings(audit.findings)
    kept = ordered if len(ordered) <= MOST_CARDS else ordered[:FIRST_CARDS]
    errors = [_error_card(error) for error in (audit.accounting.get("checks") or {})["errors"]]
    n_urgent = sum(outcome_of(finding) in _URGENT for finding in kept)
    told, used, is_cut = [], 0, False
    for place, finding in enumerate(kept):
        blocks = tuple(_card_blocks(finding, audit))
        used += weigh(blocks)
        is_short = used > (MOST_FOR_UNPASSED if place < n_urgent else room_for(len(kept)))
        told.append(_finding_card(finding, audit, None if is_short else blocks))
        is_cut = is_cut or is_short
    cards: list[Block] = [*told[:n_urgent], *errors, *told[n_urgent:]]
    if is_cut:
        cards.insert(0, Paragraph(text=SHORT, tone="note"))
    if len(kept) < len(ordered):
        text = f"The first {len(kept)} of {len(ordered):,} findings; all are in the JSON."
        cards.append(Paragraph(text=text, tone="note"))
    return tuple(cards) or (Paragraph(text="None."),)


def _error_card(error: Mapping[str, Any]) -> Card:
    name = short_id(error["id"])
    return Card(
        id=anchor(error["id"]),
        sign="error",
        word="ERROR",
        sentence=f"{name} could not run.",
        name=name,
        blocks=(
            Paragraph(text=shown(error.get("message", error.get("code", "")), longest=600)),
            Paragraph(text="A check that could not run is not a pass.", tone="note"),
        ),
        is_open=True,
        data=slugs(check=name.split("[")[0], outcome="error", verdict="error"),
    )


def _finding_card(finding: Finding, audit: Audit, blocks: tuple[Block, ...] | None) -> Card:
    return Card(
        id=anchor(finding.id),
        sign=sign_of(finding),
        word=word_of(finding),
        sentence=sentence_of(finding, audit.metrics),
        name=short_id(finding.id),
        blocks=tuple(_short_blocks(finding, audit)) if blocks is None else blocks,
        is_open=outcome_of(finding) in _URGENT,
        data=slugs(check=finding.check, verdict=finding.verdict),  # its row has the others
    )


def _short_blocks(finding: Finding, audit: Audit) -> Iterator[Block]:
    yield from _warnings(finding)
    if outcome_of(finding) in _URGENT and not finding.is_public:
        yield from draw_finding(finding)[:1]
        if finding.groups:
            yield groups_table(finding)
    change = change_of(finding, audit.metrics)
    if change:
        yield Paragraph(text=f"What would change the verdict: {change}")


def _card_blocks(finding: Finding, audit: Audit) -> Iterator[Block]:
    yield Paragraph(text=_question(finding), tone="note")
    yield from _warnings(finding)
    yield from describe_public(finding) if finding.is_public else _numbers(finding)
    change = change_of(finding, audit.metrics)
    if change:
        yield Paragraph(text=f"What would change the verdict: {change}")
    yield Fold(summary="How this was computed", blocks=tuple(computation_of(finding)))


def _warnings(finding: Finding) -> Iterator[Block]:
    if explanation_of(finding):
        yield Paragraph(text=explanation_of(finding), tone="lead")
    if finding.waive:
        until, reason = shown(finding.waive.get("until")), shown(finding.waive.get("reason"))
        yield Paragraph(text=f"Waived until {until}: {reason}.", tone="warning")
    if finding.details.get("compare"):
        tone = "warning" if is_held_back(finding) else "note"
        yield Paragraph(text=told_change(finding), tone=tone)
    if finding.policy == "point":
        text = "Judged by the point estimate alone: how often that is wrong is not controlled."
        yield Paragraph(text=text, tone="warning")
    if finding.details.get("proven_by") == "automated":
        text = "Measured by an automated reference only: no expert has confirmed the ruler."
        yield Paragraph(text=text, tone="warning")


def _numbers(finding: Finding) -> Iterator[Block]:
    yield from draw_finding(finding)
    if finding.groups:
        yield groups_table(finding)
    yield from pairs_table(finding)
    yield from describe_specifics(finding)
    yield from describe_sensitivity(finding)


def _question(finding: Finding) -> str:
    question = QUESTIONS.get(finding.check)
    subject = subject_title(finding)
    scope = [f"{subject[:1].upper()}{subject[1:]}"]
    scope += [
        f"{what} {shown(name)}"
        for what, name in (
            ("label", finding.label),
            ("model", finding.model),
            ("reference", finding.reference),
            ("automated reference", finding.automated),
            ("baseline", finding.baseline),
        )
        if name is not None
    ]
    asks = question.asks if question else f"Check {shown(finding.check)}."
    if finding.check == "noise" and finding.details.get("form") == "dose":
        asks = "Does label noise in training cost one subgroup more?"
    asks = ASKS_ALONG.get(finding.check, asks) if is_trend(finding) else asks
    return f"{asks} {', '.join(scope)}."
