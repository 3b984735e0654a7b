"""What a public finding may say of an earlier audit, which may itself be anything but public."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_biasruler.checks.finding import Finding

_WORDS = ("state", "verdict", "since", "obstacle", "public", "decides")
_NUMBERS = ("value", "bound")
_OF_PEOPLE = ("subgroups judged",)
"""Changes that tell who has too few patients."""


def publish_compare(finding: Finding, *, has_numbers: bool) -> dict[str, Any]:
    """Return ``details.compare`` in words; numbers only of an earlier audit that was public too.

    Parameters
    ----------
    finding : Finding
        Before anything of it is hidden.
    has_numbers : bool
        Whether its own estimate is shown.

    Returns
    -------
    dict
        Empty if nothing was compared, else with the key ``compare``.
    """
    compare: Mapping[str, Any] | None = finding.details.get("compare")
    if not compare:
        return {}
    told = {key: compare[key] for key in _WORDS if key in compare}
    is_told = has_numbers and compare.get("public") is True
    is_declared = finding.check != "noise" or finding.details.get("form") == "dose"
    told |= {key: compare[key] if is_told else None for key in _NUMBERS if key in compare}
    if "limit" in compare:
        told["limit"] = compare["limit"] if is_declared or is_told else None
    if "changes" in compare:
        told["changes"] = [each for each in compare["changes"] if each["what"] not in _OF_PEOPLE]
    return {"compare": told}
