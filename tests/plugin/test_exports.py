from __future__ import annotations

import csv
import io
import json

import pytest

from pytest_biasruler.audit import Audit
from pytest_biasruler.report.forms import render_form
from pytest_biasruler.shell.exports import KINDS

NAMES = {kind: f"out/{kind}.txt" for kind in KINDS}
OPTIONS = tuple(f"--biasruler-export={kind}={name}" for kind, name in NAMES.items())
INI = "[pytest]\nbiasruler_export =\n" + "".join(f"    {k}={name}\n" for k, name in NAMES.items())
JSON = "--biasruler-json=out/audit.json"


def read(pytester, name):
    return (pytester.path / name).read_bytes().decode()


def read_all(pytester):
    return {kind: read(pytester, name) for kind, name in NAMES.items()}


def read_audit(pytester):
    return Audit.from_json(read(pytester, "out/audit.json"))


@pytest.mark.parametrize("place", ["option", "ini"])
def test_every_export_is_a_function_of_the_audit_that_was_written(
    pytester, write_benchmark, run, place
):
    write_benchmark("fail", "pass", "inconclusive", "waived", "error")
    if place == "ini":
        pytester.makefile(".ini", pytest=INI)
    result = run("biasruler.toml", JSON, *(OPTIONS if place == "option" else ()))

    assert result.ret == 1
    audit = read_audit(pytester)
    assert read_all(pytester) == {kind: render_form(kind, audit) for kind in KINDS}


def test_exports_tell_how_each_check_of_the_run_ended(pytester, write_benchmark, run):
    write_benchmark("fail", "pass", "inconclusive", "waived", "error")
    run("biasruler.toml", *OPTIONS)

    texts = read_all(pytester)
    assert json.loads(texts["badge"])["message"] == "ERROR 1 of 5, FAIL 1, INCONCLUSIVE 1"
    rows = [*csv.DictReader(io.StringIO(texts["csv-findings"]))]
    assert sorted(row["outcome"] for row in rows) == [
        *("error", "failed", "inconclusive", "passed", "waived")
    ]
    assert 'biasruler_checks{verdict="ERROR"} 1' in texts["gitlab-metrics"].splitlines()
    entries = json.loads(texts["gitlab-codequality"])
    severities = {entry["severity"]: entry["location"]["lines"]["begin"] for entry in entries}
    assert set(severities) == {"blocker", "critical", "minor", "info"}
    assert len(set(severities.values())) == 4, "each points to the line of its own check"
    lines = read(pytester, "biasruler.toml").splitlines()
    assert {lines[n - 1] for n in severities.values()} == {"[[checks]]"}


def test_exports_are_the_same_from_several_processes(pytester, write_benchmark, run):
    pytest.importorskip("xdist")
    write_benchmark("fail", "pass", "inconclusive", "waived", "error")
    run("biasruler.toml", *OPTIONS)
    alone = read_all(pytester)
    run("biasruler.toml", *OPTIONS, "-n2")

    assert read_all(pytester) == alone


def test_each_benchmark_of_a_run_has_exports_of_its_own(pytester, write_benchmark, run):
    write_benchmark("fail", file="a.biasruler.toml", name="Lung CT")
    write_benchmark("pass", file="b.biasruler.toml", name="Breast")
    run("a.biasruler.toml", "b.biasruler.toml", "--biasruler-export=badge=out/badge.json")

    found = {path.name: path.read_text("utf-8") for path in (pytester.path / "out").iterdir()}
    assert {name: json.loads(text)["message"] for name, text in found.items()} == {
        "badge-lung-ct.json": "FAIL 1 of 1",
        "badge-breast.json": "PASS 1 of 1",
    }


def test_exports_of_a_part_of_the_checks_say_so(pytester, write_benchmark, run):
    write_benchmark("fail", "pass")
    run("biasruler.toml", *OPTIONS, "-k", "sex")

    texts = read_all(pytester)
    assert json.loads(texts["badge"])["message"] == "PARTIAL 1 of 2 ran, PASS 1 of 1"
    (entry,) = json.loads(texts["gitlab-codequality"])
    assert entry["description"] == "PARTIAL: 1 of 2 declared checks ran"
    assert "PARTIAL 1 of 2 ran" in texts["huggingface"]


