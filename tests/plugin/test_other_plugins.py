"""Whatever options and plugins stand beside it: green only if all that was selected has passed."""

from __future__ import annotations

import json

import pytest

from tests.plugin.gate import HEALTHY, POISON, WITNESS, read_ending

SOUND = HEALTHY
SWALLOWED = (
    HEALTHY
    + """
def test_swallowed(biasruler):
    try:
        biasruler.assert_gap("dice", by="age", model="unet")
    except AssertionError:
        pass
"""
)
QUARANTINE = """
@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    report = yield
    if report.failed:
        report.outcome, report.longrepr = "skipped", ("quarantine", 1, "flaky")
    return report
"""
RED = {
    "a check item fails": (SOUND, "fail"),
    "a check item is in error": (SOUND, "error"),
    "a failure is swallowed": (SWALLOWED, "pass"),
    "a failure becomes a skip": (
        SWALLOWED.replace("        pass", "        pytest.skip('flaky')"),
        "pass",
    ),
    "a failure in a subtest": (
        SOUND
        + """
def test_subtests(biasruler, subtests):
    with subtests.test("age"):
        biasruler.assert_gap("dice", by="age", model="unet")
    with subtests.test("sex"):
        biasruler.assert_gap("dice", by="sex", model="unet")
""",
        "pass",
    ),
    "a failure swallowed in the setup of a fixture": (
        SOUND
        + """
@pytest.fixture
def asking(biasruler):
    try:
        biasruler.assert_gap("dice", by="age", model="unet")
    except AssertionError:
        pass

def test_asking(asking):
    pass
""",
        "pass",
    ),
    "a failure swallowed in the teardown of a fixture": (
        SOUND
        + """
@pytest.fixture
def asking(biasruler):
    yield
    try:
        biasruler.assert_gap("dice", by="age", model="unet")
    except AssertionError:
        pass

def test_asking(asking):
    pass
""",
        "pass",
    ),
    "a failure in a thread": (
        SOUND
        + """
def test_thread(biasruler):
    import threading
    ask = lambda: biasruler.assert_gap("dice", by="age", model="unet")
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
""",
        "pass",
    ),
    "an error is turned into a skip by a hook": (SOUND, "error", QUARANTINE),
    "a failure is turned into a pass by a hook": (
        SOUND,
        "fail",
        QUARANTINE.replace("skipped", "passed"),
    ),
    "a teardown raises after a finding": (
        SOUND
        + """
@pytest.fixture
def broken(biasruler):
    biasruler.assert_gap("dice", by="sex", model="unet")
    yield
    raise RuntimeError("late")

def test_broken(broken):
    pass
""",
        "pass",
    ),
    "a test calls sys.exit": (
        SOUND + "\ndef test_exit(biasruler):\n    raise SystemExit(0)\n",
        "pass",
    ),
    "a test ends the run with code 0": (
        SOUND + "\ndef test_exit(biasruler):\n    pytest.exit('enough', returncode=0)\n",
        "pass",
    ),
    "a module that cannot be imported": ("import no_such_module\n" + SOUND, "pass"),
    "a module that cannot be parsed": (SOUND + "\ndef broken(:\n", "pass"),
}


@pytest.fixture
def gate(pytester, write_benchmark, run):
    """Give a function that runs one check of a file and tests beside it, and says how it ended."""

    def gate(tests, *arguments, check="pass", conftest="", **keys):
        (pytester.path / "audit.json").unlink(missing_ok=True)
        write_benchmark(check)
        pytester.makeconftest(WITNESS + conftest)
        pytester.makepyfile(test_gates=tests)
        files = ("biasruler.toml", "test_gates.py", "--biasruler=biasruler.toml")
        result = run(*files, "--biasruler-json=audit.json", "-W", "default", *arguments, **keys)
        return result, read_ending(result, pytester.path)

    return gate


@pytest.mark.parametrize("name", RED)
def test_what_failed_or_never_ended_is_red(gate, name):
    tests, check, *conftest = RED[name]

    result, ending = gate(tests, check=check, conftest="".join(conftest))

    assert ending.code in (1, 2), result.stdout.str()
    assert ending.section, "and it is said"


SUBPROCESSES = (
    "a failure is swallowed",
    "a test ends the run with code 0",
    "a module that cannot be imported",
    "an error is turned into a skip by a hook",
)


