"""Biases that are planted, and the checks that ought to catch them (method, 6)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from pytest_biasruler.audit.planting import alter_masks, drop_scores, shift_scores
from pytest_biasruler.scoring.alteration import Change
from pytest_biasruler.scoring.altered import KAPPA, Altered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_biasruler.audit.planting import World
    from pytest_biasruler.benchmark.definition import DeclaredCheck
    from pytest_biasruler.checks.evidence import Evidence

    Plant = Callable[[World, DeclaredCheck, float], Evidence]
    Keys = Callable[[World, DeclaredCheck], list[tuple[str, str]]]

_MULTIPLES = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
_SHARES = (0.05, 0.1, 0.2, 0.4)
_VOXELS = (1.0, 2.0, 3.0, 4.0)


class SizeUnit(StrEnum):
    """In what the size of an operator is given."""

    LIMITS = "limits"
    SHARE = "share"
    VOXELS = "voxels"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Operator:
    """One way to plant a bias, at several sizes.

    Attributes
    ----------
    acts_on : str
        What is altered, in words.
    plant : callable
        (world, check, size) -> the evidence of the planted world.
    change : Change or None
        What is done to masks, if the operator works on masks.
    """

    name: str
    acts_on: str
    sizes: tuple[float, ...]
    unit: SizeUnit
    plant: Plant
    change: Change | None = None


def altered_mask(declared: DeclaredCheck, change: Change, size: float) -> Altered:
    """Return the alteration whose scores a mask operator of this check needs at one size."""
    model, reference = str(declared.model), str(declared.reference)
    automated = str(declared.automated)
    if declared.check == "ruler":
        keys = {"set": automated, "model": model, "reference": automated}
    elif declared.check == "labels":
        keys = {"set": automated, "model": automated, "reference": reference}
    else:
        keys = {"set": model, "model": model, "reference": reference}
    is_copy = change == Change.COPY
    return Altered(
        change=change,
        size=0.0 if change == Change.DROP else size,
        label=declared.label or "",
        metric=KAPPA if is_copy else declared.metric,
        automated=automated if is_copy else "",
        **keys,
    )


def _by_model(world: World, declared: DeclaredCheck) -> list[tuple[str, str]]:
    return [key[:2] for key in world.evidence.rows if key[0] == declared.model]


def _by_automated(_: World, declared: DeclaredCheck) -> list[tuple[str, str]]:
    return [(str(declared.model), str(declared.automated))]


def _of_labels(_: World, declared: DeclaredCheck) -> list[tuple[str, str]]:
    return [(str(declared.automated), str(declared.reference))]


def _of_arm(_: World, declared: DeclaredCheck) -> list[tuple[str, str]]:
    return [(arm, str(declared.reference)) for arm in declared.options["automated_trained"]]


def _shift(name: str, acts_on: str, keys: Keys, *, sign: float = -1.0) -> Operator:
    def plant(world: World, declared: DeclaredCheck, size: float) -> Evidence:
        return shift_scores(world, declared, keys=keys(world, declared), by=sign * size)

    return Operator(
        name=name, acts_on=acts_on, sizes=_MULTIPLES, unit=SizeUnit.LIMITS, plant=plant
    )


def _drop(world: World, declared: DeclaredCheck, size: float) -> Evidence:
    return drop_scores(world, declared, keys=_by_model(world, declared), share=size)


def _collude(world: World, declared: DeclaredCheck, size: float) -> Evidence:
    last = declared.options["models"][-1]
    by_automated, by_expert = (last, str(declared.automated)), (last, str(declared.reference))
    raised = shift_scores(world, declared, keys=[by_automated], by=size)
    world = replace(world, evidence=raised)
    return shift_scores(world, declared, keys=[by_expert], by=-size)


def _mask(change: Change, acts_on: str, sizes: tuple[float, ...]) -> Operator:
    def plant(world: World, declared: DeclaredCheck, size: float) -> Evidence:
        share = size if change == Change.DROP else 1.0
        return alter_masks(world, declared, altered_mask(declared, change, size), share=share)

    return Operator(
        name=f"{change} masks",
        acts_on=acts_on,
        sizes=sizes,
        unit=SizeUnit.VOXELS if sizes == _VOXELS else SizeUnit.SHARE,
        plant=plant,
        change=change,
    )


def _masks(whose: str) -> tuple[Operator, ...]:
    return (
        _mask(Change.ERODE, whose, _VOXELS),
        _mask(Change.DILATE, whose, _VOXELS),
        _mask(Change.SHIFT, whose, _VOXELS),
        _mask(Change.DROP, whose, _SHARES),
    )


_SCORES = (
    _shift("score shift", "all scores of the model, made worse", _by_model),
    Operator(
        name="score drop",
        acts_on="all scores of a share of the patients, made the worst there are",
        sizes=_SHARES,
        unit=SizeUnit.SHARE,
        plant=_drop,
    ),
)
_AGAINST = "scores against the automated reference"
_OF_LABELS = "masks of the automated reference"

OPERATORS: Mapping[str, tuple[Operator, ...]] = {
    "gap": (*_SCORES, *_masks("masks of the model")),
    "floor": _SCORES,
    "success": _SCORES,
    "difficulty": _SCORES,
    "rectified": _SCORES,
    "transport": _SCORES,
    "ruler": (
        _shift("ruler shift", f"{_AGAINST}, made better", _by_automated, sign=1.0),
        _shift("ruler shift back", f"{_AGAINST}, made worse", _by_automated),
        *_masks(_OF_LABELS),
    ),
    "labels": (
        _shift("label shift", "scores of the automated reference, made worse", _of_labels),
        *_masks(_OF_LABELS),
    ),
    "amplification": (
        _shift("arm shift", "expert scores of the automated-trained models, worse", _of_arm),
    ),
    "ranking": (
        Operator(
            name="colluder",
            acts_on="the last model: better by the automated reference, worse by the expert one",
            sizes=_MULTIPLES,
            unit=SizeUnit.LIMITS,
            plant=_collude,
        ),
    ),
    "echo": (_mask(Change.COPY, "errors of the automated reference, copied", (0.25, 0.5, 1.0)),),
}
"""What is planted for each check; one that has no entry is not exercised."""
