from __future__ import annotations

import json

import pytest

from pytest_biasruler.shell.guard import Census, Guard

POISON = """
import os
import numpy as np
import pytest

def test_poisoned(biasruler, record_property):
    record_property("score", np.float64(1.0))
    biasruler.assert_gap("dice", by="age", model="unet")
"""

KILLER = """
import os
import signal

def test_killed(biasruler):
    biasruler.check_gap("dice", by="age", model="unet")
    os.kill(os.getpid(), signal.SIGKILL)

def test_healthy(biasruler):
    biasruler.assert_gap("dice", by="sex", model="unet")
"""


def test_a_report_that_cannot_travel_does_not_end_green(pytester, write_benchmark, run):
    write_benchmark()
    pytester.makepyfile(POISON)

    result = run("--biasruler=biasruler.toml", "-n2", "-W", "default")

    assert result.ret not in (0, 5)
    assert "never reported: " in result.stdout.str()
    assert "test_poisoned" in result.stdout.str()


def test_a_killed_worker_is_named_and_the_others_are_judged(pytester, write_benchmark, run):
    write_benchmark()
    pytester.makepyfile(KILLER)

    result = run("--biasruler=biasruler.toml", "-n2", "--biasruler-json=audit.json")

    assert result.ret == 1
    audit = json.loads((pytester.path / "audit.json").read_text("utf-8"))
    checks = audit["accounting"]["checks"]
    assert [error["code"] for error in checks["errors"]] == ["BR801"]
    assert checks["declared"] == 2
    assert [finding["outcome"] for finding in audit["findings"]] == ["passed"]
    result.stdout.fnmatch_lines(["ERROR 1 of 2 checks*"])


def test_an_interrupted_run_is_called_incomplete_and_keeps_what_it_found(
    pytester, write_benchmark, run
):
    write_benchmark("pass")
    pytester.makepyfile(test_z="def test_stop(biasruler):\n    raise KeyboardInterrupt")

    result = run("biasruler.toml", "test_z.py", "--biasruler=biasruler.toml",
                 "--biasruler-json=audit.json", subprocess=True)  # fmt: skip

    assert result.ret == 2
    assert "AUDIT INCOMPLETE: 1 collected check never reported; PASS 1 check" in (
        result.stdout.str()
    )
    audit = json.loads((pytester.path / "audit.json").read_text("utf-8"))
    assert audit["accounting"]["checks"]["missing"] == 1


def test_healthy_runs_of_others_are_left_alone(pytester, run):
    pytester.makepyfile("def test_a():\n    pass\n\ndef test_b():\n    pass")

    assert run("--collect-only").ret == 0
    assert run("-k", "nothing").ret == 5
    assert "biasruler ==" not in run().stdout.str()


class _Report:
    def __init__(self, nodeid, when, passed=True):
        self.nodeid, self.when, self.passed, self.failed = nodeid, when, passed, not passed


@pytest.mark.parametrize(
    ("phases", "missing"),
    [
        (("setup", "call", "teardown"), set()),
        (("setup", "call"), {"a"}),
        (("???",), set()),
        ((), {"a"}),
    ],
)
def test_a_test_has_ended_when_its_teardown_or_its_crash_was_reported(phases, missing):
    guard = Guard()
    guard.expect(["a"])
    for phase in phases:
        guard.see(_Report("a", phase))

    assert guard.missing == missing


def test_a_workers_count_survives_the_way_to_the_controller():
    worker, controller = Census(), Census()
    worker.declare("b.toml::gap[x]", file="b.toml")
    worker.declare("t.py::test")
    worker.selected.add("t.py::test")

    controller.take_in(json.loads(json.dumps(worker.to_plain())))

    assert (controller.declared, controller.selected) == (worker.declared, worker.selected)
