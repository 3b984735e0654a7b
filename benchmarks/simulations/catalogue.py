"""Every cell of every simulation, and what each simulation is about."""

from __future__ import annotations

from benchmarks.simulations import engine, estimators, families, shapes, trends

TITLES = {
    "A1": "one contrast",
    "A2": "spread of equal subgroups",
    "A3": "spread, the last subgroup worse",
    "A4": "plain 95 % interval",
    "A5": "guarded bounds as an interval",
    "A6": "patients with several cases",
    "A7": "distortion",
    "A8": "eighteen checks of one benchmark, Holm",
    "A9": "five equal models",
    "A10": "power",
    "A12": "a small subgroup that shows none of its misses",
    "A14": "ratio of rates",
    "A15": "floor of one subgroup",
    "A16": "what a covariate leaves unexplained",
    "A17": "rectified gap",
    "A18": "growth of a gap",
    "A19": "Cliff's delta of a shape feature",
    "A20": "distortion of misses that were not drawn",
    "A21": "slope along a number",
}

N_WORLDS = {"A19": 4000}
"""Benchmarks in each cell, where it is not 1,000."""

CELLS = (
    *engine.cells(),
    *engine.hole_cells(),
    *families.cells(),
    *estimators.cells(),
    *shapes.cells(),
    *trends.cells(),
)
