"""What a finding is called and what it says, in words that people read."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pytest_biasruler.benchmark.metrics import CATALOGUE
from pytest_biasruler.checks.finding import Status, Verdict
from pytest_biasruler.report.numbers import (
    LONGEST_SENTENCE,
    NOTHING,
    counted,
    format_bounds,
    format_limit,
    format_number,
    format_signed,
    shown,
    typeset,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_biasruler.checks.finding import Finding

_T = TypeVar("_T")

_MOST_NEEDED = 10_000

RANKS = ("failed", "inconclusive", "error", "waived", "passed", "not judged")
"""Outcomes in the order in which they are told."""

_QUANTITIES = {
    "gap": "gap",
    "ruler": "distortion",
    "labels": "label gap",
    "floor": "lowest mean",
    "provenance": "evidence",
}

REASONS = {
    "underpowered": "there are too few patients for this limit",
    "borderline": "the estimate lies too close to the limit",
    "too few subgroups": "too few subgroups are large enough to judge, or the baseline is not",
    "no pairs": "no case is scored under both references",
    "multiplicity": "it is beyond the limit alone, but not when the number of checks counts",
    "missing values": "more than 5 % of the cases of a subgroup have no score",
    "no overlap": "the subgroups share too little range to be compared",
    "undefined ratio": "the ratio is undefined, no subgroup succeeds at all",
    "too few sites": "there are too few sites",
    "not a random subset": "the labelled cases are not a random subset",
    "no control": "there is no control model",
    "nothing to undo": "the gap itself is not decided",
    "thin evidence": "the evidence is thin",
    "wrong pairing": "most predictions do not touch their reference",
}


def outcome_of(finding: Finding) -> str:
    """Return the outcome as a word of `RANKS`."""
    return finding.outcome or "not judged"


def sign_of(finding: Finding) -> str:
    """Return the name of the glyph that stands for a finding."""
    outcome = outcome_of(finding)
    if outcome in ("waived", "not judged"):
        return outcome.replace(" ", "-")
    return str(finding.verdict).lower()


def word_of(finding: Finding) -> str:
    """Return verdict and, where it is not what the verdict says, outcome."""
    outcome, verdict = outcome_of(finding), str(finding.verdict)
    if outcome in ("waived", "not judged"):
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
    if finding.check == "success":
        return "ratio of rates" if has_ratio(finding) else "difference of rates"
    name = _QUANTITIES.get(finding.check, "value")
    return f"{name}, {shown(finding.unit)}" if finding.unit and finding.estimate else name


def has_ratio(finding: Finding) -> bool:
    """Return whether the estimate is a ratio of success rates, where small is bad."""
    return finding.check == "success" and finding.details.get("statistic") != "difference"


def is_mirrored(finding: Finding, metrics: Mapping[str, Mapping[str, object]]) -> bool:
    """Return whether a value *below* the limit is what fails."""
    if finding.check == "floor":
        return metrics.get(str(finding.metric), {}).get("direction", "higher") == "higher"
    return has_ratio(finding)


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


def statement_of(finding: Finding) -> str:
    """Return the statement of a finding without its full stop, not endlessly long."""
    return shown(finding.statement, longest=LONGEST_SENTENCE).rstrip(". ")


def sentence_of(finding: Finding, metrics: Mapping[str, Mapping[str, object]]) -> str:
    """Return the finding as a sentence: its statement and how sure that is."""
    statement, estimate = statement_of(finding), finding.estimate
    if finding.verdict == Verdict.INCONCLUSIVE:
        return f"{statement}{_range_of(finding)}."
    if estimate is None or finding.limit is None:
        return f"{statement}."
    is_low = (finding.verdict == Verdict.FAIL) != is_mirrored(finding, metrics)
    word, bound = ("at least", estimate.low) if is_low else ("at most", estimate.high)
    number = typeset(format_number(bound, limit=finding.limit))
    return f"{statement}; {word} {number}, limit {typeset(format_limit(finding.limit))}."


def explanation_of(finding: Finding) -> str:
    """Return why an undecided finding is undecided and what would settle it, else nothing."""
    if finding.verdict != Verdict.INCONCLUSIVE:
        return ""
    reason = REASONS.get(str(finding.reason), shown(finding.reason or "not stated"))
    return f"Undecided: {reason}.{needed_of(finding)}"


def _range_of(finding: Finding) -> str:
    estimate = finding.estimate
    if estimate is None or (estimate.low is None and estimate.high is None):
        return ""
    low, high = (
        None if bound is None else typeset(format_number(bound, limit=finding.limit))
        for bound in (estimate.low, estimate.high)
    )
    if low is None or high is None:
        return f"; it may be anything {f'up to {high}' if high else f'from {low} upwards'}"
    return f"; it may be anything from {low} to {high}"


def needed_of(finding: Finding) -> str:
    """Return how many more patients would settle an undecided finding, as a sentence."""
    needed = finding.details.get("needed") or {}
    if finding.verdict != Verdict.INCONCLUSIVE or not needed:
        return ""
    parts = [
        f"{counted(n, 'more patient') if n <= _MOST_NEEDED else 'more than 10,000'} "
        f"in {shown(name)}"
        for name, n in by_group(finding, needed)
    ]
    return f" About {' and '.join(parts)} would settle it."


def change_of(finding: Finding, metrics: Mapping[str, Mapping[str, object]]) -> str:
    """Return at which limits the same data would get another verdict."""
    estimate = finding.estimate
    if estimate is None or finding.limit is None or estimate.low is None or estimate.high is None:
        return ""
    low, high = typeset(format_number(estimate.low)), typeset(format_number(estimate.high))
    if is_mirrored(finding, metrics):
        return f"With these data a limit below about {low} is a PASS, above about {high} a FAIL."
    if estimate.low <= 0:
        return f"With these data a limit above about {high} is a PASS, and no limit is a FAIL."
    return f"With these data a limit above about {high} is a PASS, below about {low} a FAIL."


def signed_value(value: float | None) -> str:
    """Return a difference with its sign, typeset."""
    return typeset(format_signed(value))
