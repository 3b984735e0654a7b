"""No output of a run that is red looks as that of a green one does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_biasruler.shell import writing
from tests.plugin.conftest import CHECKS

FORMS = {
    "json": "--biasruler-json=o/audit.json",
    "html": "--biasruler-html=o/report.html",
    "markdown": "--biasruler-markdown=o/summary.md",
    "badge": "--biasruler-export=badge=o/badge.json",
    "gitlab-codequality": "--biasruler-export=gitlab-codequality=o/quality.json",
    "huggingface": "--biasruler-export=huggingface=o/card.yaml",
}
TWO = ("pass", CHECKS["pass"] + 'name = "two"\n')


@pytest.fixture
def outputs(pytester, run):
    """Give a function that runs the benchmark and returns the texts of its outputs by name."""

    def start(*arguments):
        result = run("biasruler.toml", *FORMS.values(), *arguments)
        folder = Path(pytester.path / "o")
        return result, {path.name: path.read_text("utf-8") for path in folder.iterdir()}

    return start


def assert_red(texts, reason):
    assert "<title>NOT ACCEPTED: " in texts["report.html"]
    assert texts["summary.md"].startswith("## ✕ NOT ACCEPTED: ")
    badge = json.loads(texts["badge.json"])
    assert (badge["message"], badge["color"]) == ("NOT ACCEPTED, 2 of 2 passed", "D55E00")
    [entry] = json.loads(texts["quality.json"])
    assert entry["severity"] == "blocker"
    assert reason in entry["description"]
    assert '"audit": "NOT ACCEPTED, 2 of 2 passed"' in texts["card.yaml"]
    checks = json.loads(texts["audit.json"])["accounting"]["checks"]
    assert [reason in text for text in checks["reasons"]] == [True]


def test_too_few_checks_are_a_pass_nowhere(write_benchmark, outputs):
    write_benchmark(*TWO)
    result, texts = outputs("--biasruler-min-checks=9")

    assert result.ret == 1
    assert_red(texts, "2 checks ran, fewer than --biasruler-min-checks 9")
    assert result.stderr.lines[-1].startswith("biasruler: NOT ACCEPTED: 2 checks ran, fewer")


def test_a_check_that_is_gone_under_prove_safe_is_a_pass_nowhere(write_benchmark, outputs, run):
    write_benchmark(*TWO)
    run("biasruler.toml", "--biasruler-json=old.json")
    write_benchmark("pass", CHECKS["pass"] + 'name = "three"\n')
    result, texts = outputs("--biasruler-policy=prove-safe", "--biasruler-compare=old.json")

    assert result.ret == 1
    assert_red(texts, "gone since the earlier audit: gap[two]")


def test_an_output_that_fails_makes_no_other_green(write_benchmark, outputs, monkeypatch):
    write_benchmark(*TWO)
    write_output = writing.write_output

    def fill(path, text, *, root):
        if path.suffix == ".csv":
            raise writing.BiasRulerError("BR701", "full", "space", "Free space")
        write_output(path, text, root=root)

    monkeypatch.setattr(writing, "write_output", fill)
    result, texts = outputs("--biasruler-export=csv-findings=o/findings.csv")

    assert result.ret == 1
    assert_red(texts, "an output could not be written")


def test_a_part_under_prove_safe_is_red_in_every_output(write_benchmark, outputs):
    write_benchmark(*TWO)
    result, texts = outputs("--biasruler-policy=prove-safe", "-k", "two")

    assert result.ret == 1
    assert texts["summary.md"].startswith("## ✕ PARTIAL: 1 of 2 declared checks ran. NOT ACCEPTED")
    assert json.loads(texts["badge.json"])["color"] == "D55E00"


def test_nothing_on_the_terminal_of_a_red_run_is_green(write_benchmark, run, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    write_benchmark(*TWO)
    whole = ("--color=yes", "--biasruler-min-checks=2")
    assert "\x1b[32mPASS 2 checks" in run("biasruler.toml", *whole).stdout.str()
    result = run("biasruler.toml", "--color=yes", "--biasruler-min-checks=9")
    assert "\x1b[33mPASS 2 checks" in result.stdout.str()
