"""A gate is green only if all that was selected has reported; each situation is a whole run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from textwrap import dedent

import pytest

from pytest_biasruler.shell.guard import Census, Guard
from tests.plugin.gate import HEALTHY, POISON, WITNESS, read_ending


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What is run, and how it must end; `checks` is `accounting.checks`, codes for errors."""

    arguments: tuple[str, ...] = ()
    tests: str = HEALTHY
    code: int = 0
    said: str = "PASS 6 checks"
    checks: tuple[int, int, int, int, tuple[str, ...]] | None = (6, 0, 6, 0, ())
    or_code: int | None = None  # where xdist notices a dead worker only at times
    strict: int | None = None  # exit code under prove-safe, if that is another one


BESIDE = HEALTHY + POISON
FAILING = HEALTHY.replace('by="sex"', 'by="age"', 1)  # the first of six
ALL_WAIT = """
import pytest

def test_open(biasruler):
    biasruler.assert_gap("dice", by="age", model="unet", limit=0.2)

@pytest.mark.biasruler(waive={"reason": "relabelling under way", "until": "2999-12-31"})
def test_waived(biasruler):
    biasruler.assert_ruler("dice", by="age", model="unet")
"""
KILLED = (
    HEALTHY
    + """
def test_killed(biasruler):
    import os, signal
    biasruler.check_gap("dice", by="age", model="unet")
    os.kill(os.getpid(), signal.SIGKILL)
"""
)
KILLED_FIRST = (
    """
import os, signal
import pytest

@pytest.fixture(autouse=True)
def fatal():
    os.kill(os.getpid(), signal.SIGKILL)
"""
    + HEALTHY
)
INTERRUPTED = (
    HEALTHY
    + """
def test_stopped(biasruler):
    import os, signal, time
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)
"""
)

SITUATIONS = {
    "poisoned -n2": Situation(
        tests=POISON,
        arguments=("-n2",),
        code=1,
        said="1 collected test never reported: test_gates.py::test_poisoned",
        checks=None,  # nobody is left who could tell what was audited
    ),
    "poisoned beside six -n2": Situation(
        tests=BESIDE,
        arguments=("-n2",),
        code=3,
        said="test_gates.py::test_poisoned",
        checks=None,
        or_code=1,
    ),
    "poisoned": Situation(tests=POISON, code=1, said="FAIL 1 of 1 check", checks=(1, 0, 1, 0, ())),
    "poisoned beside six": Situation(
        tests=BESIDE, code=1, said="FAIL 1 of 7 checks", checks=(7, 0, 7, 0, ())
    ),
    "six": Situation(),
    "six -n2": Situation(arguments=("-n2",)),
    "six loadfile": Situation(arguments=("-n2", "--dist=loadfile")),
    "six loadscope": Situation(arguments=("-n2", "--dist=loadscope")),
    "six loadgroup": Situation(
        tests=HEALTHY.replace("def test_c", '@pytest.mark.xdist_group("g")\ndef test_c'),
        arguments=("-n2", "--dist=loadgroup"),
    ),
    "six worksteal": Situation(arguments=("-n2", "--dist=worksteal")),
    "six each": Situation(arguments=("--dist=each", "--tx=2*popen")),
    "deselect one": Situation(
        arguments=("--deselect=test_gates.py::test_b",),
        said="PARTIAL: 5 of 6 declared checks ran; PASS 5 checks",
        checks=(6, 1, 5, 0, ()),
        strict=1,
    ),
    "two of six": Situation(
        arguments=("-k", "test_a or test_b"),
        said="PARTIAL: 2 of 6 declared checks ran; PASS 2 checks",
        checks=(6, 4, 2, 0, ()),
        strict=1,
    ),
    "two of six -n2": Situation(
        arguments=("-k", "test_a or test_b", "-n2"),
        said="PARTIAL: 2 of 6 declared checks ran; PASS 2 checks",
        checks=(6, 4, 2, 0, ()),
        strict=1,
    ),
    "none of six": Situation(
        arguments=("-k", "nothing"),
        code=5,
        said="PARTIAL: 0 of 6 declared checks ran; no check was judged",
        checks=None,
        strict=1,
    ),
    "stopped at a failure": Situation(
        tests=FAILING,
        arguments=("-x",),
        code=1,
        said="AUDIT INCOMPLETE: 5 collected checks never reported; FAIL 1",
        checks=(6, 0, 1, 5, ()),
    ),
    "stopped at a failure -n2": Situation(
        tests=FAILING, arguments=("-x", "-n2"), code=2, said="AUDIT INCOMPLETE", checks=None
    ),
    "killed worker -n2": Situation(
        tests=KILLED,
        arguments=("-n2",),
        code=1,
        said="ERROR 1 of 7 checks",
        checks=(7, 0, 6, 0, ("BR801",)),
    ),
    "both workers killed, none started again": Situation(
        tests=KILLED_FIRST,
        arguments=("-n2", "--max-worker-restart=0"),
        code=1,
        said="collected tests never reported: test_gates.py::test_",
        checks=None,
    ),
    "interrupted": Situation(
        tests=INTERRUPTED,
        code=2,
        said="AUDIT INCOMPLETE: 1 collected check never reported; PASS 6 checks",
        checks=(7, 0, 6, 1, ()),
    ),
    "listed": Situation(arguments=("--collect-only",), said="test_f", checks=None),
    "listed -n2": Situation(arguments=("--collect-only", "-n2"), said="test_f", checks=None),
    "open and waived": Situation(
        tests=ALL_WAIT, said="1 inconclusive, 1 waived", checks=(2, 0, 2, 0, ()), strict=1
    ),
    "open and waived -n2": Situation(
        tests=ALL_WAIT,
        arguments=("-n2",),
        said="1 inconclusive, 1 waived",
        checks=(2, 0, 2, 0, ()),
        strict=1,
    ),
}


