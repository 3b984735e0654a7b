"""Rows about what voxels hold: labels that nobody named, and nothing at all."""

from __future__ import annotations

from math import isclose
from typing import TYPE_CHECKING

import numpy as np

from pytest_biasruler import Check
from pytest_biasruler.benchmark.definition import BothEmpty, Defaults
from tests.acceptance.bench import CHECKS, SETS, Bench, draw_case
from tests.acceptance.plays import DIAGONAL_MM, MEANT, TITLES, accept, left_out
from tests.core.masks.broken_files import FILES, gz, mask, nii

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.acceptance.row import Played, Stage
    from tests.acceptance.told import Told

EMPTY = np.zeros((8, 8, 8), np.uint8)


def _named(folder: Path, **labels: tuple[int, ...]) -> Bench:
    """Return a benchmark with names for labels."""
    return Bench(folder=folder, options={"labels": labels})


def play_odd_labels(stage: Stage) -> list[Played]:
    stored = {"0/255": mask() * 255, "-1": -1 * mask().astype("i2")}
    plain = Bench(folder=stage.folder / "plain")
    plain.surround("unet", mask())
    plain.draw(plain.spoiled, "unet", stored["0/255"])
    played = [accept(plain, "unet")]
    for name, labels in (("0/255", {"tumor": (1,)}), ("-1", {}), ("-1", {"tumor": (1,)})):
        bench = _named(stage.folder / f"{len(labels)}{name}".replace("/", "-"), **labels)
        bench.spoil("unet", gz(nii(stored[name])))
        told = bench.audit()
        left_out(told, bench.spoiled, "unet", code="BR303")
        played.append(told.played([bench.spoiled]))
    return played


def play_scaled_labels(*files: str) -> Callable[[Stage], list[Played]]:
    """Return the play of float labels that a scaling brings back a little off."""

    def play(stage: Stage) -> list[Played]:
        return [
            _play_scaled(stage.folder / f"{file}-{name}", file=file, name=name)
            for file in files
            for name in TITLES
        ]

    return play


def _play_scaled(folder: Path, *, file: str, name: str) -> Played:
    """Ask for each label by its value: one that was cut instead of rounded is another label."""
    meant = MEANT[file]
    values = [int(value) for value in np.unique(meant) if value]
    bench = _named(folder, **{f"label{value}": (value,) for value in range(1, 5)})
    bench.options["checks"] = [Check("gap", by="sex", label="label1", model="unet")]
    nearly = meant.copy()
    nearly[:, 0, 0] = 0  # one voxel of each label less
    for other in SETS:
        bench.draw(bench.spoiled, other, nearly)
    bench.spoil(name, FILES[file][1], file="a.nii")
    told = bench.audit()
    for value in values:
        found = told.score(bench.spoiled, label=f"label{value}")
        assert found is not None
        assert isclose(found, 2 * 63 / (64 + 63)), f"label {value} was read as another one"
    return told.played([bench.spoiled])


def play_empty_masks(stage: Stage) -> list[Played]:
    exclude = Defaults(min_patients=2, both_empty=BothEmpty.EXCLUDE)
    played = []
    for at, (empty, scores, options) in enumerate(
        (
            (("unet",), (0, DIAGONAL_MM), {}),
            (("expert", "automated"), (0, DIAGONAL_MM), {}),
            (("unet", "expert", "automated"), (1, 0), {}),
            (("unet", "expert", "automated"), (None, None), {"defaults": exclude}),
        )
    ):
        bench = Bench(folder=stage.folder / str(at), options=options)
        for name in empty:
            bench.draw(bench.spoiled, name, EMPTY)
        told = bench.audit()
        for reference in ("expert", "automated"):
            _check_scores(told, bench.spoiled, reference, scores)
        gap = told.audit.findings[0]
        n_absent = 1 if len(empty) == 3 else 0
        assert sum(gap.details.get("agreed_absent", {}).values()) == n_absent
        assert told.left_out("unreadable") == told.left_out("excluded") == {}
        played.append(told.played([bench.spoiled]))
    return [*played, _play_a_missing_label(stage)]


def _check_scores(
    told: Told, case: str, reference: str, scores: tuple[float | None, float | None]
) -> None:
    for metric, expected in zip(("dice", "hd95_mm"), scores, strict=True):
        found = told.score(case, reference=reference, metric=metric)
        assert found == expected, f"{metric} against {reference} is {found}"


def _play_a_missing_label(stage: Stage) -> Played:
    """Give every mask a second label, which one prediction lacks."""
    bench = _named(stage.folder / "labels", organ=(1,), tumor=(2,))
    for at, case in enumerate(bench.cases):
        for name, voxels in draw_case(at).items():
            both = voxels.copy()
            both[0, 7, 6:8] = 2
            if name != "unet" or case != bench.spoiled:
                bench.draw(case, name, both)
            bench.drawn[case, name] = voxels  # of these the Dice is asked for
    bench.options["checks"] = [Check(each.check, **each.keys, label="organ") for each in CHECKS]
    told = bench.audit()
    assert told.is_right(bench.spoiled), "the other label is scored as before"
    return told.played([])
