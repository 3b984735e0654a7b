"""What is known of an expert gap without any expert score of the model: the triangle of overlaps.

1 - IoU is a distance. So a model that is near the automated reference is about as far from the
expert as that reference is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_biasruler.checks.evidence import score_column
from pytest_biasruler.scoring.agreement import bound_iou, iou_from_dice

if TYPE_CHECKING:
    import pandas as pd

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.checks.comparison import Comparison
    from pytest_biasruler.checks.evidence import Evidence

_OVERLAPS = ("dice", "iou")


def bound_expert_means(
    evidence: Evidence, declared: DeclaredCheck, gap: Comparison
) -> dict[str, Any] | None:
    """Return bounds of the expert mean of each subgroup, and of the gap of a pair of them.

    They hold for the very cases that have an automated and an expert mask; what other cases of
    the same kind would show is not in them. None unless the metric is Dice or IoU, if the gap by
    the automated reference has no pair, or if a subgroup of it has no such case.
    """
    if declared.metric not in _OVERLAPS or gap.spread is None:
        return None
    near = _overlaps(evidence, declared, str(declared.model), str(declared.automated))
    far = _overlaps(evidence, declared, str(declared.automated), str(declared.reference))
    cases = near.index.intersection(far.index)
    names = gap.members.subgroups.of.reindex(cases)
    means = {
        name: _bound_mean(near.loc[part], far.loc[part], declared.metric)
        for name in gap.members.judged
        if len(part := names.index[names == name])
    }
    a, b = gap.pair
    if a not in means or b not in means:
        return None
    return {
        "pair": [a, b],
        "low": means[a]["low"] - means[b]["high"],
        "high": means[a]["high"] - means[b]["low"],
        "groups": means,
    }


def _overlaps(
    evidence: Evidence, declared: DeclaredCheck, first: str, second: str
) -> pd.Series[float]:
    """Return the IoU of two sets of masks by case."""
    shown = score_column(
        evidence, declared.metric, model=first, reference=second, label=declared.label
    ).shown
    return shown.map(iou_from_dice) if declared.metric == "dice" else shown


def _bound_mean(
    near: pd.Series[float], far: pd.Series[float], metric: str
) -> dict[str, float | int]:
    """Return the mean of either bound over cases, in the unit of the metric."""
    bounds = [
        bound_iou(model_automated=p_a, automated_expert=a_e)
        for p_a, a_e in zip(near.tolist(), far.tolist(), strict=True)
    ]
    lows, highs = ([getattr(bound, end) for bound in bounds] for end in ("low", "high"))
    if metric == "dice":  # which rises with IoU, so its bounds are those of IoU
        lows, highs = ([2 * iou / (1 + iou) for iou in ends] for ends in (lows, highs))
    n_cases = len(bounds)
    return {"low": sum(lows) / n_cases, "high": sum(highs) / n_cases, "n_cases": n_cases}
