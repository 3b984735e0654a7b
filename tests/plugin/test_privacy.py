"""Nothing private leaves a run by any road: terminal, JUnit, pytest's cache, store, outputs."""

from __future__ import annotations

import json
import platform
import re
import socket
import sys
import tempfile
from pathlib import Path

import pytest

from pytest_biasruler import Benchmark, BiasRulerError, run_audit
from pytest_biasruler.audit.preparing import prepare
from pytest_biasruler.checks.evidence import score_column
from pytest_biasruler.masks.path import resolve_path
from pytest_biasruler.scoring.job import Entry, Job, Role
from pytest_biasruler.scoring.store import Store
from pytest_biasruler.shell.exports import KINDS

from .canaries import (
    ALL_QUESTIONS,
    MASKS_FILE,
    N_CASES,
    OUTCOMES,
    TABLE_FILE,
    TEMPLATES,
    WORDS,
    find_words,
    snapshot,
    write_cohort,
)

LOUD = (
    *("-vv", "--tb=long", "-l", "--showlocals", "-rA", "--durations=5", "-s"),
    *("--log-cli-level=DEBUG", "--junitxml=junit.xml"),
)
OUTPUTS = (
    *("--biasruler-json=out/audit.json", "--biasruler-html=out/report.html"),
    *("--biasruler-export=csv-plan=out/plan.csv", "--biasruler-selftest=1"),
    *(f"--biasruler-export={kind}=out/{kind}.txt" for kind in KINDS if kind != "csv-plan"),
    "--biasruler-markdown=out/summary.md",
)
CASE = WORDS["case"] + "03"

PEOPLE = f"""
import os
import pytest

def test_refused(biasruler):
    biasruler.assert_gap("dice", by="nothing", model="by_expert")

def test_failed(biasruler, biasruler_benchmark, biasruler_masks):
    biasruler.assert_floor("dice", by="age", limit=0.99, model="by_expert")

def test_compared(biasruler, biasruler_benchmark, biasruler_masks):
    finding = biasruler.check_gap("dice", by="age", model="by_machine")
    reference, model = biasruler_benchmark.references[0], biasruler_benchmark.models[0]
    assert finding.verdict == "no verdict" and finding == biasruler

def test_printed(biasruler, biasruler_benchmark, biasruler_masks):
    print(biasruler, biasruler_benchmark, biasruler_masks, biasruler_masks["expert", {CASE!r}])

def test_unreadable(biasruler_masks):
    biasruler_masks["by_expert", {CASE!r}]

def test_missing(biasruler_masks):
    biasruler_masks["expert", {CASE.replace("03", "05")!r}]
"""


LISTENERS = []
"""An audit hook of the interpreter can only be added, so one is, and it asks whoever listens."""


def pass_on(event, arguments):
    for listen in LISTENERS:
        listen(event, arguments)


sys.addaudithook(pass_on)


@pytest.fixture
def private(pytester, monkeypatch):
    """Write both benchmarks, and let user, home, host and environment hold their words."""
    root = pytester.path / f"{WORDS['folder']}-data"
    root.mkdir()
    write_cohort(root)
    (pytester.path / "masks.toml").write_text(MASKS_FILE + ALL_QUESTIONS, "utf-8")
    (pytester.path / "table.toml").write_text(TABLE_FILE + OUTCOMES, "utf-8")
    home, temporary = pytester.path / WORDS["home"], pytester.path / "temporary"
    for folder in (home, temporary):
        folder.mkdir()
    monkeypatch.setenv("KANAR_DATA", str(root))
    monkeypatch.setenv("KANAR_SECRET", WORDS["variable"])
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    for name in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(name, WORDS["user"])
    monkeypatch.setattr(platform, "node", lambda: WORDS["host"])
    monkeypatch.setattr(socket, "gethostname", lambda: WORDS["host"])
    return root


@pytest.fixture
def leaks(pytester, run, monkeypatch):
    """Give a function that runs pytest and returns (result, place -> what was found there).

    It runs as on GitHub, so that the job page and annotations are searched too.
    """
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(pytester.path))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(pytester.path / "page.md"))

    def leaks(*arguments, subprocess=False):
        before = snapshot(pytester.path)
        result = run(*arguments, subprocess=subprocess)
        found = {
            "stdout": find_words(result.stdout.str().encode("utf-8", "surrogatepass")),
            "stderr": find_words(result.stderr.str().encode("utf-8", "surrogatepass")),
        }
        for path, content in snapshot(pytester.path).items():
            name = path.relative_to(pytester.path).as_posix()
            if before.get(path) != content:
                found[name] = find_words(content) | find_words(name.encode())
        return result, found

    return leaks


