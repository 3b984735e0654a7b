"""A bias planted into a world: the scores that a subgroup would have with it (method, 6)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler.benchmark.metrics import IMAGE_DIAGONAL
from pytest_biasruler.scoring.alteration import Change
from pytest_biasruler.scoring.altered import KAPPA, Altered
from pytest_biasruler.statistics.draws import Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import pandas as pd

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.benchmark.metrics import Metric
    from pytest_biasruler.checks.evidence import Evidence

    Keys = Iterable[tuple[str, str]]
    Values = np.ndarray

_DROPS = 10_000_000
"""Added to a world's seed where patients are drawn: worlds are far fewer than this."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class World:
    """Where something is planted.

    Attributes
    ----------
    is_target : Series of bool
        By case, whether it is in the subgroup that gets the bias.
    unit : float
        The difference of scores that counts as one limit.
    masks : mapping
        Scores of altered masks, by case.
    """

    evidence: Evidence
    seed: int
    is_target: pd.Series[bool]
    unit: float
    masks: Mapping[Altered, pd.Series]


def shift_scores(world: World, declared: DeclaredCheck, *, keys: Keys, by: float) -> Evidence:
    """Make the target's scores better by so many limits, or worse if that is below 0.

    Nothing leaves the bounds of the metric, and a score that lies beyond them stays.
    """
    metric = world.evidence.metric(declared.metric)
    step = metric.sign * by * world.unit
    low, high = (np.nan if end is None else end for end in metric.range)

    def shift(frame: pd.DataFrame) -> Values:
        values = _values(frame, declared)
        moved = np.where(np.isnan(values), values, np.fmin(np.fmax(values + step, low), high))
        shifted: Values = (np.maximum if step > 0 else np.minimum)(moved, values)
        return shifted

    return _with_scores(world, declared, keys, shift)


def drop_scores(world: World, declared: DeclaredCheck, *, keys: Keys, share: float) -> Evidence:
    """Give a drawn share of the target's patients the worst score there is."""
    metric = world.evidence.metric(declared.metric)

    def drop(frame: pd.DataFrame) -> Values:
        values = _values(frame, declared)
        return np.where(np.isnan(values), values, _worst_of(frame, metric))

    return _with_scores(_among_patients(world, share), declared, keys, drop)


def alter_masks(world: World, declared: DeclaredCheck, one: Altered, *, share: float) -> Evidence:
    """Take the scores of altered masks for a share of the target's patients."""
    scores = world.masks[one]
    world = world if share == 1 else _among_patients(world, share)
    if one.change == Change.COPY:
        return _with_echoes(world, one, scores)

    def alter(frame: pd.DataFrame) -> Values:
        altered = scores.reindex(frame.index).to_numpy()
        return np.where(np.isnan(altered), _values(frame, declared), altered)

    return _with_scores(world, declared, [(one.model, one.reference)], alter)


def _values(frame: pd.DataFrame, declared: DeclaredCheck) -> Values:
    values: Values = frame[declared.metric].to_numpy(dtype=float)
    return values


def _among_patients(world: World, share: float) -> World:
    """Return the world with a drawn share of the target's patients as target, at least one."""
    is_target = world.is_target.to_numpy()
    patients = world.evidence.patients(world.is_target.index).astype(str)
    names, numbers = np.unique(patients, return_inverse=True)
    keys = Stream(_DROPS + world.seed).uniforms(len(names))
    own = np.unique(numbers[is_target])
    chosen = own[np.argsort(keys[own], kind="stable")][: max(1, round(share * len(own)))]
    return replace(world, is_target=world.is_target & np.isin(numbers, chosen))


def _worst_of(frame: pd.DataFrame, metric: Metric) -> Values:
    """Return what a missed mask would score; where no one can know, the worst that was seen."""
    values = frame[metric.name].to_numpy(dtype=float)
    seen = float(np.nanmax(values) if metric.sign < 0 else np.nanmin(values))
    if metric.one_empty == IMAGE_DIAGONAL:
        diagonal = frame["diagonal_mm"].to_numpy(dtype=float)
        return np.where(np.isnan(diagonal), seen, np.fmax(diagonal, values))
    bound = metric.range[1] if metric.sign < 0 else metric.range[0]
    if isinstance(metric.one_empty, int | float):
        bound = float(metric.one_empty)
    return np.full(len(values), seen if bound is None else bound)


def _with_scores(
    world: World,
    declared: DeclaredCheck,
    keys: Keys,
    change: Callable[[pd.DataFrame], Values],
) -> Evidence:
    """Return the evidence with the target's scores changed in the rows of `keys`."""
    rows = dict(world.evidence.rows)
    for model, reference in keys:
        key = (model, reference, declared.label or "")
        if key in rows and len(rows[key]):
            frame = rows[key]
            is_target = world.is_target.reindex(frame.index).to_numpy()
            planted = frame.copy(deep=False)
            planted[declared.metric] = np.where(is_target, change(frame), _values(frame, declared))
            rows[key] = planted
    return world.evidence.altered(rows=rows)


def _with_echoes(world: World, one: Altered, kappa: pd.Series) -> Evidence:
    scored = world.evidence.scored
    if scored.echoes is None:
        raise ValueError("echoes must be measured before one is altered")
    echoes = scored.echoes.copy()
    altered = echoes["case"].map(kappa)
    is_own = (echoes["model"] == one.model) & (echoes["label"] == one.label) & altered.notna()
    is_own &= echoes["case"].map(world.is_target).astype(bool)
    echoes[KAPPA] = echoes[KAPPA].mask(is_own, altered)
    return world.evidence.altered(scored=replace(scored, echoes=echoes))
