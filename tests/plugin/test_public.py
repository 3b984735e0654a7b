"""A public run: what the terminal, JUnit and files of a real run may not say."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import sys

import pytest

N_TEENS = 7
N_LOST = 3


@pytest.fixture
def with_teens(write_benchmark, pytester):
    """Give a function that writes a benchmark with 7 teens and 3 cases without any score."""

    def write(*checks, extra="", lost=(3, 5, 9)):
        path = write_benchmark(*checks, extra=extra)
        rows, scores = [["case", "age", "sex"]], [["case", "model", "reference", "dice"]]
        for i in range(107):
            age = "teen" if i >= 107 - N_TEENS else ("old" if i % 2 == 0 else "young")
            rows.append([f"c{i:03d}", age, "F" if i % 4 < 2 else "M"])
            noise = 0.04 * math.sin(1.7 * i)
            values = {"unet": 0.65 + 0.2 * (age == "old") + noise, "automated": 0.9 + noise}
            if i not in lost:
                for model, value in values.items():
                    scores.append([f"c{i:03d}", model, "expert", f"{value:.4f}"])
                scores.append([f"c{i:03d}", "unet", "automated", f"{0.8 + noise / 2:.4f}"])
        for name, table in (("meta.csv", rows), ("scores.csv", scores)):
            with (pytester.path / name).open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(table)
        return path

    return write


def test_every_output_of_a_run_hides_the_small_group_and_keeps_the_verdicts(
    with_teens, run, pytester
):
    with_teens("pass", "fail", "inconclusive", "error", "waived", "ruler")
    outputs = ("--biasruler-json=a.json", "--biasruler-html=r.html", "--junitxml=j.xml")

    whole = run("biasruler.toml", "--biasruler-json=whole.json")
    result = run("biasruler.toml", "--biasruler-public", "-rA", *outputs)

    assert result.ret == whole.ret == 1
    result.stdout.fnmatch_lines(
        [
            "biasruler: public mode, *",
            "*FAIL gap dice, age: small groups are hidden, so only the verdict is shown*",
            "*teen * 10 or fewer * suppressed",
            "107 cases, excluded: up to 5 %; 5 of 6 declared checks ran; subgroups of 10 or fewer "
            "patients were not judged",
        ]
    )
    told = result.stdout.str()
    for text in (f" {N_TEENS} ", f"{N_LOST} excluded", "104 of 107", f"/{N_TEENS} patients"):
        assert text not in told, f"{text!r} is told"
    audit = json.loads((pytester.path / "a.json").read_text(encoding="utf-8"))
    other = json.loads((pytester.path / "whole.json").read_text(encoding="utf-8"))
    assert [(f["id"], f["verdict"], f["outcome"]) for f in audit["findings"]] == [
        (f["id"], f["verdict"], f["outcome"]) for f in other["findings"]
    ]
    assert audit["accounting"]["classes"]["excluded"]["expert"] == "up to 5 %"
    assert audit["settings"]["public"] is True
    assert [error["code"] for error in audit["accounting"]["checks"]["errors"]] == ["BR503"]
    assert "10 or fewer" in (pytester.path / "r.html").read_text(encoding="utf-8")
    junit = (pytester.path / "j.xml").read_text(encoding="utf-8")
    assert junit.count('name="biasruler.verdict"') == 5
    assert junit.count('name="biasruler.n_patients"') == 1, "only where nothing is hidden"


def test_what_ci_is_told_hides_the_small_group_too(with_teens, run, pytester, monkeypatch):
    with_teens("pass", "fail", "inconclusive", "error", "ruler")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    hidden = re.compile(
        rf"/{N_TEENS}\b|\b{N_TEENS}/|\b{N_TEENS} patients|\b{107 - N_TEENS} patients|"
        rf"\b{N_LOST} of 107|\b{107 - N_LOST} of 107|teen (has|vs)|/{107 - N_TEENS}\b|\bteen`? vs"
    )
    found = {}
    for mode in ("--biasruler-public", "--biasruler-alias"):
        page = pytester.path / f"page{mode}.md"
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
        result = run("biasruler.toml", mode, "--biasruler-markdown=s.md")
        assert result.ret == 1
        outputs = {
            "summary": (pytester.path / "s.md").read_text(encoding="utf-8"),
            "page": page.read_text(encoding="utf-8"),
            "annotations": "\n".join(x for x in result.stdout.lines if x.startswith("::")),
            "last line": result.stderr.lines[-1],
        }
        assert all(outputs.values())
        found[mode] = {place for place, text in outputs.items() if hidden.search(text)}
        if mode == "--biasruler-public":
            assert re.search(r"\*\*Not scored:\*\* .*up to 5 % of `expert`", outputs["summary"])
            assert "only the verdict is shown" in outputs["annotations"]
    assert found["--biasruler-public"] == set()
    assert {"summary", "page"} <= found["--biasruler-alias"], "the search finds nothing"


def test_min_patients_below_11_ends_the_run_before_it_begins(with_teens, run):
    with_teens("pass", extra="[defaults]\nmin_patients = 5\n")
    result = run("biasruler.toml", "--biasruler-public")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*BR602*min_patients of [[]defaults[]] is 5*at least 11*"])


def test_a_question_in_python_may_not_judge_hidden_groups_either(with_teens, run, pytester):
    with_teens()
    pytester.makepyfile(
        """
        def test_small(biasruler):
            biasruler.assert_gap(by="age", min_patients=5, model="unet")

        def test_asked(biasruler):
            finding = biasruler.check_gap(by="age", model="unet")
            assert finding.estimate is None
            assert {group.n_patients for group in finding.groups} == {None}
        """
    )
    result = run("--biasruler=biasruler.toml", "--biasruler-public")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*BR602*min_patients is 5 beside --biasruler-public*"])


def test_what_other_plugins_add_is_left_out(with_teens, run, pytester):
    with_teens("pass")
    pytester.makeconftest(
        """
        from pytest_biasruler.report.section import Section

        def pytest_biasruler_json(audit):
            return {"mine": 7}

        def pytest_biasruler_report_sections(audit):
            return [Section(title="planted words")]
        """
    )
    result = run("biasruler.toml", "--biasruler-public", "--biasruler-json=a.json",
                 "--biasruler-html=r.html")  # fmt: skip
    assert result.ret == 0
    audit = json.loads((pytester.path / "a.json").read_text(encoding="utf-8"))
    assert audit["extensions"] == {}
    assert "planted words" not in (pytester.path / "r.html").read_text(encoding="utf-8")


def test_a_usage_error_tells_no_count_of_a_category(with_teens, run, pytester):
    with_teens("pass")
    table = pytester.path / "meta.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("teen", "Old"), encoding="utf-8")
    result = run("biasruler.toml", "--biasruler-public")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told = result.stderr.str()
    assert "BR405" in told
    assert f"({N_TEENS})" not in told


def test_workers_and_one_process_tell_the_same_and_nothing_more(with_teens, run, pytester):
    with_teens("pass", "fail", "ruler")
    texts = []
    for workers in ((), ("-n2",)):
        outputs = ("--biasruler-json=a.json", "--biasruler-html=r.html", "--junitxml=j.xml")
        result = run("biasruler.toml", "--biasruler-public", "-rA", *outputs, *workers)
        assert result.ret == 1
        for text in (f" {N_TEENS} ", f"{N_LOST} excluded", f"/{N_TEENS} patients"):
            assert text not in result.stdout.str(), f"{text!r} is told with {workers}"
        texts.append((pytester.path / "a.json").read_text(encoding="utf-8"))
        assert 'n_patients": 7' not in texts[-1]
    assert texts[0] == texts[1]


KILLER = """
import os, signal
def pytest_runtest_logreport(report):
    if report.when == "teardown" and "age" in report.nodeid:
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_what_a_killed_run_leaves_behind_is_public_too(with_teens, pytester):
    with_teens("pass", "fail")
    pytester.makeconftest(KILLER)

    result = pytester.run(
        *(sys.executable, "-m", "pytest", "-p", "biasruler", "biasruler.toml"),
        *("--biasruler-public", "-p", "no:randomly"),
    )

    assert result.ret not in (0, 1, 2)
    (journal,) = pytester.path.glob("**/journal-*.jsonl")
    lines = [json.loads(line) for line in journal.read_text("utf-8").splitlines()]
    findings = [line["finding"] for line in lines if line["kind"] == "finding"]
    assert {tuple(finding["by"]) for finding in findings} >= {("age",)}
    for finding in findings:
        assert finding["details"]["public"] is True
        for group in finding["groups"]:
            assert group["n_cases"] is None
            assert group["n_patients"] is None or group["n_patients"] > 10


