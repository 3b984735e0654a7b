"""What a public report leaves out, and how it shows a finding that lost its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.blocks import Paragraph
from pytest_biasruler.report.cells import make_table, name_cell, number_cell, patients_cell, words
from pytest_biasruler.report.numbers import counted, joined, shown
from pytest_biasruler.report.titles import group_caption, is_column_signed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block

NO_FIGURE = "No figure: the numbers that it would draw are not told in public."


def describe_public(finding: Finding) -> Iterator[Block]:
    """Yield the subgroups of a finding with the sizes that are the same in every table."""
    yield Paragraph(text=NO_FIGURE, tone="note")
    if not finding.groups:
        return
    rows = [
        (
            name_cell(group.name),
            patients_cell(group.n_patients, group.status),
            number_cell(group.mean, signed=is_column_signed(finding)),
            number_cell(group.sd),
            words(str(group.status)),
        )
        for group in finding.groups
    ]
    yield make_table(
        group_caption(finding),
        ("subgroup", "patients", "mean", "sd", "status"),
        rows,
        note="Patients are those of the metadata, whether or not this check could use them.",
    )


def tell_hidden(audit: Audit) -> Iterator[str]:
    """Yield which subgroups a public report hides; nothing where it hides none."""
    if not audit.settings.get("public"):
        return
    for name, attribute in sorted(audit.attributes.items()):
        groups = attribute.get("subgroups") or ()
        parts = [
            f"{joined([group['name'] for group in groups if group.get('status') == status])} "
            f"({told})"
            for status, told in (("suppressed", "10 or fewer"), ("not shown", "not shown"))
            if any(group.get("status") == status for group in groups)
        ]
        if parts:
            yield f"Small groups are hidden in {shown(name)}: {', '.join(parts)}."
    yield (
        "In public, subgroups of 1 to 10 patients are hidden and were not judged; others are "
        "hidden from which they could be computed. Verdicts were reached with all data."
    )


def tell_classes(accounting: Mapping[str, Any]) -> Iterator[Block]:
    """Yield what was lost as classes: a number of a few would say who."""
    expected, classes = accounting.get("expected"), accounting["classes"]
    known = f"{told_cases(None, expected)}." if expected else "The number of cases is withheld."
    yield Paragraph(text=known, tone="lead")
    rows = [
        (name_cell(name), words(what), words(share))
        for key, what in (("excluded", "excluded"), ("unreadable", "scored worst"))
        for name, share in sorted(classes[key].items())
    ]
    yield make_table("Share of the cases", ("reference or model", "what", "of the cases"), rows)


def told_cases(scored: int | None, expected: int | None) -> str:
    """Return how many cases were scored, as far as that may be told."""
    if expected is None:
        return "none"
    if scored is None:
        return counted(expected, "case")
    return f"{scored:,} of {counted(expected, 'case')} scored"


def hidden_subgroups(audit: Audit) -> dict[tuple[str, str], str]:
    """Return the status of each subgroup, by attribute and name, whose size is not told."""
    return {
        (str(name), str(group["name"])): str(group["status"])
        for name, attribute in audit.attributes.items()
        for group in attribute.get("subgroups") or ()
        if group.get("status")
    }
