"""MONAI's functions for Dice and distances, on whole volumes read by its own loader."""

from __future__ import annotations

import torch
from monai.metrics import (
    compute_average_surface_distance,
    compute_dice,
    compute_hausdorff_distance,
    compute_surface_dice,
)
from monai.transforms import LoadImage

from benchmarks.peers.catalogue import PAIRS, TOLERANCE_MM

torch.set_num_threads(1)
_load = LoadImage(reader="NibabelReader", image_only=True, ensure_channel_first=True)


def score(paths: dict[str, str]) -> dict[str, dict[str, float]]:
    """Score three pairs by Dice, surface Dice, HD95, HD and ASSD."""
    images = {name: _load(path) for name, path in paths.items()}
    spacing_mm = [float(mm) for mm in images["expert"].pixdim]
    masks = {name: (image.as_tensor() > 0.5)[None] for name, image in images.items()}
    return {
        f"{model}~{reference}": _score_pair(masks[model], masks[reference], spacing_mm)
        for model, reference in PAIRS
    }


def _score_pair(
    model: torch.Tensor, reference: torch.Tensor, spacing_mm: list[float]
) -> dict[str, float]:
    one = {"include_background": True}  # a single channel, and it is the tumour
    mm = {**one, "spacing": spacing_mm}
    scores = {
        "dice": compute_dice(model, reference, **one),
        "nsd": compute_surface_dice(model, reference, [TOLERANCE_MM], **mm),
        "hd95_mm": compute_hausdorff_distance(model, reference, percentile=95, **mm),
        "hd_mm": compute_hausdorff_distance(model, reference, **mm),
        "assd_mm": compute_average_surface_distance(model, reference, symmetric=True, **mm),
    }
    return {name: float(value) for name, value in scores.items()}