SLOW = pytest.mark.slow
PARAMETERS = [
    pytest.param(each, id=name, marks=SLOW if name.endswith("-n2") else ())
    for name, each in SITUATIONS.items()
]


@pytest.fixture
def gate(pytester, write_benchmark, run):
    """Give a function that runs tests which ask the tiny benchmark, and says how that ended."""

    def gate(tests, *arguments, **keys):
        write_benchmark()
        pytester.makeconftest(WITNESS)
        pytester.makepyfile(test_gates=tests)
        files = ("test_gates.py", "--biasruler=biasruler.toml", "--biasruler-json=audit.json")
        result = run(*files, "-W", "default", *arguments, **keys)
        return result, read_ending(result, pytester.path)

    return gate


@pytest.mark.parametrize("situation", PARAMETERS)
def test_a_situation_ends_with_its_code_and_its_headline(gate, situation):
    result, ending = gate(situation.tests, *situation.arguments, subprocess=True)

    assert ending.code in (situation.code, situation.or_code), result.stdout.str()
    assert situation.said in (ending.section or result.stdout.str())
    if situation.checks is not None:
        assert ending.checks == situation.checks
    is_listing = "--collect-only" in situation.arguments
    assert ending.code != 0 or is_listing or not ending.faults
    assert not (is_listing and (ending.section or ending.audit)), "a listing audits nothing"


RENAMED = """
    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(items):
        for item in items:
            item._nodeid = item._id = f"{item.nodeid}@group"  # pytest 8.4 has the first
"""


def test_tests_that_another_plugin_renames_are_counted_as_run(gate, pytester):
    """As xdist does to those of a group."""
    pytester.makepyfile(renaming="import pytest\n" + dedent(RENAMED))
    pytester.syspathinsert()
    _, ending = gate(HEALTHY, "-p", "renaming")

    assert ending.checks == (6, 0, 6, 0, ())


STRICT = [
    pytest.param(each, id=name)
    for name, each in SITUATIONS.items()
    if not each.code and "-n2" not in each.arguments and "--dist=each" not in each.arguments
]


@pytest.mark.parametrize("situation", STRICT)
def test_under_prove_safe_no_part_and_nothing_open_is_green(gate, situation):
    _, ending = gate(situation.tests, *situation.arguments, "--biasruler-policy=prove-safe")

    assert ending.code == (situation.code if situation.strict is None else situation.strict)


