"""DeepMind's surface-distance, whose surface elements are the convention of ours."""

from __future__ import annotations

import numpy as np
import surface_distance

from benchmarks.peers.catalogue import PAIRS, TOLERANCE_MM
from benchmarks.peers.images import read_masks


def score(paths: dict[str, str]) -> dict[str, dict[str, float]]:
    """Score three pairs by Dice and every distance the package has."""
    masks, spacing_mm = read_masks(paths)
    return {
        f"{model}~{reference}": _score_pair(masks[reference], masks[model], spacing_mm)
        for model, reference in PAIRS
    }


def _score_pair(
    reference: np.ndarray, model: np.ndarray, spacing_mm: tuple[float, ...]
) -> dict[str, float]:
    distances = surface_distance.compute_surface_distances(reference, model, spacing_mm)
    averages = surface_distance.compute_average_surface_distance(distances)
    areas = [distances["surfel_areas_gt"].sum(), distances["surfel_areas_pred"].sum()]
    return {
        "dice": float(surface_distance.compute_dice_coefficient(reference, model)),
        "nsd": surface_distance.compute_surface_dice_at_tolerance(distances, TOLERANCE_MM),
        "hd95_mm": surface_distance.compute_robust_hausdorff(distances, 95),
        "hd_mm": surface_distance.compute_robust_hausdorff(distances, 100),
        "assd_mm": float(np.average(averages, weights=areas)),
    }
