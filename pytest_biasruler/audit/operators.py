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
    from pytest_biasruler.benchmark.check import DeclaredCheck
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


_DONE_TO_MASKS = {
    Change.ERODE: "made smaller by so many voxels on every side",
    Change.DILATE: "made larger by so many voxels on every side",
    Change.SHIFT: "moved by so many voxels along the first axis",
    Change.DROP: "emptied for such a share of its patients",
}


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
        *(
            _mask(change, f"{whose}, {done}", _SHARES if change == Change.DROP else _VOXELS)
            for change, done in _DONE_TO_MASKS.items()
        ),
    )


_SCORES = (
    _shift(
        "score shift",
        "every score of the model in the subgroup, made worse by the size",
        _by_model,
    ),
    Operator(
        name="score drop",
        acts_on="scores of such a share of the subgroup's patients, made the worst there is",
        sizes=_SHARES,
        unit=SizeUnit.SHARE,
        plant=_drop,
    ),
)
_AGAINST = "the subgroup's scores against the automated reference"
_OF_LABELS = "the subgroup's masks of the automated reference"

OPERATORS: Mapping[str, tuple[Operator, ...]] = {
    "gap": (*_SCORES, *_masks("the subgroup's masks of the model")),
    "floor": _SCORES,
    "success": _SCORES,
    "difficulty": _SCORES,
    "rectified": _SCORES,
    "transport": _SCORES,
    "ruler": (
        _shift(
            "ruler shift",
            f"{_AGAINST}, made better by the size: it flatters",
            _by_automated,
            sign=1.0,
        ),
        _shift(
            "ruler shift back",
            f"{_AGAINST}, made worse by the size: it is too strict",
            _by_automated,
        ),
        *_masks(_OF_LABELS),
    ),
    "labels": (
        _shift(
            "label shift",
            "the subgroup's scores of the automated labels by the experts, made worse by the size",
            _of_labels,
        ),
        *_masks(_OF_LABELS),
    ),
    "amplification": (
        _shift(
            "arm shift",
            "the subgroup's scores of the automated-trained models by the experts, made worse",
            _of_arm,
        ),
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
    "echo": (
        _mask(
            Change.COPY,
            "the model repeats such a share of the errors of the automated reference",
            (0.25, 0.5, 1.0),
        ),
    ),
}
"""What is planted for each check; one that has no entry is not exercised."""