def test_the_cache_of_pytest_holds_nothing_of_people_but_the_store(with_teens, run, pytester):
    with_teens("pass", "fail", "ruler")
    run("biasruler.toml", "--biasruler-public")
    cache = pytester.path / ".pytest_cache"
    files = [path for path in cache.rglob("*") if path.is_file()]
    others = [path for path in files if "scores" not in path.parts]
    assert any("lastfailed" in path.name for path in others)
    for path in others:
        text = path.read_bytes().decode("utf-8", "replace")
        for told in ("teen", "c003", "0.6", "0.8"):
            assert told not in text, f"{path.relative_to(cache)} tells {told!r}"


def test_a_pass_says_that_small_groups_were_not_judged(with_teens, run, pytester):
    with_teens('[[checks]]\ncheck = "gap"\nby = "age"\nmodel = "unet"\nlimit = 0.9\n', lost=())
    outputs = ("--biasruler-json=a.json", "--biasruler-html=r.html")
    result = run("biasruler.toml", "--biasruler-public", *outputs)
    assert result.ret == 0
    told = "subgroups of 10 or fewer patients were not judged"
    result.stdout.fnmatch_lines([f"107 cases, *; {told}"])
    (finding,) = json.loads((pytester.path / "a.json").read_text(encoding="utf-8"))["findings"]
    assert finding["verdict"] == "PASS"
    assert finding["statement"].endswith(told)
    page = (pytester.path / "r.html").read_text(encoding="utf-8")
    assert f"the one check is within its limit; {told}." in page
    assert "are shown, never judged" not in page


