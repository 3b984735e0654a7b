"""A finding as a sentence: what was found, how sure that is, and what would change it."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.numbers import counted, format_number, shown, typeset
from pytest_biasruler.report.reasons import unmet_criteria
from pytest_biasruler.report.wording import by_group, has_ratio, statement_of, told_limit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_biasruler.checks.finding import Finding

REASONS = {
    "underpowered": "there are too few patients for this limit",
    "borderline": "the estimate lies too close to the limit",
    "too few subgroups": "too few subgroups are large enough to judge, or the baseline is not",
    "no pairs": "no case has all the scores that are compared",
    "multiplicity": "it is beyond the limit alone, but not when the number of checks counts",
    "missing values": "more than 5 % of the cases of a subgroup have no score",
    "no overlap": "the subgroups share too little range to be compared",
    "undefined ratio": "the ratio is undefined, no subgroup succeeds at all",
    "too few sites": "too few sites have enough patients of both subgroups",
    "not a random subset": "the labelled cases are not a random subset",
    "no control": "without masks it takes a control model, trained on expert labels",
    "nothing to undo": "the gap itself is not decided",
    "thin evidence": "the evidence is thin",
    "wrong pairing": "most predictions do not touch their reference",
    "one patient decides": "one patient's number lies so far off that the slope hangs on it",
}

_SETTLED_BY_PATIENTS = ("underpowered", "borderline")
_DECIDED_BY_LIMIT = (*_SETTLED_BY_PATIENTS, "multiplicity")
"""Other reasons withhold a verdict whatever the limit is."""

_MOST_NEEDED = 10_000


def is_mirrored(finding: Finding, metrics: Mapping[str, Mapping[str, object]]) -> bool:
    """Return whether a value *below* the limit is what fails."""
    if finding.check == "floor":
        return metrics.get(str(finding.metric), {}).get("direction", "higher") == "higher"
    return has_ratio(finding)


def sentence_of(finding: Finding, metrics: Mapping[str, Mapping[str, object]]) -> str:
    """Return the finding as a sentence: its statement and how sure that is."""
    statement, estimate = statement_of(finding), finding.estimate
    if finding.reason == "multiplicity":
        return f"{statement}; beyond the limit alone, but not among all checks."
    if finding.verdict == Verdict.INCONCLUSIVE:
        return f"{statement}{_range_of(finding)}."
    if estimate is None or finding.limit is None:
        return f"{statement}."
    if finding.check == "ranking" and finding.verdict == Verdict.FAIL:
        return f"{statement}; confirmed under both references{_at_least(finding)}."
    is_low = (finding.verdict == Verdict.FAIL) != is_mirrored(finding, metrics)
    word, bound = ("at least", estimate.low) if is_low else ("at most", estimate.high)
    limit = _share(finding) if finding.check == "echo" else told_limit(finding)
    told = f"{_subject(finding)}{word} {_number(finding, bound)}"
    return f"{statement}; {told}, limit {limit}."


def _share(finding: Finding, bound: float | None = None) -> str:
    """Return a bound of an `echo` finding, or its limit, in the unit of its statement."""
    limit = round(100 * (finding.limit or 0.0), 10)
    value = limit if bound is None else 100 * bound
    is_difference = bool(finding.by or finding.details.get("control"))
    unit = " percentage points" if is_difference and bound is not None else " %"
    text = typeset(format_number(value, limit=limit, decimals=0))
    return f"{text}{'' if is_difference and bound is None else unit}"


def _subject(finding: Finding) -> str:
    """Return what a bound is of, where the statement does not end in that number."""
    if finding.check == "amplification" and finding.verdict != Verdict.FAIL:
        return "amplification "
    if finding.check == "transport" and finding.verdict != Verdict.FAIL:
        return "a gap there is "
    return ""


def _at_least(finding: Finding) -> str:
    """Return the lower bound of a regret, which may be small although the flip is sure."""
    low = finding.estimate.low if finding.estimate else None
    if low is None or finding.limit is None or not low > finding.limit:
        return ""
    number = typeset(format_number(low, limit=finding.limit))
    return f", at least {number}, limit {told_limit(finding)}"


def explanation_of(finding: Finding) -> str:
    """Return why an undecided finding is undecided and what would settle it, else nothing."""
    if finding.verdict != Verdict.INCONCLUSIVE:
        return ""
    reason = REASONS.get(str(finding.reason), shown(finding.reason or "not stated"))
    told = ": ".join(filter(None, (reason, "; ".join(unmet_criteria(finding)))))
    return f"Undecided: {told}.{needed_of(finding)}"


def _range_of(finding: Finding) -> str:
    estimate = finding.estimate
    if estimate is None or (estimate.low is None and estimate.high is None):
        return ""
    if finding.check == "transport":  # its statement tells the range at a new site
        return ""
    low, high = (
        None if bound is None else _number(finding, bound)
        for bound in (estimate.low, estimate.high)
    )
    what = _subject(finding) or "it "
    if low is None or high is None:
        return f"; {what}may be anything {f'up to {high}' if high else f'from {low} upwards'}"
    return f"; {what}may be anything from {low.partition(' ')[0]} to {high}"


def _number(finding: Finding, bound: float | None) -> str:
    if finding.check == "echo" and bound is not None:
        return _share(finding, bound)
    return typeset(format_number(bound, limit=finding.limit))


def needed_of(finding: Finding) -> str:
    """Return how many more patients would settle an undecided finding, as a sentence."""
    needed = finding.details.get("needed") or {}
    if finding.verdict != Verdict.INCONCLUSIVE or finding.reason not in _SETTLED_BY_PATIENTS:
        return ""
    numbers = [(shown(name), n) for name, n in by_group(finding, needed) if n != 0]
    too_many = [name for name, n in numbers if n is None or n > _MOST_NEEDED]
    if too_many:
        who = " and ".join(too_many)
        return f" Even {_MOST_NEEDED:,} more patients in {who} would not settle it at this limit."
    parts = [f"{counted(ceil(n), 'more patient')} in {name}" for name, n in numbers]
    if not parts:
        return ""
    has_plan = bool(finding.details.get("plan"))
    where = "; see What to label next in section 9 of the report" if has_plan else ""
    told = " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
    return f" About {told} would settle it{where}."


def _is_limit_computed(finding: Finding) -> bool:
    """Return whether nobody can choose the limit: it is the tipping point of another verdict."""
    return finding.check == "noise" and finding.details.get("form") != "dose"


def change_of(finding: Finding, metrics: Mapping[str, Mapping[str, object]]) -> str:
    """Return at which limits the same data would get another verdict, where the limit decides."""
    estimate = finding.estimate
    if estimate is None or finding.limit is None or estimate.low is None or estimate.high is None:
        return ""
    if finding.reason not in (None, *_DECIDED_BY_LIMIT) or _is_limit_computed(finding):
        return ""
    low, high = typeset(format_number(estimate.low)), typeset(format_number(estimate.high))
    if is_mirrored(finding, metrics):
        passes, fails = f"below about {low}", f"above about {high}"
    else:
        passes, fails = f"above about {high}", f"below about {low}"
    if finding.reason == "multiplicity" or finding.check == "ranking":
        return f"With these data a limit {passes} is a PASS."
    if estimate.low <= 0 and not is_mirrored(finding, metrics):
        return f"With these data a limit {passes} is a PASS, and no limit is a FAIL."
    return f"With these data a limit {passes} is a PASS, {fails} a FAIL."
