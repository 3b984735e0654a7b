"""The gate put to the test at the end of a run."""

from __future__ import annotations

import json

import pytest

LINE = "self-test: * of * planted biases of at least twice the limit are caught*in 0 % of 5 worlds"


def audit_of(pytester, name="a.json"):
    return json.loads((pytester.path / name).read_text(encoding="utf-8"))


def test_the_self_test_is_told_and_written(pytester, write_benchmark, run):
    write_benchmark("pass", "ruler")
    result = run("biasruler.toml", "--biasruler-selftest=5", "--biasruler-json=a.json")
    result.stdout.fnmatch_lines([LINE])
    selftest = audit_of(pytester)["selftest"]
    assert selftest["n_worlds"] == 5
    assert [check["check"] for check in selftest["checks"]] == ["gap", "ruler"]


def test_without_the_option_nothing_is_tested(pytester, write_benchmark, run):
    write_benchmark("pass")
    result = run("biasruler.toml", "--biasruler-json=a.json")
    result.stdout.no_fnmatch_line("*self-test*")
    assert audit_of(pytester)["selftest"] == {}


@pytest.mark.parametrize("check", ["pass", "fail", "inconclusive"])
def test_no_exit_code_or_outcome_changes(write_benchmark, run, check):
    write_benchmark(check)
    plain = run("biasruler.toml")
    tested = run("biasruler.toml", "--biasruler-selftest=5")
    assert tested.ret == plain.ret
    assert tested.parseoutcomes().keys() == plain.parseoutcomes().keys()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--biasruler-selftest", "biasruler.toml"),
        ("biasruler.toml", "--biasruler-selftest"),
        ("--biasruler-selftest", "5", "biasruler.toml"),
        ("-q", "--biasruler-selftest=5", "biasruler.toml"),
    ],
)
def test_the_number_may_be_left_out_wherever_the_option_stands(pytester, arguments):
    config = pytester.parseconfig(*arguments)
    wanted = "5" if any("5" in argument for argument in arguments) else "200"
    assert config.getoption("biasruler_selftest") == wanted
    assert config.args == ["biasruler.toml"]


def test_what_is_no_number_in_the_ini_is_refused(pytester, write_benchmark, run):
    write_benchmark("pass")
    pytester.makeini("[pytest]\nbiasruler_selftest = many")
    result = run("biasruler.toml")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*biasruler_selftest is many; expected a whole number above 0*"])


@pytest.mark.parametrize("worlds", ["0", "abc", "-1", "2.5", "other.toml"])
def test_what_is_tied_to_the_option_and_is_no_number_of_worlds_is_refused(
    write_benchmark, run, worlds
):
    write_benchmark("pass")
    result = run("biasruler.toml", f"--biasruler-selftest={worlds}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    wanted = f"*--biasruler-selftest is {worlds}; expected a whole number above 0*"
    result.stderr.fnmatch_lines([wanted])
    assert "file or directory not found" not in result.stderr.str()


def test_a_self_test_is_not_silent_where_nobody_looks_at_a_terminal(write_benchmark, run):
    write_benchmark("pass")
    loud = run("biasruler.toml", "--biasruler-selftest=5").stdout
    loud.fnmatch_lines(["biasruler: self-test tried its biases in 1/5 worlds*left"])
    run("biasruler.toml", "--biasruler-selftest=5", "-q").stdout.no_fnmatch_line("*1/5 worlds*")


def test_workers_of_xdist_leave_it_to_the_controller(pytester, write_benchmark, run):
    write_benchmark("pass", "fail")
    keys = ("biasruler.toml", "--biasruler-selftest=5", "-p", "no:randomly")
    run(*keys, "--biasruler-json=alone.json")
    shared = run(*keys, "--biasruler-json=shared.json", "-n2")
    assert shared.stdout.str().count("self-test:") == 1
    assert audit_of(pytester, "shared.json") == audit_of(pytester, "alone.json")


def test_masks_are_altered_where_there_are_some(pytester, write_masks, run):
    write_masks("fail")
    run("biasruler.toml", "--biasruler-selftest=2", "--biasruler-json=a.json")
    (check,) = audit_of(pytester)["selftest"]["checks"]
    names = [operator["name"] for operator in check["operators"]]
    assert names == [
        "score shift", "score drop", "erode masks", "dilate masks", "shift masks", "drop masks",
    ]  # fmt: skip
    assert check["why_not"] == ""


def test_a_benchmark_of_test_functions_alone_has_nothing_to_test(pytester, write_benchmark, run):
    write_benchmark()
    pytester.makepyfile(
        'def test_gap(biasruler):\n    biasruler.assert_gap("dice", by="sex", model="unet")\n'
    )
    result = run("--biasruler=biasruler.toml", "--biasruler-selftest=5")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["self-test: nothing to test, no declared check can fail the run"])


def test_a_self_test_that_breaks_says_so_and_breaks_nothing_else(
    pytester, write_benchmark, run, monkeypatch
):
    def broken(*_, **__):
        raise RuntimeError("no world")

    monkeypatch.setattr("pytest_biasruler.audit.run_selftest", broken)
    write_benchmark("pass")
    result = run("biasruler.toml", "--biasruler-selftest=5", "--biasruler-json=a.json")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["self-test could not run: BR899*"])
    assert audit_of(pytester)["selftest"] == {}
    assert len(audit_of(pytester)["findings"]) == 1
