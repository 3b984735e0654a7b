"""What a finding is called and what it says, in words that people read."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pytest_biasruler.audit.ratchet import is_held_back
from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.checks.finding import Status
from pytest_biasruler.checks.outcome import is_screen
from pytest_biasruler.checks.quantities import name_quantity
from pytest_biasruler.report.numbers import (
    LONGEST_SENTENCE,
    NOTHING,
    format_bounds,
    format_limit,
    format_number,
    shown,
    typeset,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_biasruler.checks.finding import Finding

_T = TypeVar("_T")

RANKS = ("failed", "inconclusive", "error", "waived", "screened", "passed", "not judged")
"""Outcomes in the order in which they are told."""


def outcome_of(finding: Finding) -> str:
    """Return the outcome as a word of `RANKS`; that of a screen says that it gates nothing."""
    if is_screen(finding) and finding.outcome == "passed":
        return "screened"
    return finding.outcome or "not judged"


def sign_of(finding: Finding) -> str:
    """Return the name of the glyph that stands beside `word_of`."""
    return "fail" if is_held_back(finding) else verdict_sign_of(finding)


def verdict_sign_of(finding: Finding) -> str:
    """Return the name of the glyph that stands beside the verdict alone."""
    outcome = outcome_of(finding)
    if outcome in ("waived", "not judged"):
        return outcome.replace(" ", "-")
    return str(finding.verdict).lower()


def word_of(finding: Finding) -> str:
    """Return verdict and, where it is not what the verdict says, outcome."""
    outcome, verdict = outcome_of(finding), str(finding.verdict)
    if is_held_back(finding):
        return f"WORSE, verdict {verdict}"
    if outcome in ("waived", "screened", "not judged"):
        return f"{verdict}, {outcome}"
    plain = {"FAIL": "failed", "PASS": "passed", "INCONCLUSIVE": "inconclusive"}
    if outcome == plain.get(verdict):
        return verdict
    cause = "not proven" if finding.policy == "prove-safe" else "by the point estimate"
    return f"{verdict}, {outcome} ({cause})"


def metric_title(name: str | None) -> str:
    """Return a metric's name as people write it."""
    if name is None:
        return NOTHING
    return CATALOGUE[name].title if name in CATALOGUE else shown(name)


def attribute_title(finding: Finding) -> str:
    """Return the attributes of a finding, crossed ones joined."""
    return " and ".join(shown(name) for name in finding.by)


def quantity_of(finding: Finding) -> str:
    """Return what the estimate of a finding is."""
    name = name_quantity(finding)
    has_unit = finding.unit and finding.estimate and finding.check != "success"
    return f"{name}, {shown(finding.unit)}" if has_unit else name


def has_ratio(finding: Finding) -> bool:
    """Return whether the estimate is a ratio of success rates, where small is bad."""
    return finding.check == "success" and finding.details.get("statistic") != "difference"


def told_estimate(finding: Finding) -> tuple[float | None, float | None, float | None]:
    """Return value, low and high as people are told them.

    A distortion that makes a gap smaller is told as negative, its bounds mirrored; everywhere
    else, and in every machine output, a spread has no sign.
    """
    estimate = finding.estimate
    if estimate is None:
        return None, None, None
    signed = finding.details.get("distortion_signed") or {}
    if finding.check == "ruler" and (signed.get("value") or 0) < 0:
        return _minus(estimate.value), _minus(estimate.high), _minus(estimate.low)
    return estimate.value, estimate.low, estimate.high


def _minus(value: float | None) -> float | None:
    return None if value is None else 0.0 - value


def value_of(finding: Finding) -> str:
    """Return the estimate as text, on its own side of the limit."""
    if finding.estimate is None:
        return NOTHING
    value = told_estimate(finding)[0]
    return typeset(format_number(value, limit=_limit_beside(value, finding.limit)))


def bounds_of(finding: Finding) -> str:
    """Return the decision bounds as text, each on its own side of the limit."""
    value, low, high = told_estimate(finding)
    return typeset(format_bounds(low, high, limit=_limit_beside(value, finding.limit)))


def _limit_beside(value: float | None, limit: float | None) -> float | None:
    """Return the limit with the sign of the value that is held against it."""
    return _minus(limit) if value is not None and value < 0 and limit is not None else limit


def told_limit(finding: Finding) -> str:
    """Return the limit as text: a declared one with all its digits, a computed one rounded."""
    if finding.check == "noise" and finding.details.get("form") != "dose":
        return typeset(format_number(finding.limit))
    return typeset(format_limit(finding.limit))


def distance_of(finding: Finding) -> str:
    """Return how far, and on which side of the limit, the estimate lies."""
    if finding.estimate is None or finding.estimate.value is None or finding.limit is None:
        return NOTHING
    apart = finding.estimate.value - finding.limit
    if apart == 0:
        return "at the limit"
    side = "above" if apart > 0 else "below"
    return f"{format_number(abs(apart), limit=0.0)} {side}"


def patients_of(finding: Finding, pair: tuple[str, str] | None) -> str:
    """Return the patients of both subgroups of a pair, or of all judged ones."""
    if any(group.n_patients is None for group in finding.groups):
        return "not shown"
    sizes = {group.name: group.n_patients for group in finding.groups}
    if pair is not None and all(name in sizes for name in pair):
        return f"{sizes[pair[0]]}/{sizes[pair[1]]}"
    judged = [group.n_patients for group in finding.groups if group.status == Status.JUDGED]
    return "/".join(str(n) for n in judged[:4]) + ("/…" if len(judged) > 4 else "") or NOTHING


def by_group(finding: Finding, values: Mapping[str, _T]) -> list[tuple[str, _T]]:
    """Return what is known by subgroup in the order of the finding's subgroups.

    JSON sorts its keys, and "56–120" should not come before "6–55": what is no subgroup ("all")
    comes first.
    """
    order = {group.name: index for index, group in enumerate(finding.groups)}
    return sorted(values.items(), key=lambda item: (order.get(item[0], -1), item[0]))


def pair_title(pair: tuple[str, str] | None) -> str:
    """Return the two subgroups that are compared."""
    return " vs ".join(shown(name) for name in pair) if pair else ""


def pair_of(finding: Finding) -> str:
    """Return the subgroups of the estimate; of a distortion as the difference that it is."""
    pair = finding.told_pair
    if pair is None or finding.check != "ruler":
        return pair_title(pair)
    return " − ".join(shown(name) for name in pair)


def statement_of(finding: Finding) -> str:
    """Return the statement of a finding without its full stop, not endlessly long."""
    return shown(finding.statement, longest=LONGEST_SENTENCE).rstrip(". ")
