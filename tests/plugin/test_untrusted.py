"""Untrusted runs: once said anywhere, nothing switches it off."""

from __future__ import annotations

import json

import pytest

SILENT = """
import pytest

def test_gap(biasruler):
    biasruler.assert_gap("dice", by="age", limit=0.6)

def test_a_reference_can_be_read(biasruler_masks):
    assert biasruler_masks["expert", "c0"].voxels.any()

def test_a_prediction_cannot(biasruler_masks):
    biasruler_masks["unet", "c0"]
"""

IN_CODE = """
import pytest
from pathlib import Path
from pytest_biasruler import Benchmark

@pytest.fixture(scope="session")
def biasruler_benchmark():
    return Benchmark.from_file(Path(__file__).parent / "cubes.toml")
"""

NOT_READ_HERE = """
import pytest_biasruler.scoring.case, pytest_biasruler.scoring.plan

def refuse(job):
    raise AssertionError("scored in the main process")

pytest_biasruler.scoring.case.score_case = refuse
pytest_biasruler.scoring.plan.score_case = refuse
pytest_biasruler.scoring.pool.score_case = refuse
"""

LINE = "biasruler: untrusted predictions, a process for each case, 120 s, "


@pytest.mark.slow
@pytest.mark.parametrize("said", ["option", "ini", "file"])
def test_untrusted_can_be_said_in_three_places(pytester, write_masks, run, said):
    path = write_masks("pass", n_cases=2)
    pytester.makeconftest(NOT_READ_HERE)
    arguments = ["biasruler.toml", "--biasruler-json=audit.json"]
    if said == "option":
        arguments.append("--biasruler-untrusted")
    elif said == "ini":
        pytester.makeini("[pytest]\nbiasruler_untrusted = true\n")
    else:
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("[benchmark]\n", "[benchmark]\nuntrusted = true\n"))
    result = run(*arguments, subprocess=True)
    result.stdout.fnmatch_lines([LINE + "*"])
    scores = json.loads((pytester.path / "audit.json").read_text(encoding="utf-8"))["scores"]
    assert scores, "nothing was scored"
    result.stdout.fnmatch_lines(["2 of 2 cases scored; 1 of 1 declared checks ran"])


@pytest.mark.slow
def test_a_benchmark_of_a_fixture_is_untrusted_if_the_run_is(pytester, write_masks, run):
    write_masks(n_cases=2).rename(pytester.path / "cubes.toml")
    pytester.makeconftest(IN_CODE + NOT_READ_HERE)
    pytester.makepyfile(SILENT)
    result = run("--biasruler-untrusted", "-rA", subprocess=True)
    result.stdout.fnmatch_lines(["*BR602: predictions of unet are untrusted; expected none to*"])
    result.stdout.fnmatch_lines(["PASSED *::test_a_reference_can_be_read"])
    result.stdout.fnmatch_lines(["2 of 2 cases scored; 1 of 1 declared checks ran"])
    result.stdout.no_fnmatch_line("*scored in the main process*")
    result.stdout.no_fnmatch_line("*BR899*")


def test_a_trusted_run_says_nothing_of_it(write_masks, run):
    write_masks("pass", n_cases=2)
    result = run("biasruler.toml", "--collect-only")
    result.stdout.no_fnmatch_line("*untrusted*")


def test_where_memory_cannot_be_limited_the_header_says_so(write_masks, run, monkeypatch):
    monkeypatch.setattr("pytest_biasruler.scoring.confined.is_memory_limited", lambda: False)
    write_masks("pass", n_cases=2)
    result = run("biasruler.toml", "--biasruler-untrusted", "--collect-only")
    result.stdout.fnmatch_lines([LINE + "memory limit not enforced"])


def test_a_metric_of_a_conftest_is_refused_before_anything_is_scored(pytester, write_masks, run):
    write_masks("pass")
    pytester.makeconftest(
        """
        from pytest_biasruler import Metric

        def pytest_biasruler_metrics():
            return [Metric(name="same", score=lambda model, reference: 1.0)]
        """
    )
    result = run("biasruler.toml", "--biasruler-untrusted")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*BR602*metric same cannot be imported by name, and the benchmark is untrusted*"]
    )
