"""Simulations of whole families: eighteen checks (A8), five models (A9), and power (A10)."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from benchmarks.simulations.cell import Cell
from benchmarks.simulations.engine import both, spread
from benchmarks.simulations.laws import COLLUDER, EQUAL, FiveModels, quantile, scores
from pytest_biasruler.statistics.multiplicity import adjust_holm
from pytest_biasruler.statistics.permutation import permute_energy
from pytest_biasruler.statistics.ranking import compare_rankings
from pytest_biasruler.statistics.verdict import judge_bounds

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARES = (0.5, 0.25, 0.15, 0.1)
N_ATTRIBUTES, N_MODELS, N_METRICS = 3, 3, 2
MODELS = ("m1", "m2", "m3", "m4", "m5")
ALPHA, N_CASES = 0.05, 400
REGRET_LIMIT, GAP_LIMIT = 0.03, 0.05


def _eighteen_checks(rng):
    """Three models, two metrics and three attributes; nothing depends on anybody."""
    groups = rng.choice(len(SHARES), size=(N_ATTRIBUTES, N_CASES), p=SHARES)
    latent = rng.normal(size=N_CASES)
    findings = []
    for _ in range(N_MODELS):
        model = np.sqrt(0.8) * latent + np.sqrt(0.2) * rng.normal(size=N_CASES)
        for _ in range(N_METRICS):
            noise = np.sqrt(1 - 0.85**2) * rng.normal(size=N_CASES)
            column = quantile(ndtr(0.85 * model + noise))
            findings += [
                spread([column[of == g] for g in range(len(SHARES))], limit=0.0) for of in groups
            ]
    adjusted = adjust_holm([finding.p_fail for finding in findings])
    failed = [f.low > 0 and p <= ALPHA for f, p in zip(findings, adjusted, strict=True)]
    return {"any FAIL": any(failed), "any FAIL without Holm": any(f.low > 0 for f in findings)}


def _flips(models: FiveModels, n: int, rng):
    automated, expert = models.draw(n, rng)
    (ranking,) = compare_rankings(automated, expert, models=MODELS, alpha=ALPHA)
    regret = ranking.regret
    return {
        "any confirmed flip": any(flip.is_confirmed for flip in ranking.flips),
        "FAIL": regret.is_overturned and not regret.high < REGRET_LIMIT,
        "false alarm": regret.low > models.regret,
        "false reassurance": regret.high < models.regret,
    }


def _verdict(laws, rng):
    found = spread([scores(law, 100, rng) for law in laws], limit=GAP_LIMIT)
    verdict = judge_bounds(found.low, found.high, GAP_LIMIT)
    return {"FAIL": verdict == "FAIL", "PASS": verdict == "PASS"}


def _energy(scale, rng):
    features = np.exp(rng.normal(0, 0.6, size=(140, 3)))
    is_first = np.arange(140) < 40
    features[is_first] *= np.exp(scale)
    (test,) = permute_energy(features, is_first=is_first, strata=[["all"] * 140])
    return {"p at most 0.05": test.p <= ALPHA}


def cells() -> Iterator[Cell]:
    """Yield every cell of A8, A9 and A10."""
    yield Cell(
        id="A8",
        name="3 attributes x 3 models x 2 metrics, n 400, limit 0",
        world=_eighteen_checks,
        most={"any FAIL": 0.07},
    )
    for n, models in product((50, 200), (EQUAL,)):
        world = partial(_flips, models, n)
        most = {"any confirmed flip": 0.05, **both(0.05)}
        yield Cell(id="A9", name=f"five equal models, n {n}", world=world, most=most)
    powers = (
        ("easy x4, n 100, limit 0.05", partial(_verdict, ["easy"] * 4), {"PASS": 0.95}),
        (
            "easy x3 and hard, n 100, limit 0.05",
            partial(_verdict, ["easy"] * 3 + ["hard"]),
            {"FAIL": 0.90},
        ),
        ("colluder, n 200, limit 0.03", partial(_flips, COLLUDER, 200), {"FAIL": 0.95}),
        (
            "energy, 40 of 140 larger by e^0.3, 3 features",
            partial(_energy, 0.3),
            {"p at most 0.05": 0.85},
        ),
    )
    for name, world, least in powers:
        most = both(0.07) if name.startswith("colluder") else {}
        yield Cell(id="A10", name=name, world=world, most=most, least=least)
    yield Cell(
        id="A10",
        name="energy, 40 of 140 alike, 3 features",
        world=partial(_energy, 0.0),
        most={"p at most 0.05": 0.07},
    )
