"""What is measured of a case beside its scores: the experts' shapes, and what models echo."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.scoring.echo import ECHO_FACTS, Echo, measure_echo
from pytest_biasruler.scoring.features import FEATURES, measure_shape
from pytest_biasruler.scoring.job import EchoRow, Role, ShapeRow
from pytest_biasruler.scoring.overlap import count_voxels
from pytest_biasruler.scoring.strata import cut_strata

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pandas as pd

    from pytest_biasruler.benchmark.check import DeclaredCheck
    from pytest_biasruler.scoring.ignored import Cutter
    from pytest_biasruler.scoring.job import CaseScores
    from pytest_biasruler.scoring.pairs import Drawing
    from pytest_biasruler.scoring.strata import Strata

    Drawings = Mapping[str, Drawing]
    Roles = Mapping[str, Role]


class Measure(StrEnum):
    """What can be measured of a case beside its scores."""

    SHAPE = "shape"
    ECHO = "echo"


SHAPE_KEYS = ("case", "label", "reference")
ECHO_KEYS = ("case", "label", "model", "automated", "reference")


def needed_measures(declared: Iterable[DeclaredCheck]) -> tuple[str, ...]:
    """Return what these checks need beside scores, in the order of `Measure`.

    Shapes are needed by `morphology`, and by `difficulty` where a covariate is a shape feature;
    echoes by `echo`.
    """
    needed = {measure for check in declared for measure in _needed_by(check)}
    return tuple(measure.value for measure in Measure if measure in needed)


def _needed_by(declared: DeclaredCheck) -> Iterator[Measure]:
    if declared.check == "echo":
        yield Measure.ECHO
    covariates = declared.options.get("difficulty") or ()
    if declared.check == "morphology" or not set(FEATURES).isdisjoint(covariates):
        yield Measure.SHAPE


def measure_shapes(drawings: Drawings, *, roles: Roles, label: str) -> Iterator[ShapeRow]:
    """Yield the shape of each expert's mask of one label.

    An empty mask has a row of nothing but None; a mask that cannot be used has none.
    """
    for reference, role in roles.items():
        if role != Role.EXPERT or reference not in drawings:
            continue
        drawing = drawings[reference]
        shape = measure_shape(
            drawing.voxels,
            spacing_mm=drawing.grid.mask.spacing_mm,
            voxel_ml=drawing.grid.mask.voxel_ml,
            surface=None if drawing.is_sheared else drawing.surface,
            n_components=drawing.lesions.n,
        )
        yield ShapeRow(label=label, reference=reference, features=shape.to_plain())


def measure_echoes(
    drawings: Drawings, cutter: Cutter, *, roles: Roles, label: str
) -> Iterator[EchoRow]:
    """Yield what each model repeats of each automated reference, by each expert.

    A case whose expert or automated mask cannot be used has no row. A missing prediction has one,
    with the automated reference's errors alone: it must be counted, and what it would have
    repeated is not known. What either of the two references ignores is in no stratum.
    """
    experts = [name for name in _of_role(roles, Role.EXPERT) if name in drawings]
    automated_sets = [name for name in _of_role(roles, Role.AUTOMATED) if name in drawings]
    if not automated_sets:
        return
    for reference in experts:
        expert = drawings[reference]
        strata = None if expert.is_sheared else _cut(expert)
        for automated in automated_sets:
            pair = (automated, reference)
            thinned = None if strata is None else cutter.thin(strata, *pair)
            for model in _of_role(roles, Role.MODEL):
                echo = _echo(
                    cutter.cut(drawings[model], *pair) if model in drawings else None,
                    automated=cutter.cut(drawings[automated], *pair),
                    expert=cutter.cut(expert, *pair),
                    strata=thinned,
                )
                yield EchoRow(
                    label=label,
                    model=model,
                    automated=automated,
                    reference=reference,
                    facts=echo.to_plain(),
                )


def _of_role(roles: Roles, role: Role) -> list[str]:
    return [name for name, each in roles.items() if each == role]


def _cut(expert: Drawing) -> Strata:
    return cut_strata(
        expert.voxels,
        spacing_mm=expert.grid.mask.spacing_mm,
        offset=[side.start for side in expert.box],
        grid_shape=expert.grid.mask.shape,
    )


def _echo(
    model: Drawing | None, *, automated: Drawing, expert: Drawing, strata: Strata | None
) -> Echo:
    n_errors = count_voxels(automated.voxels, expert.voxels).n_apart
    if model is None:
        return Echo(n_automated_errors=n_errors)
    if strata is None or model.is_sheared or automated.is_sheared:  # no distance can be measured
        return Echo(
            n_automated_errors=n_errors,
            n_model_errors=count_voxels(model.voxels, expert.voxels).n_apart,
        )
    return measure_echo(
        model.voxels, automated=automated.voxels, expert=expert.voxels, strata=strata
    )


def build_measure(measure: str, done: Mapping[str, CaseScores]) -> pd.DataFrame:
    """Return the shapes, or the echoes, of all cases: one row for each key, sorted by the keys.

    Keys are case, label and expert reference, for echoes also model and automated reference.
    """
    if measure == Measure.SHAPE:
        shapes = [(case, row) for case, scores in done.items() for row in scores["shapes"]]
        records = [{"case": case, **row, **row["features"]} for case, row in shapes]
        return _order(records, keys=SHAPE_KEYS, numbers=FEATURES)
    echoes = [(case, row) for case, scores in done.items() for row in scores["echoes"]]
    records = [{"case": case, **row, **row["facts"]} for case, row in echoes]
    return _order(records, keys=ECHO_KEYS, numbers=ECHO_FACTS)


def measure_nothing(measure: str) -> pd.DataFrame:
    """Return shapes or echoes without a row, as where no set has masks."""
    return build_measure(measure, {})


def _order(
    records: list[dict[str, object]], *, keys: Sequence[str], numbers: Sequence[str]
) -> pd.DataFrame:
    import pandas as pd  # a process that scores cases starts in half the time without it

    types = {**dict.fromkeys(keys, object), **dict.fromkeys(numbers, float)}
    frame = pd.DataFrame.from_records(records, columns=[*keys, *numbers]).astype(types)
    return frame.sort_values(list(keys), kind="stable").reset_index(drop=True)


def find_shapes(frame: pd.DataFrame, *, reference: str, label: str) -> pd.DataFrame:
    """Return the shapes of one reference's masks of one label, indexed by case.

    Raises
    ------
    BiasRulerError
        ``BR503`` if there are none: the reference is no expert one, or has no masks.
    """
    found = _select(frame, reference=reference, label=label)
    if found.empty:
        raise BiasRulerError(
            "BR503",
            f"no shape of reference {reference} was measured",
            "masks of an expert reference",
            "Add masks to the reference",
        )
    return found


def find_echoes(
    frame: pd.DataFrame, *, model: str, automated: str, reference: str, label: str
) -> pd.DataFrame:
    """Return what one model repeats of one reference's errors, indexed by case."""
    return _select(frame, model=model, automated=automated, reference=reference, label=label)


def _select(frame: pd.DataFrame, **keys: str) -> pd.DataFrame:
    chosen = (frame[list(keys)] == list(keys.values())).all(axis=1)
    return frame[chosen].drop(columns=list(keys)).set_index("case")
