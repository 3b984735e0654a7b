"""What a finding is about, and what the means of its subgroups are means of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.checks.quantities import is_beside_humans
from pytest_biasruler.report.numbers import shown
from pytest_biasruler.report.wording import attribute_title, metric_title

if TYPE_CHECKING:
    from pytest_biasruler.checks.finding import Finding

_WITHOUT_METRIC = {
    "echo": "repeated mistakes",
    "morphology": "lesion shape",
    "provenance": "the evidence",
}
_BESIDE_HUMANS = "second expert − automated"
_SIGNED = ("ruler", "noise", "amplification", "morphology")


def subject_title(finding: Finding) -> str:
    """Return what a finding is about: its metric, or what it looks at, and by whom."""
    what = _WITHOUT_METRIC.get(finding.check, finding.check)
    if finding.metric is not None:
        what = metric_title(finding.metric)
    return f"{what} by {attribute_title(finding)}" if finding.by else what


def column_title(finding: Finding) -> str:
    """Return what is averaged over the cases of each subgroup."""
    title = metric_title(finding.metric)
    unit = f" in {shown(finding.unit)}" if finding.unit else ""
    if finding.check == "noise":
        has_levels = finding.details.get("form") == "dose"
        ending = "slope per unit of label noise" if has_levels else "automated − expert"
        return f"{title}, {ending}{unit}"
    if is_beside_humans(finding):
        return f"{title}, {_BESIDE_HUMANS}{unit}"
    own = {
        "ruler": f"{title}, automated − expert{unit}",
        "amplification": f"{title}, automated-trained − expert-trained{unit}",
        "success": "share of cases that succeed",
        "provenance": "share of cases without a score",
        "echo": "share of the label's mistakes repeated beyond chance",
        "morphology": "log volume in ml, natural logarithm",
        "ranking": f"{title} of the model that the automated reference puts first{unit}",
        "rectified": f"{title} by the experts, rectified{unit}",
    }
    if finding.check == "echo" and finding.details.get("control"):
        return f"{own['echo']}, model − control"
    return own.get(finding.check, f"{title}{unit}")


def means_title(finding: Finding) -> str:
    """Return what the subgroup means of a finding are means of, for an axis or a caption."""
    title = metric_title(finding.metric)
    return f"{title}, {_BESIDE_HUMANS}" if is_beside_humans(finding) else title


def is_column_signed(finding: Finding) -> bool:
    """Return whether the sign of a subgroup's mean means something, so that + is written too."""
    has_control = bool(finding.details.get("control"))
    return finding.check in _SIGNED or has_control or is_beside_humans(finding)


def contrast_title(finding: Finding) -> str:
    """Return what the contrasts of a finding are."""
    if finding.check == "difficulty":
        return "What each gap leaves unexplained"
    if finding.check == "morphology":
        return "Every contrast: Cliff's delta of the first to the second"
    return "Every contrast: mean of the first minus mean of the second"


def group_caption(finding: Finding) -> str:
    """Return the caption of the table of subgroups."""
    of = f"Subgroups of {attribute_title(finding)}" if finding.by else "Cases"
    return f"{of}: {column_title(finding)}"