def test_without_the_guard_a_report_that_cannot_travel_ends_green(gate):
    """The reason why there is a guard: should this fail one day, xdist tells by itself."""
    _, ending = gate(POISON, "-n2", "-p", "no:biasruler-collector")

    assert ending.code == 0
    assert "test_gates.py::test_poisoned never ended" in ending.faults


@pytest.mark.parametrize(("least", "code"), [(6, 0), (7, 1)])
@pytest.mark.parametrize("mode", [(), ("-n2",)], ids=["plain", "xdist"])
def test_a_gate_that_ran_fewer_checks_than_demanded_is_red(gate, least, code, mode):
    _, ending = gate(HEALTHY, f"--biasruler-min-checks={least}", *mode)

    assert ending.code == code
    assert ("6 checks ran, fewer than --biasruler-min-checks 7" in ending.section) is bool(code)


PROBLEMS = {
    "in it": ("biasruler.toml", 'by = "sex"', 'by = "sex"\nlimt = 1', 'unknown key "limt"'),
    "in its metadata": ("meta.csv", "case,age,sex", "case,aeg,sex", "age"),
    "in its scores": ("scores.csv", ",0.", ",O.", "BR"),
}


@pytest.mark.parametrize("mode", [(), ("-n2",)], ids=["plain", "xdist"])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_named_file_with_a_problem_is_a_usage_error_that_leaves_no_output(
    pytester, write_benchmark, run, problem, mode
):
    name, sound, broken, told = PROBLEMS[problem]
    write_benchmark("pass")
    arguments = ("biasruler.toml", "--biasruler-json=audit.json", "--biasruler-html=report.html")
    assert run(*arguments).ret == 0
    path = pytester.path / name
    path.write_text(path.read_text("utf-8").replace(sound, broken), "utf-8")

    result = run(*arguments, "-p", "no:cacheprovider", *mode, subprocess=True)

    assert result.ret == 4
    last = result.stderr.str().strip().splitlines()[-1]
    assert "biasruler: " in last
    assert told in last
    assert "collected" not in result.stdout.str(), "refused before anything is collected"
    left = [
        output for output in ("audit.json", "report.html") if (pytester.path / output).exists()
    ]
    assert not left, "an earlier green report must not stay"


def test_healthy_runs_of_others_are_left_alone(pytester, run):
    pytester.makepyfile("def test_a():\n    pass\n\ndef test_b():\n    pass")

    assert run("--collect-only").ret == 0
    assert run("-k", "nothing").ret == 5
    assert "biasruler ==" not in run().stdout.str()


class _Report:
    def __init__(self, nodeid, when, outcome="passed"):
        self.nodeid, self.when, self.outcome = nodeid, when, outcome
        self.passed, self.failed = outcome == "passed", outcome == "failed"


@pytest.mark.parametrize(
    ("phases", "missing"),
    [
        (("setup", "call", "teardown"), set()),
        (("setup", "call"), {"a"}),
        (("???",), set()),
        ((), {"a"}),
        (("setup", "call", "teardown", "setup"), {"a"}),
    ],
)
def test_a_test_has_ended_when_its_teardown_or_its_crash_was_reported(phases, missing):
    guard = Guard()
    guard.expect(["a"])
    for phase in phases:
        guard.see(_Report("a", phase))

    assert guard.missing == missing


@pytest.mark.parametrize("phase", ["call", "teardown", "???"])
def test_an_attempt_that_is_to_be_repeated_has_not_ended(phase):
    guard = Guard()
    guard.expect(["a"])
    guard.see(_Report("a", "setup"))
    guard.see(_Report("a", phase, outcome="rerun"))
    guard.see(_Report("a", "teardown"))

    assert (guard.missing, guard.crashed) == ({"a"}, set())
    for again in ("setup", "call", "teardown"):
        guard.see(_Report("a", again))
    assert not guard.missing


def test_a_workers_count_survives_the_way_to_the_controller():
    worker, controller = Census(), Census()
    worker.declare("b.toml::gap[x]", file="b.toml")
    worker.declare("t.py::test")
    worker.selected.add("t.py::test")

    controller.take_in(json.loads(json.dumps(worker.to_plain())))

    assert (controller.declared, controller.selected) == (worker.declared, worker.selected)
