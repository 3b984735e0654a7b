"""Sections 2 to 4: what was audited, who is in which subgroup, and who made the labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.blocks import Heading, Items, Paragraph
from pytest_biasruler.report.cells import (
    count_cell,
    exact_cell,
    make_table,
    name_cell,
    patients_cell,
    percent_cell,
    words,
)
from pytest_biasruler.report.numbers import NOTHING, counted, joined, shown, typeset
from pytest_biasruler.report.wording import attribute_title, by_group, metric_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block, Cell

NOT_STATED = "not stated"

_BETTER = {"higher": "higher", "lower": "lower", "signed": "closer to 0"}


def make_subject(audit: Audit) -> tuple[Block, ...]:
    """Return section 2: benchmark, models, references, labels, metrics, versions, policy."""
    benchmark, tool, settings = audit.benchmark, audit.tool, audit.settings
    facts = [
        ("benchmark", benchmark.get("name")),
        ("content hash", benchmark.get("hash")),
        ("cases", benchmark.get("n_cases")),
        ("patients", benchmark.get("n_patients")),
        ("policy", settings.get("policy")),
        ("date of the run", settings.get("run_date")),
        ("compared with an earlier audit", _compared(settings.get("compare"))),
        ("limits changed since then", joined(_changed(settings.get("limits_changed")))),
        ("pytest-biasruler", tool.get("version")),
        *((name, tool[name]) for name in ("python", "numpy", "scipy", "commit") if tool.get(name)),
    ]
    return (
        make_table(
            "The audit",
            ("what", "value"),
            [(words(name), exact_cell(value)) for name, value in facts],
            is_sortable=False,
        ),
        make_table(
            "Models",
            ("model", "trained on", "content hash"),
            [
                (
                    name_cell(name),
                    _stated(model.get("trained_on")),
                    exact_cell(model.get("digest")),
                )
                for name, model in sorted(audit.models.items())
            ],
        ),
        _labels_block(audit.labels),
        _metrics_table(audit.metrics),
    )


def _stated(value: object) -> Cell:
    return words(NOT_STATED) if value in (None, "") else name_cell(value)


def _compared(compare: object) -> str:
    return "no" if not compare else "yes"


def _changed(changed: object) -> list[object]:
    return list(changed) if isinstance(changed, list | tuple | dict) else []


def _labels_block(labels: Mapping[str, Any]) -> Block:
    if not labels:
        return Paragraph(text="Labels: one, every non-zero voxel.")
    texts = [
        f"{shown(name)}: voxel values {joined(values if isinstance(values, list) else [values])}"
        for name, values in sorted(labels.items())
    ]
    return Items(texts=tuple(texts))


def _metrics_table(metrics: Mapping[str, Mapping[str, Any]]) -> Block:
    rows = [
        (
            words(metric_title(name)),
            words(shown(metric.get("unit") or NOTHING)),
            words(_BETTER.get(str(metric.get("direction")), NOTHING)),
            words(_range(metric.get("range"))),
            words(shown(metric.get("convention") or NOTHING, longest=200)),
            exact_cell(metric.get("both_empty")),
            exact_cell(metric.get("one_empty")),
            words(_parameters(metric.get("parameters") or {})),
        )
        for name, metric in sorted(metrics.items())
    ]
    head = ("metric", "unit", "better", "range", "convention", "both empty", "one empty")
    return make_table(
        "Metrics, and what an empty mask scores", (*head, "parameters"), rows, is_sortable=False
    )


def _range(bounds: object) -> str:
    if not isinstance(bounds, list | tuple) or len(bounds) != 2:
        return NOTHING
    low, high = ("no bound" if bound is None else typeset(f"{bound:g}") for bound in bounds)
    return f"{low} to {high}"


def _parameters(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{shown(k)} {shown(v)}" for k, v in sorted(parameters.items())) or NOTHING


def make_subgroups(audit: Audit) -> tuple[Block, ...]:
    """Return section 3: how cases were cut, and how many are in each subgroup."""
    if not audit.attributes:
        return (Paragraph(text="None: no attribute is declared."),)
    blocks: list[Block] = []
    for name, attribute in sorted(audit.attributes.items()):
        blocks += [Heading(text=shown(name)), *_attribute_blocks(str(name), attribute)]
    if audit.settings.get("public"):
        return tuple(blocks)
    small = sorted({name for f in audit.findings for name in f.details.get("too_small") or ()})
    blocks.append(Paragraph(text=f"Too small to judge in some check: {joined(small)}."))
    return tuple(blocks)


def _attribute_blocks(name: str, attribute: Mapping[str, Any]) -> Iterator[Block]:
    yield Paragraph(text=" ".join(_definition(attribute)), tone="note")
    subgroups = attribute.get("subgroups") or ()
    rows = [
        (
            name_cell(group.get("name")),
            count_cell(group.get("n_cases")),
            patients_cell(group.get("n_patients"), group.get("status")),
            percent_cell(group.get("share")),
            words(_remark(group)),
        )
        for group in subgroups
    ]
    of = "share of patients" if any("status" in group for group in subgroups) else "share of cases"
    head = ("subgroup", "cases", "patients", of, "")
    yield make_table(f"Subgroups of {shown(name)}", head, rows)


def _remark(group: Mapping[str, Any]) -> str:
    if group.get("status"):
        return str(group["status"])
    return "declared, but empty" if group.get("n_patients") == 0 else ""


def _definition(attribute: Mapping[str, Any]) -> Iterator[str]:
    yield f"Column {shown(attribute.get('column') or NOT_STATED)}."
    bins, merges = attribute.get("bins"), attribute.get("merges") or {}
    if bins:
        yield f"Cut at {joined([f'{edge:g}' for edge in bins])}, each bin closed at the left."
    for target, sources in sorted(merges.items()):
        many = sources if isinstance(sources, list | tuple) else [sources]
        yield f"{joined(many)} counted as {shown(target)}."
    tokens = attribute.get("missing_tokens")
    if tokens is not None:
        yield f"Read as missing: {joined(tokens)}."
    judged = attribute.get("judge_missing")
    yield f"Cases without a value are {'judged like the others' if judged else 'not judged'}."


def make_ruler(audit: Audit) -> tuple[Block, ...]:
    """Return section 4: the references, who made them, and whom they cover."""
    rows = [
        (
            name_cell(name),
            words(shown(reference.get("kind", NOT_STATED))),
            count_cell(reference.get("n_read")),
            count_cell(reference.get("n_excluded")),
            *(_stated(reference.get(key)) for key in ("made_by", "made_when", "made_with")),
        )
        for name, reference in sorted(audit.references.items())
    ]
    head = ("reference", "kind", "read", "excluded", "by whom", "when", "with what")
    blocks: list[Block] = [make_table("References", head, rows), _related(audit)]
    sources = [f for f in audit.findings if f.check == "provenance" and f.details.get("sources")]
    tables = [_sources_table(f) for f in sources]
    blocks += [table for i, table in enumerate(tables) if table not in tables[:i]]  # one per model
    if not sources:
        text = "Labels by subgroup: not asked, no provenance check is declared."
        blocks.append(Paragraph(text=text))
    return tuple(blocks)


def _related(audit: Audit) -> Items:
    texts = []
    for name, model in sorted(audit.models.items()):
        teacher = model.get("trained_on")
        kind = (audit.references.get(teacher) or {}).get("kind") if teacher else None
        if teacher is None:
            said = f"what it was trained on is {NOT_STATED}, so it may know these labels"
        elif kind == "automated":
            said = f"trained on {shown(teacher)}, the automated reference it may be judged by"
        else:
            said = f"trained on {shown(teacher)}"
        texts.append(f"{shown(name)}: {said}.")
    return Items(texts=tuple(texts) or (f"Models: {counted(0, 'model')}.",))


def _sources_table(finding: Finding) -> Block:
    sources = finding.details["sources"]
    keys, rows = ("expert", "automated_only", "none"), []
    for name, counts in by_group(finding, sources):
        known = [counts.get(key) or 0 for key in keys]
        total = sum(known)
        shares = [n / total if total else None for n in known]
        rows.append((name_cell(name), count_cell(total), *(percent_cell(s) for s in shares)))
    head = ("subgroup", "cases", "expert label", "automated label only", "no label")
    return make_table(f"Labels by {attribute_title(finding)}, share of cases", head, rows)