def told(found):
    """Return only the places where something was found."""
    return {place: sorted(words) for place, words in found.items() if words}


MODES = {
    "plain": (),
    "xdist": ("-n2",),
    "setup-show": ("--setup-show", "-p", "no:cacheprovider"),
}


@pytest.mark.slow
@pytest.mark.usefixtures("private")
@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_canaries_stay_inside(pytester, leaks, mode):
    pytester.makepyfile(test_people=PEOPLE)
    files = ("masks.toml", "table.toml", "test_people.py", "--biasruler=masks.toml")
    result, found = leaks(*files, *LOUD, *OUTPUTS, *mode)

    outcomes = result.parseoutcomes()
    assert result.ret == 1
    assert {"passed", "failed", "inconclusive", "skipped", "errors"} <= outcomes.keys()
    assert {"out/report-masks.html", "out/plan-masks.csv", "junit.xml"} <= found.keys()
    assert {"out/summary-masks.md", "page.md"} <= found.keys()
    assert "\n::error " in result.stdout.str()
    assert result.stderr.lines[-1].startswith("biasruler: PARTIAL: ")
    # pytest itself writes the name of the machine into JUnit XML.
    host = found["junit.xml"] & {"host"}
    found["junit.xml"] -= host
    assert told(found) == {}
    assert host or "-n2" in mode, "a road that is documented is gone: mend docs and test"


@pytest.mark.usefixtures("private")
def test_asked_for_case_names_are_printed_and_nothing_else(leaks):
    files = ("masks.toml", "table.toml", "-k", "gap or provenance or rectified")
    result, found = leaks(*files, *LOUD, *OUTPUTS, "--biasruler-show-cases")

    assert result.ret == 1
    found["junit.xml"] -= {"host"}
    assert set().union(*found.values()) == {"case"}
    assert {place for place, words in found.items() if words} >= {
        *("stdout", "out/audit-masks.json", "out/report-masks.html", "out/plan-masks.csv"),
    }
    template = f"predictions/by_machine/{WORDS['case']}08.nii.gz"
    assert template in result.stdout.str(), "templates are filled in"