@pytest.mark.slow
@pytest.mark.parametrize("name", SUBPROCESSES)
def test_what_failed_or_never_ended_is_red_on_workers_too(gate, name):
    tests, check, *conftest = RED[name]

    result, ending = gate(tests, "-n2", check=check, conftest="".join(conftest))

    assert ending.code in (1, 2, 3), result.stdout.str()


WHOLE = {
    "nothing": (),
    "first failure ends": ("-x",),
    "two failures end": ("--maxfail=2",),
    "last failed": ("--lf",),
    "failed first": ("--ff",),
    "new first": ("--nf",),
    "stepwise": ("--sw",),
    "stepwise skip": ("--sw-skip",),
    "marked": ("-m", "biasruler"),
    "quiet": ("-q", "-q"),
    "verbose": ("-vv",),
    "no tracebacks": ("--tb=no",),
    "no summary": ("--no-summary",),
    "no terminal": ("-p", "no:terminal"),
    "no cache": ("-p", "no:cacheprovider"),
    "no scores kept": ("--biasruler-no-cache",),
    "plain asserts": ("--assert=plain",),
    "warnings are errors": ("-W", "error"),
    "no warnings": ("-p", "no:warnings"),
    "no capture": ("-s",),
    "strict": ("--strict-markers", "--strict-config", "-o", "xfail_strict=true"),
    "errors of collection": ("--continue-on-collection-errors",),
    "xfail is run": ("--runxfail",),
    "fixtures shown": ("--setup-show",),
    "junit": ("--junitxml=junit.xml", "-o", "junit_family=xunit1"),
    "no junit": ("-p", "no:junitxml"),
    "importlib": ("--import-mode=importlib",),
    "random order": ("-p", "randomly", "--randomly-seed=3"),
    "random order, no seeding": ("-p", "randomly", "--randomly-dont-reset-seed"),
    "without workers": ("-n0",),
    "no threads watched": ("-p", "no:threadexception", "-p", "no:unraisableexception"),
    "no skipping": ("-p", "no:skipping"),
    "strict mode": ("--biasruler-policy=prove-safe", "--biasruler-min-checks=7"),
}
PARTS = {
    "one by keyword": ("-k", "test_a"),
    "none by keyword": ("-k", "nothing"),
    "none of ours": ("-m", "not biasruler"),
    "a typing error in a mark": ("-m", "biasruller"),
    "one left out": ("--deselect=test_gates.py::test_b",),
    "the file left out": ("--ignore=biasruler.toml", "--deselect=biasruler.toml"),
}
BROKEN_EXPRESSION = (("-m", "biasruler or"), ("-k", "(test_a"))
LISTINGS = ("--co", "--setup-plan", "--setup-only", "--fixtures", "--markers", "--cache-show")


@pytest.mark.parametrize("name", WHOLE)
def test_options_that_select_everything_change_no_verdict(gate, name):
    arguments = WHOLE[name]

    result, sound = gate(SOUND, *arguments)
    assert (sound.code, sound.faults) == (0, []), result.stdout.str()
    assert sound.checks == (7, 0, 7, 0, ())

    result, red = gate(SWALLOWED, *arguments)
    assert red.code == 1, result.stdout.str()
    assert red.checks == (8, 0, 8, 0, ())
    assert red.faults == ["test_gates.py::test_swallowed::gap[dice-age-unet] failed"]


@pytest.mark.parametrize("name", PARTS)
def test_options_that_select_a_part_never_look_like_a_whole_audit(gate, name):
    result, ending = gate(SWALLOWED, *PARTS[name])

    assert ending.code in (0, 5) or "swallowed" in ending.section, result.stdout.str()
    assert ending.code or not ending.faults
    assert "PARTIAL: " in ending.section

    result, strict = gate(SOUND, *PARTS[name], "--biasruler-policy=prove-safe")
    assert strict.code == 1, result.stdout.str()


@pytest.mark.parametrize("arguments", BROKEN_EXPRESSION)
def test_an_expression_with_an_error_is_a_usage_error(gate, arguments):
    _, ending = gate(SOUND, *arguments)

    assert (ending.code, ending.audit) == (4, None)


