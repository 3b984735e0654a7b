"""Rows E89 to E94: names on the way out, workers that die, outputs that cannot be written."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pytest_biasruler.shell.outputs import write_output
from tests.acceptance import small
from tests.acceptance.row import Played, Row, Stage

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

_ASK = 'biasruler.assert_gap("dice", by="sex", model="unet", limit=0.9)'
_HEALTHY = f"def test_one(biasruler):\n    {_ASK}\n\ndef test_two(biasruler):\n    {_ASK}\n"
_NAMED = f"""
import pytest

@pytest.mark.parametrize("case", ["c07"])
def test_case(biasruler, case):
    {_ASK}
"""
_KILLED = f"""
{_HEALTHY}
def test_killed(biasruler):
    import os, signal
    biasruler.check_gap("dice", by="sex", model="unet")
    os.kill(os.getpid(), signal.SIGKILL)
"""
_POISONED = """
def test_poisoned(biasruler, record_property):
    import numpy as np
    record_property("gap", np.float64(0.3))
    biasruler.assert_gap("dice", by="sex", model="unet", limit=0.0001)
    assert False
"""
_CUT = """
{healthy}
def test_stopped(biasruler):
    import os, signal, time
    os.kill(os.getpid(), signal.{signal})
    time.sleep(60)
"""
_FULL = """
import pathlib

def pytest_collection_finish():
    place = pathlib.Path("{name}/audit.json")
    place.unlink(missing_ok=True)
    place.mkdir()
