"""A finding as strangers may read it: what is not known to be harmless is left out."""

from __future__ import annotations

from dataclasses import replace
from math import floor, log10
from typing import TYPE_CHECKING, Any

from pytest_biasruler.audit.public_cells import Cell
from pytest_biasruler.audit.public_compare import publish_compare
from pytest_biasruler.audit.public_means import is_complete as has_everybody
from pytest_biasruler.audit.public_means import may_tell_means, tells_no_size
from pytest_biasruler.checks.finding import Estimate, Finding, Group, Status
from pytest_biasruler.checks.numbers import format_number
from pytest_biasruler.checks.quantities import tell_quantity
from pytest_biasruler.checks.trend import ONE_DECIDES

if TYPE_CHECKING:
    from pytest_biasruler.audit.disclosure import Disclosure
    from pytest_biasruler.audit.public_listed import Listed

DIGITS = 3
"""Significant digits of a public number: of a mean with all its digits, n is a denominator."""

NOT_JUDGED = "subgroups of 10 or fewer patients were not judged"
_NOT_JUDGED_IF_ANY = "subgroups of 10 or fewer patients, if any, were not judged"

_MEANS_OF_SCORES = (
    *("gap", "ruler", "labels", "floor", "success", "amplification", "difficulty", "transport"),
    "rectified",
)
"""Checks whose subgroup means are means over people; of `provenance` they are shares lost."""

_ALWAYS = ("proven_by", "screen", "aggregation")
_WITH_NUMBERS = ("statistic", "better_above", "form", "direction", "direction_confirmed", "flip")
"""Words and switches of `details` that stay beside an estimate; none is a number."""

_JOINED = {"mean": ", the mean of all labels,", "worst": ", the worst of all labels,"}
_STATUS = {Cell.SUPPRESSED: Status.SUPPRESSED, Cell.NOT_SHOWN: Status.NOT_SHOWN}


def publish_finding(finding: Finding, disclosure: Disclosure) -> Finding:
    """Return a finding without a count of its own, and without what would give one away.

    Its estimate stays if nothing of the attribute is hidden; plain intervals and p-values only if
    moreover no patient was lost on the way, since from them the number that was left could be
    computed. Verdict and outcome stay as they are.
    """
    listed = disclosure.of(finding.by)
    is_open = listed.is_whole if finding.by else disclosure.is_whole
    is_complete = has_everybody(finding, listed)
    is_exact = is_open and is_complete
    has_means = may_tell_means(finding, disclosure, is_complete=is_complete)
    has_numbers = (
        finding.estimate is not None
        and finding.check != "provenance"
        and has_means
        and _may_show(finding, listed, is_open=is_open)
    )
    has_statuses = is_complete or tells_no_size(finding, listed, edge=disclosure.most_edge)
    public = replace(
        finding,
        baseline=listed.names.get(str(finding.baseline), finding.baseline),
        limit=_limit(finding, has_numbers=has_numbers),
        estimate=_estimate(finding, listed, is_exact=is_exact) if has_numbers else None,
        reason=_reason_class(finding.reason),
        p_fail=round_for(finding.p_fail) if has_numbers and is_exact else None,
        p_fail_holm=round_for(finding.p_fail_holm) if has_numbers and is_exact else None,
        min_detectable=round_for(finding.min_detectable) if has_numbers and is_exact else None,
        groups=_groups(
            finding,
            listed,
            has_means=has_means,
            has_sds=is_complete and finding.check != "success",
            has_statuses=has_statuses,
        ),
        details=_details(finding, listed, has_numbers=has_numbers)
        | publish_compare(finding, has_numbers=has_numbers),
    )
    statement = f"{_state(public, is_hidden=not is_open)}{_tell_unjudged(finding, listed)}"
    return replace(public, statement=statement)


def _may_show(finding: Finding, listed: Listed, *, is_open: bool) -> bool:
    """Return whether everything is shown that an estimate rests on.

    Its pair alone would not do: the bounds are those of the largest of all differences, so they
    move with the size of a subgroup that is hidden (a test saw it). A slope that hangs on one
    patient is that patient's score.
    """
    pair = (finding.estimate.pair if finding.estimate else None) or ()
    known = [name for name in pair if name in listed.names]
    is_open = is_open and finding.reason != ONE_DECIDES
    return is_open and (all(map(listed.shows, known)) if known else not listed.joined)


def _estimate(finding: Finding, listed: Listed, *, is_exact: bool) -> Estimate | None:
    known = finding.estimate
    if known is None:
        return None
    value, low, high = (
        round_for(number, limit=finding.limit) for number in (known.value, known.low, known.high)
    )
    pair = known.pair and tuple(listed.names.get(name, name) for name in known.pair)
    return Estimate(
        value=value,
        low=low,
        high=high,
        ci95=(round_for(known.ci95[0]), round_for(known.ci95[1])) if is_exact else (None, None),
        pair=(pair[0], pair[1]) if pair else None,
        method=_method(known.method),
        alpha=known.alpha,
    )