@pytest.mark.parametrize("option", LISTINGS)
def test_a_listing_judges_nothing_and_leaves_earlier_outputs_alone(pytester, gate, option):
    gate(SOUND)
    before = (pytester.path / "audit.json").read_bytes()

    result = pytester.runpytest_inprocess(
        *("biasruler.toml", "--biasruler-json=audit.json", "--biasruler-min-checks=9", option),
        *("-p", "no:hypothesispytest", "-p", "no:rerunfailures", "-p", "no:randomly"),
    )

    assert result.ret == 0
    assert (pytester.path / "audit.json").read_bytes() == before
    assert "= biasruler =" not in result.stdout.str()


def test_only_the_last_failures_are_a_part_and_the_next_run_is_whole(gate):
    failing = SOUND.replace('by="sex"', 'by="age"', 1)

    _, first = gate(failing)
    _, again = gate(failing, "--lf")
    _, mended = gate(SOUND, "--lf")
    _, whole = gate(SOUND, "--lf")

    assert [each.code for each in (first, again, mended, whole)] == [1, 1, 0, 0]
    assert [each.checks[0] - each.checks[2] for each in (first, again, mended, whole)] == [
        0,
        5,
        5,
        0,
    ]
    # A file in which nothing failed is not even collected: what is left counts as all there is.
    assert again.section.splitlines()[1].startswith("PARTIAL: 1 of 6")
    assert mended.section.splitlines()[1].startswith("PARTIAL: 1 of 6")


def test_stepwise_ends_at_a_failure_and_says_so(gate):
    failing = SOUND.replace('by="sex"', 'by="age"', 1)

    _, ending = gate(failing, "--sw")

    assert ending.code == 2
    assert "AUDIT INCOMPLETE: 5 collected checks never reported" in ending.section


def test_a_module_that_cannot_be_imported_is_red_beside_checks_that_ran(gate):
    _, ending = gate("import no_such_module", "--continue-on-collection-errors")

    assert ending.code == 1
    assert ending.checks == (1, 0, 1, 0, ()), "what could be collected was judged"


def test_a_benchmark_file_that_declares_nothing_is_refused(gate):
    _, ending = gate(SOUND, check="")

    assert (ending.code, ending.audit) == (4, None)


@pytest.mark.parametrize(
    "how", ["pytest.skip('x', allow_module_level=True)", "pytest.importorskip('nope')"]
)
def test_a_module_that_is_skipped_whole_is_noticed_by_a_demand_for_checks(gate, how):
    tests = SOUND.replace("import pytest\n", f"import pytest\n{how}\n")

    _, lenient = gate(tests)
    _, demanding = gate(tests, "--biasruler-min-checks=7")

    assert (lenient.code, demanding.code) == (0, 1)
    assert "1 check ran, fewer than --biasruler-min-checks 7" in demanding.section


MARKED = "import pytest\n\n@pytest.mark.{}\ndef test_marked(biasruler):\n    {}\n"
ASKED = 'biasruler.assert_gap("dice", by="age", model="unet")'


@pytest.mark.parametrize(
    ("marker", "body", "code", "n_ran"),
    [
        ("xfail", ASKED, 0, 2),
        ("xfail(strict=True)", ASKED, 0, 2),
        ("xfail(strict=True)", ASKED.replace("age", "sex"), 1, 2),
        ("xfail(raises=AssertionError)", ASKED.replace("unet", "ghost"), 1, 1),
        ("skip(reason='later')", ASKED, 0, 1),
        ("skipif(True, reason='later')", ASKED, 0, 1),
        ("biasruler", "pytest.skip('later')", 0, 1),
        ("biasruler", "pytest.importorskip('no_such_module')", 0, 1),
        ("biasruler", "pytest.xfail('later')", 0, 1),
        ('biasruler(polcy="prove-safe")', ASKED, 4, None),
        ('biasruler("prove-safe")', ASKED, 4, None),
    ],
)
def test_markers_and_skips_hide_nothing_from_the_accounts(gate, marker, body, code, n_ran):
    result, ending = gate(MARKED.format(marker, body))

    assert ending.code == code, result.stdout.str()
    assert (ending.checks[2] if ending.checks else None) == n_ran


def test_an_error_in_a_test_that_was_expected_to_fail_is_listed_all_the_same(gate):
    _, ending = gate(MARKED.format("xfail", ASKED.replace("unet", "ghost")))

    assert ending.checks == (2, 0, 1, 0, ("BR503",))
    assert ending.code == 0, "the author of the test said that it fails"


