"""The audit as a record, and as the JSON that travels and is kept."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib import resources
from typing import Any

from pytest_biasruler.audit.fitting import find_misfit
from pytest_biasruler.audit.verify import refuse_edited, refuse_removed
from pytest_biasruler.checks.finding import Estimate, Finding, Group, Status, Verdict
from pytest_biasruler.errors import BiasRulerError

SCHEMA = "biasruler-audit/1"
_ANY_SCHEMA = re.compile(r"biasruler-audit/[0-9]{1,4}")
_MOST_LEVELS = 50

Plain = Mapping[str, Any]
"""Nothing but dict, list, str, int, float, bool and None; no NaN."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Audit:
    """All findings of a benchmark and the accounting of its cases.

    Its fields are the keys of ``audit.json``; `docs/audit-json.md` and the JSON Schema in the
    package describe them. Case names are aliases unless they were asked for.
    """

    benchmark: Plain
    tool: Plain
    settings: Plain
    models: Plain
    references: Plain
    attributes: Plain
    labels: Plain
    metrics: Plain
    scores: tuple[Plain, ...]
    warnings: tuple[Plain, ...]
    accounting: Plain
    unasked: Plain
    findings: tuple[Finding, ...]
    extensions: Plain = field(default_factory=dict)
    selftest: Plain = field(default_factory=dict)
    crossings: tuple[Plain, ...] = ()
    schema: str = SCHEMA

    def to_plain(self) -> dict[str, Any]:
        """Return the audit in plain types, as JSON holds it."""
        content = {item.name: getattr(self, item.name) for item in fields(self)}
        content["findings"] = [finding_to_plain(finding) for finding in self.findings]
        if not self.crossings:  # as in files of earlier versions, whose hash should stay theirs
            del content["crossings"]
        result: dict[str, Any] = plain(content)
        return result

    def to_json(self) -> str:
        """Return ``audit.json``: sorted keys, no NaN, the same bytes for the same audit."""
        text = json.dumps(
            self.to_plain(), sort_keys=True, indent=1, allow_nan=False, ensure_ascii=False
        )
        # A lone surrogate has no UTF-8, but its escape is JSON.
        return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"

    @classmethod
    def from_json(cls, text: str) -> Audit:
        """Return the audit that `text` holds.

        Raises
        ------
        BiasRulerError
            ``BR603`` if the text is no audit, does not fit the schema, is of a newer one, or holds
            a verdict that its own bounds and limit rule out.
        """
        content = _parse(text)
        findings = tuple(finding_from_plain(item) for item in content.pop("findings"))
        lists = ("scores", "warnings", "crossings")
        rows: dict[str, Any] = {key: tuple(content.pop(key, ())) for key in lists}
        refuse_edited(findings, is_public=content["settings"].get("public") is True)
        refuse_removed(len(findings), content["accounting"]["checks"])
        return cls(findings=findings, **rows, **content)


def _parse(text: str) -> dict[str, Any]:
    try:
        content = json.loads(
            text, parse_constant=_number, parse_float=_number, object_pairs_hook=_unique
        )
    except (ValueError, RecursionError):
        raise _not_an_audit("text that is not JSON") from None
    schema = content.get("schema") if isinstance(content, dict) else None
    if schema != SCHEMA:
        is_other = isinstance(schema, str) and _ANY_SCHEMA.fullmatch(schema)
        raise _not_an_audit(f"schema {schema}" if is_other else "no schema of ours")
    misfit = "" if _is_deep(content) else find_misfit(content, load_schema())
    if misfit is not None:
        raise _not_an_audit(f"a key or value at {misfit or '/'} that no audit has")
    return dict(content)


def _number(text: str) -> float:
    """Return a number that can be written again: JSON has neither NaN nor infinity."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("no number")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a key twice")
    return content


def _is_deep(content: Any) -> bool:
    """Return whether lists and tables lie so deep in each other that writing them would fail."""
    level = [content]
    for _ in range(_MOST_LEVELS):
        inside = (each.values() if isinstance(each, dict) else each for each in level)
        level = [part for parts in inside for part in parts if isinstance(part, dict | list)]
    return bool(level)


def _not_an_audit(found: str) -> BiasRulerError:
    return BiasRulerError(
        "BR603",
        f"the audit holds {found}",
        f"an audit of schema {SCHEMA}",
        "Write it again with --biasruler-json",
    )


def plain(value: Any) -> Any:
    """Return `value` in plain types; NaN and infinity become None.

    Raises
    ------
    TypeError
        For sets, paths and everything else that has no plain form.
    """
    if value is None or isinstance(value, (bool, int)) or type(value) is str:
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return plain(value.item())
    raise TypeError(f"{type(value).__name__} has no plain form")


def finding_to_plain(finding: Finding) -> dict[str, Any]:
    """Return a finding in plain types."""
    content = {item.name: getattr(finding, item.name) for item in fields(finding)}
    if finding.estimate is not None:
        content["estimate"] = _fields_of(finding.estimate)
    content["groups"] = [_fields_of(group) for group in finding.groups]
    result: dict[str, Any] = plain(content)
    return result


def _fields_of(record: Estimate | Group) -> dict[str, Any]:
    return {item.name: getattr(record, item.name) for item in fields(record)}


def finding_from_plain(content: Mapping[str, Any]) -> Finding:
    """Return the finding that `finding_to_plain` wrote."""
    values = dict(content)
    estimate = values.pop("estimate")
    groups = values.pop("groups")
    return Finding(
        **{
            **values,
            "by": tuple(values["by"]),
            "verdict": Verdict(values["verdict"]),
            "estimate": _estimate(estimate) if estimate is not None else None,
            "groups": tuple(
                Group(**{**group, "status": Status(group["status"])}) for group in groups
            ),
        }
    )


def _estimate(content: Mapping[str, Any]) -> Estimate:
    low, high = content["ci95"]
    pair = content["pair"]
    return Estimate(
        **{**content, "ci95": (low, high), "pair": (pair[0], pair[1]) if pair else None}
    )


def load_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``audit.json`` that ships with the package."""
    text = resources.files("pytest_biasruler.audit").joinpath("schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