def edit(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def double(root):
    text = (root / "meta.csv").read_text("utf-8")
    (root / "meta.csv").write_text(text + text.splitlines()[-1] + "\n", "utf-8")


FIRST = f"{WORDS['case']}00"
SPOILT = {
    "bad cell": lambda root: edit(root / "meta.csv", ",60,", f",{WORDS['malformed age']},"),
    "no bin": lambda root: edit(root / "meta.csv", ",60,", ",999,"),
    "duplicate case": double,
    "unknown column": lambda root: edit(root / "meta.csv", "person", "someone"),
    "case leaves the root": lambda root: edit(root / "meta.csv", FIRST, f"../{FIRST}"),
    "case is a URL": lambda root: edit(root / "meta.csv", FIRST, f"http://{FIRST}"),
    "control character": lambda root: edit(root / "meta.csv", FIRST, f"{FIRST}\x08"),
    "long cell": lambda root: edit(root / "meta.csv", FIRST, FIRST * 40),
    "ragged row": lambda root: edit(root / "meta.csv", f"{FIRST},", f"{FIRST},more,"),
    "doubled head": lambda root: edit(root / "meta.csv", WORDS["unused head"], "study"),
    "no case": lambda root: edit(root / "meta.csv", FIRST, ""),
    "no table": lambda root: (root / "meta.csv").unlink(),
    "semicolons": lambda root: (root / "meta.csv").write_text(
        (root / "meta.csv").read_text("utf-8").replace(",", ";"), "utf-8"
    ),
    "not UTF-8": lambda root: (root / "meta.csv").write_bytes(
        (root / "meta.csv").read_bytes() + b"\xff\xfe"
    ),
    "doubled score": lambda root: edit(
        root / "scores.csv", f"{FIRST},unet,automated", f"{FIRST},unet,expert"
    ),
    "score is no number": lambda root: edit(
        root / "scores.csv",
        f"{FIRST},unet,expert,",
        f"{FIRST},unet,expert,{WORDS['unused score']}",
    ),
    "score out of range": lambda root: edit(
        root / "scores.csv", f"{FIRST},unet,expert,0", f"{FIRST},unet,expert,7"
    ),
    "no masks": lambda root: (root / "predictions" / "by_expert").rename(root / "elsewhere"),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_canaries_stay_inside_whatever_is_refused(private, leaks, spoil):
    spoil(private)
    result, found = leaks("masks.toml", "table.toml", *LOUD, *OUTPUTS[:3])

    found.get("junit.xml", set()).discard("host")
    assert result.ret == 4
    assert told(found) == {}


TELL = """
import os

def tell(*_, **__):
    raise {error}(os.environ["KANAR_DATA"] + " " + "/".join(os.environ["KANAR_NAMES"].split()))
"""
HOOKS = {
    "metric": """
        from pytest_biasruler import Metric
        from lab_tell import tell

        def pytest_biasruler_metrics():
            return [Metric(name="spoilt", direction="higher", range=(0, 1), score=tell)]
        """,
    "metrics": """
        from lab_tell import tell as pytest_biasruler_metrics
        """,
    "reader": """
        from lab_tell import tell

        def pytest_biasruler_mask_readers():
            return {".npz": tell}
        """,
    "readers": """
        from lab_tell import tell as pytest_biasruler_mask_readers
        """,
    "section": """
        from lab_tell import tell

        def pytest_biasruler_report_sections(audit):
            tell(audit)
        """,
    "json": """
        from lab_tell import tell

        def pytest_biasruler_json(audit):
            tell(audit)
        """,
}
SPOILT_METRIC = (
    '[[checks]]\ncheck = "gap"\nby = "age"\nmetric = "spoilt"\nmodel = "by_expert"\nlimit = 1\n'
)


@pytest.mark.parametrize("error", ["ValueError", "SystemExit"])
@pytest.mark.parametrize("hook", HOOKS)
def test_canaries_stay_inside_where_a_hook_tells_them(
    pytester, private, leaks, monkeypatch, hook, error
):
    monkeypatch.setenv("KANAR_NAMES", " ".join(WORDS.values()))
    pytester.makepyfile(lab_tell=TELL.format(error=error))
    pytester.makeconftest(HOOKS[hook])
    pytester.syspathinsert()
    if hook == "metric":
        edit(pytester.path / "masks.toml", "[[checks]]\n", f"{SPOILT_METRIC}[[checks]]\n")
    if hook == "reader":
        edit(pytester.path / "masks.toml", "by_expert/{case}.nii.gz", "by_expert/{case}.npz")
        for mask in (private / "predictions" / "by_expert").iterdir():
            mask.rename(mask.with_name(mask.name.replace(".nii.gz", ".npz")))
    result, found = leaks("masks.toml", *LOUD, *OUTPUTS[:3])

    found.get("junit.xml", set()).discard("host")
    assert result.ret != 0
    assert told(found) == {}


ENDING = """
from pytest_biasruler import Metric
from lab_ending import score

def pytest_biasruler_metrics():
    return [Metric(name="spoilt", direction="higher", range=(0, 1), score=score)]
"""
ENDS = ("sys.exit", "pytest.skip", "pytest.fail")


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize("end", ENDS)
def test_a_metric_that_ends_the_process_or_the_test_is_an_error_without_names(
    pytester, leaks, end
):
    text = f"import sys, pytest\ndef score(model, reference):\n    {end}({WORDS['home']!r})"
    pytester.makepyfile(lab_ending=text)
    pytester.makeconftest(ENDING)
    pytester.syspathinsert()
    edit(pytester.path / "masks.toml", "[[checks]]\n", f"{SPOILT_METRIC}[[checks]]\n")
    result, found = leaks("masks.toml", *LOUD, *OUTPUTS[:1], "-k", "gap and spoilt")

    found.get("junit.xml", set()).discard("host")
    assert "; 1 inconclusive " in result.stdout.str(), "a score that is not known is no pass"
    assert "  BR899 case-001: internal error" in result.stdout.str()
    assert "Traceback" not in result.stdout.str()
    assert told(found) == {}


INTERRUPTED = """
import os, pathlib, signal, time
def score(model, reference):
    try:
        pathlib.Path("interrupted").touch(exist_ok=False)
    except FileExistsError:
        return 0.5
    os.kill({who}, signal.SIGINT)
    time.sleep(1)
    return 0.5
"""


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_while_scoring_shows_no_name_in_a_full_traceback(
    pytester, leaks, monkeypatch, workers
):
    who = "os.getpid()" if workers == 1 else "os.getppid()"
    pytester.makepyfile(lab_ending=INTERRUPTED.format(who=who))
    pytester.makeconftest(ENDING)
    pytester.syspathinsert()
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    edit(pytester.path / "masks.toml", "[[checks]]\n", f"{SPOILT_METRIC}[[checks]]\n")
    loud = (*LOUD, "--full-trace", f"--biasruler-workers={workers}")
    result, found = leaks("masks.toml", *loud, *OUTPUTS[:1], subprocess=True)

    said = result.stdout.str()
    assert result.ret == 2, said
    assert "INCOMPLETE" in said
    assert "KeyboardInterrupt" in said
    assert "array(" not in said
    assert "cases = " not in said
    found.get("junit.xml", set()).discard("host")
    assert told(found) == {}


class Bug:
    """Raises an error that tells everything, where a function of ours should have answered."""

    def __call__(self, *_, **__):
        raise ValueError("/".join(WORDS.values()))


BUGS = (
    "pytest_biasruler.benchmark.manifest.read_manifest",
    "pytest_biasruler.audit.preparing.read_metadata",
    "pytest_biasruler.audit.preparing.cut_all",
    "pytest_biasruler.audit.preparing.score_benchmark",
    "pytest_biasruler.scoring.case.read_stack",
    "pytest_biasruler.audit.judging.refuse_unusable_sets",
    "pytest_biasruler.audit.judging.adjust_holm",
    "pytest_biasruler.checks.gap.compare",
    "pytest_biasruler.audit.gallery.illustrate",
    "pytest_biasruler.audit.context",
    "pytest_biasruler.audit.assemble",
    "pytest_biasruler.report.html.make_page",
    "pytest_biasruler.report.exports.safe_cell",
    "pytest_biasruler.report.messages.subgroup_table",
    "pytest_biasruler.report.told.headline",
    "pytest_biasruler.shell.closing.account",
)


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize("place", BUGS)
def test_canaries_stay_inside_where_a_bug_of_ours_tells_them(pytester, leaks, monkeypatch, place):
    pytester.makepyfile(test_people=PEOPLE)
    monkeypatch.setattr(place, Bug())
    files = ("masks.toml", "test_people.py", "--biasruler=masks.toml")
    result, found = leaks(*files, *LOUD, *OUTPUTS[:3], "-k", "gap or people or rectified")

    found.get("junit.xml", set()).discard("host")
    assert result.ret != 0
    assert told(found) == {}


KILL = """
import os
import signal
import pytest

@pytest.hookimpl(trylast=True)
def {hook}({subject}):
    if "{where}" in {subject}.nodeid:
        os.kill(os.getpid(), signal.SIGKILL)
"""
KILLED = {
    "worker": ("pytest_runtest_call", "item", ("-n2",), 1),
    "whole run": ("pytest_runtest_logreport", "report", (), -9),
}


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize("who", KILLED)
def test_canaries_stay_inside_where_a_process_is_killed(pytester, leaks, who):
    hook, subject, mode, code = KILLED[who]
    pytester.makeconftest(KILL.format(hook=hook, subject=subject, where="signed_volume"))
    result, found = leaks("masks.toml", *LOUD, *OUTPUTS[:3], *mode, subprocess=True)

    assert result.ret == code
    assert {path.rpartition(".")[2] for path in found} >= {"sqlite"}
    found.get("junit.xml", set()).discard("host")
    assert told(found) == {}


JOINED = """
def test_joined(biasruler_subgroups, biasruler_scores):
    assert list(biasruler_subgroups.index) == []
"""


@pytest.mark.usefixtures("private")
def test_a_test_that_joins_on_names_shows_them_as_is_documented(pytester, leaks):
    pytester.makepyfile(test_joined=JOINED)
    result, found = leaks("test_joined.py", "--biasruler=masks.toml", *LOUD)

    result.assert_outcomes(failed=1)
    found["junit.xml"] -= {"host"}
    assert {"case"} <= found["stdout"] <= {"case", "patient"}
    assert told(found).keys() == {"stdout", "junit.xml"}, "nothing of ours repeats it"


def test_what_holds_cases_or_paths_does_not_show_them(private, tmp_path):
    benchmark = Benchmark.from_file(private.parent / "masks.toml")
    store = Store(tmp_path / WORDS["folder"])
    evidence = prepare(benchmark, store=store)
    entry = Entry(set="expert", role=Role.EXPERT, source=private)
    job = Job(case=CASE, entries=(entry,), metrics=(), root=private)
    audit = run_audit(benchmark)
    objects = {
        "benchmark": benchmark,
        "parts": (benchmark.references, benchmark.models, benchmark.attributes),
        "metadata": evidence.metadata,
        "subgroups": evidence.subgroups,
        "scored": evidence.scored,
        "evidence": evidence,
        "column": score_column(evidence, "dice", model="by_expert", reference="expert", label=""),
        "store": store,
        "entry": entry,
        "job": job,
        "audit": audit,
        "finding": audit.findings[0],
        "error": resolve_error(private),
    }
    shown = {name: find_words(repr(held).encode()) for name, held in objects.items()}
    assert told(shown) == {}


def resolve_error(root):
    try:
        resolve_path("{case}.nii", f"../{CASE}", root=root)
    except BiasRulerError as error:
        return (error, str(error), error.args)
    return None


def test_only_masks_and_tables_are_opened(private, run):
    (private / "images").mkdir()
    for folder in ("images", "segmentations/expert", "predictions/by_expert"):
        for name in (f"{CASE}.dcm", f"{CASE}_0000.nii.gz", "notes.txt"):
            (private / folder / name).write_bytes(b"never read")
    opened = []

    def listen(event, arguments):
        if event == "open" and isinstance(arguments[0], str):
            opened.append(arguments[0])

    LISTENERS.append(listen)
    try:
        run("masks.toml", *OUTPUTS[:3])
    finally:
        LISTENERS.remove(listen)

    inside = [Path(path) for path in opened if Path(path).is_relative_to(private)]
    assert {path.name for path in inside if path.suffix == ".csv"} == {"meta.csv"}
    masks = {path.relative_to(private).as_posix() for path in inside if path.suffix != ".csv"}
    template = {
        pattern.replace("{case}", f"{WORDS['case']}{i:02d}")
        for pattern in TEMPLATES.values()
        for i in range(N_CASES)
    }
    assert masks, "nothing was listened to"
    assert masks <= template


def test_no_case_name_reaches_any_output(pytester, write_masks, run):
    path = write_masks("fail", '[[checks]]\ncheck = "provenance"\nby = "age"\n')
    for table in pytester.path.glob("*.csv"):
        text = re.sub(r"\bc(\d)\b", r"canary\1", table.read_text("utf-8"))
        table.write_text(text, encoding="utf-8")
    for mask in list(pytester.path.glob("*/c*.nii")):
        mask.rename(mask.with_name(mask.name.replace("c", "canary", 1)))
    (pytester.path / "automated" / "canary3.nii").write_bytes(b"damaged")
    assert path.exists()

    result = run(
        *("biasruler.toml", "-vv", "--tb=long", "-l", "--junitxml=junit.xml", "-rA"),
        *("--biasruler-json=out/audit.json", "--biasruler-html=out/report.html"),
    )

    assert result.ret == 1
    assert "BR" in (pytester.path / "out" / "audit.json").read_text("utf-8")
    files = [*pytester.path.glob("out/*"), pytester.path / "junit.xml"]
    files += [p for p in (pytester.path / ".pytest_cache").rglob("*") if p.is_file()]
    spoiled = [p.name for p in files if b"canary" in p.read_bytes()]
    assert spoiled == []
    assert "canary" not in result.stdout.str() + result.stderr.str()


def test_a_test_named_by_a_case_is_warned_about_and_kept_out_of_the_report(
    pytester, write_benchmark, run
):
    write_benchmark()
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("case", ["x-c007-y"])
        def test_case(biasruler, case):
            biasruler.assert_gap("dice", by="sex", model="unet")

        @pytest.mark.parametrize("by", ["sex"])
        def test_by(biasruler, by):
            biasruler.assert_gap("dice", by=by, model="unet")
        """
    )

    result = run("--biasruler=biasruler.toml", "--biasruler-json=audit.json", "-W", "default")

    result.assert_outcomes(passed=2, warnings=1)
    assert "BR604: a test id holds the name of a case or patient" in result.stdout.str()
    text = (pytester.path / "audit.json").read_text("utf-8")
    assert "c007" not in text
    assert "::test_by[sex]::gap[dice-sex-unet]" in text


@pytest.mark.parametrize("name", ["<script>", "\u202eevil", "::error::x"])
def test_hostile_names_are_escaped_on_the_terminal(pytester, write_benchmark, run, name):
    write_benchmark("fail", name=name.replace("\u202e", "\\u202e"))

    result = run("biasruler.toml")

    text = result.stdout.str()
    assert "\u202e" not in text
    assert not [line for line in result.stdout.lines if line.strip().startswith("::")]
    assert result.ret == 1
    assert str(pytester.path) not in text.partition("FAILURES")[2]


ERRING = """
import os
import signal
import pytest

@pytest.mark.parametrize("case", ["canary0"])
def test_refused(biasruler, case):
    biasruler.assert_gap("dice", by="nothing", model="unet")

@pytest.mark.parametrize("by", ["nothing"])
def test_harmless(biasruler, by):
    biasruler.assert_gap("dice", by=by, model="unet")

@pytest.mark.parametrize("case", ["canary0"])
def test_killed(biasruler, case):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("mode", [("-k", "not killed"), ("-n1",)], ids=["plain", "crash"])
def test_a_test_in_error_that_is_named_by_a_case_keeps_it_out_of_the_report(
    pytester, write_benchmark, run, mode
):
    write_benchmark()
    for table in ("meta.csv", "scores.csv"):
        text = (pytester.path / table).read_text("utf-8").replace("c000", "canary0")
        (pytester.path / table).write_text(text, "utf-8")
    pytester.makepyfile(ERRING)

    result = run("--biasruler=biasruler.toml", *OUTPUTS[:2], "-W", "default", *mode)

    assert result.ret == 1
    assert "BR604: a test id holds the name of a case or patient" in result.stdout.str()
    written = {path.name: path.read_text("utf-8") for path in pytester.path.glob("out/*")}
    assert [name for name, text in written.items() if "canary0" in text] == []
    errors = json.loads(written["audit.json"])["accounting"]["checks"]["errors"]
    killed = ["test_killed"] if "-n1" in mode else []
    assert [error["id"].partition("::")[2] for error in errors] == [
        *("test_harmless[nothing]", "test_refused", *killed)
    ]


def test_a_test_in_error_before_any_name_is_known_is_told_without_its_bracket(
    pytester, write_benchmark, run
):
    write_benchmark("pass")
    pytester.makepyfile(
        """
        import pytest
        from pytest_biasruler.errors import BiasRulerError

        @pytest.fixture
        def broken():
            raise BiasRulerError("BR602", "a", "b", "Mend it")

        @pytest.mark.parametrize("case", ["canary0"])
        def test_broken(broken, biasruler, case):
            pass
        """
    )

    run(".", "--biasruler=biasruler.toml", *OUTPUTS[:2])

    text = (pytester.path / "out" / "audit.json").read_text("utf-8")
    assert "::test_broken" in text
    assert "canary0" not in text


COMMANDS = ("::error file=x::pwn", "##[error]pwn", "a ##[group]")


@pytest.mark.parametrize("name", COMMANDS)
def test_no_name_becomes_a_command_of_the_build_server(pytester, write_benchmark, run, name):
    write_benchmark("fail", "ruler", name=name)
    table = pytester.path / "meta.csv"
    table.write_text(table.read_text("utf-8").replace("young", name), "utf-8")

    result = run("biasruler.toml", "-rA", "-vv")

    lines = [line.strip() for line in result.stdout.lines]
    assert [line for line in lines if line.startswith("::") or "##[" in line] == []
    assert any("x3a:error" in line or "x23[" in line for line in lines)


def test_a_name_that_turns_the_text_around_is_escaped_in_every_sentence(
    pytester, write_benchmark, run
):
    write_benchmark("fail")
    table = pytester.path / "meta.csv"
    table.write_text(table.read_text("utf-8").replace("young", "y\u202ezz"), "utf-8")

    run("biasruler.toml", "--biasruler-json=audit.json")

    audit = json.loads((pytester.path / "audit.json").read_text("utf-8"))
    assert [f["statement"] for f in audit["findings"] if "\u202e" in f["statement"]] == []
    assert "y\\u202ezz" in audit["findings"][0]["statement"]