def test_a_second_run_replaces_its_own_exports(pytester, write_benchmark, run):
    write_benchmark("fail")
    run("biasruler.toml", *OPTIONS)
    write_benchmark("pass")
    result = run("biasruler.toml", *OPTIONS)

    assert result.ret == 0
    assert json.loads(read(pytester, NAMES["badge"]))["message"] == "PASS 1 of 1"
    assert json.loads(read(pytester, NAMES["gitlab-codequality"])) == []
    run("biasruler.toml", *OPTIONS)
    assert json.loads(read(pytester, NAMES["gitlab-codequality"])) == [], "an empty one is ours"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("huggingface", "---\nlicense: mit\nmodel-index:\n- name: mine\n---\n# Mine\n"),
        ("badge", '{"schemaVersion": 1, "label": "tests", "message": "9", "color": "red"}\n'),
    ],
)
def test_a_card_or_badge_of_somebody_else_stops_the_run_and_stays(
    pytester, write_benchmark, run, kind, text
):
    write_benchmark("pass")
    path = pytester.path / "README.md"
    path.write_text(text, encoding="utf-8")
    result = run("biasruler.toml", f"--biasruler-export={kind}=README.md")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*BR702*README.md was not written by pytest-biasruler*"])
    assert path.read_text("utf-8") == text


def test_a_run_that_is_refused_leaves_no_earlier_export(pytester, write_benchmark, run):
    write_benchmark("fail")
    run("biasruler.toml", *OPTIONS)
    write_benchmark('[[checks]]\ncheck = "gap"\nlimt = 0.1\n')
    result = run("biasruler.toml", *OPTIONS)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert [*(pytester.path / "out").iterdir()] == []


def test_public_exports_hold_nothing_that_the_public_audit_hides(pytester, write_benchmark, run):
    """Of 80 people 8 are of a third sex; a gap beside them keeps its verdict alone."""
    write_benchmark("fail", "pass")
    path = pytester.path / "meta.csv"
    head, *rows = path.read_text("utf-8").splitlines()
    others = [row[:-1] + "X" if n % 10 == 0 else row for n, row in enumerate(rows)]
    path.write_text("\n".join([head, *others]) + "\n", encoding="utf-8")
    kinds = [option for option in OPTIONS if "csv-plan" not in option]
    run("biasruler.toml", JSON, "--biasruler-public", *kinds)

    audit = read_audit(pytester)
    hidden = [finding for finding in audit.findings if finding.estimate is None]
    assert hidden, "nothing was hidden, so nothing was tested"
    texts = {kind: read(pytester, NAMES[kind]) for kind in KINDS if kind != "csv-plan"}
    assert texts == {kind: render_form(kind, audit) for kind in texts}
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(texts["csv-findings"]))}
    for finding in hidden:
        numbers = ("value", "low", "high", "ci95_low", "ci95_high", "p_fail", "min_detectable")
        assert not any(rows[finding.id][name] for name in numbers)
        assert (
            f'by="{finding.by[0]}",model="unet"}} '
            not in texts["gitlab-metrics"].partition("# TYPE biasruler_limit")[0]
        )
    scores = [*csv.DictReader(io.StringIO(texts["csv-scores"]))]
    assert all(row["mean"] == "" for row in scores if row["subgroup"] == "X")


def test_public_refuses_a_list_of_cases_and_nothing_else(write_benchmark, run):
    write_benchmark("pass")
    result = run("biasruler.toml", "--biasruler-public", *OPTIONS)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*BR602*--biasruler-public*csv-plan*"])


def test_gitlab_is_told_where_a_file_lies_in_its_checkout(
    pytester, write_benchmark, run, monkeypatch
):
    write_benchmark("fail")
    option = "--biasruler-export=gitlab-codequality=out/quality.json"
    found = {}
    places = {"elsewhere": "/nowhere", "at its root": pytester.path, "in it": pytester.path.parent}
    for name, checkout in places.items():
        monkeypatch.setenv("CI_PROJECT_DIR", str(checkout))
        run("biasruler.toml", option)
        (entry,) = json.loads(read(pytester, "out/quality.json"))
        found[name] = entry["location"]["path"]

    assert found == {
        "elsewhere": "biasruler.toml",
        "at its root": "biasruler.toml",
        "in it": f"{pytester.path.name}/biasruler.toml",
    }
