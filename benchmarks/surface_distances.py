"""Time surface metrics of one pair against the reference implementation, in turn, in one run.

Prints, for each generated shape, the medians of both and the median of the ratios pair by pair.
Run it with ``python benchmarks/surface_distances.py``; it needs the package `surface-distance`.
"""

from __future__ import annotations

import statistics
import time
import warnings
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.scoring.distance import assd, hd95, measure_surfaces, nsd
from pytest_biasruler.scoring.shape import bounding_box
from pytest_biasruler.scoring.surface import extract_surface

if TYPE_CHECKING:
    from collections.abc import Callable

N_ROUNDS = 7
TOLERANCE_MM = 2.0
SHAPES = {  # name: (grid, spacing in mm, diameter in mm)
    "30 mm in 256x256x160": ((256, 256, 160), (0.7, 0.7, 1.0), 30.0),
    "30 mm in 256x256x80, thick slices": ((256, 256, 80), (0.7, 0.7, 2.5), 30.0),
    "110 mm in 256x256x160": ((256, 256, 160), (0.7, 0.7, 1.0), 110.0),
}


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


def main() -> None:
    """Print one line for each shape."""
    warnings.simplefilter("ignore")
    print(f"{'shape':36} {'ours ms':>9} {'theirs ms':>10} {'ratio':>7}  (spread)")
    for name, (grid, spacing_mm, diameter_mm) in SHAPES.items():
        first, second = draw_pair(grid, spacing_mm, diameter_mm)
        ours, theirs = [], []
        for _ in range(N_ROUNDS + 1):
            ours.append(time_once(measure_ours, first, second, spacing_mm))
            theirs.append(time_once(measure_theirs, first, second, spacing_mm))
        if abs(ours[0][1] - theirs[0][1]) > 1e-6:
            raise SystemExit(f"{name}: the two scores differ")
        pairs = [(a[0], b[0]) for a, b in zip(ours[1:], theirs[1:], strict=True)]
        ratios = sorted(b / a for a, b in pairs)
        print(
            f"{name:36} {1e3 * statistics.median(a for a, _ in pairs):9.1f} "
            f"{1e3 * statistics.median(b for _, b in pairs):10.1f} "
            f"{statistics.median(ratios):7.1f}  ({ratios[0]:.1f} to {ratios[-1]:.1f})"
        )


if __name__ == "__main__":
    main()
