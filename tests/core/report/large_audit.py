"""Audits made from the golden one: as it is kept, and with many models, attributes and cases."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_biasruler.audit import Audit
from pytest_biasruler.checks.finding import Verdict

if TYPE_CHECKING:
    from typing import Any

    from pytest_biasruler.checks.finding import Finding

GOLDEN_AUDIT = Path(__file__).parents[2] / "golden" / "audit-1.json.gz"
MODELS = ("by_expert", "by_machine", "by_committee")
ATTRIBUTES = ("age", "ethnicity", "breast_density", "menopause")
PER_MODEL_AND_ATTRIBUTE = ("gap", "ruler")
PER_ATTRIBUTE = ("labels", "success", "provenance", "difficulty")
N_CASES = 1000


def read_golden_text() -> str:
    """Return the golden audit as it was written when its schema was new."""
    return gzip.decompress(GOLDEN_AUDIT.read_bytes()).decode("utf-8")


def make_large_audit(
    *, has_gallery: bool = True, n_models: int = 3, n_attributes: int = 4
) -> Audit:
    """Return an audit of 1,000 cases with every check: of 52 findings unless asked for fewer."""
    models, attributes = MODELS[:n_models], ATTRIBUTES[:n_attributes]
    audit = Audit.from_json(read_golden_text())
    first: dict[tuple[str, str | None], Finding] = {}
    for finding in audit.findings:
        first.setdefault((finding.check, finding.metric), finding)
    findings = [
        _renamed(finding, model=model, attribute=attribute, has_gallery=has_gallery)
        for (check, _), finding in first.items()
        for model, attribute in _asked(check)
        if model in models and attribute in attributes
    ]
    return replace(
        audit,
        findings=tuple(findings),
        models={name: {**audit.models["by_machine"]} for name in models},
        attributes={name: {**audit.attributes["age"]} for name in attributes},
        scores=tuple(_scores(audit, models=models, attributes=attributes)),
        benchmark={**audit.benchmark, "n_cases": N_CASES, "n_patients": N_CASES},
        accounting=_accounting(audit, len(findings)),
    )


def _asked(check: str) -> list[tuple[str, str]]:
    if check in PER_MODEL_AND_ATTRIBUTE:
        return [(model, attribute) for model in MODELS for attribute in ATTRIBUTES]
    if check in PER_ATTRIBUTE:
        return [(MODELS[0], attribute) for attribute in ATTRIBUTES]
    return [(MODELS[0], ATTRIBUTES[0])]


def _renamed(finding: Finding, *, model: str, attribute: str, has_gallery: bool) -> Finding:
    """Return the finding about another model and attribute; all but the first of them pass."""
    details = {**finding.details}
    if not has_gallery:
        details.pop("gallery", None)
    is_first = (model, attribute) in ((MODELS[0], ATTRIBUTES[0]), (MODELS[1], ATTRIBUTES[0]))
    return replace(
        finding,
        id=f"biasruler.toml::{finding.check}[{finding.metric}-{attribute}-{model}]",
        model=model if finding.model else None,
        by=(attribute,) if finding.by else (),
        details=details,
        verdict=finding.verdict if is_first else Verdict.PASS,
        outcome=finding.outcome if is_first else "passed",
        reason=finding.reason if is_first else None,
        statement=finding.statement.replace("age", attribute),
    )


def _scores(
    audit: Audit, *, models: tuple[str, ...], attributes: tuple[str, ...]
) -> list[dict[str, Any]]:
    rows = [row for row in audit.scores if row["attribute"] == "age"]
    own = [row for row in rows if row["model"] == "by_machine"]
    return [
        {**row, "model": model, "attribute": attribute}
        for row in own
        for model in models
        for attribute in attributes
    ]


def _accounting(audit: Audit, n_findings: int) -> dict[str, Any]:
    checks = {**audit.accounting["checks"], "declared": n_findings, "ran": n_findings}
    return {**audit.accounting, "expected": N_CASES, "scored": N_CASES, "checks": checks}
