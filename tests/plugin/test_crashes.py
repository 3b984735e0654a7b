"""Real processes, really killed: what is left, and what the next run makes of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.kills import Arena, Trial, carry_out, group_of, plan, store_of, wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are seen in /proc"),
]
COUNTS = Path(__file__).parents[2] / "benchmarks" / "kill_counts.json"


@pytest.fixture(scope="module")
def arena(tmp_path_factory):
    return Arena(tmp_path_factory.mktemp("arena"))


def test_the_moments_are_the_same_for_the_same_seed_and_others_for_another():
    assert plan(5, 5) == plan(5, 5)
    assert plan(5, 5) != plan(5, 5, seed=1)
    assert Counter(trial.target for trial in plan(25, 25)) == {
        "controller": 25,
        "xdist worker": 13,
        "pool process": 12,
    }


@pytest.mark.parametrize("trial", plan(4, 4, seed=7), ids=lambda t: f"{t.target}-{t.mode}")
def test_a_killed_run_leaves_nothing_half_and_the_next_one_goes_on(arena, trial):
    carry_out(trial, arena)

    assert trial.broken == [], trial


def test_the_last_count_of_kills_broke_no_promise():
    """Of ``benchmarks/kills.py``, which kills more often than there is time for here."""
    counts = json.loads(COUNTS.read_text("utf-8"))["killed"].values()
    assert sum(count["killed"] for count in counts) >= 50
    assert [count["broken promises"] for count in counts] == [0] * len(counts)


@pytest.mark.parametrize("mode", ["pool", "xdist and pool"])
def test_ctrl_c_while_cases_are_scored_keeps_scores_and_leaves_no_process(arena, mode):
    trial = Trial(
        mode=mode,
        target="controller",
        signal="SIGINT",
        moment="scored",
        number=8,
        delay_s=0.0,
    )
    carry_out(trial, arena)

    assert (trial.broken, trial.exit_code) == ([], 2), trial
    assert trial.n_from_store >= 8
    assert trial.n_whole_outputs <= 2


def count_in_journal(folder):
    journals = (folder / ".pytest_cache" / "d" / "biasruler").glob("journal-*.jsonl")
    return sum(path.read_bytes().count(b'"kind": "finding"') for path in journals)


WAIT = """
import pathlib
import time

def test_wait(biasruler):
    biasruler.assert_gap("dice", by="sex", model="unet")
    pathlib.Path("waiting").touch()
    time.sleep(600)
"""


@pytest.fixture
def interrupt(pytester, write_benchmark, monkeypatch, bytecode):
    """Give a function that stops a run in its last test by a signal; return code and output."""
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(bytecode))
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as in a shell's background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    write_benchmark("pass", "fail")
    pytester.makepyfile(test_wait=WAIT)
    (pytester.path / "audit.json").write_text('{"schema": "biasruler-audit/1"}', "utf-8")

    def interrupt(number, *mode):
        arguments = (
            *("biasruler.toml", "test_wait.py", "--biasruler=biasruler.toml", *mode),
            *("--biasruler-json=audit.json", "--biasruler-html=page.html"),
            *("-p", "no:randomly", "-p", "no:hypothesispytest"),
        )
        with subprocess.Popen(
            [sys.executable, "-m", "pytest", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        ) as run:  # fmt: skip
            assert wait_for((pytester.path / "waiting").exists), "the test never began"
            assert wait_for(lambda: count_in_journal(pytester.path)), "no finding arrived"
            (os.killpg if number == signal.SIGINT else os.kill)(run.pid, number)
            text = run.communicate(timeout=120)[0]
        assert wait_for(lambda: not group_of(run.pid)), "processes are left"
        return run.returncode, text

    return interrupt


@pytest.mark.parametrize("mode", [(), ("-n2",)], ids=["plain", "xdist"])
def test_ctrl_c_writes_what_was_found_and_calls_it_incomplete(pytester, interrupt, mode):
    code, text = interrupt(signal.SIGINT, *mode)

    assert code == 2
    assert "AUDIT INCOMPLETE: " in text
    audit = json.loads((pytester.path / "audit.json").read_text("utf-8"))
    assert audit["accounting"]["checks"]["missing"] >= 1
    page = (pytester.path / "page.html").read_text("utf-8")
    assert "INCOMPLETE" in page
    assert page.rstrip().endswith("</html>")
    assert list((pytester.path / ".pytest_cache" / "d" / "biasruler").glob("journal-*")) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda n: n.name)
@pytest.mark.parametrize("mode", [(), ("-n2",)], ids=["plain", "xdist"])
def test_a_killed_run_leaves_no_output_but_its_journal(pytester, interrupt, mode, number):
    code, _ = interrupt(number, *mode)

    assert code == -number
    left = {path.name for path in pytester.path.iterdir()}
    assert not left & {"audit.json", "page.html"}, "also the output of the run before is gone"
    (journal,) = (pytester.path / ".pytest_cache" / "d" / "biasruler").glob("journal-*.jsonl")
    head, *findings = [json.loads(line) for line in journal.read_text("utf-8").splitlines()]
    assert head["declared"] == 3
    assert {line["finding"]["outcome"] for line in findings} <= {"passed", "failed"}
    assert findings


def test_two_runs_on_one_store_at_once_give_the_same_bytes(arena):
    place = arena.place()
    others = [arena.place() for _ in range(2)]
    for other in others:
        (other / "cache").symlink_to(place, target_is_directory=True)

    runs = [
        arena.start(other, mode) for other, mode in zip(others, ("alone", "xdist"), strict=True)
    ]

    assert [run.wait(300) for run in runs] == [0, 0]
    for other in others:
        found = {name: (other / name).read_bytes() for name in arena.expected}
        assert found == arena.expected
    assert store_of(others[0]).samefile(store_of(others[1]))
