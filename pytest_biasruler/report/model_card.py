"""The findings about a model as the evaluation results of its Hugging Face model card."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_biasruler.checks.quantities import tell_quantity
from pytest_biasruler.report.badge import sum_up
from pytest_biasruler.report.gitlab import PREFIX
from pytest_biasruler.report.numbers import short_id, shown, slug
from pytest_biasruler.report.wording import attribute_title, metric_title, outcome_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding

HEAD = "model-index:"
NO_MODEL = f"{HEAD} []\n"
"""What is written if no model was judged."""

_NEVER_IN_YAML = {"\ufffe": r"\ufffe", "\uffff": r"\uffff"}


def write_model_card(audit: Audit) -> str:
    """Return the ``model-index`` of a model card: YAML whose lines hold JSON.

    Each model has one result; to it belong the findings about the model and those about the
    benchmark as a whole (of labels, of a ranking), which name no model. One card is for one model:
    of several, keep yours, since readers of a card file all results under one name.

    References
    ----------
    .. [1] Hugging Face, "Model Cards: Evaluation Results",
       https://huggingface.co/docs/hub/model-cards
    """
    results = {model: _metrics(audit, model) for model in audit.models}
    lines = [
        line for model, metrics in results.items() if metrics for line in _model(audit, model)
    ]
    return "".join(f"{line}\n" for line in [HEAD, *lines]) if lines else NO_MODEL


def _model(audit: Audit, model: str) -> Iterator[str]:
    yield f"- name: {_flow(shown(model))}"
    yield "  results:"
    yield f"  - task: {_flow({'type': 'image-segmentation'})}"
    yield f"    dataset: {_flow(_dataset(audit))}"
    yield "    metrics:"
    for metric in _metrics(audit, model):
        yield f"    - {_flow(metric)}"


def _dataset(audit: Audit) -> dict[str, Any]:
    name = str(audit.benchmark["name"])
    return {
        "type": f"{PREFIX}-{slug(name)}",  # no name of a data set on the Hub
        "name": shown(name),
        "revision": audit.benchmark["hash"],
        "args": {"audit": sum_up(audit), "tool": f"pytest-biasruler {audit.tool['version']}"},
    }


def _metrics(audit: Audit, model: str) -> list[dict[str, Any]]:
    return [
        _metric(finding, audit.references)
        for finding in audit.findings
        if finding.model in (model, None)
    ]


def _metric(finding: Finding, references: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return a finding as a metric; one without a number has its verdict for a value.

    Its type is never that of the metric that was scored: a gap in Dice is no Dice.
    """
    known = finding.estimate
    value = known.value if known is not None else None
    args = {
        "verdict": str(finding.verdict),
        "outcome": outcome_of(finding),
        "check": short_id(finding.id),
        "low": known.low if known else None,
        "high": known.high if known else None,
        "limit": finding.limit,
        "policy": finding.policy,
        "model": finding.model,
        "label": finding.label,
        "subgroups": [shown(name) for name in known.pair] if known and known.pair else None,
        **dict(_ruler(finding, references)),
    }
    return {
        "type": f"{PREFIX}-{finding.check}",
        "name": _title(finding),
        "value": str(finding.verdict) if value is None else value,
        "args": {
            key: shown(item) if isinstance(item, str) else item
            for key, item in args.items()
            if item is not None
        },
    }


def _title(finding: Finding) -> str:
    of = f" of {metric_title(finding.metric)}" if finding.metric else ""
    by = f" by {attribute_title(finding)}" if finding.by else ""
    label = f", label {shown(finding.label)}" if finding.label else ""
    unit = f", {shown(finding.unit)}" if finding.unit else ""
    quantity, comma, rest = tell_quantity(finding).partition(", ")
    return f"{quantity}{of}{by}{comma}{rest}{label}{unit}"


def _ruler(
    finding: Finding, references: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, str]]:
    """Yield by which reference a finding measures, and of which kind each is."""
    for role, name in (("reference", finding.reference), ("automated", finding.automated)):
        if name is not None:
            yield role, name
            yield f"{role}_kind", str(references.get(name, {}).get("kind", "not stated"))


def _flow(value: object) -> str:
    """Return a value as JSON that every reader of YAML takes for the same value.

    Examples
    --------
    >>> _flow({"limit": 1e-05, "n": 2, "name": "007"})
    '{"limit": 1.0e-05, "n": 2, "name": "007"}'
    """
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_flow(key)}: {_flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, float):
        text = repr(value)  # without a point, YAML 1.1 reads 1e-05 as a word
        return text.replace("e", ".0e") if "e" in text and "." not in text else text
    text = json.dumps(value, ensure_ascii=False)
    for sign, escape in _NEVER_IN_YAML.items():
        text = text.replace(sign, escape)
    return text
