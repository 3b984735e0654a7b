"""panoptica's evaluator on binary masks: instances found and matched, and the masks as a whole."""

from __future__ import annotations

import numpy as np
from panoptica import (
    ConnectedComponentsInstanceApproximator,
    InputType,
    Metric,
    NaiveThresholdMatching,
    Panoptica_Evaluator,
    disable_citation_reminder,
)

from benchmarks.peers.catalogue import PAIRS
from benchmarks.peers.images import read_masks

disable_citation_reminder()
_WHOLE = {"dice": Metric.DSC, "hd95_mm": Metric.HD95, "hd_mm": Metric.HD, "assd_mm": Metric.ASSD}
_evaluator = Panoptica_Evaluator(
    expected_input=InputType.SEMANTIC,
    instance_approximator=ConnectedComponentsInstanceApproximator(),
    instance_matcher=NaiveThresholdMatching(),
    instance_metrics=[Metric.DSC],
    global_metrics=[*_WHOLE.values()],
)


def score(paths: dict[str, str]) -> dict[str, dict[str, float]]:
    """Score three pairs by Dice, HD95, HD and ASSD of the whole masks, and Dice by instance."""
    booleans, spacing_mm = read_masks(paths)
    masks = {name: mask.astype(np.uint8) for name, mask in booleans.items()}
    scores = {}
    for model, reference in PAIRS:
        found = _evaluator.evaluate(masks[model], masks[reference], voxelspacing=spacing_mm)
        result = found["ungrouped"]
        scores[f"{model}~{reference}"] = {
            name: float(getattr(result, f"global_bin_{metric.name.lower()}"))
            for name, metric in _WHOLE.items()
        }
    return scores