def test_sizes_cannot_be_asked_for_by_trying_every_minimum(with_teens, run, pytester):
    with_teens("pass")
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("least", [11, 12, 19, 20, 21])
        def test_edge(biasruler, least):
            biasruler.check_gap(by="age", min_patients=least, model="unet")
        """
    )
    result = run("--biasruler=biasruler.toml", "--biasruler-public")
    result.assert_outcomes(passed=3, failed=3)  # with the declared check
    result.stdout.fnmatch_lines(["*BR602*min_patients is 12*expected one of 11, 20,*"])


def test_a_wrong_baseline_brings_no_list_of_single_ages(with_teens, run, pytester):
    with_teens('[[checks]]\ncheck = "gap"\nby = "age"\nmodel = "unet"\nbaseline = "tean"\n')
    result = run("biasruler.toml", "--biasruler-public")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(['*BR602*unknown baseline "tean"*a subgroup of by*'])
    for name in ("teen", "young", "old"):
        assert name not in result.stderr.str().replace(str(pytester.path), "")


def test_a_file_that_is_not_there_is_told_of(with_teens, run, pytester):
    with_teens("pass")
    (pytester.path / "meta.csv").unlink()
    result = run("biasruler.toml", "--biasruler-public")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*BR408 meta.csv: no such file*"])
