"""What a failed finding means, as a short clause without numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.audit.ratchet import is_held_back
from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.report.numbers import shown
from pytest_biasruler.report.titles import subject_title
from pytest_biasruler.report.wording import attribute_title, metric_title, statement_of

if TYPE_CHECKING:
    from pytest_biasruler.checks.finding import Finding


def tell(finding: Finding) -> str:
    """Return what a failed finding means, as a short sentence without numbers."""
    if is_held_back(finding):
        return f"{_capital(subject_title(finding))} is worse than in the earlier audit."
    if finding.verdict != Verdict.FAIL and finding.policy == "prove-safe":
        return f"{_capital(subject_title(finding))} is not proven to be within its limit."
    ending = " (point estimate, uncontrolled)" if finding.policy == "point" else ""
    return f"{_told(finding)}{ending}."


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _told(finding: Finding) -> str:
    attribute, title = attribute_title(finding), metric_title(finding.metric)
    pair = finding.estimate.pair if finding.estimate else None
    own = _OWN.get(finding.check)
    if own is not None:
        return own(finding)
    if finding.check == "provenance":
        return f"The evidence by {attribute} is not good enough to judge"
    if pair is None:
        return _told_alone(finding)
    best, worst = (shown(name, longest=40) for name in pair)
    if finding.metric == "signed_volume_error":
        drawn = "The automated labels" if finding.check == "labels" else "Predictions"
        return f"{drawn} are drawn larger for {attribute} {best} than for {worst}"
    return {
        "gap": f"{title} is worse for {attribute} {worst} than for {best}",
        "labels": f"The automated labels are worse for {attribute} {worst} than for {best}",
        "success": f"Fewer of {attribute} {worst} than of {best} reach a good enough {title}",
        "difficulty": f"{title} is worse for {attribute} {worst} than for {best} even at equal "
        "difficulty",
        "morphology": f"Lesions have another shape for {attribute} {best} than for {worst}",
        "transport": f"{title} is worse for {attribute} {worst} than for {best} across sites",
        "rectified": f"By the experts, {title} is worse for {attribute} {worst} than for {best}",
    }.get(finding.check, statement_of(finding))


def _told_alone(finding: Finding) -> str:
    if finding.check == "floor":
        worst = shown(finding.details.get("worst") or "the worst-off subgroup", longest=40)
        attribute = attribute_title(finding)
        return f"{metric_title(finding.metric)} of {attribute} {worst} misses its floor"
    return statement_of(finding)


def _told_ruler(finding: Finding) -> str:
    attribute = attribute_title(finding)
    if finding.details.get("form") == "trend":
        title = metric_title(finding.metric)
        return f"The automated reference bends how {title} changes with {attribute}"
    article = "an" if attribute[:1].lower() in "aeiou" else "a"
    details = finding.details
    if details.get("false_confidence"):
        return f"The automated reference makes the undecided {attribute} gap look certain"
    if not details.get("direction_confirmed"):
        return f"The automated reference moves the {attribute} gap"
    return {
        "masks": f"The automated reference hides {article} {attribute} gap",
        "inflates": f"The automated reference adds to the {attribute} gap",
        "reverses": f"The automated reference turns the {attribute} gap around",
    }.get(str(details.get("direction")), f"The automated reference moves the {attribute} gap")


def _told_amplification(finding: Finding) -> str:
    attribute = attribute_title(finding)
    if finding.details.get("direction") == "reverses":
        return f"Training on automated labels turned the {attribute} gap around"
    return f"Training on automated labels widened the {attribute} gap"


def _told_echo(finding: Finding) -> str:
    pair = finding.estimate.pair if finding.estimate else None
    if pair is None:
        return "The model repeats the automated label's mistakes"
    first, second = (shown(name, longest=40) for name in pair)
    where = f"{attribute_title(finding)} {second} than for {first}"
    return f"The model repeats the automated label's mistakes more for {where}"


def _told_ranking(finding: Finding) -> str:
    subgroup = finding.details.get("subgroup")
    where = f" in {attribute_title(finding)} {shown(subgroup, longest=40)}" if subgroup else ""
    return f"The automated reference puts the wrong model first{where}"


def _told_noise(finding: Finding) -> str:
    attribute, title = attribute_title(finding), metric_title(finding.metric)
    pair = finding.estimate.pair if finding.estimate else None
    if finding.details.get("form") == "dose" and pair is not None:
        best, worst = (shown(name, longest=40) for name in pair)
        return f"Label noise costs {attribute} {worst} more {title} than {best}"
    return f"The automated labels err enough to undo the verdict on the {attribute} gap"


_OWN = {
    "ruler": _told_ruler,
    "amplification": _told_amplification,
    "echo": _told_echo,
    "ranking": _told_ranking,
    "noise": _told_noise,
}
