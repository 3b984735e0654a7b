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
    "amplification": "growth of the gap",
    "echo": "share of mistakes repeated",
    "difficulty": "unexplained gap",
    "morphology": "largest |Cliff's delta|",
    "ranking": "regret",
    "transport": "mean gap over sites",
    "rectified": "rectified gap",
}


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
    if finding.check == "success":
        is_difference = finding.details.get("statistic") == "difference"
        return "difference of rates" if is_difference else "ratio of rates"
    if finding.check == "noise":
        has_levels = finding.details.get("form") == "dose"
        return "extra loss per unit of label noise" if has_levels else "differential label error"
    return _QUANTITIES.get(finding.check, "value")
