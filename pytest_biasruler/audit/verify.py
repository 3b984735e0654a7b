"""Whether an audit that was kept still says what its own numbers say."""

from __future__ import annotations

from math import isclose
from typing import TYPE_CHECKING, Any

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.checks.numbers import format_number
from pytest_biasruler.checks.outcome import waiver_end
from pytest_biasruler.errors import BiasRulerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_biasruler.checks.finding import Finding

BOUND = ("gap", "ruler", "labels", "rectified", "success", "floor")
"""Checks whose verdict follows from two bounds and a limit."""

_TWO_SIDED = ("success", "floor")
"""Checks of which either side may be the better one; they say which."""


def refuse_edited(findings: Iterable[Finding], *, is_public: bool) -> None:
    """Refuse verdicts that bounds and limit of their own finding rule out, and the like.

    The like are endless waivers, checks under the id of another, and slopes beside an estimate
    that is not their size.

    An INCONCLUSIVE is always possible: missing values, wrong pairing and multiplicity withhold
    what bounds alone would allow.

    Parameters
    ----------
    findings : iterable of Finding
        Those of one audit.
    is_public : bool
        Whether bounds may be lacking because they would tell of a few patients.

    Raises
    ------
    BiasRulerError
        ``BR603`` for the first such finding.
    """
    for finding in findings:
        if not _has_end(finding):
            found = f"a waiver of {finding.id} that ends on no date"
            raise _edited(found, "a date such as 2027-03-31")
        if f"{finding.check}[" not in finding.id:
            raise _edited(f"a {finding.check} under the id {finding.id}", "the check of its id")
        if finding.check in BOUND and not _is_possible(finding, is_public=is_public):
            found = f"a {finding.verdict} of {finding.id} {_told(finding)}"
            raise _edited(found, "a verdict that its own bounds and limit allow")
        if not _is_size_of_slope(finding):
            raise _edited(f"another slope of {finding.id} than its estimate", "its size")


def refuse_removed(n_findings: int, checks: Mapping[str, Any]) -> None:
    """Refuse an audit with fewer findings than tests that found something.

    Parameters
    ----------
    n_findings : int
        A test has at least one.
    checks : mapping
        ``accounting.checks`` of the audit.

    Raises
    ------
    BiasRulerError
        ``BR603``.
    """
    # A test may have asked two benchmarks, and be in error about this one.
    if n_findings + len(checks["errors"]) < checks["ran"]:
        noun = "finding" if n_findings == 1 else "findings"
        found = f"{n_findings} {noun} of {checks['ran']} checks that ran"
        raise _edited(found, "one of each")


def _edited(found: str, expected: str) -> BiasRulerError:
    fix = "Write it again with --biasruler-json"
    return BiasRulerError("BR603", f"the audit holds {found}", expected, fix)


def _has_end(finding: Finding) -> bool:
    """Return whether a waiver, if there is one, ends on a day."""
    try:
        waiver_end(finding)
    except ValueError:
        return False
    return True


def _is_possible(finding: Finding, *, is_public: bool) -> bool:
    if finding.verdict == Verdict.INCONCLUSIVE:
        return True
    if finding.check not in _TWO_SIDED:
        return _follows(finding, better_above=False, is_public=is_public)
    known = finding.details.get("better_above")  # an audit that does not say rules out nothing
    return known is None or _follows(finding, better_above=bool(known), is_public=is_public)


def _is_size_of_slope(finding: Finding) -> bool:
    slope = (finding.details.get("trend") or {}).get("slope")
    value = finding.estimate.value if finding.estimate is not None else None
    # In public both have three digits, but not a value that this would move over its limit.
    return slope is None or value is None or isclose(abs(slope), value, rel_tol=0.01)


def _follows(finding: Finding, *, better_above: bool, is_public: bool) -> bool:
    low, high = _bounds(finding)
    is_above = (finding.verdict == Verdict.FAIL) != better_above
    bound, limit = low if is_above else high, finding.limit
    if bound is None or limit is None:
        return is_public
    return bound > limit if is_above else bound < limit


def _bounds(finding: Finding) -> tuple[float | None, float | None]:
    estimate = finding.estimate
    return (None, None) if estimate is None else (estimate.low, estimate.high)


def _told(finding: Finding) -> str:
    low, high, limit = map(format_number, (*_bounds(finding), finding.limit))
    return f"with the bounds {low} and {high} and the limit {limit}"
