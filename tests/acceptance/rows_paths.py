"""Rows D73 to D77: paths, names and who belongs to whom."""

from __future__ import annotations

from pytest_biasruler import Benchmark, run_audit
from pytest_biasruler.errors import Limits
from tests.acceptance import small
from tests.acceptance.cubes import lay_masks, play_masks
from tests.acceptance.row import Played, Row, Stage

_MODEL = "[models.unet]\n"
_ESCAPES = ("../../x/{case}.nii", "/x/{case}.nii", r"C:\\x\\{case}.nii", "file:///{case}.nii")
_URL = "http://x/{case}.nii"
_NUL = r"a\u0000/{case}.nii"


def _play_escapes(stage: Stage) -> list[Played]:
    played = []
    for place in (*_ESCAPES, _URL, _NUL):
        text = small.BENCHMARK.replace(_MODEL, f'{_MODEL}masks = "{place}"\n')
        played.append(small.stop(stage, {"biasruler.toml": text}))
    for name in ("../../x", r"C:\x", "http://x"):
        rows = small.clinical({14: f"{name},F,40"})
        played.append(small.stop(stage, {"clinical.csv": rows}))
    return played


def _play_links(stage: Stage) -> list[Played]:
    path = lay_masks(stage.folder / "data", 8)
    outside = stage.folder / "outside.nii.gz"
    target = path.parent / "expert" / "c001.nii.gz"
    link = path.parent / "unet" / "c001.nii.gz"
    outside.write_bytes(link.read_bytes())
    played = []
    for place in (outside, target):
        link.unlink()
        link.symlink_to(place)
        played.append(play_masks(path, beside={"c001"})[0])
    beside = path.parent / "unet" / "beside.nii.gz"  # allowed: it stays inside the data root
    beside.write_bytes(outside.read_bytes())
    link.unlink()
    link.symlink_to(beside)
    allowed = Benchmark.from_file(path, limits=Limits(allow_symlinks=True))
    plain = run_audit(allowed).to_plain()
    assert plain["accounting"]["problems"] == []
    return played


def _play_twice(stage: Stage) -> list[Played]:
    rows = small.clinical({14: "c00,F,40", 16: "c03,F,40"})
    file = small.BENCHMARK.replace("[models.unet]", "[models.unet]\n[models.unet]")
    played = [
        small.stop(stage, {"clinical.csv": rows}),
        small.stop(stage, {"clinical.csv": small.clinical(head="case,sex,sex")}),
        small.stop(stage, {"biasruler.toml": file}),
    ]
    assert len(played[0].said) == 2, "both cases that stand twice are told"
    return played


def _play_mismatch(stage: Stage) -> list[Played]:
    gone = {("unet", "c001"): None, ("expert", "c002"): None, ("expert", "c004"): None}
    path = lay_masks(stage.folder / "data", 12, changed=gone)
    for stranger in ("c-001", "d002", "c12"):
        sound = path.parent / "unet" / "c003.nii.gz"
        (path.parent / "unet" / f"{stranger}.nii.gz").write_bytes(sound.read_bytes())
    played, audit = play_masks(path, beside={"c001", "c002", "c004"})
    accounting = audit["accounting"]
    assert accounting["references"]["expert"] == {"expected": 12, "scored": 10, "n_excluded": 2}
    by_sex = [row for row in accounting["excluded"] if row["attribute"] == "sex"]
    assert [(row["subgroup"], row["reason"], row["n"]) for row in by_sex] == [("F", "BR101", 2)]
    assert [row["n"] for row in accounting["unreadable"] if row["attribute"] == "sex"] == [1]
    return [played, played]


def _play_names(stage: Stage) -> list[Played]:
    names = ["007", "7", "1E5", "100000.0", "12345678901234567", "12345678901234568"]
    rows = {line: f"{name},{'FM'[line % 2]},40" for line, name in enumerate(names, start=2)}
    table = {line: f"{name},unet,expert,0.{50 + line}" for line, name in enumerate(names, start=2)}
    files = {"clinical.csv": small.clinical(rows), "scores.csv": small.scores(table)}
    return [small.accept(stage, files)[0]]


PATHS = (
    Row(
        id="D73",
        input="a path or a case name that leaves the data root: `../../x`, absolute, `C:\\`, "
        "`file://`, `http://`, NUL",
        texts=(
            "BR401: masks leaves the data root; expected a path inside it. "
            "Set root in [benchmark].",
            "BR401: masks is an absolute path; expected a path inside the data root. "
            "Set root in [benchmark].",
            *(
                f"BR401: masks holds {what}; expected a path inside the data root, "
                "with / between folders. Correct it."
                for what in ("a backslash", "a URL", "a URL", "a NUL character")
            ),
            *(
                [
                    "BR401: case name leaves the data root; expected a name without slash, "
                    "backslash, dots in a row, drive or address. Rename the case."
                ]
                * 3
            ),
        ),
        then="the run stops, nothing is opened",
        play=_play_escapes,
    ),
    Row(
        id="D74",
        input="a symbolic link in place of a mask, to a file outside or to the reference",
        texts=(
            "BR402: prediction of unet is a symbolic link; expected a regular file. Copy it, or "
            "set biasruler_allow_symlinks for links inside the data root.",
        )
        * 2,
        then="not followed, scored worst; with biasruler_allow_symlinks a link inside the data "
        "root is read",
        play=_play_links,
    ),
    Row(
        id="D75",
        input="a case, a column or a key of the benchmark file that stands twice",
        texts=(
            "BR403: one case twice; expected one row per case. Remove one.",
            "BR403: columns 2 and 3 have one name; expected one column of each name. "
            "Rename or remove one.",
            "BR403: a key or table stands twice; expected each once. Remove one.",
        ),
        then="the run stops; of cases both lines are named",
        play=_play_twice,
    ),
    Row(
        id="D76",
        input="cases without a file, files without a case",
        texts=(
            "BR404: 1 of 12 cases have no prediction of unet, 3 files match no case",
            "BR404: 2 of 12 cases have no reference expert",
        ),
        then="a missing prediction is scored worst, a case without the reference is excluded; "
        "both are counted by subgroup",
        play=_play_mismatch,
    ),
    Row(
        id="D77",
        input="case names `007` and `7`, `1E5` and `100000.0`, 17 digits that differ in the last",
        texts=("",),
        then="kept as text, character by character",
        play=_play_names,
    ),
)
