"""Traps T8 to T14: grids, voxel types, labels and cohorts."""

from __future__ import annotations

import numpy as np

from pytest_biasruler import Benchmark
from pytest_biasruler.audit import prepare
from pytest_biasruler.masks.reader import read_mask
from tests.acceptance.cubes import BENCHMARK, GAP, cases, clinical, lay_masks, play_masks, sound
from tests.acceptance.row import Played, Row, Stage
from tests.core.masks.broken_files import gz, nii

N = 12
_PLAIN = np.diag([0.7, 0.7, 2.0, 1.0])


def _table(path):
    return prepare(Benchmark.from_file(path)).scored.table


def _with(affine, names=("expert", "automated", "unet"), turn=lambda voxels: voxels):
    """Return the sound masks of some sets under another affine."""
    return {
        (name, case): gz(nii(turn(sound(at, name)), affine), 1)
        for at, case in enumerate(cases(N))
        for name in names
    }


def _play_two_grids(stage: Stage) -> list[Played]:
    coarse = {("automated", "c001"): np.ones((4, 4, 8), np.uint8)}
    path = lay_masks(stage.folder, N, changed=coarse)
    played, plain = play_masks(path, beside={"c001"})
    table = _table(path)
    about = table[table["case"] == "c001"]
    assert set(about["reference"]) == {"expert"}, "excluded from the automated reference"
    assert set(about["model"]) == {"unet"}, "for everybody, and never resampled"
    assert plain["accounting"]["references"]["automated"]["n_excluded"] == 1
    return [played]


