"""Section 4: who made the labels that measure, whom they cover, and who knows them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_biasruler.report.blocks import Items, Paragraph
from pytest_biasruler.report.cells import (
    count_cell,
    make_table,
    name_cell,
    percent_cell,
    words,
)
from pytest_biasruler.report.numbers import counted, format_percent, joined, shown
from pytest_biasruler.report.subjects import NOT_STATED
from pytest_biasruler.report.wording import by_group

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.report.blocks import Block

    Sources = Mapping[str, Mapping[str, int]]

_KINDS = ("expert", "automated_only", "none")


def make_ruler(audit: Audit) -> tuple[Block, ...]:
    """Return section 4: the references, who made them, and whom they cover."""
    if not audit.references:
        return (Paragraph(text="None: no reference is declared."),)
    return (_references_table(audit), *_coverage(audit), *_relations(audit))


def _references_table(audit: Audit) -> Block:
    rows = [
        (
            name_cell(name),
            words(shown(reference.get("kind") or NOT_STATED)),
            count_cell(reference.get("n_read")),
            count_cell(reference.get("n_excluded")),
            *(
                words(shown(reference.get(key) or NOT_STATED, longest=200))
                for key in ("made_by", "made_on", "made_with")
            ),
        )
        for name, reference in sorted(audit.references.items())
    ]
    head = ("reference", "kind", "cases it labels", "cases without", "made by", "when", "with")
    return replace(make_table("Who made each reference", head, rows), is_stacked=True)


def sources_of(audit: Audit) -> dict[str, Sources]:
    """Return by attribute and subgroup how many cases have which label, where that is told."""
    known: dict[str, Sources] = {}
    for finding in audit.findings:  # files of earlier versions tell it nowhere else
        if finding.check == "provenance" and finding.details.get("sources"):
            name = " and ".join(finding.by)
            known.setdefault(name, dict(by_group(finding, finding.details["sources"])))
    for name, attribute in audit.attributes.items():
        groups = attribute.get("subgroups") or ()
        sources = {group["name"]: group["sources"] for group in groups if group.get("sources")}
        if sources:
            known[str(name)] = sources
    return known


def _coverage(audit: Audit) -> Iterator[Block]:
    known = sources_of(audit)
    if not known:
        why = "not told in public" if audit.settings.get("public") else "not known to this audit"
        yield Paragraph(text=f"Which labels each subgroup has: {why}.")
        return
    partly = {name: sources for name, sources in known.items() if not _all_by_experts(sources)}
    whole = [name for name in sorted(known) if name not in partly]
    if whole:
        yield Paragraph(
            text=f"Every case of every subgroup of {joined(whole)} has an expert label."
        )
    if not partly:
        return
    rows = [
        (name_cell(group), words(shown(name)), count_cell(sum(counts.values())), *_shares(counts))
        for name, sources in sorted(partly.items())
        for group, counts in sources.items()
    ]
    head = ("subgroup", "attribute", "cases", "expert label", "automated label only", "no label")
    yield make_table("Labels by subgroup, share of cases", head, rows)


def _all_by_experts(sources: Sources) -> bool:
    return not any(counts["automated_only"] or counts["none"] for counts in sources.values())


def _shares(counts: Mapping[str, int]) -> Iterator[Any]:
    total = sum(counts.values())
    for kind in _KINDS:
        yield percent_cell(counts[kind] / total if total else None)


def _relations(audit: Audit) -> Iterator[Block]:
    """Yield whether the models know the automated labels, by declaration and by measurement."""
    machines = [n for n, r in sorted(audit.references.items()) if r.get("kind") == "automated"]
    if not machines:
        text = "No reference is automated, so no model can be related to one."
        yield Paragraph(text=text)
        return
    yield Paragraph(text="Are the models related to the automated labels?")
    texts = [
        f"{shown(name)}: {_by_training(audit, model.get('trained_on'))}"
        f"{''.join(_by_measurement(audit, str(name)))}"
        for name, model in sorted(audit.models.items())
    ]
    yield Items(texts=tuple(texts) or (f"Models: {counted(0, 'model')}.",))


def _by_training(audit: Audit, teacher: object) -> str:
    if teacher is None:
        return f"{NOT_STATED}. What it was trained on is not declared, so it may know them."
    kind = (audit.references.get(str(teacher)) or {}).get("kind")
    if kind == "automated":
        return f"yes, it was trained on {shown(teacher)}."
    return (
        f"not by training, which was on {shown(teacher)}. Whether a model like it made them is "
        f"{NOT_STATED}."
    )


def _by_measurement(audit: Audit, model: str) -> Iterator[str]:
    """Yield what rulers saw of a model's closeness to the automated labels."""
    rulers = [f for f in audit.findings if f.check == "ruler" and f.model == model]
    shares = [(f.details.get("leakage") or {}).get("identical_share") for f in rulers]
    largest = max((share for share in shares if share is not None), default=None)
    if largest:
        yield f" {format_percent(largest)} of its masks are identical to them."
    elif largest == 0:
        yield " None of its masks is identical to one of them."
    if any(f.details.get("near_twins") for f in rulers):
        yield " It agrees with them more than either agrees with the experts."
