"""What the number of a finding is called, in the terminal and in the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_biasruler.checks.finding import Finding

_QUANTITIES = {
    "gap": "gap",
    "ruler": "distortion",
    "labels": "label gap",
    "floor": "worst mean",
    "provenance": "evidence",
    "difficulty": "unexplained gap",
    "morphology": "largest |Cliff's delta|",
    "ranking": "regret",
    "transport": "mean gap over sites, upper bound for a new site",
    "rectified": "rectified gap",
}


ASKS_ALONG = {
    "gap": "Does the score change along a number?",
    "ruler": "Does the automated reference bend how the score changes along a number?",
}
"""What the form of a check asks that follows a number in place of subgroups."""


def is_trend(finding: Finding) -> bool:
    """Return whether a finding is about the slope along a number."""
    return finding.details.get("form") == "trend"


def _name_slope(finding: Finding) -> str:
    step = (finding.details.get("trend") or {}).get("step")
    what = "slope" if finding.check == "gap" else "bend of the slope"
    return what if step is None else f"{what} (per {step:g})"


def is_beside_humans(finding: Finding) -> bool:
    """Return whether a case's number is how much better a second expert agrees than the label."""
    return finding.check == "labels" and finding.details.get("second_expert") is not None


def is_larger_worse(finding: Finding) -> bool:
    """Return whether the subgroup with the larger number is the worse off: `pair` begins with it.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> is_larger_worse(SimpleNamespace(check="echo", details={}))
    True
    >>> is_larger_worse(SimpleNamespace(check="gap", details={}))
    False
    """
    return finding.check == "echo" or is_beside_humans(finding)


def name_quantity(finding: Finding) -> str:
    """Return what the estimate of a finding is, in a few words.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> name_quantity(SimpleNamespace(check="ruler", details={}))
    'distortion'
    >>> name_quantity(SimpleNamespace(check="success", details={"statistic": "difference"}))
    'difference of rates'
    """
    if is_trend(finding):
        return _name_slope(finding)
    if finding.check == "success":
        is_difference = finding.details.get("statistic") == "difference"
        return "difference of rates" if is_difference else "ratio of rates"
    if finding.check == "noise":
        has_levels = finding.details.get("form") == "dose"
        return "extra loss per unit of label noise" if has_levels else "differential label error"
    own = _OWN.get(finding.check)
    return own(finding) if own else _QUANTITIES.get(finding.check, "value")


def tell_quantity(finding: Finding) -> str:
    """Return `name_quantity`, of a slope with its direction where that is sure.

    Its estimate, a size, has no sign.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> details = {"form": "trend", "trend": {"step": 10.0, "slope": -0.031}}
    >>> for low in (0.02, 0.0):
    ...     estimate = SimpleNamespace(low=low)
    ...     tell_quantity(SimpleNamespace(check="gap", details=details, estimate=estimate))
    'falling slope (per 10)'
    'slope (per 10)'
    """
    name = name_quantity(finding)
    slope, known = (finding.details.get("trend") or {}).get("slope"), finding.estimate
    if not slope or known is None or not (known.low or 0) > 0:
        return name
    return f"{_WAYS[finding.check][slope > 0]} {name}"


_WAYS = {"gap": ("falling", "rising"), "ruler": ("downward", "upward")}


def _name_growth(finding: Finding) -> str:
    """Return which of growth and gap the smaller one is, that an amplification goes by."""
    direction, estimate = finding.details.get("direction"), finding.estimate
    if direction == "reverses":
        return "gap turned around"
    is_growth = direction == "widens" and estimate is not None and (estimate.value or 0) > 0
    return "growth of the gap" if is_growth else "amplification"


def _name_echo(finding: Finding) -> str:
    if finding.by:
        return "difference in mistakes repeated"
    has_control = finding.details.get("control")
    return "mistakes beyond the control's" if has_control else "share of mistakes repeated"


_OWN = {"amplification": _name_growth, "echo": _name_echo}
