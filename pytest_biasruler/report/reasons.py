"""Why a finding stays open, with the numbers and names that the reason alone leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.checks.finding import Status
from pytest_biasruler.checks.membership import MAX_UNDEFINED_SHARE
from pytest_biasruler.checks.numbers import format_number
from pytest_biasruler.report.subgroup_table import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from pytest_biasruler.checks.finding import Finding

_NOTHING_TO_COPY = "no or too few mistakes of the label to be repeated"
LONGEST_CRITERION = 120
COUNTED_CRITERIA = ("d", "e")
"""Criteria of `provenance` whose numbers are numbers of subgroups or patients."""
_LOST_BY = {"few_errors": _NOTHING_TO_COPY, "empty_expert": "an empty expert mask"}


def tell_reason(finding: Finding) -> str:
    """Return the reason of a finding, and of which subgroups, sites or cases it speaks.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> details = {"min_sites": 9, "contrasts": [{"n_sites": 6}]}
    >>> tell_reason(SimpleNamespace(reason="too few sites", details=details))
    'too few sites: 6 usable, min_sites 9'
    >>> tell_reason(SimpleNamespace(reason="borderline", details={}))
    'borderline'
    """
    reason = finding.reason or ""
    if finding.details.get("public"):
        return reason
    tell = _TELLERS.get(reason)
    told = tell(finding) if tell is not None else ""
    return told or reason


def unmet_criteria(finding: Finding) -> list[str]:
    """Return what `provenance` misses, each with its number and limit."""
    criteria = finding.details.get("criteria") or ()
    return [_tell_criterion(item) for item in criteria if item["verdict"] not in ("PASS", "INFO")]


def _tell_criterion(item: Mapping[str, Any]) -> str:
    text = shown(item["text"], longest=LONGEST_CRITERION)
    number, limit = item.get("number"), item.get("limit")
    if number is None or limit is None:
        return text
    if item.get("criterion") in COUNTED_CRITERIA:
        return f"{text} ({number:g}, limit {limit:g})"
    is_estimate = item.get("criterion") == "c" and item["verdict"] == "INCONCLUSIVE"
    relation = "not shown to be within" if is_estimate else "limit"
    return f"{text} ({format_number(number, limit=limit)}, {relation} {format_number(limit)})"


def _too_few_subgroups(finding: Finding) -> str:
    parts = []
    for group in finding.groups:
        few = ", fewer than min_patients" if group.status == Status.TOO_SMALL else ""
        noun = "patient" if group.n_patients == 1 else "patients"
        parts.append(f"{shown(group.name)} has {group.n_patients} {noun}{few}")
    return f"{finding.reason}: {'; '.join(parts)}" if parts else ""


def _too_few_sites(finding: Finding) -> str:
    numbers = [one["n_sites"] for one in finding.details.get("contrasts") or ()]
    least = finding.details.get("min_sites")
    if not numbers or least is None:
        return ""
    return f"{finding.reason}: {min(numbers)} usable, min_sites {least}"


def _thin_evidence(finding: Finding) -> str:
    if finding.check != "echo":
        return ""
    dropped = list((finding.details.get("dropped") or {}).values())
    lost = {why: sum(counts.get(why) or 0 for counts in dropped) for why in _LOST_BY}
    parts = [f"{n} {_cases(n)} with {_LOST_BY[why]}" for why, n in lost.items() if n]
    left = sum(group.n_patients for group in finding.groups)
    sizes = f"{left} patients left, fewer than min_patients" if left else "no case left"
    return f"{finding.reason}: {'; '.join([*parts, sizes])}"


def _missing_values(finding: Finding) -> str:
    features = [shown(name) for name in finding.details.get("missing_features") or ()]
    if features:
        return f"{finding.reason}: {', '.join(features)}"
    counts = finding.details.get("counts") or {}
    dropped = finding.details.get("dropped") or {}  # without mistakes to repeat, so not lost
    parts = []
    for group in finding.groups:
        n_lost = sum(by_group.get(group.name) or 0 for by_group in counts.values())
        n_lost -= sum((dropped.get(group.name) or {}).values())
        n_all = n_lost + group.n_cases
        if group.status != Status.MISSING and n_lost > MAX_UNDEFINED_SHARE * n_all:
            parts.append(f"{n_lost} of {n_all} cases of {shown(group.name)} have no score")
    return f"{finding.reason}: {'; '.join(parts)}" if parts else ""


def _no_overlap(finding: Finding) -> str:
    baseline = shown(finding.details.get("baseline") or "the reference group")
    split = finding.details.get("split") or {}
    shares = {name: (split.get(name) or {}).get("off_support") for name in _beyond(finding)}
    parts = [
        f"{100 * share:.0f} % of {shown(name)} lie outside the range of {baseline}"
        for name, share in shares.items()
        if share is not None
    ]
    return "; ".join(parts)


def _beyond(finding: Finding) -> tuple[str, ...]:
    return tuple(finding.details.get("beyond_reach") or ())


def _cases(n: int) -> str:
    return "case" if n == 1 else "cases"


_TELLERS: Mapping[str, Callable[[Finding], str]] = {
    "too few subgroups": _too_few_subgroups,
    "too few sites": _too_few_sites,
    "thin evidence": _thin_evidence,
    "missing values": _missing_values,
    "no overlap": _no_overlap,
}
