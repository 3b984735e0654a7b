"""What a check asks otherwise than it did in an earlier audit, and where that is less."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_biasruler.benchmark.check import Policy
from pytest_biasruler.checks.finding import Status
from pytest_biasruler.checks.outcome import is_better_above, is_screen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_biasruler.checks.finding import Finding

_QUESTION = (
    *("check", "metric", "unit", "label", "by", "model", "reference", "automated", "baseline"),
)
_DETAILS = ("statistic", "form", "better_above", "threshold", "control", "second_expert")
"""What makes two findings of one id answers to different questions, so that no value compares."""

_STRICTNESS = (Policy.POINT, Policy.CONFIDENT_FAIL, Policy.PROVE_SAFE)
_BETTER_ABOVE = ("e", "g")
"""Criteria of `provenance` that ask for at least so much."""


def name_other_question(finding: Finding, earlier: Finding) -> str | None:
    """Return what makes the two answer different questions; None if nothing does.

    A public audit holds less than others: what it does not say does not differ.
    """
    for name in _QUESTION:
        if getattr(finding, name) != getattr(earlier, name):
            return name
    for name in _DETAILS:
        known = finding.details.get(name), earlier.details.get(name)
        if name in finding.details and name in earlier.details and known[0] != known[1]:
            return name
    steps = {(each.details.get("trend") or {}).get("step") for each in (finding, earlier)}
    if len(steps - {None}) > 1:  # of a slope; per half the step it is half as steep
        return "step"
    return "subgroups" if _names_differ(finding, earlier) else None


def _names_differ(finding: Finding, earlier: Finding) -> bool:
    if finding.is_public or earlier.is_public:
        return False
    return {group.name for group in finding.groups} != {group.name for group in earlier.groups}


def list_changes(finding: Finding, earlier: Finding) -> list[dict[str, Any]]:
    """Return what is asked otherwise: limit, policy, level, guard, and who is judged.

    Each entry has ``what``, ``earlier``, ``now`` and ``loosened``: whether it lets more pass. That
    patients or metrics differ is refused elsewhere: they are in the hash of the data.
    """
    return [
        {"what": what, "earlier": before, "now": now, "loosened": is_less}
        for what, before, now, is_less in _changes(finding, earlier)
        if before != now
    ]


def _changes(finding: Finding, earlier: Finding) -> Iterator[tuple[str, Any, Any, bool]]:
    if not _is_limit_computed(finding):
        before, now = earlier.limit, finding.limit
        is_less = _asks_less(before, now, better_above=is_better_above(finding))
        yield "limit", before, now, is_less
    yield from _criteria(finding, earlier)
    ranks = [_STRICTNESS.index(Policy(each.policy)) for each in (earlier, finding)]
    yield "policy", earlier.policy, finding.policy, ranks[1] < ranks[0]
    yield "screen", is_screen(earlier), is_screen(finding), is_screen(finding)
    if earlier.outcome is not None and finding.outcome is None:
        yield "judged", True, False, True
    yield "support", earlier.support, finding.support, earlier.support == "bounds"
    if earlier.estimate is not None and finding.estimate is not None:
        before, now = earlier.estimate.alpha, finding.estimate.alpha
        yield "alpha", before, now, now > before
    if not (finding.is_public or earlier.is_public):
        judged, still = _judged(earlier), _judged(finding)
        yield "subgroups judged", judged, still, bool(set(judged) - set(still))


def _is_limit_computed(finding: Finding) -> bool:
    """Return whether the limit is an estimate of its own: the tipping point of `noise`."""
    return finding.check == "noise" and finding.details.get("form") != "dose"


def _asks_less(before: float | None, now: float | None, *, better_above: bool) -> bool:
    if before is None or now is None:
        return now is None
    return now < before if better_above else now > before


def _judged(finding: Finding) -> list[str]:
    return sorted(group.name for group in finding.groups if group.status == Status.JUDGED)


def _criteria(finding: Finding, earlier: Finding) -> Iterator[tuple[str, Any, Any, bool]]:
    """Yield the limits of the facts that `provenance` rests on, a name for each."""
    known = {_name(item): item for item in earlier.details.get("criteria") or ()}
    for item in finding.details.get("criteria") or ():
        before = known.get(_name(item))
        if before is not None:
            first, last = before.get("limit"), item.get("limit")
            is_above = item["criterion"] in _BETTER_ABOVE
            is_less = _asks_less(first, last, better_above=is_above)
            yield f"limit of {_name(item)}", first, last, is_less


def _name(item: dict[str, Any]) -> str:
    """Return the words of a criterion; those of (d) hold the number that is its limit."""
    text = str(item["text"])
    return "subgroups that are too small" if item["criterion"] == "d" else text
