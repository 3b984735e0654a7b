"""SimpleITK's filters: overlap and Hausdorff distance ready made, the rest by distance maps."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk  # noqa: N813  (how its own manual imports it)

from benchmarks.peers.catalogue import PAIRS, TOLERANCE_MM

sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)


def score(paths: dict[str, str]) -> dict[str, dict[str, float]]:
    """Score three pairs by Dice, surface Dice, HD95, HD and ASSD; each map is made once."""
    masks = {name: sitk.ReadImage(path, sitk.sitkUInt8) for name, path in paths.items()}
    edges = {
        name: sitk.GetArrayViewFromImage(sitk.LabelContour(mask)) > 0
        for name, mask in masks.items()
    }
    maps = {name: _map_distances(mask) for name, mask in masks.items()}
    scores = {}
    for model, reference in PAIRS:
        sides = maps[reference][edges[model]], maps[model][edges[reference]]
        both = np.concatenate(sides)
        overlap = sitk.LabelOverlapMeasuresImageFilter()
        hausdorff = sitk.HausdorffDistanceImageFilter()
        overlap.Execute(masks[reference], masks[model])
        hausdorff.Execute(masks[reference], masks[model])
        scores[f"{model}~{reference}"] = {
            "dice": overlap.GetDiceCoefficient(),
            "nsd": float((both <= TOLERANCE_MM).mean()),
            "hd95_mm": max(float(np.percentile(side, 95)) for side in sides),
            "hd_mm": hausdorff.GetHausdorffDistance(),
            "assd_mm": float(both.mean()),
        }
    return scores


def _map_distances(mask: sitk.Image) -> np.ndarray:
    """Return the distance of each voxel to the edge of the mask in mm."""
    image = sitk.SignedMaurerDistanceMap(mask, squaredDistance=False, useImageSpacing=True)
    return np.abs(sitk.GetArrayViewFromImage(image))
