"""What to label next: how many labels would settle each open finding, and whose come first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.blocks import Cell, Heading, Link, Paragraph
from pytest_biasruler.report.cells import (
    count_cell,
    make_table,
    name_cell,
    number_cell,
    words,
)
from pytest_biasruler.report.numbers import (
    anchor,
    counted,
    format_percent,
    joined,
    short_id,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block

TITLE = "What to label next"
NONE = "None: no open check of gap, ruler or rectified asks for labels."
_SMALLEST = 0.001
"""A smaller chance is not told in figures."""

MOST_QUEUED = 12
"""Cases of a subgroup listed on the page; all of them are in the JSON and in the CSV."""


def make_plan(audit: Audit) -> tuple[Block, ...]:
    """Return the plan of every open finding that has one."""
    planned = [finding for finding in audit.findings if finding.details.get("plan")]
    if not planned:
        return (Heading(text=TITLE), Paragraph(text=NONE))
    blocks: list[Block] = [Heading(text=TITLE), Paragraph(text=_preface(planned), tone="note")]
    blocks.append(_overview(planned))
    queues = [_queue(finding) for finding in planned]
    return (*blocks, *(table for tables in queues for table in tables))


def _preface(planned: Sequence[Finding]) -> str:
    text = (
        "Counts are patients: a patient who is in this data set needs a label, one who is not "
        "needs images and a label. All of them together give a verdict in 80 of 100 such "
        "benchmarks, provided that the present estimate is the truth. Label in the order given: "
        "every beginning of it is a random part, so labelling may stop early for its cost, "
        "never for what the labels show."
    )
    if any(_plan_of(finding).get("queue") for finding in planned):
        text += " The whole lists: --biasruler-export csv-plan=PATH."
    return text


def _plan_of(finding: Finding) -> Mapping[str, Any]:
    plan: Mapping[str, Any] = finding.details["plan"]
    return plan


def _overview(planned: Sequence[Finding]) -> Block:
    rows = [
        (
            Cell(text="", links=(Link(href=anchor(finding.id), text=short_id(finding.id)),)),
            words(shown(_plan_of(finding).get("towards") or "–")),
            words(plan_sentence(finding)),
        )
        for finding in planned
    ]
    return make_table(
        "How many labels would settle each open finding",
        ("check", "where the estimate points", "what it takes"),
        rows,
        is_sortable=False,
    )


def plan_sentence(finding: Finding) -> str:
    """Return what would settle a finding: "46 more expert labels, 31 in 0–40 and 15 in 56–120"."""
    plan = _plan_of(finding)
    parts = list(_wanted(plan))
    if not parts and not plan.get("reason"):
        return "The labels there are were as likely to settle it as any plan could promise."
    text = f"{', and '.join(parts)}." if parts else ""
    if len(parts) > 1:
        total, chance = _counted("more labelled patient", _sums(plan)), _labels_alone(plan)
        text = f"{total}: {text}{f' {chance}.' if chance else ''}"
    reason = plan.get("reason")
    if reason:
        text = f"{text} {_sentence(shown(reason, longest=400))}".strip()
    return text


def _wanted(plan: Mapping[str, Any]) -> Iterator[str]:
    """Yield the labels of patients who are there, and the patients who are not there yet."""
    rows = plan.get("subgroups") or ()
    labels = [(row["name"], row["labels"]) for row in rows if row.get("labels")]
    further = [(row["name"], row["further"]) for row in rows if row.get("further")]
    if labels:
        yield _counted("more expert label", labels)
    if further:
        total = counted(
            _total(further),
            "patient not yet in this data set",
            "patients not yet in this data set",
        )
        yield _placed(total, further)


def _sums(plan: Mapping[str, Any]) -> list[tuple[str, int]]:
    sums = [(row["name"], row["labels"] + row["further"]) for row in plan.get("subgroups") or ()]
    return [(name, n) for name, n in sums if n]


def _labels_alone(plan: Mapping[str, Any]) -> str:
    """Return the chance of a verdict without further patients, if it is known."""
    chance = plan.get("chance_labels")
    if chance is None:
        return ""
    text = format_percent(chance) if chance >= _SMALLEST else f"below {format_percent(_SMALLEST)}"
    return f"The chance that these labels alone give a verdict: {text}"


def _counted(noun: str, numbers: Sequence[tuple[str, int]]) -> str:
    return _placed(counted(_total(numbers), noun), numbers)


def _total(numbers: Sequence[tuple[str, int]]) -> int:
    return sum(n for _, n in numbers)


def _placed(total: str, numbers: Sequence[tuple[str, int]]) -> str:
    """Return a total with what of it lies in which subgroup."""
    places = [f"{n:,} in {shown(name)}" for name, n in numbers]
    if len(places) == 1:
        return f"{total} in {shown(numbers[0][0])}"
    return f"{total}, {', '.join(places[:-1])} and {places[-1]}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _queue(finding: Finding) -> Iterator[Block]:
    """Yield the first cases of each subgroup, in the order in which to label them."""
    plan = _plan_of(finding)
    by_subgroup: dict[str, list[Mapping[str, Any]]] = {}
    for entry in plan.get("queue") or ():
        if entry.get("rank") is not None:
            by_subgroup.setdefault(str(entry.get("subgroup")), []).append(entry)
    if not by_subgroup:
        return
    rows = [
        (
            name_cell(name),
            count_cell(entry["rank"]),
            words(joined(entry.get("cases") or ())),
            number_cell(entry.get("probability")),
        )
        for name, entries in by_subgroup.items()
        for entry in entries[:MOST_QUEUED]
    ]
    yield make_table(
        f"Label first for {short_id(finding.id)}",
        ("subgroup", "rank", "cases", "probability"),
        rows,
        note=_origin(plan, by_subgroup),
    )


def _origin(
    plan: Mapping[str, Any], by_subgroup: Mapping[str, Sequence[Mapping[str, Any]]]
) -> str:
    sizes = [f"{len(entries):,} in {shown(name)}" for name, entries in by_subgroup.items()]
    is_cut = any(len(entries) > MOST_QUEUED for entries in by_subgroup.values())
    text = f"Patients drawn: {joined(sizes)}; seed {plan.get('seed')}."
    if is_cut:
        text += f" The first {MOST_QUEUED} of each subgroup are shown."
    chance = plan.get("chance")
    if plan.get("settled_by") == "patients":
        alone = _labels_alone(plan)
        n_further = sum(row.get("further") or 0 for row in plan.get("subgroups") or ())
        asked = counted(n_further, "patient who is", "patients who are")
        text += f" These labels alone are not the whole plan: it needs {asked} not there yet, too."
        text += f" {alone}." if alone else ""
    elif chance is not None:
        text += f" Planned chance of a verdict: {format_percent(chance)}."
    return text
