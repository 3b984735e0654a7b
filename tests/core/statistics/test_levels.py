"""Error rates by simulation: a quick part of what ``benchmarks/levels.py`` counts in full.

No share may be beyond its limit by more than three Monte-Carlo standard errors.
"""

from __future__ import annotations

import time

import numpy as np
import pytest

from benchmarks.simulations.catalogue import CELLS, TITLES
from benchmarks.simulations.cell import run
from pytest_biasruler.statistics.spread import estimate_spread
from pytest_biasruler.statistics.support import pooled_support

N_WORLDS, TOLERANCE = 200, 3.0
TWO_SIZES = ("20/300", "300/20", "30/30")
QUICK = {  # id -> parts of the names of the cells that are run; "" is part of every name
    "A1": [f"{laws}, n {n}" for laws in ("mod/mod", "miss3/miss12") for n in TWO_SIZES],
    "A2": ["n 300/100/50/20"],
    "A3": ["n 300/100/50/20"],
    "A5": ["miss3/miss12, n 20/300"],
    "A6": ["patients 60/20"],
    "A7": ["against 0.1, n 100/30"],
    "A9": [""],
    "A10": [""],
    "A12": [""],
    "A14": ["rates 0.9/0.9", "rates 0.1/0.08", "rates 0.8/0.64, n 20/300"],
    "A15": ["n 20"],
    "A16": [""],
    "A17": ["0.1, labelled 20+200"],
    "A18": ["n 30/30", "n 300/100"],
    "A20": ["n 300/20"],
    "A21": ["even, patients 60", "misses 2 to 12 %, patients 300", "power"],
    "A19": [
        "power",
        *(f"{law}, n {n}" for law in ("in two pieces", "delta 0.147") for n in TWO_SIZES),
    ],
}


def chosen():
    return [
        pytest.param(cell, id=f"{cell.id} {cell.name}")
        for cell in CELLS
        if any(
            cell.name.endswith(part) or (part and part in cell.name)
            for part in QUICK.get(cell.id, ())
        )
    ]


@pytest.mark.parametrize("cell", chosen())
def test_bounds_err_no_more_than_they_say(cell):
    result = run(cell, n_worlds=N_WORLDS)
    assert result.broken(tolerance=TOLERANCE) == []


def test_every_simulation_is_named_and_has_cells():
    assert {cell.id for cell in CELLS} == set(TITLES)
    assert len({(cell.id, cell.name) for cell in CELLS}) == len(CELLS), "a name is a seed"
    assert set(QUICK) <= set(TITLES)


def test_a_cell_that_errs_is_told():
    from benchmarks.simulations.cell import Cell

    often = Cell(
        id="A0",
        name="half",
        world=lambda rng: {"false alarm": rng.random() < 0.5},
        most={"false alarm": 0.07},
        least={"false alarm": 0.9},
    )
    result = run(often, n_worlds=N_WORLDS)
    assert len(result.broken(tolerance=TOLERANCE)) == 2
    assert 0.4 < result.shares["false alarm"] < 0.6


def test_an_audit_of_sixty_columns_is_quick():
    rng = np.random.default_rng(0)
    subgroups = np.array([f"group {i}" for i in rng.integers(0, 6, 1500)])
    patients = np.array([f"patient {i:04d}" for i in rng.permutation(1500)])
    columns = rng.beta(8, 2, (60, 1500))
    start = time.process_time()
    for column in columns:
        estimate_spread(
            column,
            subgroups=subgroups,
            patients=patients,
            judged=sorted(set(subgroups.tolist())),
            limit=0.05,
            support=pooled_support(column),
        )
    assert time.process_time() - start < 5
