"""Worked examples recomputed where the audit runs: a broken numeric library must not judge."""

from __future__ import annotations

from functools import cache

import numpy as np

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.distance import assd, hd95, measure_surfaces, nsd
from pytest_biasruler.scoring.overlap import dice
from pytest_biasruler.scoring.surface import extract_surface
from pytest_biasruler.statistics.multiplicity import adjust_holm
from pytest_biasruler.statistics.spread import estimate_spread

TOLERANCE = 1e-6


def _staircase() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return expert scores, automated scores and subgroups of the method's staircase example."""
    old = 0.80 + 0.15 * (np.arange(1, 41) - 0.5) / 40
    young = 0.65 + 0.25 * (np.arange(1, 31) - 0.5) / 30
    expert = np.concatenate([old, young])
    subgroups = np.array(["old"] * 40 + ["young"] * 30, dtype=object)
    return expert, expert + np.where(subgroups == "old", 0.01, 0.09), subgroups


def _masks() -> tuple[float, ...]:
    cube = np.zeros((8, 8, 8), dtype=bool)
    cube[2:5, 2:5, 2:5] = True
    shifted = np.roll(cube, 1, axis=0)
    surfaces = [extract_surface(mask, spacing_mm=(1.0, 1.0, 2.0)) for mask in (cube, shifted)]
    apart, same = measure_surfaces(*surfaces), measure_surfaces(surfaces[0], surfaces[0])
    return (dice(cube, shifted), hd95(apart), nsd(apart, tolerance_mm=1.0), assd(same))


def _spread(column: np.ndarray, subgroups: np.ndarray, *, limit: float) -> tuple[float, ...]:
    symmetric = column.min() < 0 or limit == 0.02
    widest = float(np.abs(column).max())
    support = (-widest, widest) if symmetric else (float(column.min()), float(column.max()))
    spread = estimate_spread(
        column,
        subgroups=subgroups,
        patients=np.arange(len(column)),
        judged=("old", "young"),
        limit=limit,
        support=support,
    )
    return (spread.value, spread.low, spread.high)


def recompute() -> tuple[tuple[float, float], ...]:
    """Return each worked example as (computed here, expected)."""
    expert, automated, subgroups = _staircase()
    computed = (
        *_masks(),
        *_spread(expert, subgroups, limit=0.05),
        *_spread(automated - expert, subgroups, limit=0.02),
        *adjust_holm([0.01, 0.04])[:2],
    )
    expected = (
        *(2 / 3, 1.0, 1.0, 0.0),
        *(0.100, 0.066045, 0.127425),
        *(0.080, 0.068449, 0.084194),
        *(0.02, 0.04),
    )
    return tuple(zip(map(float, computed), expected, strict=True))


@cache
def check_numerics() -> str:
    """Return ``"12 of 12 agree"``.

    Raises
    ------
    BiasRulerError
        ``BR503`` if an example comes out differently in this environment.
    """
    pairs = recompute()
    n_agreeing = sum(abs(found - wanted) <= TOLERANCE for found, wanted in pairs)
    if n_agreeing < len(pairs):
        raise BiasRulerError(
            "BR503",
            f"{n_agreeing} of {len(pairs)} worked examples agree in this environment",
            "all of them",
            "Reinstall numpy and scipy: their results cannot be trusted here",
        )
    return f"{n_agreeing} of {len(pairs)} agree"
