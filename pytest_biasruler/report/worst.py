"""The worst cases of failing findings: findings about the same masks share one gallery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.blocks import Gallery, Heading, Link, Paragraph
from pytest_biasruler.report.contours import MOST_OF_PAGE, Seen, draw_gallery, spare_outlines
from pytest_biasruler.report.headline import order_findings
from pytest_biasruler.report.numbers import anchor, counted, short_id, shown
from pytest_biasruler.report.wording import (
    attribute_title,
    metric_title,
    outcome_of,
    statement_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block

EMPTY = "None: no failing finding has outlines to show."
LEGEND = (
    "Outlines of masks only, never the image: expert solid blue, automated dotted green, model "
    "dashed vermillion; the slice in which the masks differ most. A mask without an outline has "
    "nothing in that slice, though it may have in others. “Among the worst” are the cases that do "
    "most to make the finding what it is. R and L are the patient's right "
    "and left, where the masks' headers tell them; without them the grid is shown as it is stored."
)
_SHOWN = ("failed", "waived", "not judged")


def make_worst_cases(audit: Audit) -> tuple[Block, ...]:
    """Return a gallery for each set of masks that failing findings are about."""
    blocks: list[Block] = []
    room = MOST_OF_PAGE
    for findings in _share(order_findings(audit.findings)):
        tiles, room = spare_outlines(draw_gallery(_gather(findings)), room=room)
        blocks += [
            Heading(text=_title(findings)),
            *(_introduce(finding) for finding in findings),
            Gallery(tiles=tiles),
        ]
    if not blocks:
        return (Paragraph(text=EMPTY),)
    return (Paragraph(text=LEGEND, tone="note"), *blocks)


def _share(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Return failing findings with outlines, together where they are about the same masks."""
    shared: dict[object, list[Finding]] = {}
    for finding in findings:
        gallery = finding.details.get("gallery") or ()
        if not gallery or outcome_of(finding) not in _SHOWN:
            continue
        # An audit that does not tell which model is drawn shares nothing between its findings.
        model = gallery[0].get("model", finding.id)
        masks = (finding.label, finding.reference, model, finding.by)
        shared.setdefault((*masks, gallery[0].get("subgroup")), []).append(finding)
    return [*shared.values()]


def _title(findings: Sequence[Finding]) -> str:
    first = findings[0]
    case = first.details["gallery"][0]
    who = f"{attribute_title(first)} {shown(case.get('subgroup'))}" if first.by else "all cases"
    model = case.get("model", first.model)
    whose = f"masks of {shown(model)}" if model else "labels alone"
    return f"{who[:1].upper()}{who[1:]}, {whose}: {counted(len(findings), 'finding')}"


def _introduce(finding: Finding) -> Paragraph:
    link = Link(href=anchor(finding.id), text=short_id(finding.id))
    return Paragraph(text=f"{statement_of(finding)}.", links=(link,))


def _gather(findings: Sequence[Finding]) -> list[Seen]:
    """Return each picture once, with what every finding says of its case."""
    seen: dict[str, Seen] = {}
    names = _name_each(findings)
    for finding in findings:
        by = f"{attribute_title(finding)} " if finding.by else ""
        for case in finding.details["gallery"]:
            key = repr((case.get("case"), case.get("outlines")))
            known = seen.setdefault(
                key, Seen(case=case, by=by, metric=metric_title(finding.metric), told=[])
            )
            known.told.append((names[finding.id], case))
    return [*seen.values()]


def _name_each(findings: Sequence[Finding]) -> dict[str, str]:
    """Return the check of each finding, and where it is asked twice what tells them apart."""
    checks = [finding.check for finding in findings]
    return {f.id: f.check if checks.count(f.check) == 1 else short_id(f.id) for f in findings}
