"""The MAMA-MIA challenge's score beside a finding, where the benchmark has what it needs."""

from __future__ import annotations

import re
from math import inf, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_biasruler.benchmark.numbers import read_number
from pytest_biasruler.checks.comparison import finite
from pytest_biasruler.statistics.challenge import UNKNOWN, challenge_score, cut_ages

if TYPE_CHECKING:
    import pandas as pd

    from pytest_biasruler.benchmark.definition import Attribute
    from pytest_biasruler.checks.evidence import Evidence

DICE, DISTANCE = "dice", "hd95_mm"

VARIABLES = {
    "age": ("age", "age years", "patient age"),
    "menopause": ("menopause", "menopausal status", "menopause status"),
    "breast density": ("breast density", "density"),
}
"""The challenge's variables, each with the names of attributes or columns that stand for it."""

BOTH_EMPTY = "both masks empty counts as Dice 0 and HD95 0, as published"


def describe_challenge(
    evidence: Evidence, *, model: str, reference: str, label: str | None
) -> dict[str, Any] | None:
    """Return the challenge's score of one model by one reference, or None without its inputs.

    Age alone, or a density of whatever organ, does not make a benchmark one of the breast: it
    takes menopause, or breast density by that name.

    Two variants, never mixed: ``mm`` takes HD95 in mm; ``voxel`` divides it by the cube root of
    the voxel volume, which is the published distance in voxels where voxels are cubes, and is None
    if the voxel volume of some case is not known.
    """
    rows = evidence.pair(model, reference, label)
    if rows.empty or DICE not in rows.columns or DISTANCE not in rows.columns:
        return None
    if not rows[DISTANCE].notna().any():
        return None
    if not _is_of_breast(evidence):
        return None
    variables = find_variables(evidence, rows.index)
    is_lost = rows.index.isin(evidence.scored.list_sheared(model, DISTANCE))
    distance, edge = np.where(is_lost, inf, _published_distance(rows)), _voxel_edge(rows)
    # A distance of 0 or without end is the same in every unit.
    needs_edge = np.isfinite(distance) & (distance > 0)
    in_voxels = None
    if not np.isnan(edge[needs_edge]).any():
        in_voxels = np.where(needs_edge, distance / edge, distance)
    return {
        "variables": {name: how for name, (how, _) in variables.items()},
        "without": [name for name in VARIABLES if name not in variables],
        "both_empty": BOTH_EMPTY,
        "n_cases": len(rows),
        "mm": _score(rows, distance, variables),
        "voxel": None if in_voxels is None else _score(rows, in_voxels, variables),
    }


def find_variables(evidence: Evidence, cases: pd.Index) -> dict[str, tuple[str, list[str]]]:
    """Return the challenge's variables that attributes of the benchmark stand for.

    Only attributes are looked at: a column that no attribute names is nobody's business.

    Returns
    -------
    dict of str to (str, list of str)
        How each variable is cut, in words, and the subgroup of each case.
    """
    found: dict[str, tuple[str, list[str]]] = {}
    for attribute in evidence.benchmark.attributes:
        known = {_plain(attribute.name), _plain(attribute.source)}
        for variable, names in VARIABLES.items():
            if variable not in found and not known.isdisjoint(names):
                found[variable] = _cut(evidence, attribute, variable, cases)
    return {name: found[name] for name in VARIABLES if name in found}


def _is_of_breast(evidence: Evidence) -> bool:
    names = {_plain(n) for one in evidence.benchmark.attributes for n in (one.name, one.source)}
    return not names.isdisjoint({*VARIABLES["menopause"], "breast density"})


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()


def _cut(
    evidence: Evidence, attribute: Attribute, variable: str, cases: pd.Index
) -> tuple[str, list[str]]:
    cut = evidence.subgroups[attribute.name]
    of = cut.of.reindex(cases)
    names = [UNKNOWN if name == cut.missing else str(name) for name in of]
    if variable == "menopause":
        merged = ["pre" if _plain(name).startswith("peri") else name for name in names]
        merged = ["pre" if _plain(name).startswith("pre") else name for name in merged]
        return f"{attribute.name}, peri counted as pre", merged
    if variable != "age":
        return f"subgroups of {attribute.name}", names
    cells = evidence.metadata.frame[attribute.source].reindex(cases)
    read = [read_number(cell) for cell in cells]
    is_missing = [name == UNKNOWN for name in names]
    if any(number is None and not lost for number, lost in zip(read, is_missing, strict=True)):
        return f"subgroups of {attribute.name}", names
    years = [
        nan if lost or number is None else number.value
        for number, lost in zip(read, is_missing, strict=True)
    ]
    return f"{attribute.name} in (0, 40], (40, 50], (50, 60], (60, 70], (70, 100]", cut_ages(years)


def _published_distance(rows: pd.DataFrame) -> np.ndarray:
    """Return HD95 in mm, infinite where the prediction or exactly one mask is empty."""
    distance = rows[DISTANCE].to_numpy(dtype=float)
    sizes = rows[["n_model", "n_reference"]].to_numpy(dtype=float)
    one_empty = (sizes == 0).sum(axis=1) == 1
    return np.where(one_empty | (rows["status"] == "worst").to_numpy(), inf, distance)


def _voxel_edge(rows: pd.DataFrame) -> np.ndarray:
    """Return the cube root of each case's voxel volume in mm, NaN where it is not known."""
    edge = np.full(len(rows), nan)
    for volume, count in (("model_ml", "n_model"), ("reference_ml", "n_reference")):
        if volume in rows.columns:
            n = rows[count].to_numpy(dtype=float)
            ml = rows[volume].to_numpy(dtype=float)
            is_known = (n > 0) & (ml > 0)
            edge[is_known] = np.cbrt(1000 * ml[is_known] / n[is_known])
    return edge


def _score(
    rows: pd.DataFrame, distance: np.ndarray, variables: dict[str, tuple[str, list[str]]]
) -> dict[str, Any]:
    score = challenge_score(
        rows[DICE].to_numpy(dtype=float),
        distance,
        variables={name: of for name, (_, of) in variables.items()},
        both_empty=(rows["status"] == "agreed absent").to_numpy(),
    )
    return {
        "n_cases": score.n_cases,
        "mean_dice": finite(score.mean_dice),
        "mean_norm_hd": finite(score.mean_norm_hd),
        "performance": finite(score.performance),
        "fairness_by": {name: finite(part) for name, part in score.fairness_by.items()},
        "fairness": finite(score.fairness),
        "ranking": finite(score.ranking),
    }
