"""Section 2: what was audited, with which versions, and by which conventions."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_biasruler.report.blocks import Items, Paragraph
from pytest_biasruler.report.cells import exact_cell, make_table, name_cell, words
from pytest_biasruler.report.numbers import NOTHING, counted, joined, shown, typeset
from pytest_biasruler.report.wording import metric_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.report.blocks import Block

NOT_STATED = "not stated"

_BETTER = {"higher": "higher", "lower": "lower", "signed": "closer to 0"}
_MAIN = "main reference: decides which cases count"
_POLICIES = {
    "point": "point: the estimate alone decides, whatever its bounds",
    "confident-fail": "confident-fail: a check fails only if it is surely beyond its limit",
    "prove-safe": "prove-safe: a check passes only if it is surely within its limit",
}
_SUPPORTS = {
    "pooled": "the range of all scores",
    "symmetric": "the range of the differences, the same on both sides of 0",
    "bounds": "the range of the metric",
}


_JOINED = {
    "mean": 'The label "mean" is the unweighted mean of the scores of all labels in each case; '
    "background is none of them.",
    "worst": 'The label "worst" is the worst score of all labels in each case; background is none '
    "of them.",
}


def make_subject(audit: Audit) -> tuple[Block, ...]:
    """Return section 2: benchmark, models, references, labels, metrics, versions, policy."""
    facts = tuple(f"{name}: {shown(value, longest=200)}" for name, value in _facts(audit))
    return (
        Items(texts=facts),
        _models_table(audit),
        _references_table(audit),
        _labels_block(audit),
        _metrics_table(audit.metrics),
    )


def _facts(audit: Audit) -> Iterator[tuple[str, object]]:
    benchmark, tool, settings = audit.benchmark, audit.tool, audit.settings
    is_public = settings.get("public")
    withheld = "not told in public" if is_public else NOT_STATED
    yield "benchmark", benchmark.get("name")
    yield "content hash of cases, references and metrics", benchmark.get("hash") or NOT_STATED
    yield "cases", _known(benchmark.get("n_cases"), withheld)
    yield "patients", _known(benchmark.get("n_patients"), withheld)
    policy = str(settings.get("policy"))
    yield "policy", _POLICIES.get(policy, policy)
    if benchmark.get("min_patients") is not None:
        least = counted(benchmark["min_patients"], "patient")
        yield "a subgroup is judged from", f"{least}, unless a check says otherwise"
    is_scored = settings.get("both_empty") != "exclude"
    yield "cases in which both masks are empty", "scored" if is_scored else "left out"
    yield from _supports(audit)
    yield "date of the run", settings.get("run_date") or NOT_STATED
    yield "commit", settings.get("commit") or f"{NOT_STATED}, no CI system named one"
    yield "pytest-biasruler", tool.get("version") or NOT_STATED
    for name in ("python", "numpy", "scipy"):
        yield name, tool.get(name) or NOT_STATED


def _known(value: object, otherwise: str) -> object:
    return otherwise if value is None else value


def _supports(audit: Audit) -> Iterator[tuple[str, object]]:
    """Yield where the guard of the bounds puts its phantom patients, and in how many checks."""
    supports = (f.support for f in audit.findings if f.estimate is not None)
    used = Counter(str(support) for support in supports if support != "none")
    if used:
        told = [
            f"{_SUPPORTS.get(name, shown(name))} in {counted(n, 'check')}"
            for name, n in sorted(used.items())
        ]
        yield "support: where the worst score of a patient not seen may lie", "; ".join(told)


def _models_table(audit: Audit) -> Block:
    rows = [
        (
            name_cell(name),
            words(_trained_on(audit, model.get("trained_on"))),
            exact_cell(model.get("digest") or "none: no masks, only scores"),
        )
        for name, model in sorted(audit.models.items())
    ]
    if not rows:
        return Paragraph(text="Models: none declared.")
    table = make_table("Models", ("model", "trained on", "content hash"), rows)
    return replace(table, is_stacked=True)


def _trained_on(audit: Audit, reference: object) -> str:
    if reference in (None, ""):
        return NOT_STATED
    kind = (audit.references.get(str(reference)) or {}).get("kind")
    by = {"expert": ", drawn by experts", "automated": ", made by a machine"}.get(str(kind), "")
    return f"{shown(reference)}{by}"


def _references_table(audit: Audit) -> Block:
    main = audit.accounting.get("reference")
    rows = [
        (
            name_cell(name),
            words(shown(reference.get("kind") or NOT_STATED)),
            words(_MAIN if name == main else "held against the main one"),
        )
        for name, reference in sorted(audit.references.items())
    ]
    if not rows:
        return Paragraph(text="References: none declared.")
    head = ("reference", "kind", "part in this audit")
    table = make_table("References; section 4 says who made them", head, rows)
    return replace(table, is_stacked=True)


def _labels_block(audit: Audit) -> Block:
    if not audit.labels:
        return Paragraph(text="Labels: one, every voxel of a mask that is not 0.")
    known = sorted(audit.labels.items())
    texts = [f"{shown(name)} (voxel {_values(values)})" for name, values in known]
    told = [f"Labels: {', '.join(texts)}."]
    ignore = audit.benchmark.get("ignore")
    if ignore is not None:
        told.append(
            f"Voxels that have the value {shown(ignore)} in a reference are left out of every "
            "comparison with it."
        )
    joined_by = {finding.details.get("aggregation") for finding in audit.findings}
    told += [text for how, text in _JOINED.items() if how in joined_by]
    return Paragraph(text=" ".join(told))


def _values(values: Any) -> str:
    many = values if isinstance(values, list | tuple) else [values]
    return f"{'value' if len(many) == 1 else 'values'} {joined(many)}"


def _metrics_table(metrics: Mapping[str, Mapping[str, Any]]) -> Block:
    if not metrics:
        return Paragraph(text="Metrics: none.")
    rows = [
        (
            words(metric_title(name)),
            words(shown(metric.get("unit") or "none")),
            words(_BETTER.get(str(metric.get("direction")), NOT_STATED)),
            words(_range(metric.get("range"))),
            words(shown(metric.get("convention") or "none to be named", longest=200)),
            words(_of_empty(metric.get("both_empty"), "undefined")),
            words(_of_empty(metric.get("one_empty"), "what the formula gives")),
            words(_parameters(metric.get("parameters") or {})),
        )
        for name, metric in sorted(metrics.items())
    ]
    head = ("metric", "unit", "better", "range", "convention", "both empty", "one empty")
    return make_table(
        "Metrics, and what an empty mask scores", (*head, "parameters"), rows, is_sortable=False
    )


def _of_empty(score: object, otherwise: str) -> str:
    if score is None:
        return otherwise
    return typeset(f"{score:g}") if isinstance(score, int | float) else shown(score)


def _range(bounds: object) -> str:
    if not isinstance(bounds, list | tuple) or len(bounds) != 2:
        return NOTHING
    low, high = ("no bound" if bound is None else typeset(f"{bound:g}") for bound in bounds)
    return f"{low} to {high}"


def _parameters(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{shown(k)} {shown(v)}" for k, v in sorted(parameters.items())) or "none"
