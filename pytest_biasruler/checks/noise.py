"""How much label error would undo the verdict?

Two forms. Dose, with the key ``levels`` (model -> level of label noise it was trained with, at
least three levels): the column is the slope, per case, of s*y(model, expert) on the level, and
its spread says whether noise costs one subgroup more than another. Tipping, without: how large a
label error, differing between subgroups, would undo the verdict of the gap that the automated
reference shows, held against the distortion that was measured. Own key of this form:
``gap_limit``, at which that gap is judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.checks.dose import check_dose
from pytest_biasruler.checks.tipping import check_tipping

if TYPE_CHECKING:
    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.evidence import Evidence
    from pytest_biasruler.checks.finding import Finding


def check_noise(evidence: Evidence, declared: DeclaredCheck) -> Finding:
    """Return whether label noise surely costs one subgroup more, or surely undoes a verdict."""
    if declared.options.get("levels") is not None:
        return check_dose(evidence, declared)
    return check_tipping(evidence, declared)
