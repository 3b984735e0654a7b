"""The `biasruler` command: what it says, what it writes, and how it ends."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_biasruler.checks.finding import Verdict
from pytest_biasruler.cli import main
from pytest_biasruler.cli.console import write_lines
from pytest_biasruler.report.html import render_html
from tests.core.report.audit_example import (
    ERROR,
    make_audit,
    make_estimate,
    make_finding,
    make_hostile_audit,
    with_checks,
)

COMMANDS = ("report", "judge", "compare", "init")
PROGRAM = "import sys; from pytest_biasruler.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture(autouse=True)
def frozen_date(monkeypatch):
    """Keep the waiver of the example from ending."""
    for command in ("judging", "comparing"):
        name = f"pytest_biasruler.cli.{command}.read_date"
        monkeypatch.setattr(name, lambda: dt.date(2026, 11, 24))


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


@pytest.fixture
def keep(here):
    """Give a function that writes an audit to a file and returns its name."""

    def write(audit, name="audit.json"):
        (here / name).write_text(audit.to_json(), encoding="utf-8")
        return name

    return write


def passing(**changes):
    estimate = make_estimate(0.01, 0.0, 0.02, pair=("M", "F"))
    fields = {"estimate": estimate, "verdict": Verdict.PASS, "outcome": "passed"}
    return make_finding(**{**fields, **changes})


def audit_of(*findings, **checks):
    n = len(findings)
    audit = replace(make_audit(), findings=findings)
    return with_checks(audit, **{"declared": n, "ran": n, **checks})


def start(*arguments, **keys):
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        check=False,
        **{"encoding": "utf-8", **keys},
    )


# What can be typed


def test_help_shows_an_example_of_every_command(capsys):
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    for command in COMMANDS:
        assert f"  biasruler {command} " in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_shows_examples_that_can_be_typed(capsys, command):
    from pytest_biasruler.cli.parser import make_parser

    assert main([command, "--help"]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    examples = [line.split() for line in lines if line.startswith(f"biasruler {command} ")]
    assert examples
    for _, *words in examples:
        typed = words[: words.index("<")] if "<" in words else words
        assert make_parser().parse_args(typed).command == command


def test_the_version_is_that_of_the_package(capsys):
    from importlib.metadata import version

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"pytest-biasruler {version('pytest-biasruler')}\n"


WRONG = [
    ([], "the following arguments are required: COMMAND"),
    (["jugde"], "invalid choice: 'jugde'"),
    (["judge"], "the following arguments are required: AUDIT"),
    (["judge", "a.json", "--policy", "strict"], "invalid choice: 'strict'"),
    (["judge", "a.json", "--min-checks", "-1"], "--min-checks: "),
    (["judge", "a.json", "--min-checks", "1.5"], "1.5 is no whole number"),
    (["judge", "a.json", "--pol", "point"], "unrecognized arguments"),
    (["compare", "old.json"], "the following arguments are required: NEW"),
    (["report", "a.json", "--export", "svg=a.svg"], "--export is svg=a.svg"),
    (["report", "a.json", "--html", "x", "--markdown", "x"], "two outputs have one path"),
    (["report", "a.json", "--html", "-", "--markdown", "-"], "two outputs have one path"),
    (["report", "a.json", "--html", "./a.json"], "an output has the path of the audit"),
]


@pytest.mark.parametrize(("words", "told"), WRONG, ids=lambda each: " ".join(each)[:40])
def test_wrong_usage_ends_with_4_and_a_last_line_that_stands_alone(here, capsys, words, told):
    assert main(words) == 4
    shown = capsys.readouterr()
    last = shown.err.splitlines()[-1]
    assert shown.out == ""
    assert last.startswith("biasruler: ")
    assert "BR602" in last
    assert told in last
    assert list(here.iterdir()) == []


def test_every_option_stands_on_the_page_about_the_command_line():
    from pytest_biasruler.cli.parser import make_parser

    page = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text("utf-8")
    commands = make_parser()._subparsers._group_actions[0].choices
    assert set(commands) == set(COMMANDS)
    for command in commands.values():
        for option in command._option_string_actions:
            assert option in ("-h", "--help") or f"`{option}" in page, option


def test_help_and_version_load_neither_pytest_nor_anything_heavy():
    code = (
        "import sys; from pytest_biasruler.cli import main\n"
        "main(['--version']); main(['--help']); main(['judge', 'x', '--policy', 'y'])\n"
        "heavy = ('numpy', 'scipy', 'pandas', 'nibabel', 'jinja2', 'pytest', '_pytest')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_no_command_loads_pytest(keep):
    keep(audit_of(passing()))
    code = (
        "import sys; from pytest_biasruler.cli import main\n"
        "main(['judge', 'audit.json']); main(['compare', 'audit.json', 'audit.json'])\n"
        "main(['report', 'audit.json']); main(['init', '.'])\n"
        "print([name for name in ('pytest', '_pytest') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


# Files that are no audit


def whole(**changes):
    return json.dumps({**make_audit().to_plain(), **changes})


def edited():
    plain = make_audit().to_plain()
    plain["findings"][1]["verdict"] = "PASS"
    return json.dumps(plain)


def without_end():
    plain = make_audit().to_plain()
    plain["findings"][0]["waive"] = {"reason": "x", "until": "some day"}
    return json.dumps(plain)


BAD = {
    "empty": (b"", "text that is not JSON"),
    "no JSON": (b"<html>", "text that is not JSON"),
    "not UTF-8": (b'{"schema": "\xff"}', "not UTF-8 text (byte 12)"),
    "UTF-16": ("{}".encode("utf-16"), "not UTF-8 text (byte 0)"),
    "deep": (b"[" * 1_000_000, "text that is not JSON"),
    "a list": (b"[]", "no schema of ours"),
    "newer": (whole(schema="biasruler-audit/2").encode(), "schema biasruler-audit/2"),
    "NaN": (b'{"schema": NaN}', "text that is not JSON"),
    "cut off": (make_audit().to_json()[:5000].encode(), "text that is not JSON"),
    "misfit": (whole(findings=3).encode(), "a key or value at /findings that no audit has"),
    "edited": (edited().encode(), "the audit holds a PASS of biasruler.toml::gap[dice-age-unet]"),
    "endless": (without_end().encode(), "that ends on no date"),
}
READERS = (["judge"], ["report"], ["compare", "good.json"])


@pytest.mark.parametrize("words", READERS, ids=lambda words: words[0])
@pytest.mark.parametrize("name", BAD)
def test_a_file_that_is_no_audit_is_told_in_one_line_and_ends_with_4(
    keep, capsys, here, name, words
):
    content, told = BAD[name]
    keep(make_audit(), "good.json")
    (here / "bad.json").write_bytes(content)

    assert main([*words, "bad.json"]) == 4

    shown = capsys.readouterr()
    (line,) = shown.err.splitlines()
    assert line.startswith(f"biasruler: 1 problem in biasruler {words[0]}: BR603 bad.json: ")
    assert told in line
    assert "; expected " in line
    assert shown.out == ""
    assert not (here / "bad.html").exists()


def make_pipe(path):
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        pytest.param(lambda _: None, "no such file", id="nothing"),
        pytest.param(lambda path: path.mkdir(), "a folder", id="folder"),
        pytest.param(lambda path: path.symlink_to("nowhere"), "no such file", id="broken link"),
        pytest.param(
            make_pipe,
            "a pipe",
            id="pipe",
            marks=pytest.mark.skipif(os.name != "posix", reason="there are no named pipes"),
        ),
    ],
)
def test_a_path_without_a_file_is_told_and_not_waited_for(here, capsys, make, told):
    make(here / "bad.json")
    assert main(["judge", "bad.json"]) == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert f"BR603 bad.json: {told}; expected the JSON file of an audit" in line


def test_a_file_of_200_megabytes_is_refused_without_being_parsed(here, capsys):
    with (here / "bad.json").open("wb") as file:
        file.truncate(200 * 2**20)
    assert main(["judge", "bad.json"]) == 4
    assert "BR603 bad.json: more than 64 MB" in capsys.readouterr().err


def test_a_folder_outside_is_not_told(here, capsys):
    (here / "in").mkdir()
    assert main(["judge", str(here.parent / "secret" / "a.json")]) == 4
    assert "BR603 a.json: no such file" in capsys.readouterr().err


# biasruler report


def test_a_report_is_written_beside_the_audit_with_the_bytes_of_the_run(keep, here, capsys):
    audit = make_audit()
    assert main(["report", keep(audit)]) == 0
    assert (here / "audit.html").read_text("utf-8") == render_html(audit)
    assert capsys.readouterr().err == "html audit.html\n"


def test_only_the_forms_that_are_asked_for_are_written(keep, here):
    words = ["--markdown", "sum.md", "--export", "csv-plan=plan.csv", "--export=badge=badge.json"]
    assert main(["report", keep(make_audit()), *words]) == 0
    names = {path.name for path in here.iterdir()}
    assert names == {"audit.json", "sum.md", "plan.csv", "badge.json"}
    assert json.loads((here / "badge.json").read_text("utf-8"))["schemaVersion"] == 1


@pytest.mark.parametrize(
    ("prefix", "path"),
    [("", "biasruler.toml"), (".", "biasruler.toml"), ("models/a/", "models/a/biasruler.toml")],
)
def test_paths_for_gitlab_begin_in_the_folder_that_is_named(keep, here, prefix, path):
    words = ["--export", "gitlab-codequality=q.json", "--prefix", prefix]
    assert main(["report", keep(make_audit()), *words]) == 0
    entries = json.loads((here / "q.json").read_text("utf-8"))
    assert {entry["location"]["path"] for entry in entries} == {path}


def test_standard_input_goes_to_standard_output():
    audit = make_audit()
    done = start("report", "-", input=audit.to_json().encode(), encoding=None)
    assert done.returncode == 0
    assert done.stdout.decode() == render_html(audit)
    assert done.stderr == b""


def test_a_report_is_written_again_over_one_of_ours_but_never_over_a_stranger(keep, here, capsys):
    keep(make_audit())
    assert main(["report", "audit.json"]) == 0
    assert main(["report", "audit.json"]) == 0
    (here / "notes.md").write_text("mine", encoding="utf-8")
    capsys.readouterr()

    assert main(["report", "audit.json", "--html", "new.html", "--markdown", "notes.md"]) == 4

    assert "BR702: notes.md was not written by pytest-biasruler" in capsys.readouterr().err
    assert (here / "notes.md").read_text("utf-8") == "mine"
    assert not (here / "new.html").exists()


def test_a_report_given_for_an_audit_is_told_to_be_none(keep, here, capsys):
    keep(make_audit())
    page = here / "audit.html"
    page.write_text(render_html(make_audit()), "utf-8")
    assert main(["report", page.name]) == 4
    assert f"BR603 {page.name}: the audit holds text that is not JSON" in capsys.readouterr().err
    assert sorted(path.suffix for path in here.iterdir()) == [".html", ".json"]


def test_the_audit_itself_is_never_an_output(keep, here, capsys):
    text = make_audit().to_json()
    keep(make_audit())
    (here / "link.json").symlink_to("audit.json")
    assert main(["report", "audit.json", "--html", "link.json"]) == 4
    assert "an output has the path of the audit" in capsys.readouterr().err
    assert (here / "audit.json").read_text("utf-8") == text


def test_a_list_of_cases_is_not_made_of_a_public_audit(keep, capsys):
    audit = make_audit()
    keep(replace(audit, settings={**audit.settings, "public": True}))
    assert main(["report", "audit.json", "--export", "csv-plan=plan.csv"]) == 4
    assert "no list of cases in public" in capsys.readouterr().err


# biasruler judge


def test_the_point_policy_says_that_it_is_uncontrolled(keep, capsys):
    main(["judge", keep(make_audit()), "--policy", "point"])
    assert "policy point, uncontrolled   " in capsys.readouterr().out.splitlines()[-1]


def test_failures_come_first_then_what_was_counted(keep, capsys):
    assert main(["judge", keep(make_audit())]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("FAIL 2 of 11 checks; 4 inconclusive, 1 waived, 4 passed")
    assert lines[0].endswith("Breast DCE-MRI")
    assert [line.split()[0] for line in lines[1:8]] == (
        ["FAIL"] * 2 + ["INCONCLUSIVE"] * 4 + ["waived"]
    )
    assert lines[8].startswith("300 of 306 cases scored, 6 excluded (4 of them in 0–40), ")
    assert ", 1 prediction of unet counted as worst (BR101); " in lines[8]
    assert lines[-1] == ("policy confident-fail   audit of 2026-11-23   judged 2026-11-24")


def test_the_last_line_of_stderr_stands_alone_and_is_ascii(keep, capsys):
    keep(audit_of(make_finding(), passing(id="b.toml::gap[x]")))
    main(["judge", "audit.json", "--min-checks", "9"])
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        "biasruler: FAIL 1 of 2 checks, 1 passed: gap[dice-age-unet] gap 0.112 above limit 0.050; "
        "2 checks ran, fewer than --min-checks 9"
    )
    main(["compare", "audit.json", "audit.json"])
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("biasruler: NOT WORSE, 2 checks: 1 still fails, 1 unchanged")


OUTCOMES = [
    ((passing(),), {}, 0, "PASS 1 check"),
    ((make_finding(),), {}, 1, "FAIL 1 of 1 check"),
    ((), {}, 5, "no check was judged"),
    ((passing(outcome=None),), {}, 0, "no check was judged"),
    ((passing(),), {"errors": [ERROR], "declared": 2}, 1, "ERROR 1 of 2 checks; 1 passed"),
    ((passing(),), {"declared": 2, "missing": 1}, 1, "AUDIT INCOMPLETE: 1 collected check never"),
    ((passing(),), {"declared": 2}, 0, "PARTIAL: 1 of 2 declared checks ran; PASS 1 check"),
    (
        (make_finding(details={"screen": True}, outcome="passed"),),
        {},
        0,
        "1 screened and not gated: 1 FAIL",
    ),
    (
        (make_finding(waive={"reason": "old", "until": "2020-01-01"}, outcome="waived"),),
        {},
        1,
        "FAIL 1 of 1 check",
    ),
    (
        (make_finding(waive={"reason": "new", "until": "2999-01-01"}, outcome="failed"),),
        {},
        0,
        "1 waived",
    ),
]


@pytest.mark.parametrize(("findings", "checks", "code", "told"), OUTCOMES)
def test_the_exit_code_is_that_of_a_run(keep, capsys, findings, checks, code, told):
    keep(audit_of(*findings, **checks))
    assert main(["judge", "audit.json"]) == code
    assert told in capsys.readouterr().out.splitlines()[0]


def test_a_part_of_the_checks_is_red_under_prove_safe_alone(keep, capsys):
    keep(audit_of(passing(), declared=3))
    assert main(["judge", "audit.json"]) == 0
    assert main(["judge", "audit.json", "--policy", "prove-safe"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == (
        "BR601 audit.json: 1 of 3 declared checks ran; expected all under prove-safe. "
        "Run them all."
    )


def test_a_part_is_known_by_its_note_where_the_numbers_add_up(keep):
    # Of two tests one ran and is in error, too; the other was left out.
    note = {"code": "BR601", "set": "audit", "n": 1, "text": "1 of 2 declared checks ran"}
    audit = audit_of(passing(), declared=2, ran=1, errors=[ERROR])
    assert not main_told(keep(audit)).startswith("PARTIAL")
    assert main_told(keep(replace(audit, warnings=(note,)))).startswith("PARTIAL: 1 of 2")


def main_told(name):
    from contextlib import redirect_stdout

    with redirect_stdout(io.StringIO()) as shown:
        main(["judge", name])
    return shown.getvalue()


def test_too_few_checks_are_red_and_screens_do_not_count(keep, capsys):
    screen = passing(id="b.toml::gap[screen]", details={"screen": True})
    keep(audit_of(passing(), screen))
    assert main(["judge", "audit.json", "--min-checks", "1"]) == 0
    assert main(["judge", "audit.json", "--min-checks", "2"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 check ran, fewer than --min-checks 2"


def test_two_findings_of_one_python_test_are_one_check_that_ran(keep):
    ids = ("tests/test_a.py::test_a::gap[x]", "tests/test_a.py::test_a::gap[y]")
    keep(audit_of(*(passing(id=each) for each in ids), declared=1, ran=1))
    assert main(["judge", "audit.json", "--min-checks", "1"]) == 0
    assert main(["judge", "audit.json", "--min-checks", "2"]) == 1


def test_prove_safe_wants_more_than_an_automated_reference(keep, capsys):
    keep(audit_of(passing(details={"proven_by": "automated"})))
    assert main(["judge", "audit.json"]) == 0
    assert main(["judge", "audit.json", "--policy", "prove-safe"]) == 1
    assert "NOT PROVEN    gap[dice-age-unet]" in capsys.readouterr().out


@pytest.mark.parametrize(("value", "code"), [(0.049, 0), (0.05, 0), (0.0501, 1), (None, 0)])
def test_the_point_policy_judges_by_the_value_alone(keep, value, code):
    finding = make_finding(
        estimate=make_estimate(value, 0.0, 0.2, pair=("M", "F")),
        verdict=Verdict.INCONCLUSIVE,
        outcome="inconclusive",
    )
    keep(audit_of(finding))
    assert main(["judge", "audit.json", "--policy", "point"]) == code


def public(*findings):
    audit = audit_of(*findings)
    accounting = {
        **audit.accounting,
        "expected": None,
        "scored": None,
        "n_excluded": None,
        "classes": {"excluded": {}, "unreadable": {}},
    }
    return replace(audit, settings={**audit.settings, "public": True}, accounting=accounting)


HIDDEN = {"details": {"public": True}, "estimate": None}


def hidden(**changes):
    return make_finding(**{**HIDDEN, "verdict": Verdict.PASS, "outcome": "passed", **changes})


def test_a_hidden_estimate_never_passes_by_the_point_policy(keep, capsys):
    keep(public(hidden()))
    assert main(["judge", "audit.json"]) == 0
    assert "PASS 1 check" in capsys.readouterr().out
    assert main(["judge", "audit.json", "--policy", "point"]) == 1
    shown = capsys.readouterr().out
    assert "PASS" not in shown
    assert "1 check cannot be judged by the point estimate, which this public audit hides" in shown


def test_a_hidden_estimate_that_was_judged_by_its_value_stays_judged(keep):
    keep(public(hidden(policy="point", outcome="failed")))
    assert main(["judge", "audit.json"]) == 1
    keep(public(hidden(policy="point", outcome="passed")))
    assert main(["judge", "audit.json"]) == 0


def test_a_hidden_estimate_is_unknown_once_its_waiver_has_ended(keep, capsys):
    waive = {"reason": "x", "until": "2020-01-01"}
    keep(public(hidden(policy="point", outcome="waived", waive=waive)))
    assert main(["judge", "audit.json"]) == 1
    assert "cannot be judged by the point estimate" in capsys.readouterr().out


def test_hostile_names_are_printed_as_escapes(keep, capsys):
    hostile = make_hostile_audit()
    findings = tuple(replace(finding, waive=None, details={}) for finding in hostile.findings)
    keep(replace(make_audit(), findings=findings, benchmark=hostile.benchmark))
    assert main(["judge", "audit.json"]) == 1
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert not any(line.lstrip().startswith("::") for line in shown.splitlines())


# biasruler compare, and judge beside an earlier audit


def test_what_got_worse_is_told_first_and_ends_with_1(keep, capsys):
    other = passing(id="biasruler.toml::gap[dice-sex-unet]", by=("sex",))
    keep(audit_of(passing(), other), "old.json")
    keep(audit_of(other, make_finding()), "new.json")
    assert main(["compare", "old.json", "new.json"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "WORSE 1 of 2 checks: 1 worse, 1 unchanged   Breast DCE-MRI"
    assert lines[2].split() == [
        *("worse", "gap[dice-age-unet]", "0.010", "->", "0.112", "0.050", "PASS", "->", "FAIL"),
    ]


def test_what_failed_all_along_is_no_worse(keep, capsys):
    keep(audit_of(make_finding()))
    assert main(["compare", "audit.json", "audit.json"]) == 0
    assert "NOT WORSE, 1 check: 1 still fails" in capsys.readouterr().out


def test_a_limit_that_asks_less_and_a_check_that_is_gone_are_told(keep, capsys):
    gone = passing(id="biasruler.toml::gap[dice-sex-unet]", by=("sex",))
    keep(audit_of(passing(), gone), "old.json")
    keep(audit_of(passing(limit=0.08)), "new.json")
    assert main(["compare", "old.json", "new.json"]) == 0
    shown = capsys.readouterr().out
    assert "    limit asks less: 0.050 -> 0.080\n" in shown
    assert "  gone  gap[dice-sex-unet] (was PASS)\n" in shown


@pytest.mark.parametrize("words", [("compare", "old.json", "new.json"), ("judge", "new.json")])
def test_audits_of_other_data_are_not_compared(keep, capsys, words):
    keep(audit_of(passing()), "old.json")
    audit = audit_of(passing())
    keep(replace(audit, benchmark={**audit.benchmark, "hash": "7c" * 32}), "new.json")
    extra = [] if words[0] == "compare" else ["--compare", "old.json"]
    assert main([*words, *extra]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "BR603" in line
    assert "earlier audit is of other data: hash a1a1a1a1..., this run 7c7c7c7c..." in line


def test_a_check_that_got_worse_fails_beside_the_earlier_audit_though_it_passes_alone(keep):
    estimate = make_estimate(0.001, 0.0, 0.002, pair=("M", "F"))
    keep(audit_of(passing()), "new.json")
    earlier = replace(passing(), estimate=replace(estimate, ci95=(0.0, 0.002)))
    keep(audit_of(earlier), "old.json")
    assert main(["judge", "new.json"]) == 0
    assert main(["judge", "new.json", "--compare", "old.json"]) == 1
    assert main(["compare", "old.json", "new.json"]) == 1


def test_what_a_run_held_back_stays_held_back(keep):
    from pytest_biasruler.audit.ratchet import tighten_audit

    estimate = make_estimate(0.001, 0.0, 0.002, pair=("M", "F"))
    earlier = replace(passing(), estimate=replace(estimate, ci95=(0.0, 0.002)))
    keep(tighten_audit(audit_of(passing()), audit_of(earlier)))
    for policy in ("point", "confident-fail", "prove-safe"):
        assert main(["judge", "audit.json", "--policy", policy]) == 1


# biasruler init


@pytest.fixture
def data(here):
    """Write a small folder of scores: 60 cases of two sexes."""
    folder = here / "data"
    folder.mkdir()
    rows = [(f"c{n:02d}", "FM"[n % 2], 0.7 + n % 7 / 50) for n in range(60)]
    lines = ["case,sex", *(f"{case},{sex}" for case, sex, _ in rows)]
    (folder / "clinical.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    lines = ["case,model,reference,dice"]
    lines += [f"{case},unet,expert,{dice:.2f}" for case, _, dice in rows]
    (folder / "scores.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("words", [(), ("--out", "mine.toml"), ("--table", "data/clinical.csv")])
def test_a_first_file_runs_where_it_lies(data, here, capsys, words):
    from pytest_biasruler import Benchmark, run_audit

    assert main(["init", "data", *words]) == 0

    lines = capsys.readouterr().out.splitlines()
    path = "mine.toml" if "--out" in words else "data/biasruler.toml"
    assert lines[0] == f"wrote {path}"
    command = f"  pytest {path} --biasruler-html=report.html --biasruler-json=audit.json"
    assert lines[-1] == command
    benchmark = Benchmark.from_file(here / path)
    assert data.is_dir()
    findings = run_audit(benchmark).findings
    assert {finding.by for finding in findings} == {("sex",)}


def test_a_table_may_be_named_from_inside_the_folder(data, capsys):
    assert data.is_dir()
    assert main(["init", "data", "--table", "clinical.csv"]) == 0
    assert "clinical.csv has 60 cases" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["file", "link"])
def test_nothing_is_overwritten(data, here, capsys, kind):
    path = data / "biasruler.toml"
    path.symlink_to(here / "elsewhere") if kind == "link" else path.write_text("mine")
    assert main(["init", "data"]) == 4
    assert "BR702: data/biasruler.toml is there already" in capsys.readouterr().err
    assert not (here / "elsewhere").exists()
    assert kind == "link" or path.read_text("utf-8") == "mine"


INIT = [
    (["init", "nowhere"], "BR408 nowhere: no such folder"),
    (["init", "."], "BR126 .: no masks, no scores"),
    (["init", "data", "--out", "no/where.toml"], "BR701: no/where.toml cannot be written"),
    (["init", "data", "--table", "nix.csv"], "BR408 data: no table nix.csv; "),
]


@pytest.mark.parametrize(("words", "told"), INIT, ids=lambda each: " ".join(each)[:40])
def test_a_folder_that_cannot_be_begun_with_is_told(here, request, capsys, words, told):
    if "data" in words:
        request.getfixturevalue("data")
    assert main(words) == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line
    assert not list(here.rglob("*.toml"))


# What is printed, and where


def test_colours_are_for_terminals_that_want_them(monkeypatch):
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self):
            return True

    def shown(stream):
        write_lines([("bad", "red"), ("plain", "")], stream=stream)
        return stream.getvalue()

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert shown(Terminal()) == "\x1b[31mbad\x1b[0m\nplain\n"
    assert shown(io.StringIO()) == "bad\nplain\n"
    monkeypatch.setenv("NO_COLOR", "1")
    assert shown(Terminal()) == "bad\nplain\n"


def test_a_terminal_that_knows_only_ascii_shows_escapes(keep):
    keep(make_audit())
    environ = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = start("judge", "audit.json", env=environ)
    assert done.returncode == 1
    assert "(4 of them in 0\\u201340)" in done.stdout
    assert done.stderr.isascii()


def test_a_reader_who_has_read_enough_changes_neither_code_nor_peace(keep):
    keep(make_audit())
    for words in (["judge", "audit.json"], ["report", "audit.json", "--html", "-"]):
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        process.stdout.close()
        told = process.stderr.read()
        process.stderr.close()
        assert process.wait() == (1 if words[0] == "judge" else 0)
        assert b"BR" not in told
        assert b"Broken" not in told


def test_a_bug_of_ours_is_one_line_and_ends_with_3(keep, monkeypatch, capsys):
    def fail(*_, **__):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("pytest_biasruler.report.told.tell_audit", fail)
    assert main(["judge", keep(make_audit())]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert "BR899: internal error ZeroDivisionError at test_cli.py:" in line
    assert "secret" not in line
    fix = "Report it with this line, unless a file that was read has been edited."
    assert line.endswith(f"{fix} See docs/errors.md#br899.")


def test_ctrl_c_ends_with_2(keep, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("pytest_biasruler.report.told.tell_audit", stop)
    assert main(["judge", keep(make_audit())]) == 2
