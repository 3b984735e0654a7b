"""On whom, by which reference and of which model a finding is, in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.checks.finding import Status
from pytest_biasruler.report.subgroup_table import pair_in_order

if TYPE_CHECKING:
    from pytest_biasruler.checks.finding import Finding

_BOTH_REFERENCES = ("ruler", "labels", "noise")


def circumstances_of(finding: Finding) -> list[str]:
    """Return patients, references and model of a finding, as far as they may be told."""
    references = finding.reference
    if finding.automated and finding.check in _BOTH_REFERENCES:
        references = f"{finding.automated} - {finding.reference}"
    return [part for part in (_sizes(finding), references, finding.model) if part]


def _sizes(finding: Finding) -> str:
    """Return the patients of both sides of a pair; nothing in public if some are hidden."""
    is_hidden = any(group.n_patients is None for group in finding.groups)
    if is_hidden or (finding.is_public and not finding.groups):
        return ""
    along = (finding.details.get("trend") or {}).get("n_patients")
    if along is not None:
        return f"{along} patients"
    sizes = {group.name: group.n_patients for group in finding.groups}
    pair = pair_in_order(finding)
    judged = [group for group in finding.groups if group.status == Status.JUDGED]
    # A side that is no subgroup is all the others together.
    n_others = sum(group.n_patients for group in judged if group.name not in pair)
    counts = "/".join(str(sizes.get(name, n_others)) for name in pair or sizes)
    return f"{counts} patients"
