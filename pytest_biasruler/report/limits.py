"""Section 9: what this audit could not show, what was excused, and what nobody asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.checks.outcome import is_better_above
from pytest_biasruler.report.blocks import Cell, Items, Link, Paragraph
from pytest_biasruler.report.cells import make_table, number_cell, p_cell, words
from pytest_biasruler.report.numbers import (
    NOTHING,
    anchor,
    counted,
    format_number,
    joined,
    short_id,
    typeset,
)
from pytest_biasruler.report.public import tell_hidden
from pytest_biasruler.report.sentences import needed_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block


def make_limits(audit: Audit) -> tuple[Block, ...]:
    """Return section 9 without the plan: power, levels, what was excused, what nobody asked."""
    texts = (
        *_unasked(audit),
        *_excused(audit),
        *_levels(audit),
        *tell_hidden(audit),
    )
    return (Items(texts=texts), _power_table(audit))


def _unasked(audit: Audit) -> Iterator[str]:
    attributes = audit.unasked.get("attributes") or ()
    n_others = audit.unasked.get("n_other_columns") or 0
    if attributes:
        noun = "attribute was" if len(attributes) == 1 else "attributes were"
        yield f"{len(attributes)} {noun} not asked about: {joined(attributes)}."
    else:
        yield "Attributes of the benchmark file that no check names: none."
    compared = {name for finding in audit.findings for name in finding.by}
    idle = [name for name in sorted(audit.attributes) if name not in {*compared, *attributes}]
    if idle:
        yield (
            f"No check compares the subgroups of {joined(idle)}: whether they are served equally "
            "was not examined."
        )
    if n_others:
        columns = counted(n_others, "column of the metadata is", "columns of the metadata are")
        yield f"{columns} not named by the benchmark file, so nobody looked at them."
    crossed = sum(len(finding.by) > 1 for finding in audit.findings)
    many = f"{counted(crossed, 'check')} crossed attributes; " if crossed else ""
    yield (
        f"A subgroup may hide another: {many}other combinations of attributes were not judged "
        "(section 6 describes some)."
    )


def _excused(audit: Audit) -> Iterator[str]:
    changed = audit.settings.get("limits_changed") or {}
    yield f"Limits on the size of files that this run changed: {joined(sorted(changed))}."
    automated = [f for f in audit.findings if f.details.get("proven_by") == "automated"]
    names = joined([short_id(finding.id) for finding in automated])
    yield f"Checks that rest on an automated reference only: {names}."


def _levels(audit: Audit) -> Iterator[str]:
    alphas = sorted({f.estimate.alpha for f in audit.findings if f.estimate is not None})
    if alphas:
        rates = " or ".join(typeset(f"{100 * alpha:g} %") for alpha in alphas)
        yield (
            f"Each bound is wrong in at most {rates} of benchmarks like this one; the table says "
            "at which level the lower bounds stand, since several pairs of subgroups share it."
        )
    family = [f for f in audit.findings if f.p_fail_holm is not None]
    if len(family) > 1:
        yield (
            f"{counted(len(family), 'check')} in one family: with so many questions one may fail "
            "by chance, so a FAIL also needs a Holm-adjusted p of at most that error rate."
        )
    else:
        yield "No adjustment between checks: each stands for itself."


def _power_table(audit: Audit) -> Block:
    rows = [_power_row(finding) for finding in audit.findings if finding.estimate is not None]
    if not rows:
        return Paragraph(text="No check had an estimate, so none could show anything.")
    head = (
        *("check", "nearest value it would call FAIL"),
        *("level of the lower bounds", "p, adjusted", "patients needed for a verdict"),
    )
    return make_table(
        "What each check could show",
        head,
        rows,
        note=(
            "If that were the true value, the check would FAIL in 80 of 100 such benchmarks; "
            "what lies between it and the limit may go unseen."
        ),
    )


def _power_row(finding: Finding) -> tuple[Cell, ...]:
    return (
        Cell(text="", links=(Link(href=anchor(finding.id), text=short_id(finding.id)),)),
        _smallest(finding),
        number_cell(finding.details.get("level"), decimals=4),
        p_cell(finding.p_fail_holm),
        words(_needed(finding)),
    )


def _smallest(finding: Finding) -> Cell:
    """Return the nearest value beyond the limit that the check would find."""
    if finding.min_detectable is None or finding.limit is None:
        return Cell(text=NOTHING, is_number=True)
    edge = finding.limit + (-1 if is_better_above(finding) else 1) * finding.min_detectable
    return Cell(text=typeset(format_number(edge)), sort=repr(edge), is_number=True)


def _needed(finding: Finding) -> str:
    if finding.verdict != Verdict.INCONCLUSIVE:
        return "it has one"
    if finding.details.get("plan"):
        return "see What to label next"
    return needed_of(finding).strip() or "not known"
