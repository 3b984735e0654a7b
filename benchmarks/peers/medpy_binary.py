"""MedPy's binary metrics, which have no surface Dice."""

from __future__ import annotations

from medpy.metric import binary

from benchmarks.peers.catalogue import PAIRS
from benchmarks.peers.images import read_masks


def score(paths: dict[str, str]) -> dict[str, dict[str, float]]:
    """Score three pairs by Dice, HD95, HD and ASSD."""
    masks, spacing_mm = read_masks(paths)
    return {
        f"{model}~{reference}": {
            "dice": float(binary.dc(masks[model], masks[reference])),
            "hd95_mm": float(binary.hd95(masks[model], masks[reference], spacing_mm)),
            "hd_mm": float(binary.hd(masks[model], masks[reference], spacing_mm)),
            "assd_mm": float(binary.assd(masks[model], masks[reference], spacing_mm)),
        }
        for model, reference in PAIRS
    }