def round_for(
    value: float | None, *, limit: float | None = None, digits: int = DIGITS
) -> float | None:
    """Return a number with few significant digits, or unchanged if that moved it over its limit.

    Examples
    --------
    >>> round_for(0.123456), round_for(0.0500012, limit=0.05), round_for(1234.5), round_for(0.0)
    (0.123, 0.0500012, 1230.0, 0.0)
    """
    if not value:
        return value
    rounded = round(value, digits - 1 - floor(log10(abs(value))))
    if limit is not None and (value > limit, value < limit) != (rounded > limit, rounded < limit):
        return value
    return rounded


def _limit(finding: Finding, *, has_numbers: bool) -> float | None:
    """Return a declared limit; the tipping point of `noise` is no limit but an estimate."""
    if finding.check != "noise" or finding.details.get("form") != "tipping":
        return finding.limit
    return round_for(finding.limit) if has_numbers else None


def _method(text: str) -> str:
    """Return the name of a method without the sizes that it may mention."""
    parts = [part for part in text.split(", ") if not any(map(str.isdigit, part))]
    return ", ".join(parts) or "not told in public"


def _reason_class(reason: str | None) -> str | None:
    if reason is None or not any(map(str.isdigit, reason)):
        return reason
    return "not told in public"


def _groups(
    finding: Finding, listed: Listed, *, has_means: bool, has_sds: bool, has_statuses: bool
) -> tuple[Group, ...]:
    """Return every subgroup of the list once, with its size as it is printed everywhere."""
    if not finding.groups:
        return ()
    own = {group.name: group for group in finding.groups}
    originals = {public: name for name, public in listed.names.items()}
    has_means = has_means and finding.check in _MEANS_OF_SCORES
    rows = []
    for public, n in listed.sizes.items():
        group = own.get(originals[public])
        is_told = has_means and group is not None and listed.shows(originals[public])
        rows.append(
            Group(
                name=public,
                n_cases=None,
                n_patients=n,
                mean=round_for(group.mean) if group and is_told else None,
                sd=round_for(group.sd) if group and is_told and has_sds else None,
                status=_status(group, listed.cells[public], n=n, is_told=has_statuses),
            )
        )
    return tuple(rows)


def _status(group: Group | None, cell: Cell, *, n: int | None, is_told: bool) -> Status:
    if cell is not Cell.SHOWN:
        return _STATUS[cell]
    if n == 0:
        return Status.EMPTY
    if not is_told or group is None:
        return Status.NOT_SHOWN
    return group.status


def _details(finding: Finding, listed: Listed, *, has_numbers: bool) -> dict[str, Any]:
    kept = (*_ALWAYS, *(_WITH_NUMBERS if has_numbers else ("statistic", "better_above", "form")))
    details: dict[str, Any] = {
        key: finding.details[key]
        for key in kept
        if isinstance(finding.details.get(key), str | bool)
    }
    if has_numbers:
        worst = listed.names.get(str(finding.details.get("worst")))
        details |= {"worst": worst} if worst is not None else {}
        details |= {key: True for key in ("control", "second_expert") if finding.details.get(key)}
        details |= _signed(finding, listed) | _slope(finding)
    return {**details, "public": True}


def _signed(finding: Finding, listed: Listed) -> dict[str, Any]:
    """Return both gaps of a ruler and which way the distortion goes: differences of means."""
    gaps, pair = finding.details.get("pair_gaps"), finding.details.get("direction_pair")
    if finding.check != "ruler" or not gaps or not pair or not all(map(listed.shows, pair)):
        return {}
    signed = (finding.details.get("distortion_signed") or {}).get("value")
    return {
        "pair_gaps": {by: round_for(gap) for by, gap in gaps.items()},
        "direction_pair": [listed.names[name] for name in pair],
        "distortion_signed": {"value": round_for(signed)},
    }


def _slope(finding: Finding) -> dict[str, Any]:
    """Return which way a slope goes, per what; no number of a patient and of no subgroup."""
    trend = finding.details.get("trend") or {}
    if not trend:
        return {}
    return {"trend": {"step": trend["step"], "slope": round_for(trend["slope"])}}


def _state(finding: Finding, *, is_hidden: bool) -> str:
    """Return what is left of a finding, as a sentence."""
    of = f" of {finding.metric}" if finding.metric else ""
    by = f" by {' and '.join(finding.by)}" if finding.by else ""
    labels = _JOINED.get(str(finding.details.get("aggregation")), "")
    subject = f"{tell_quantity(finding)}{of}{labels}{by}"
    subject = f"{subject[:1].upper()}{subject[1:]}"
    known = finding.estimate
    if known is None or known.value is None:
        why = "small groups are hidden, so only" if is_hidden else "in public only"
        return f"{subject}: {why} the verdict is shown"
    pair = f", {known.pair[0]} and {known.pair[1]}" if known.pair else ""
    unit = f" {finding.unit}" if finding.unit else ""
    return f"{subject}{pair}: {format_number(known.value, limit=finding.limit)}{unit}"


def _tell_unjudged(finding: Finding, listed: Listed) -> str:
    """Return who was not judged; of a crossing even whether there are such cells stays open."""
    if len(finding.by) > 1:
        return f"; {_NOT_JUDGED_IF_ANY}"
    return f"; {NOT_JUDGED}" if listed.n_small else ""


def says_unjudged(finding: Finding) -> bool:
    """Return whether a public finding says that there are, or may be, people it did not judge."""
    return finding.statement.endswith((NOT_JUDGED, _NOT_JUDGED_IF_ANY))