"""


def _play(stage: Stage, tests: str, *arguments: str, **how: bool) -> tuple[Path, pytest.RunResult]:
    """Run tests beside the checks of the file, after another run has left its outputs."""
    folder = small.lay(stage, {"test_gate.py": tests})
    (folder / "audit.json").write_text('{"schema": "biasruler-audit/1"}', encoding="utf-8")
    result = small.start(
        stage,
        folder,
        f"{folder.name}/test_gate.py",
        f"--biasruler={folder.name}/biasruler.toml",
        *arguments,
        **how,
    )
    return folder, result


def _told(folder: Path, said: tuple[str, ...]) -> Played:
    audit = small.audit_of(folder)
    return Played(said=said, lost=small.lost_in(audit), scored=audit["accounting"]["scored"])


def _play_named(stage: Stage) -> list[Played]:
    folder, result = _play(stage, _NAMED, "-W", "default")
    assert result.ret == 0
    text = (folder / "audit.json").read_text("utf-8") + (folder / "report.html").read_text("utf-8")
    assert "c07" not in text
    return [_told(folder, small.unplaced([line.strip() for line in result.stdout.lines]))]


def _play_killed(stage: Stage) -> list[Played]:
    folder, result = _play(stage, _KILLED, "-n1")
    assert result.ret == 1
    audit = small.audit_of(folder)
    checks = audit["accounting"]["checks"]
    assert (checks["declared"], checks["ran"], checks["missing"]) == (4, 3, 0)
    assert [finding["outcome"] for finding in audit["findings"]] == ["passed"] * 3
    messages = [error["message"] for error in checks["errors"]]
    return [_told(folder, small.unplaced(messages))]


def _play_poisoned(stage: Stage) -> list[Played]:
    _, result = _play(stage, _POISONED, "-n1", "-W", "ignore")
    assert result.ret != 0, "the failing gate is not gone"
    said = tuple(line.strip() for line in result.stdout.lines if "never reported" in line)
    folder, mended = _play(stage, _POISONED.replace("np.float64(0.3)", '"0.3"'))
    assert mended.ret == 1, "a text travels, and the gate fails by itself"
    return [_told(folder, said)]


def _play_signals(stage: Stage) -> list[Played]:
    tests = _CUT.format(healthy=_HEALTHY, signal="SIGINT")
    folder, result = _play(stage, tests, subprocess=True)
    assert result.ret == 2
    title = _first(result, "INCOMPLETE").partition(":")[0]
    assert "INCOMPLETE" in (folder / "report.html").read_text("utf-8")
    interrupted = _told(folder, (title,))
    for signal in ("SIGTERM", "SIGKILL"):
        tests = _CUT.format(healthy=_HEALTHY, signal=signal)
        folder, result = _play(stage, tests, subprocess=True)
        assert result.ret < 0
        left = {path.name for path in folder.iterdir()}
        assert not left & {"audit.json", "report.html"}, "no output, and no earlier one"
    assert len(list(stage.pytester.path.rglob("journal-*.jsonl"))) == 2, "what was found is kept"
    after, result = _play(stage, _HEALTHY)
    return [interrupted, _told(after, (_first(result, "cut off").partition(" after")[0],))]


def _first(result: pytest.RunResult, word: str) -> str:
    lines = [line.strip() for line in result.stdout.lines if word in line]
    return lines[0] if lines else ""


def _play_no_room(stage: Stage) -> list[Played]:
    at_start = small.stop(stage, {"report.txt/x": ""}, None, "--biasruler-export=csv-plan=.")
    folder = small.lay(stage, {})
    stage.pytester.makeconftest(_FULL.format(name=folder.name))
    result = small.start(stage, folder)
    assert result.ret == 1
    assert "PASS 1 check" in result.stdout.str(), "the verdict is told first"
    assert (folder / "report.html").exists(), "the other output is there"
    return [
        at_start,
        Played(said=small.unplaced(result.stdout.lines), lost=frozenset(), scored=at_start.scored),
    ]


def _play_two_writers(stage: Stage) -> list[Played]:
    texts = [
        (small.play_whole(stage) / "audit.json").read_text("utf-8"),
        (small.play_whole(stage, {"scores.csv": small.scores()[: -len("\nx")]}) / "report.html")
        .read_text("utf-8"),
    ]  # fmt: skip
    place = stage.folder / "audit.json"
    write_output(place, texts[0], root=stage.folder)
    writers = [threading.Thread(target=_write_often, args=(place, text)) for text in texts]
    for writer in writers:
        writer.start()
    seen = set()
    while any(writer.is_alive() for writer in writers):
        seen.add(place.read_text("utf-8"))
    for writer in writers:
        writer.join()
    assert seen <= set(texts), "a reader finds one text or the other, whole"
    assert [path.name for path in stage.folder.iterdir()] == ["audit.json"]
    return [Played(said=(), lost=frozenset(), scored=small.N_CASES)]


def _write_often(place: Path, text: str) -> None:
    for _ in range(20):
        write_output(place, text, root=place.parent)


ENDINGS = (
    Row(
        id="E89",
        input="a test parametrised by the name of a case",
        texts=(
            "BR604: a test id holds the name of a case or patient; parametrize by subgroup, since "
            "ids end up in terminal, JUnit and pytest's cache",
        ),
        then="a warning; the name is in no output",
        play=_play_named,
    ),
    Row(
        id="E90",
        input="a worker that is killed",
        texts=("BR801: worker died (memory?); expected it to finish. Lower biasruler_workers.",),
        then="an error of its check, exit code 1; all others are intact",
        play=_play_killed,
    ),
    Row(
        id="E91",
        input="a NumPy number in the properties of a failing test under xdist",
        texts=("1 collected test never reported: v0/test_gate.py::test_poisoned",),
        then="the run is red and names the test",
        play=_play_poisoned,
    ),
    Row(
        id="E92",
        input="Ctrl-C, SIGTERM, SIGKILL",
        texts=(
            "AUDIT INCOMPLETE",
            "2 earlier runs were cut off, the last one",
        ),
        then="after Ctrl-C outputs are titled INCOMPLETE; a killed run leaves none and a journal, "
        "of which the next run tells",
        play=_play_signals,
    ),
    Row(
        id="E93",
        input="an output path that is a folder, at the start and at the end",
        texts=(
            "BR701: . cannot be written (is a folder); expected a file path. Choose another.",
            "BR701: v2/audit.json cannot be written (Is a directory); expected a folder that can "
            "be written to. Choose another path or free space.",
        ),
        then="stop at the start; at the end the verdict is told, and exit code 0 becomes 1",
        play=_play_no_room,
    ),
    Row(
        id="E94",
        input="two runs that write the same output",
        texts=("",),
        then="each file is whole and from one run",
        play=_play_two_writers,
    ),
)
