"""Time surface metrics of one pair against the reference implementation, in turn, in one run.

Prints, for each generated shape and each generated tumour, the medians of both and the median of
the ratios pair by pair. Run it with ``python -m benchmarks.surface_distances``; it needs the
package `surface-distance`. Both are given whole masks and find the box around them themselves.
"""

from __future__ import annotations

import statistics
import time
import warnings
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.generated import draw_masks, draw_patient
from pytest_biasruler.scoring.distance import assd, hd95, measure_surfaces, nsd
from pytest_biasruler.scoring.shape import bounding_box
from pytest_biasruler.scoring.surface import extract_surface

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

N_ROUNDS = 7
TOLERANCE_MM = 2.0
SHAPES = {  # name: (grid, spacing in mm, diameter in mm)
    "30 mm in 256x256x160": ((256, 256, 160), (0.7, 0.7, 1.0), 30.0),
    "30 mm in 256x256x80, thick slices": ((256, 256, 80), (0.7, 0.7, 2.5), 30.0),
    "110 mm in 256x256x160": ((256, 256, 160), (0.7, 0.7, 1.0), 110.0),
}

TUMOURS = {"small tumour": 1e-4, "middling tumour": 1e-3, "large tumour": 1e-2}  # share filled


def draw_pair(
    grid: tuple[int, ...], spacing_mm: tuple[float, ...], diameter_mm: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return two ellipsoids, the second one a little larger and shifted."""
    centre = (np.array(grid) * spacing_mm) / 2
    places = np.indices(grid).reshape(3, -1).T * spacing_mm
    pair = []
    for scale, shift in ((1.0, 0.0), (1.08, 1.5)):
        half = np.array([1.0, 0.8, 0.9]) * scale * diameter_mm / 2
        inside = (((places - centre - shift) / half) ** 2).sum(axis=1) <= 1
        pair.append(inside.reshape(grid))
    return pair[0], pair[1]


def measure_ours(first: np.ndarray, second: np.ndarray, spacing_mm: tuple[float, ...]) -> float:
    """Return NSD after measuring NSD, HD95 and ASSD."""
    box = bounding_box(first, second)
    surfaces = [
        extract_surface(
            mask[box],
            spacing_mm=spacing_mm,
            offset=[side.start for side in box],
            grid_shape=mask.shape,
        )
        for mask in (first, second)
    ]
    distances = measure_surfaces(*surfaces)
    hd95(distances)
    assd(distances)
    return nsd(distances, tolerance_mm=TOLERANCE_MM)


def measure_theirs(first: np.ndarray, second: np.ndarray, spacing_mm: tuple[float, ...]) -> float:
    """Return the same by the reference implementation."""
    import surface_distance

    distances = surface_distance.compute_surface_distances(first, second, spacing_mm)
    surface_distance.compute_robust_hausdorff(distances, 95)
    surface_distance.compute_average_surface_distance(distances)
    return surface_distance.compute_surface_dice_at_tolerance(distances, TOLERANCE_MM)


def time_once(measure: Callable[..., float], *arguments: object) -> tuple[float, float]:
    """Return seconds and the score."""
    start = time.perf_counter()
    score = measure(*arguments)
    return time.perf_counter() - start, score


def draw_pairs() -> Iterator[tuple[str, tuple[np.ndarray, np.ndarray], tuple[float, ...]]]:
    """Yield name, masks and voxel size of each shape, then of each tumour."""
    for name, (grid, spacing_mm, diameter_mm) in SHAPES.items():
        yield name, draw_pair(grid, spacing_mm, diameter_mm), spacing_mm
    for number, (name, share) in enumerate(TUMOURS.items()):
        patient = draw_patient(number)
        masks = draw_masks(patient, share=share)
        first, second = (np.ascontiguousarray(masks[each], bool) for each in ("unet", "expert"))
        size = "x".join(str(length) for length in first.shape)
        yield f"{name} in {size}", (first, second), tuple(patient.spacing_mm.tolist())


def main() -> None:
    """Print one line for each shape and each tumour."""
    warnings.simplefilter("ignore")
    print(f"{'shape':36} {'ours ms':>9} {'theirs ms':>10} {'ratio':>7}  (spread)")
    for name, pair, spacing_mm in draw_pairs():
        ours, theirs = [], []
        for _ in range(N_ROUNDS + 1):
            ours.append(time_once(measure_ours, *pair, spacing_mm))
            theirs.append(time_once(measure_theirs, *pair, spacing_mm))
        if not abs(ours[0][1] - theirs[0][1]) <= 1e-9:
            raise SystemExit(f"{name}: the two scores differ")
        times = [(a[0], b[0]) for a, b in zip(ours[1:], theirs[1:], strict=True)]
        ratios = sorted(b / a for a, b in times)
        print(
            f"{name:36} {1e3 * statistics.median(a for a, _ in times):9.1f} "
            f"{1e3 * statistics.median(b for _, b in times):10.1f} "
            f"{statistics.median(ratios):7.1f}  ({ratios[0]:.1f} to {ratios[-1]:.1f})"
        )


if __name__ == "__main__":
    main()
