"""How results travel from the process that judges to the one that reports: as JSON text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_biasruler.errors import BiasRulerProblems
from pytest_biasruler.shell.nodes import line_of, shown_node
from pytest_biasruler.shell.stash import AUDIT, PROPERTY, is_payload

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pytest

    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.errors import BiasRulerError

JUNIT_PREFIX = "biasruler."

_KINDS = ("context", "finding", "error")


def to_text(plain: object) -> str:
    """Return JSON of plain types; NaN, sets, paths and numpy scalars are refused.

    execnet refuses numpy scalars by ending the worker, and the run was then seen to end with
    exit code 0.
    """
    return json.dumps(plain, allow_nan=False, sort_keys=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A judged finding on its way; `audit` tells to which benchmark it belongs."""

    finding: Finding
    audit: str
    index: int | None


def add_finding(item: pytest.Item, found: Found, *, data_hash: str) -> None:
    """Let a finding ride on the reports of `item`."""
    from pytest_biasruler.audit import finding_to_plain

    plain = {
        "kind": "finding",
        "audit": found.audit,
        "index": found.index,
        "hash": data_hash,
        "finding": finding_to_plain(found.finding),
    }
    item.user_properties.append((PROPERTY, to_text(plain)))


def add_context(item: pytest.Item, *, audit: str, context: Mapping[str, Any]) -> None:
    """Let what the report says beside findings ride on the reports of `item`."""
    plain = {"kind": "context", "audit": audit, **context}
    item.user_properties.append((PROPERTY, to_text(plain)))


def add_error(item: pytest.Item, error: BiasRulerError) -> None:
    """Let a check that could not be answered ride on the reports of `item`."""
    problems = error.problems if isinstance(error, BiasRulerProblems) else (error,)
    shown = shown_node(item)
    for problem in problems:
        plain = {
            "kind": "error",
            "audit": item.stash.get(AUDIT, ""),
            "id": shown,
            "code": problem.code,
            "message": str(problem).replace(item.nodeid, shown),
            "line": line_of(item),
        }
        item.user_properties.append((PROPERTY, to_text(plain)))


def take_payload(report: pytest.TestReport) -> list[dict[str, Any]]:
    """Take our entries off a report and return them, so that nobody else prints raw JSON."""
    ours, others = [], []
    for entry in report.user_properties:
        plain = _read_plain(entry)
        if plain is None:
            others.append(entry)
        else:
            ours.append(plain)
    report.user_properties[:] = others
    return ours


def _read_plain(entry: object) -> dict[str, Any] | None:
    """Return what an entry holds if we wrote it; whatever else has our name is its owner's."""
    if not (isinstance(entry, tuple | list) and is_payload(entry)):
        return None
    try:
        plain = json.loads(entry[1])
    except (ValueError, RecursionError):
        return None
    return plain if isinstance(plain, dict) and plain.get("kind") in _KINDS else None


def read_finding(plain: dict[str, Any]) -> Found:
    """Return the finding of a payload."""
    from pytest_biasruler.audit import finding_from_plain

    return Found(
        finding=finding_from_plain(plain["finding"]), audit=plain["audit"], index=plain["index"]
    )


def junit_properties(payload: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return the numbers of findings as flat strings; what is undefined is left out."""
    return [pair for plain in payload if plain["kind"] == "finding" for pair in _numbers(plain)]


def _n_judged(finding: Mapping[str, Any]) -> int | None:
    """Return the patients of all judged subgroups; None in public if some are hidden."""
    groups = finding["groups"]
    if any(group["n_patients"] is None or group["status"] == "not shown" for group in groups):
        return None
    return sum(int(group["n_patients"]) for group in groups if group["status"] == "judged")


def _numbers(plain: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    finding = plain["finding"]
    estimate = finding["estimate"] or {}
    values = {
        "verdict": finding["verdict"],
        "value": estimate.get("value"),
        "low": estimate.get("low"),
        "high": estimate.get("high"),
        "limit": finding["limit"],
        "n_patients": _n_judged(finding),
        "hash": plain["hash"],
    }
    for key, value in values.items():
        if value is not None:
            yield f"{JUNIT_PREFIX}{key}", str(value)