def _play_oblique(stage: Stage) -> list[Played]:
    straight = _table(lay_masks(stage.folder / "0", N, changed=_with(_PLAIN)))
    for degrees in (17, 63):
        angle = np.radians(degrees)
        turned = np.eye(4)
        turned[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        tilted = np.eye(4)
        tilted[1:3, 1:3] = turned[:2, :2]
        path = lay_masks(stage.folder / str(degrees), N, changed=_with(turned @ tilted @ _PLAIN))
        played, _ = play_masks(path)
        table = _table(path)
        for metric in ("dice", "hd95_mm", "assd_mm"):
            assert np.allclose(table[metric], straight[metric], rtol=0, atol=1e-4), metric
    return [played]


def _play_stored_zyx(stage: Stage) -> list[Played]:
    affine = np.zeros((4, 4))
    affine[0, 2] = affine[1, 1] = -0.7
    affine[2, 0] = -2.0
    affine[:, 3] = [7 * 0.7, 7 * 0.7, 7 * 2.0, 1.0]
    stored = _with(affine, ("unet",), lambda voxels: voxels.transpose(2, 1, 0)[::-1, ::-1, ::-1])
    plain = _table(lay_masks(stage.folder / "plain", N, changed=_with(_PLAIN)))
    path = lay_masks(stage.folder / "zyx", N, changed={**_with(_PLAIN), **stored})
    played, _ = play_masks(path)
    for metric in ("dice", "hd95_mm"):
        assert np.allclose(_table(path)[metric], plain[metric], rtol=0, atol=1e-9), metric
    return [played]


def _play_floats(stage: Stage) -> list[Played]:
    changed = {
        ("unet", case): sound(at, "unet").astype(np.float64) for at, case in enumerate(cases(N))
    }
    path = lay_masks(stage.folder / "float", N, changed=changed)
    played, _ = play_masks(path)
    read = read_mask(path.parent / "unet" / "c000.nii.gz")
    assert read.voxels.dtype == np.uint8, "kept as the smallest integer type"
    assert _table(path).equals(_table(lay_masks(stage.folder / "plain", N)))
    return [played]


def _play_classes(stage: Stage) -> list[Played]:
    changed = {}
    for at, case in enumerate(cases(N)):
        graded = sound(at, "expert") * np.uint8(2 + at % 4)
        changed["expert", case] = graded
    text = BENCHMARK + "[labels]\nlesion = 1\n" + GAP
    few = {key: changed[key] for key in list(changed)[:2]}
    refused, _ = play_masks(
        lay_masks(stage.folder / "one", N, text=text, changed=few), beside={"c000", "c001"}
    )
    region = text.replace("lesion = 1", "lesion = [1, 2, 3, 4, 5]")
    path = lay_masks(stage.folder / "region", N, text=region, changed=changed)
    joined, plain = play_masks(path)
    assert plain["labels"] == {"lesion": [1, 2, 3, 4, 5]}, "the report says which"
    whole = _table(lay_masks(stage.folder / "whole", N))
    assert np.array_equal(_table(path)["dice"], whole["dice"])
    return [refused, joined]


def _play_not_annotated(stage: Stage) -> list[Played]:
    changed = {}
    for at, case in enumerate(cases(N)):
        for name in ("expert", "automated", "unet"):
            voxels = sound(at, name)
            voxels[6, 2:5, 2:5] = 2 if name == "unet" or at % 2 else 1
            changed[name, case] = voxels
    text = BENCHMARK + "[labels]\nlesion = 1\nedema = 2\n"
    text += GAP.replace('by = "sex"', 'by = "sex"\nlabel = "lesion"')
    return [play_masks(lay_masks(stage.folder, N, text=text, changed=changed))[0]]


def _play_cohort(stage: Stage) -> list[Played]:
    columns = {
        "sex": ["F\t", *("MF" * N)[: N - 1]],
        "age": ['"N/A, 1, 2"' if at == 3 else "old" for at in range(N)],
        "site": ["" if at < 6 else "A" for at in range(N)],
    }
    text = BENCHMARK.replace("[attributes.age]", "[attributes.age]\n[attributes.site]") + GAP
    path = lay_masks(stage.folder, N, text=text, metadata=clinical(N, columns=columns))
    played, plain = play_masks(path)
    sizes = {
        name: {row["name"]: row["n_cases"] for row in about["subgroups"]}
        for name, about in plain["attributes"].items()
    }
    assert sizes == {
        "sex": {"F": 6, "M": 6},
        "age": {"N/A, 1, 2": 1, "old": 11},
        "site": {"A": 6, "missing": 6},
    }
    return [played]


TRAPS_OF_GRIDS = (
    Row(
        id="T8",
        input="one case on two grids, the expert's and the automated reference's",
        texts=(
            "BR220: reference automated has shape 4 x 4 x 8; expected 8 x 8 x 8, as the "
            "reference has. Resample it beforehand.",
        ),
        then="the case is excluded for everybody; nothing is resampled",
        play=_play_two_grids,
    ),
    Row(
        id="T9",
        input="an oblique affine",
        texts=("",),
        then="the same pair under any angle gives the same scores",
        play=_play_oblique,
    ),
    Row(
        id="T10",
        input="axes stored as z, y, x with a negative diagonal",
        texts=("BR222: 12 predictions of unet were reoriented without loss",),
        then="exact: HD95 equals that of the plain export",
        play=_play_stored_zyx,
    ),
    Row(
        id="T11",
        input="float64 masks of 0.0 and 1.0",
        texts=("",),
        then="accepted, kept as the smallest integer type",
        play=_play_floats,
    ),
    Row(
        id="T12",
        input="expert masks with classes 2 to 5 beside a binary automated mask",
        texts=(
            "BR303: labels of reference expert are 0, 2; expected 0, 1. "
            "Save it with the labels of [labels], or name 2 there.",
            "",
        ),
        then="refused with both lists; a region in `[labels]` makes them comparable",
        play=_play_classes,
    ),
    Row(
        id="T13",
        input="a label that nobody annotated in half of the cases",
        texts=(
            "BR307: label edema is empty in 6 of 12 masks of reference expert and present in 6 of "
            "their predictions of unet: absent, or not annotated?",
        ),
        then="a note: only the owner knows",
        play=_play_not_annotated,
    ),
    Row(
        id="T14",
        input="a site that is missing for a cohort, a tab behind a cell, a list in a cell",
        texts=(
            "BR405: 1 cells of clinical.csv were trimmed of surrounding spaces and 0 put into one "
            "Unicode form (NFC)",
        ),
        then="missing is a visible subgroup; a list in a cell is one category",
        play=_play_cohort,
    ),
)