FLAKY = """
from pathlib import Path
import pytest

def attempt():
    path = Path("attempts.txt")
    path.write_text(path.read_text() + "x" if path.exists() else "x")
    return len(path.read_text())

def test_flaky(biasruler):
    n = attempt()
    biasruler.assert_gap("dice", by="age", model="unet", limit=0.05 if n == 1 else 0.5)
"""
RERUNS = {
    "better at last": (FLAKY, (), 0, 2),
    "better at last -n2": (FLAKY, ("-n2",), 0, 2),
    "worse at last": (FLAKY.replace("== 1", "> 1"), (), 0, 2),
    "another reason at first": (
        FLAKY.replace("    biasruler", "    assert n > 1\n    biasruler").replace("== 1", "== 0"),
        (),
        0,
        2,
    ),
    "error at first": (
        FLAKY.replace('"unet"', '"unet" if n > 1 else "ghost"').replace("== 1", "== 0"),
        (),
        0,
        2,
    ),
    "killed at first -n2": (
        FLAKY.replace(
            "    biasruler", "    import os\n    n > 1 or os._exit(0)\n    biasruler"
        ).replace("== 1", "== 0"),
        ("-n2",),
        0,
        2,
    ),
    "poisoned at last -n2": (
        FLAKY.replace("(biasruler)", "(biasruler, record_property)").replace(
            "    biasruler",
            "    import numpy as np\n    n > 1 and record_property('n', np.intp(n))\n"
            "    biasruler",
        ),
        ("-n2",),
        None,
        None,
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RERUNS)
def test_the_last_attempt_of_a_test_counts(gate, name):
    tests, arguments, code, n_ran = RERUNS[name]

    result, ending = gate(tests, "--reruns=2", *arguments)

    if code is None:
        assert ending.code != 0, result.stdout.str()
    else:
        assert (ending.code, ending.checks) == (code, (2, 0, n_ran, 0, ())), result.stdout.str()
        assert not ending.faults


@pytest.mark.slow
@pytest.mark.parametrize("check", ["fail", "error"])
def test_a_check_that_fails_fails_as_often_as_it_is_run(gate, check):
    result, ending = gate(SOUND, "--reruns=2", check=check)

    assert ending.code == 1
    assert result.parseoutcomes()["rerun"] == 2
    assert len(ending.faults) == 2, "the item, and its finding or its error, each once"


@pytest.mark.slow
def test_the_order_of_tests_changes_no_byte(pytester, gate):
    tests = SWALLOWED + "\n" + POISON.replace('record_property("score", np.float64(1.0))', "")
    seen = set()
    for arguments in (
        (),
        *((f"--randomly-seed={n}",) for n in (1, 2)),
        ("--randomly-seed=3", "-n2"),
    ):
        random = ("-p", "randomly") if arguments else ()
        _, ending = gate(tests, *random, *arguments)
        assert ending.code == 1
        seen.add((pytester.path / "audit.json").read_bytes())

    assert len(seen) == 1
    assert len(json.loads(seen.pop())["findings"]) == 9


QUIT = "\ndef test_quit(biasruler):\n    import os\n    os._exit(0)\n"


@pytest.mark.slow
def test_a_worker_that_quits_with_code_0_is_red(gate):
    _, ending = gate(SOUND + QUIT, "-n2")

    assert ending.code == 1
    assert ending.checks == (8, 0, 7, 0, ("BR801",))


@pytest.mark.slow
def test_where_the_only_process_quits_no_output_tells_that_something_ran(gate):
    gate(SOUND)

    _, ending = gate(SOUND + QUIT, subprocess=True)

    assert ending.code == 0, "no hook runs: nothing in the process can change this"
    assert (ending.audit, ending.section) == (None, ""), "so a gate also looks for its output"


UNNAMED = """
import pytest
from pytest_biasruler import Benchmark

@pytest.fixture(scope="session")
def biasruler_benchmark():
    return Benchmark.from_file("biasruler.toml")
"""


@pytest.mark.slow
def test_a_benchmark_that_only_a_fixture_names_is_guarded_too(pytester, write_benchmark, run):
    write_benchmark()
    pytester.makeconftest(UNNAMED)
    pytester.makepyfile(test_gates=POISON)

    result = run("test_gates.py", "-n2", "-W", "default")

    assert result.ret == 1, result.stdout.str()
    assert "1 collected test never reported: test_gates.py::test_poisoned" in result.stdout.str()
