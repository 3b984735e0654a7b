"""Traps found in published data, each built from a handful of cases: T1 to T7."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pytest_biasruler import Benchmark
from pytest_biasruler.audit import prepare
from tests.acceptance import small
from tests.acceptance.cubes import BENCHMARK, GAP, clinical, draw, lay_masks, play_masks
from tests.acceptance.row import Played, Row, Stage
from tests.acceptance.traps_of_grids import TRAPS_OF_GRIDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

N = 12
_SOURCE = {"age": [str(15 if at % 2 else 20 + at) for at in range(60)]}
_BINNED = BENCHMARK.replace("[attributes.age]", "[attributes.age]\nbins = [0, 40, 120]") + GAP


def _play_perfect_miss(stage: Stage) -> list[Played]:
    head = "case,model,reference,dice,hd95_mm"
    rows = {line: f"c{line - 2:02d},unet,expert,0.8,4" for line in range(2, 26)}
    wrong = {"scores.csv": small.scores(rows | {8: "c06,unet,expert,0,0"}, head)}
    left_empty = {"scores.csv": small.scores(rows | {8: "c06,unet,expert,0,"}, head)}
    capped = {
        "scores.csv": small.scores(rows | {8: "c06,unet,expert,0,inf"}, head),
        "biasruler.toml": small.BENCHMARK + "[metrics.hd95_mm]\ncap = 300\n",
    }
    empty = {("unet", "c003"): np.zeros((8, 8, 8), np.uint8)}
    table = prepare(
        Benchmark.from_file(lay_masks(stage.folder, N, changed=empty))
    ).scored.table.set_index(["case", "model", "reference"])
    missed = table.loc[("c003", "unet", "expert")]
    assert missed["hd95_mm"] == missed["diagonal_mm"] > 10, "own scoring takes the diagonal"
    return [small.stop(stage, wrong, mended) for mended in (left_empty, capped)]


def _apart(at: int) -> NDArray[np.uint8]:
    voxels = np.zeros((8, 8, 8), np.uint8)
    row, column = divmod(at % N, 4)
    voxels[2 * row : 2 * row + 2, 2 * column : 2 * column + 2, 1 + at % 3 : 5] = 1
    return voxels


def _play_running_index(stage: Stage) -> list[Played]:
    names = [f"c{at:03d}" for at in range(N)]
    right = {(name, case): _apart(at) for at, case in enumerate(names) for name in _REFERENCES}
    right |= {("unet", case): _apart(at)[::1] for at, case in enumerate(names)}
    shifted = right | {("unet", case): _apart(at + 1) for at, case in enumerate(names)}
    played, plain = play_masks(lay_masks(stage.folder / "shifted", N, changed=shifted))
    assert plain["findings"][0]["reason"] == "wrong pairing", "a gap of 0 is no PASS"
    rows = clinical(N).splitlines()
    body = rows[1:]
    random.Random(1).shuffle(body)
    texts = (None, "\n".join([rows[0], *body]))
    scored = [
        prepare(Benchmark.from_file(lay_masks(stage.folder / str(at), N, metadata=text))).scored
        for at, text in enumerate(texts)
    ]
    pd.testing.assert_frame_equal(scored[0].table, scored[1].table)
    return [played]


_REFERENCES = ("expert", "automated")


def _play_agreed_absent(stage: Stage) -> list[Played]:
    nothing = np.zeros((8, 8, 8), np.uint8)
    changed = {(name, "c002"): nothing for name in ("expert", "automated", "unet")}
    changed |= {("unet", case): draw(at, 1, top=6) for at, case in ((4, "c004"), (6, "c006"))}
    played, plain = play_masks(lay_masks(stage.folder, N, changed=changed))
    details = plain["findings"][0]["details"]
    assert details["agreed_absent"] == {"F": 1}
    without = details["gap_without_absent"]
    assert without > plain["findings"][0]["estimate"]["value"]
    return [played]


def _play_two_values(stage: Stage) -> list[Played]:
    bright = {("unet", f"c{at:03d}"): 255 * draw(at, 4, top=2) for at in range(0, N, 2)}
    accepted, _ = play_masks(lay_masks(stage.folder / "all", N, changed=bright))
    text = BENCHMARK + "[labels]\ntumor = 1\n" + GAP
    few = dict(list(bright.items())[:2])
    named, _ = play_masks(
        lay_masks(stage.folder / "one", N, text=text, changed=few), beside={"c000", "c002"}
    )
    return [accepted, named]


def _play_fillers(stage: Stage) -> list[Played]:
    zeros = {"age": ["0"] * 12 + [str(30 + at) for at in range(48)]}
    return [
        play_masks(
            lay_masks(
                stage.folder / str(at), 60, text=_BINNED, metadata=clinical(60, columns=columns)
            )
        )[0]
        for at, columns in enumerate((_SOURCE, zeros))
    ]


def _play_synonyms(stage: Stage) -> list[Played]:
    people = ["hawaian", "hawaiian", "other", "other"] * 3
    columns = {"sex": people}
    played, plain = play_masks(
        lay_masks(stage.folder / "a", N, metadata=clinical(N, columns=columns))
    )
    sizes = {row["name"]: row["n_cases"] for row in plain["attributes"]["sex"]["subgroups"]}
    assert sizes == {"hawaian": 3, "hawaiian": 3, "other": 6}, "every category with its count"
    merge = 'merge = { hawaiian = ["hawaian"] }'
    text = BENCHMARK.replace("[attributes.sex]", f"[attributes.sex]\n{merge}") + GAP
    path = lay_masks(stage.folder / "b", N, text=text, metadata=clinical(N, columns=columns))
    joined, plain = play_masks(path)
    assert plain["attributes"]["sex"]["merges"] == {"hawaiian": ["hawaian"]}, "joined visibly"
    return [played, joined]


def _play_one_person(stage: Stage) -> list[Played]:
    columns = {"sex": ["answered in words", *("FM" * N)[: N - 1]]}
    played, plain = play_masks(lay_masks(stage.folder, N, metadata=clinical(N, columns=columns)))
    (finding,) = plain["findings"]
    (alone,) = [group for group in finding["groups"] if group["n_patients"] == 1]
    assert (alone["status"], alone["sd"]) == ("too small", None)
    assert "answered in words" not in finding["estimate"]["pair"], "nobody decides alone"
    return [played]


TRAPS = (
    Row(
        id="T1",
        input="HD95 stored as 0 for an empty prediction with Dice 0",
        texts=(
            "BR421: hd95_mm is 0 where dice is 0; expected a worst or no value. "
            "Leave the cell empty or write inf, and set cap.",
        )
        * 2,
        then="the run stops; own scoring takes the diagonal of the image",
        play=_play_perfect_miss,
    ),
    Row(
        id="T2",
        input="predictions and references paired by a running index",
        texts=(
            "BR127: 12 predictions of unet do not touch the masks of expert; expected some "
            "overlap in most. Check the pairing, labels and folders",
        ),
        then="PASS withheld; masks are paired by name alone, in whatever order rows stand",
        play=_play_running_index,
    ),
    Row(
        id="T3",
        input="one case in which both masks are empty, scored 1.0 among poor ones",
        texts=(
            "BR304: empty masks of unet: against automated 1 agreed absent, 0 missed, 0 invented "
            "(by age: old 1, 0, 0; by sex: F 1, 0, 0); against expert 1 agreed absent, 0 missed, "
            "0 invented (by age: old 1, 0, 0; by sex: F 1, 0, 0)",
        ),
        then="counted by subgroup; the gap without such cases stands beside",
        play=_play_agreed_absent,
    ),
    Row(
        id="T4",
        input="masks 0/1 and 0/255 in one set",
        texts=(
            "BR306: the highest value of predictions of unet is 1 in 6, 255 in 6; "
            "all non-zero is one label",
            "BR303: labels of prediction of unet are 0, 255; expected 0, 1. "
            "Save it with the labels of [labels], or name 255 there.",
        ),
        then="without `[labels]` read as one label, with `tumor = 1` refused",
        play=_play_two_values,
    ),
    Row(
        id="T5",
        input="ages that fill a column: 15 for half of all rows, 0 for a whole source",
        texts=(
            "BR412: 15 stands in 50 % of the rows of age; expected no single value to dominate. "
            'If it is a filler, write missing = ["", "15"] in [attributes.age]',
            "BR412: 0 stands in 12 rows of age, more than 5 below all others; expected no such "
            'gap. If it is a filler, write missing = ["", "0"] in [attributes.age]',
        ),
        then="a note",
        play=_play_fillers,
    ),
    Row(
        id="T6",
        input="one category under several spellings",
        texts=(
            'BR405: sex has near spellings: "hawaian" (3) and "hawaiian" (3); if they mean one, '
            'write merge = { hawaian = ["hawaiian"] } in [attributes.sex]',
            "",
        ),
        then="every category is listed with its count; merge joins them visibly",
        play=_play_synonyms,
    ),
    Row(
        id="T7",
        input="a category of one person",
        texts=("",),
        then="listed as too small, never judged",
        play=_play_one_person,
    ),
    *TRAPS_OF_GRIDS,
)
